#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/model/recovery_model.hpp"
#include "engine/world/chain.hpp"
#include "sim/core.hpp"

namespace sim {

/// One lagging copy of the canonical chain: a height for blocks and one for the watcher's block times.
class SimCopy final : public engine::ChainCopy, public engine::fog::BlockSource {
public:
    SimCopy(Core& core, const engine::model::ChainModel& chain, std::string name, std::uint16_t number);

    const std::string& name() const override { return name_; }
    BlockCount count() const override { return count_; }
    void hold() override { held_ = true; }
    void release() override;
    void advance_to(BlockCount count) override;

    engine::fog::BlockPtr block(BlockIndex index) const override;
    engine::fog::BlockTime time(BlockIndex index) const override;
    std::optional<engine::fog::OutputPlace>
    find_output(const engine::chain::PublicKey& public_key) const override;
    engine::fog::BlockPtr block_of_output(engine::GlobalIndex index) const override;

    bool is_held() const { return held_; }
    std::uint16_t number() const { return number_; }
    /// The chain has grown.
    void on_append() { moved_.notify_all(); }
    /// Follows the tip while released: until killed.
    Task<> follow();
    /// The watcher catches up, unless a fault still keeps it back.
    void release_times();

private:
    void move(BlockCount count);
    /// The running step looks at this copy.
    void touch() const;

    Core& core_;
    const engine::model::ChainModel& chain_;
    std::string name_;
    std::uint16_t number_;
    engine::Stream delays_;
    engine::Signal moved_;
    BlockCount count_;
    BlockCount timed_; // blocks whose time is known here
    bool held_ = false;
};

class SimDb;

/// The blocks of a simulated world: kept by the model of the chain alone, and followed by copies that lag.
class SimBlockStore final : public engine::BlockStore {
public:
    SimBlockStore(Core& core, const engine::model::RecoveryModel& recovery, const SimDb& db)
        : core_(core), recovery_(recovery), db_(db) {}
    /// One for each of the roster.
    void make_copies(const engine::Roster& roster, const engine::model::ChainModel& chain);
    const std::vector<std::unique_ptr<SimCopy>>& lagging() const { return copies_; }

    engine::OriginBlock make_origin(const std::vector<engine::Account>& accounts,
                                    engine::chain::ByteSource& bytes) override;
    std::shared_ptr<engine::fog::LedgerBlock> make_block(std::vector<engine::chain::TxOut> outputs,
                                                         std::vector<engine::chain::KeyImage> images,
                                                         engine::chain::ByteSource& bytes) override;
    void on_block(const engine::fog::LedgerBlock& block,
                  const std::vector<engine::model::Coin>& coins) override;
    void publish() override;
    std::vector<engine::ChainCopy*> copies() override;

private:
    void mark_place(BlockIndex block, const engine::chain::PublicKey& hint_key);

    Core& core_;
    const engine::model::RecoveryModel& recovery_;
    const SimDb& db_;
    const engine::model::ChainModel* chain_ = nullptr;
    std::vector<std::unique_ptr<SimCopy>> copies_;
};

} // namespace sim
