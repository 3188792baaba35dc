#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/choice.hpp"
#include "engine/host.hpp"
#include "engine/result.hpp"
#include "engine/task.hpp"
#include "sim/scheduler.hpp"

namespace engine::fog::testing {

/// A host whose yield points a test can use: to do something there, or to hold the process for a while.
class StagedHost final : public Host {
public:
    StagedHost(Loop& loop, chain::ByteSource& rng, Stream picks)
        : Host(loop, NodeId{1}, chain::fast_crypto(), rng), picks_(picks) {}

    /// Called whenever the point is reached, before it is left.
    void at(YieldPoint point, std::function<void()> act) { acts_[point] = std::move(act); }
    /// The process is held there for so long, each time.
    void hold_at(YieldPoint point, Duration duration) { holds_[point] = duration; }
    const std::vector<YieldPoint>& passed() const { return passed_; }

    std::uint32_t pick(std::uint32_t count) override { return picks_.below(count); }
    void record(EventKind, std::uint32_t, std::uint64_t, std::uint64_t) override {}
    void abort(const char* why) override { throw InternalError(why); }

private:
    Instant hold(YieldPoint point) override {
        passed_.push_back(point);
        if (const auto act = acts_.find(point); act != acts_.end()) act->second();
        const auto held = holds_.find(point);
        return held == holds_.end() ? Instant{0} : now() + held->second;
    }

    Stream picks_;
    std::map<YieldPoint, std::function<void()>> acts_;
    std::map<YieldPoint, Duration> holds_;
    std::vector<YieldPoint> passed_;
};

/// A scheduler, a host and what they need: enough to run one piece of logic alone.
struct TestBed {
    explicit TestBed(std::uint64_t seed = 1)
        : choices(seed), scheduler(choices, trace), rng(Stream(choices, Domain::data, 1, 0)),
          host(scheduler, rng, Stream(choices, Domain::routing, 1, 0)) {
        scheduler.set_step_budget(1'000'000);
    }
    ~TestBed() { scheduler.kill_all(); }

    /// Drives the loop until the task has ended.  Rethrows what it threw.
    template <class T>
    T run(Task<T> task) {
        detail::Slot<T> slot;
        spawn(scheduler, host.id(), "test", detail::keep(std::move(task), &slot));
        scheduler.run_until([&slot] { return slot.value.has_value() || slot.error; });
        if (slot.error) std::rethrow_exception(slot.error);
        if constexpr (!std::is_void_v<T>) return std::move(*slot.value);
    }
    /// Lets so much virtual time go by.
    void pass(Duration duration) { run(detail::sleep_task(scheduler.now() + duration)); }

    Choices choices;
    Trace trace;
    sim::Scheduler scheduler;
    StreamBytes rng;
    StagedHost host;
};

template <class T>
std::optional<Code> code_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error().code;
}

} // namespace engine::fog::testing
