#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/model/chain_model.hpp"

namespace engine::model::testing {

struct Pay {
    std::uint32_t account = 0;
    std::uint64_t value = 0;
    std::uint64_t token_id = 0;
    chain::PublicKey hint_key{};
};
/// A payment of an earlier block, by its number there.
struct Burn {
    std::size_t block = 0;
    std::size_t number = 0;
};

/// Writes a chain model without any cryptography: keys and images are numbers.
class ModelChain {
public:
    BlockIndex block(const std::vector<Pay>& pays, const std::vector<Burn>& burns = {},
                     std::size_t foreign = 0) {
        auto made = std::make_shared<fog::LedgerBlock>();
        made->index = model.height().end();
        made->version = made->index.value < 2 ? 3 : 4;
        if (made->index.value > 0) made->signed_at_s = 1000 + made->index.value;
        for (const Burn& burn : burns) made->key_images.push_back(coin(burn.block, burn.number).image);
        std::vector<Coin> coins;
        std::vector<std::size_t> positions;
        for (const Pay& pay : pays) {
            Coin coin;
            coin.account = AccountId{pay.account};
            coin.amount = {pay.value, pay.token_id};
            coin.block = made->index;
            coin.index = GlobalIndex{outputs_++};
            coin.public_key = made->outputs.emplace_back(new_output()).public_key;
            number(coin.image.bytes, serial_);
            coin.hint_key = pay.hint_key;
            positions.push_back(model.coins().size() + coins.size());
            coins.push_back(coin);
        }
        for (std::size_t i = 0; i < foreign; ++i, ++outputs_) made->outputs.push_back(new_output());
        made->cumulative_txo_count = outputs_;
        const BlockIndex index = made->index;
        model.append(std::move(made), std::move(coins));
        by_block_.push_back(std::move(positions));
        return index;
    }
    const Coin& coin(std::size_t block, std::size_t number) const {
        return model.coins().at(by_block_.at(block).at(number));
    }

    ChainModel model;

private:
    template <class Bytes>
    static void number(Bytes& bytes, std::uint64_t n) {
        for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    }
    chain::TxOut new_output() {
        chain::TxOut output;
        number(output.public_key.bytes, ++serial_);
        return output;
    }

    std::uint64_t outputs_ = 0;
    std::uint64_t serial_ = 0;
    std::vector<std::vector<std::size_t>> by_block_;
};

} // namespace engine::model::testing
