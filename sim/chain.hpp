#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/world.hpp"
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

} // namespace sim
