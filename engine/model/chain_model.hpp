#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/fog/wallet.hpp"

namespace engine::model {

/// Number of an account of the scenario.
struct AccountId : Id<struct AccountIdTag, std::uint32_t> {
    using Id::Id;
    friend constexpr auto operator<=>(AccountId, AccountId) = default;
};

/// An output of the canonical chain that belongs to an account.
struct Coin {
    AccountId account;
    chain::Amount amount;
    BlockIndex block;
    GlobalIndex index;
    chain::PublicKey public_key; ///< of the output
    chain::KeyImage image;
    chain::PublicKey hint_key; ///< ingress key the hint is for
    std::optional<BlockIndex> spent_in;
};

/// The canonical chain with everything the harness knows about it and no service does: who owns what.
class ChainModel {
public:
    /// @pre blocks come in order; the origin block is number 0 and does not count in balances: fog never
    /// scans it
    void append(fog::BlockPtr block, std::vector<Coin> coins);

    BlockCount height() const { return BlockCount{blocks_.size()}; }
    const fog::BlockPtr& block(BlockIndex index) const { return blocks_.at(index.value); }
    const std::vector<Coin>& coins() const { return coins_; }
    /// Token ids of all coins, ascending.
    const std::set<std::uint64_t>& tokens() const { return tokens_; }
    /// Position in coins() of the output with this global index, when it belongs to an account.
    std::optional<std::size_t> coin_of(GlobalIndex index) const;
    /// Positions in coins() of the outputs with this key image.
    const std::vector<std::size_t>* coins_with(const chain::KeyImage& image) const;
    std::optional<BlockIndex> spent_in(const chain::KeyImage& image) const;
    std::optional<fog::OutputPlace> place_of(const chain::PublicKey& public_key) const;
    /// Positions in coins() of the outputs of one block: [first, second).
    std::pair<std::size_t, std::size_t> coins_of(BlockIndex block) const;
    /// Outputs in blocks 0..count-1.
    std::uint64_t txo_count(BlockCount count) const;
    /// What an account has of a token after blocks 0..count-1.
    fog::Value held(AccountId account, std::uint64_t token_id, BlockCount count) const;

private:
    /// A balance after each block that has moved it, ascending.
    using Course = std::vector<std::pair<BlockIndex, fog::Value>>;
    fog::Value& moved(const Coin& coin, BlockIndex block);
    template <class Key>
    struct FirstBytes {
        std::size_t operator()(const Key& key) const noexcept;
    };
    std::vector<fog::BlockPtr> blocks_;
    std::vector<Coin> coins_;
    std::set<std::uint64_t> tokens_;
    std::unordered_map<chain::KeyImage, BlockIndex, FirstBytes<chain::KeyImage>> spent_;
    std::unordered_map<chain::KeyImage, std::vector<std::size_t>, FirstBytes<chain::KeyImage>> by_image_;
    std::unordered_map<chain::PublicKey, fog::OutputPlace, FirstBytes<chain::PublicKey>> places_;
    std::map<GlobalIndex, std::size_t> by_index_;
    std::map<std::pair<AccountId, std::uint64_t>, Course> courses_; // by account and token
};

/// The truth about balances: what blocks 0..count-1 of the canonical chain have brought and taken.
class Oracle {
public:
    explicit Oracle(const ChainModel& chain) : chain_(&chain) {}
    fog::Value balance(AccountId account, BlockCount count, std::uint64_t token_id = 0) const;
    /// Outputs minus spends of all accounts together, counted without looking at who owns what.
    fog::Value total(BlockCount count, std::uint64_t token_id = 0) const;

private:
    const ChainModel* chain_;
};

} // namespace engine::model
