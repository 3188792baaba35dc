#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/fault_table.hpp"
#include "engine/host.hpp"
#include "engine/stream_site.hpp"
#include "engine/tell/note.hpp"
#include "engine/topology.hpp"
#include "sim/defect_set.hpp"
#include "sim/scheduler.hpp"
#include "sim/strategy.hpp"
#include "sim/watch.hpp"

namespace sim {

using engine::BlockCount;
using engine::BlockIndex;
using engine::BlockRange;
using engine::Cause;
using engine::Duration;
using engine::EventKind;
using engine::Fault;
using engine::FaultId;
using engine::FaultKind;
using engine::FaultTable;
using engine::StreamSite;
namespace faults = engine::faults;
using engine::Result;
using engine::Task;
using namespace std::chrono_literals;

/// How the simulated surroundings behave when no fault is in force.
struct Weather {
    std::uint32_t held_of_64 = 4;        ///< share of yield points at which a process is held for long
    std::uint32_t slow_of_64 = 2;        ///< share of messages and database calls that take long
    std::uint32_t longest_hold_ms = 600; ///< at a yield point
    friend bool operator==(const Weather&, const Weather&) = default;
};

struct Options {
    std::uint64_t seed = 1;
    engine::Topology topology{};
    std::vector<std::string> topology_changes{}; ///< understood by engine::apply; made to a drawn topology
    Strategy strategy{};                         ///< a portfolio counts as what it is for the seed
    Weather weather{};
    const engine::chain::Crypto* crypto = &engine::chain::fast_crypto();
    std::uint64_t step_budget = 20'000'000;
    std::uint64_t block_budget = 100'000; ///< of the chain
    RunWatch* watch = nullptr;            ///< who looks on, and may end the run; null: nobody
    bool keep_events = false;
    DefectSet defects{}; ///< that are switched on
    const engine::Recording* follow =
        nullptr;                      ///< a recording to play back; its seed counts, not the one above
    bool keep_choices = false;        ///< into the result
    std::size_t expected_choices = 0; ///< room to reserve
};

/// What was done to processes, for who has to say why a call failed.
class Treatments {
public:
    explicit Treatments(const Scheduler& scheduler) : scheduler_(scheduler) {}

    void stopped(NodeId node);
    void paused(NodeId node);
    void resumed(NodeId node);
    /// As the cause of a call that finds it so; empty: nobody has stopped it.
    Cause down(NodeId node) const;
    /// Of one that it takes down with it just now; empty: it goes on.
    Cause ended(NodeId node) const;
    /// It stands still, or did after `begun`; empty: it did not.
    Cause pause(NodeId node, Instant begun) const;

private:
    struct Of {
        std::optional<Instant> stopped_at;
        bool is_paused = false;
        bool was_paused = false;
        Instant paused_since;
        Instant paused_until;
    };
    Of& of(NodeId node);
    Cause cause(Cause::What what, NodeId node, Instant since, Instant until) const;

    const Scheduler& scheduler_;
    std::vector<Of> nodes_; // by number
};

/// What every part of one simulated world shares.
class Core {
public:
    explicit Core(const Options& options);

    void record(NodeId node, EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b = 0) {
        trace.add({scheduler.now(), kind, node, object, a, b});
        changed = true;
        stir();
    }
    /// Whether anybody will read notes: they are made only then.
    bool takes_notes() const { return trace.keeps_events(); }
    void note(NodeId node, engine::tell::Fact fact) {
        notes.push_back({scheduler.now(), scheduler.steps(), node, std::move(fact)});
    }
    /// A chance, and what it was about when it came about.
    bool strikes(NodeId node, engine::Stream& stream, std::uint32_t of, std::uint32_t out_of,
                 engine::tell::Decided::Strike what) {
        const engine::tell::Decided decided{stream.name(), stream.next(), what};
        const bool came_about = stream.chance(of, out_of);
        if (came_about && takes_notes()) note(node, decided);
        return came_about;
    }
    /// Something begins or has happened: who rests may find it at the next poll.
    void stir() {
        last_stirred_ = scheduler.now();
        ++stirs_;
        if (!resting_.empty()) [[unlikely]]
            end_rests();
    }
    /// When the running task polls again.  Polls that would find nothing are left out, never one that could
    /// find something: who only looks is woken for the first poll after anything has happened; who asks rests
    /// only when nothing has happened since its last poll but one had ended, nor for a second, no fault is in
    /// force and nothing is being written.
    /// @param seen  the poller's own: what had happened when its last poll ended
    Instant next_poll(engine::Polling polling, Duration interval, std::uint64_t& seen);
    engine::Probe probe() { return {&planted, &marks}; }
    /// A draw that says how long something takes: values below `tame` stand for what is usual.  A strategist
    /// decides in the seed's place.
    std::uint32_t draw_wait(engine::Stream& stream, std::uint32_t bound, std::uint32_t tame);
    /// The next duration of a message or database call: mostly fractions of a millisecond, sometimes long.
    Duration latency(engine::Stream& stream);
    /// A node's wall clock, seconds since 1970: the world's, off by as much as a clock_jump says.
    std::int64_t wall_clock_s(NodeId node) const;
    /// Until when a process is held at a yield point; now, mostly.
    Instant hold(engine::Stream& stream);

    Options options;
    engine::Choices choices;
    engine::Trace trace;
    std::unique_ptr<Strategist> strategist; ///< null: decisions are drawn, or follow a recording
    Scheduler scheduler;
    FaultTable faults{scheduler};
    Treatments treatments{scheduler};
    Weather weather; ///< of this run
    engine::MarkCounts marks;
    Planted planted{options.defects};
    std::vector<engine::tell::Note> notes;
    bool changed = true;         ///< something a condition may look at has happened
    bool abort_wished = false;   ///< a process wants to end itself
    std::vector<NodeId> gave_up; ///< ingest nodes that ended being active in the present step
    /// An ingest node that has been started with a state file that says active.
    struct Resuming {
        NodeId node;
        Instant since;
        bool has_met_its_key = false; ///< another node was active with it meanwhile
    };
    std::vector<Resuming> resuming;

    /// While one lives, something is under way that may change what others find.
    class Commotion {
    public:
        explicit Commotion(Core& core) : core_(core) {
            ++core_.commotions_;
            core_.stir();
        }
        ~Commotion() { --core_.commotions_; }
        Commotion(const Commotion&) = delete;
        Commotion& operator=(const Commotion&) = delete;

    private:
        Core& core_;
    };

private:
    struct Rest {
        engine::Waiter waiter;
        Instant since;
        Duration interval;
        engine::Polling polling;
    };
    void end_rests();

    Instant last_stirred_;
    std::uint64_t stirs_ = 0;
    std::vector<Rest> resting_; // woken and killed ones included, until something stirs
    engine::Stream rests_;
    std::uint32_t commotions_ = 0;
};

/// Streams of a node and what its logic asks of its process.
class SimHost final : public engine::Host {
public:
    SimHost(Core& core, NodeId id, bool* abort_wish);

    std::uint32_t pick(std::uint32_t count) override { return picks_.below(count); }
    void record(EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b) override {
        if (kind == EventKind::ingest_mode && a == 0) core_.gave_up.push_back(id());
        core_.record(id(), kind, object, a, b);
    }
    void abort(const char* why) override;
    const char* abort_reason() const { return abort_reason_; }
    /// From now on whoever comes to a yield point at which `stops` says so waits there until open_gate().
    void close_gate(std::function<bool(engine::YieldPoint)> stops) { gate_ = std::move(stops); }
    void open_gate();

private:
    Instant hold(engine::YieldPoint point) override {
        if (gate_ && gate_(point)) [[unlikely]] {
            at_the_gate_.push_back(core_.scheduler.next_park());
            return Instant::never();
        }
        if (!core_.takes_notes()) return core_.hold(holds_);
        return hold_and_tell(point);
    }
    Instant hold_and_tell(engine::YieldPoint point);
    Instant next_poll(engine::Polling polling, Duration interval) override {
        return core_.next_poll(polling, interval, stirs_seen_);
    }

    Core& core_;
    engine::StreamBytes bytes_;
    engine::Stream picks_;
    engine::Stream holds_;
    bool* abort_wish_;
    std::uint64_t stirs_seen_ = ~std::uint64_t{0};
    const char* abort_reason_ = "";
    std::function<bool(engine::YieldPoint)> gate_;
    std::vector<engine::Waiter> at_the_gate_; // the dead among them are skipped by the scheduler
};

/// Node numbers fit a stream's actor.
inline std::uint16_t actor_of(NodeId node) { return static_cast<std::uint16_t>(node.value); }

} // namespace sim
