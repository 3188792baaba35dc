#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/world/roster.hpp"
#include "scenarios/lag/draw.hpp"
#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

inline constexpr std::uint32_t credits_of_a_block = 3; ///< at most, of one that is drawn
inline constexpr engine::FaultKind database_faults[] = {
    engine::FaultKind::db_down_for, engine::FaultKind::db_down,     engine::FaultKind::lose_commit_ack,
    engine::FaultKind::fail_commit, engine::FaultKind::stale_reads, engine::FaultKind::flaky_database,
    engine::FaultKind::holed_reads, engine::FaultKind::lose_commit,
};

/// A plan while it is written: its world, who is who in it, and steps with what they need drawn.
///
/// Rules
/// 1. Steps go to one of two lanes, which are interleaved at the end.
/// 2. A step whose action or fault the shape leaves out is not written.
class PlanWriter {
protected:
    using FaultKind = engine::FaultKind;
    using Topology = engine::Topology;

    PlanWriter(Draw& draw, const PlanShape& shape) : draw_(draw), shape_(shape) {}

    // The world.  Services are numbered as the roster says.
    const Topology& topology() const { return plan_.topology; }
    void draw_topology();
    std::uint32_t wallets() const { return topology().accounts * plan_.wallets_per_account; }
    engine::PlanNumbers numbers() const { return engine::PlanNumbers(topology()); }
    std::uint32_t stores() const { return numbers().stores(); }
    std::uint32_t view_stores() const { return numbers().count(engine::NodeKind::view_store); }
    std::uint32_t first_store() const { return numbers().first(engine::NodeKind::view_store); }
    std::uint32_t copies() const { return numbers().copies(); }
    std::uint32_t services() const { return numbers().services(); }
    /// The only one of its kind.
    std::uint32_t the(engine::NodeKind kind) const { return numbers().first(kind); }
    std::uint32_t view_router() const { return the(engine::NodeKind::view_router); }
    std::uint32_t ledger_router() const { return the(engine::NodeKind::ledger_router); }
    std::uint32_t report_server() const { return the(engine::NodeKind::report_server); }
    /// Some service of a kind.
    std::uint32_t any(engine::NodeKind kind) { return the(kind) + draw_.below(numbers().count(kind)); }
    std::uint32_t ingest() { return any(engine::NodeKind::ingest); }
    /// Mostly the node that scans: what happens to an idle one matters less.
    std::uint32_t scanner() { return draw_.chance(1, 5) ? ingest() : active_; }
    void activate(std::uint32_t n) {
        add(Action::activate, n);
        active_ = n;
    }
    std::uint32_t other_ingest(std::uint32_t than) {
        if (topology().ingest_nodes == 1) return than;
        return (than + 1 + draw_.below(topology().ingest_nodes - 1)) % topology().ingest_nodes;
    }
    std::uint32_t wallet() { return draw_.below(wallets()); }
    /// Another device of the same account, where there is one.
    std::uint32_t other_device(std::uint32_t w) const {
        const std::uint32_t each = plan_.wallets_per_account;
        return w / each * each + (w % each + 1) % each;
    }

    // Steps.
    /// Adds a step when the shape has its action.
    PlannedStep* add(PlannedStep step);
    PlannedStep* add(Action action, std::uint32_t node = 0, std::uint64_t amount = 0,
                     std::uint32_t other = 0);
    PlannedCredit coin();
    /// A block with up to so many credits and spends.
    void block(std::uint32_t credits_max, std::uint32_t spends_max, Boundary at = Boundary::none);
    void some_blocks(std::uint32_t most) {
        const std::uint32_t blocks = 1 + draw_.below(most);
        for (std::uint32_t b = 0; b < blocks; ++b) block(2, 1);
    }
    void prepare(std::uint64_t blocks);
    void submit(Boundary at) {
        PlannedStep* step = add(Action::submit, draw_.below(std::max(1U, prepared_)));
        if (step != nullptr) step->at = at;
    }
    /// To a single ingest node.
    void command(Action action) {
        const std::uint32_t n = ingest();
        add(action, n, beside());
    }
    /// Of operators' commands; 1: the next steps do not wait for it.
    std::uint32_t beside() { return draw_.chance(1, 4) ? 1 : 0; }
    /// A little time, or as much as it takes.
    void pause();
    void poll(std::uint32_t w) {
        add(Action::poll, w);
        if (draw_.chance(1, 4)) add(Action::join);
    }
    void maybe_poll(std::uint32_t w) {
        if (draw_.chance(1, 2)) poll(w);
    }
    void fault(FaultKind kind, std::uint32_t a, std::uint32_t b = 0);
    /// Block times stop at one chain copy.
    void watcher_stays_behind(std::uint32_t copy);
    std::uint64_t fault_amount(FaultKind kind);
    template <std::size_t n>
    FaultKind one_of(const FaultKind (&kinds)[n]) {
        return kinds[draw_.below(n)];
    }
    /// The two ends of a connection that exists.
    std::pair<std::uint32_t, std::uint32_t> link();
    void any_fault();
    /// At a store, or at the ledger router, which reads blocks and outputs itself.
    void look_ups_fail();
    /// What has struck somebody while somebody else recovers, until it passes.
    enum class Trouble : std::uint8_t { none, store_down, fault };
    struct Struck {
        Trouble trouble = Trouble::none;
        std::uint32_t store = 0; ///< of services
    };
    /// Mostly nothing.
    Struck somebody_else_fails();
    void passes(const Struck& struck) {
        if (struck.trouble == Trouble::store_down) add(Action::start, struck.store);
        if (struck.trouble == Trouble::fault) add(Action::end_fault, draw_.below(2));
    }

    /// The lanes become one.
    void interleave();

    Draw& draw_;
    const PlanShape& shape_;
    Plan plan_;
    std::array<std::vector<PlannedStep>, 2> lanes_;
    std::size_t lane_ = 0;
    std::uint64_t next_amount_ = 1;
    std::uint32_t prepared_ = 0;
    std::uint32_t steps_so_far_ = 0;
    std::uint32_t late_after_ = 0; ///< steps until the last account is paid
    bool two_tokens_ = false;
    bool large_amounts_ = false;
    std::uint32_t active_ = 0; ///< the ingest node that scans, if all went as written
};

} // namespace scenarios::lag
