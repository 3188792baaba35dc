#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scenario.hpp"
#include "scenarios/lag/draw.hpp"

namespace scenarios::lag {

/// What a step of a plan does.  The names are those of the JSON form.
enum class Action : std::uint8_t {
    block,          ///< appends a block: its credits and spends
    advance,        ///< copy moves `amount` blocks on, held or not
    hold,           ///< copy stays where it is
    release,        ///< copy follows the tip
    poll,           ///< wallet begins a check; it runs beside the next steps
    join,           ///< waits for the checks that have begun
    restart_wallet, ///< wallet forgets everything
    kill_wallet,    ///< wallet begins a check and dies in it
    activate, ///< ingest node; amount 1, here and in the commands below: the next steps do not wait for it
    retire,
    unretire,
    new_keys,
    sync_keys,   ///< ingest node takes the key of node `other`
    report_lost, ///< the key that ingest node `other` was last seen with, reported through `node`
    crash,       ///< node, of all nodes
    start,
    pause,
    resume,
    lose_state, ///< ingest node's state file is deleted
    save_state,
    put_back_state,
    fault,         ///< kind, between nodes, amount
    heal,          ///< everything
    clean_up,      ///< the database's cleanup tool, for invocations older than `amount` seconds
    wait,          ///< `amount` milliseconds
    settle,        ///< waits until everything that can go on has caught up, at most `amount` milliseconds
    hold_store,    ///< store loads no further than `amount` blocks above what it has
    release_store, ///< store loads on
    end_fault,     ///< one of the faults in force
    set_window,    ///< ingest node publishes keys for `amount` blocks ahead
    make_peers,    ///< ingest node hears that all ingest nodes are its peers
    prepare,       ///< a sender builds the payment of the first credit, good for `amount` blocks
    submit,        ///< a prepared payment goes into a block of its own, if its tombstone allows
    landing,       ///< wallet asks what became of prepared payment `other`
    inquire, ///< wallet asks the ledger about several things at once, from place `amount` of the chain on
};
inline constexpr std::size_t action_count = static_cast<std::size_t>(Action::inquire) + 1;
const char* name(Action action);

/// Blocks at which something begins or ends.  A step that names one first appends empty blocks up to there,
/// if it is ahead and not more than `furthest_boundary` blocks away.
enum class Boundary : std::uint8_t {
    none,
    before_shard_end,  ///< the last block of a shard
    shard_end,         ///< the first of the next one
    before_expiry,     ///< the last block in which the reported ingress key may be used
    expiry,            ///< the first in which it may not
    missed_start,      ///< the first block of the missed range that ends last
    before_missed_end, ///< its last block
    missed_end,
    before_tombstone, ///< the last block a prepared payment may appear in
    tombstone,
};
inline constexpr std::size_t boundary_count = static_cast<std::size_t>(Boundary::tombstone) + 1;
const char* name(Boundary boundary);
inline constexpr std::uint64_t furthest_boundary = 12;

struct PlannedCredit {
    std::uint32_t account = 0;
    std::uint64_t amount = 0;
    bool change = false;          ///< to the account's change subaddress
    std::uint32_t subaddress = 0; ///< 0 or 1, unless it is change
    std::uint32_t token = 0;
    /// Its sender asks the report server now; others use the key they know while that is good.
    bool newest_key = false;
    friend bool operator==(const PlannedCredit&, const PlannedCredit&) = default;
};

/// One step.  Numbers are taken modulo what the topology has, so that every plan fits every topology.
struct PlannedStep {
    Action action = Action::wait;
    std::uint32_t node = 0;
    std::uint32_t other = 0;
    std::uint64_t amount = 0;
    engine::FaultKind fault = engine::FaultKind::partition; ///< of Action::fault
    Boundary at = Boundary::none;                           ///< of Action::block and submit
    std::vector<PlannedCredit> credits{};                   ///< of Action::block and prepare
    std::vector<std::uint32_t> spends{}; ///< unspent outputs, by number in order of the chain
    friend bool operator==(const PlannedStep&, const PlannedStep&) = default;
};

/// A random story as data.
struct Plan {
    engine::Topology topology{};
    std::uint32_t wallets_per_account = 2;
    std::vector<PlannedStep> steps{};
    friend bool operator==(const Plan&, const Plan&) = default;
};

/// How plans are drawn: their size, and what they are made of.
struct PlanShape {
    std::uint32_t steps_min = 6;
    std::uint32_t steps_max = 14;
    std::uint32_t accounts_max = 3;
    std::uint32_t ingest_max = 3;
    std::uint32_t shards_max = 3;
    std::uint32_t replicas_max = 2;
    std::uint64_t actions = ~std::uint64_t{0}; ///< bit a: Action a may be drawn
    std::uint64_t faults = ~std::uint64_t{0};  ///< bit k: FaultKind k may be drawn

    bool has(Action action) const { return (actions >> static_cast<unsigned>(action) & 1) != 0; }
    bool has(engine::FaultKind kind) const { return (faults >> static_cast<unsigned>(kind) & 1) != 0; }
};

/// A shape that leaves a random half of the actions, faults and dimensions out.  Blocks, polls and activation
/// stay: without them there is nothing to judge.
PlanShape swarm_shape(Draw& draw);
/// @param more  decides what a plan has besides: with a stream of its own, a seed's plan begins as it did
///              before there was any of it
Plan generate(Draw& draw, Draw& more, const PlanShape& shape = {});
/// The plan of `--scenario lag --seed N`.
Plan generate(engine::StorySeed seed);

/// What a plan has been through, over all its runs.
struct Tally {
    std::atomic<bool> scanned{false};  ///< an ingest node was activated
    std::atomic<bool> credited{false}; ///< a coin landed
    std::atomic<bool> looked{false}; ///< a wallet has shown a balance, or a sender was told what became of it
};
/// Why the runs have tested nothing, whatever their verdict; empty: they have.
std::string untested(const Tally& tally);

/// Tells a plan.
/// @param plan   kept until the story has ended
/// @param tally  the same; null: nobody wants to know
engine::Task<> tell(engine::World& world, std::shared_ptr<const Plan> plan, std::shared_ptr<Tally> tally);
/// Tells a plan that grows while it is told.
/// @param more  called when every step has been performed; may append to the plan, within its capacity
engine::Task<> tell_growing(engine::World& world, std::shared_ptr<const Plan> plan,
                            std::shared_ptr<Tally> tally, std::function<void()> more);
engine::Scenario scenario_of(Plan plan, std::shared_ptr<Tally> tally = nullptr);

std::string to_json(const Plan& plan);
/// @throws engine::UsageError  with place and reason
Plan from_json(std::string_view text);

} // namespace scenarios::lag
