#pragma once

#include <memory>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/fog/ports.hpp"

namespace engine::fog::testing {

/// A copy of a chain that a test lets grow, with a watcher that keeps up unless told otherwise.
class GrowingChain final : public BlockSource {
public:
    GrowingChain(const chain::Crypto& crypto, chain::ByteSource& rng) : crypto_(crypto), rng_(rng) {}

    BlockIndex grow(std::size_t outputs, std::vector<chain::KeyImage> images = {}) {
        auto made = std::make_shared<LedgerBlock>();
        made->index = BlockIndex{blocks_.size()};
        made->version = static_cast<std::uint32_t>(3 + blocks_.size());
        const chain::AccountKey owner = crypto_.account_from_entropy({9});
        for (std::size_t i = 0; i < outputs; ++i)
            made->outputs.push_back(crypto_.create_output(rng_, chain::Amount{1, 0},
                                                          crypto_.subaddress(owner, 0), chain::FogHint{}));
        made->key_images = std::move(images);
        outputs_ += outputs;
        made->cumulative_txo_count = outputs_;
        blocks_.push_back(made);
        return made->index;
    }
    static std::uint64_t timestamp(BlockIndex index) { return 1'000 + index.value; }

    /// What the watcher says about blocks from `first` on.
    void watch(BlockIndex first, BlockTime::Code code) {
        unwatched_ = first;
        unwatched_code_ = code;
    }

    BlockCount count() const override { return BlockCount{blocks_.size()}; }
    BlockPtr block(BlockIndex index) const override {
        return count().includes(index) ? blocks_[index.value] : nullptr;
    }
    BlockTime time(BlockIndex index) const override {
        BlockTime time;
        time.code = BlockTime::Code::found;
        if (index >= unwatched_) {
            time.code = unwatched_code_;
            return time;
        }
        time.timestamp_s = timestamp(index);
        return time;
    }
    std::optional<OutputPlace> find_output(const chain::PublicKey& public_key) const override {
        for (const BlockPtr& block : blocks_)
            for (std::size_t i = 0; i < block->outputs.size(); ++i)
                if (block->outputs[i].public_key == public_key)
                    return OutputPlace{GlobalIndex{block->first_output().value + i}, block->index};
        return std::nullopt;
    }
    BlockPtr block_of_output(GlobalIndex index) const override {
        for (const BlockPtr& block : blocks_)
            if (index.value < block->cumulative_txo_count) return block;
        return nullptr;
    }

private:
    const chain::Crypto& crypto_;
    chain::ByteSource& rng_;
    std::vector<BlockPtr> blocks_;
    std::uint64_t outputs_ = 0;
    BlockIndex unwatched_{~0ull};
    BlockTime::Code unwatched_code_ = BlockTime::Code::behind;
};

} // namespace engine::fog::testing
