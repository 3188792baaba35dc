#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/probe.hpp"
#include "engine/world.hpp"
#include "engine/world/accounts.hpp"

namespace engine {

/// What a report server says a sender should use.
struct Hint {
    chain::PublicKey key;
    BlockIndex expiry; ///< first block it is not good for
};

/// Block 0: the same number of outputs for each account, account after account; what is left is nobody's.
struct OriginBlock {
    std::shared_ptr<fog::LedgerBlock> block;
    std::size_t outputs_each = 0;
};

/// Where a world keeps the blocks of its chain.  The device of a CanonicalChain.
class BlockStore {
public:
    virtual ~BlockStore() = default;
    /// Makes block 0.
    virtual OriginBlock make_origin(const std::vector<Account>& accounts, chain::ByteSource& bytes) = 0;
    /// Makes the next block of these outputs and key images, and of whatever a block must have besides.
    /// @param bytes  source of what it adds
    virtual std::shared_ptr<fog::LedgerBlock> make_block(std::vector<chain::TxOut> outputs,
                                                         std::vector<chain::KeyImage> images,
                                                         chain::ByteSource& bytes) = 0;
    /// The chain is about to have it: whoever writes down what happens does so now.
    virtual void on_block(const fog::LedgerBlock& block, const std::vector<model::Coin>& coins) = 0;
    /// The chain has it, and its copies may.
    virtual void publish() = 0;
    /// Of this chain, in the roster's order.
    virtual std::vector<ChainCopy*> copies() = 0;
};

/// The canonical chain, in the place of consensus: who is paid, with which key a hint is made, what is spent.
///
/// Rules
/// 1. All keys come from the stream node_bytes of node 0: the same seed and story give the same outputs.
/// 2. A credit without an unexpired key does not land, nor does a payment at or past its tombstone.
class CanonicalChain final : public Chain {
public:
    /// How a sender learns the ingress key.  @errors not_found (no report), unavailable
    using AskReport = std::function<Task<Result<Hint>>()>;

    /// All references outlive the chain.
    CanonicalChain(const std::vector<Account>& accounts, const chain::Crypto& crypto, Choices& choices,
                   BlockStore& store, AskReport ask_report, Probe probe = {});

    /// Makes the origin block.  Fog never scans it.  @pre the accounts are there
    void begin();

    BlockCount height() const override { return model_.height(); }
    Task<AppendedBlock> append(BlockPlan plan) override;
    Task<Result<PreparedPayment>> prepare(AccountId to, std::uint64_t amount,
                                          std::uint64_t tombstone_blocks) override;
    Task<std::vector<CoinRef>> submit(std::vector<PreparedPayment> payments) override;
    void set_hint_key(chain::PublicKey key, BlockIndex expiry) override { hint_ = Hint{key, expiry}; }
    Task<Result<chain::PublicKey>> refresh_hint_key() override;
    const model::ChainModel& model() const override { return model_; }

private:
    chain::TxOut build(AccountId to, chain::Amount amount, std::uint64_t subaddress,
                       const chain::PublicKey& hint_key);
    model::Coin coin_for(AccountId to, const chain::TxOut& output, const chain::PublicKey& hint_key) const;
    std::vector<CoinRef> append_block(std::shared_ptr<fog::LedgerBlock> block,
                                      std::vector<model::Coin> coins);

    const std::vector<Account>& accounts_;
    const chain::Crypto& crypto_;
    BlockStore& store_;
    AskReport ask_report_;
    Probe probe_;
    StreamBytes bytes_;
    model::ChainModel model_;
    std::optional<Hint> hint_;
};

} // namespace engine
