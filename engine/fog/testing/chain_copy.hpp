#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/fog/ports.hpp"

namespace engine::fog::testing {

/// One copy of a chain with a watcher beside it.  Blocks are appended here; by default the watcher keeps up.
class ChainCopy final : public BlockSource {
public:
    BlockIndex append(std::vector<chain::TxOut> outputs) {
        auto block = std::make_shared<LedgerBlock>();
        block->index = BlockIndex{blocks_.size()};
        outputs_ += outputs.size();
        block->cumulative_txo_count = outputs_;
        block->outputs = std::move(outputs);
        blocks_.push_back(block);
        return block->index;
    }
    /// The watcher has the times of the first so many blocks; nothing: of all.
    void set_watched(std::optional<std::size_t> blocks) { watched_ = blocks; }
    void set_watcher_available(bool available) { watcher_available_ = available; }
    static std::uint64_t timestamp(BlockIndex index) { return 1'700'000'000 + index.value; }

    BlockCount count() const override { return BlockCount{blocks_.size()}; }
    BlockPtr block(BlockIndex index) const override {
        if (index.value >= blocks_.size()) return nullptr;
        return blocks_[index.value];
    }
    BlockTime time(BlockIndex index) const override {
        ++times_asked_;
        if (index.value == 0) return {BlockTime::Code::found, unknown_timestamp};
        if (!watcher_available_) return {BlockTime::Code::unavailable, unknown_timestamp};
        if (watched_ && index.value >= *watched_) return {BlockTime::Code::behind, unknown_timestamp};
        return {BlockTime::Code::found, timestamp(index)};
    }
    std::optional<OutputPlace> find_output(const chain::PublicKey& public_key) const override {
        for (const auto& block : blocks_)
            for (std::size_t i = 0; i < block->outputs.size(); ++i)
                if (block->outputs[i].public_key == public_key)
                    return OutputPlace{GlobalIndex{block->first_output().value + i}, block->index};
        return std::nullopt;
    }
    BlockPtr block_of_output(GlobalIndex index) const override {
        for (const auto& block : blocks_)
            if (index.value < block->cumulative_txo_count) return block;
        return nullptr;
    }
    int times_asked() const { return times_asked_; }

private:
    std::vector<std::shared_ptr<const LedgerBlock>> blocks_;
    std::uint64_t outputs_ = 0;
    std::optional<std::size_t> watched_;
    bool watcher_available_ = true;
    mutable int times_asked_ = 0;
};

} // namespace engine::fog::testing
