#pragma once

#include <optional>
#include <utility>

#include "engine/task.hpp"
#include "sim/core.hpp"

namespace sim::testing {

/// Calm surroundings: nothing is held and nothing takes long.
inline Options calm(std::uint64_t seed = 1) {
    Options options;
    options.seed = seed;
    options.weather = {0, 0, 600};
    options.step_budget = 1'000'000;
    return options;
}

/// The core of a world without the world, and a way to run tasks on it.
struct CoreBed {
    explicit CoreBed(const Options& options = calm()) : core(options) {}
    ~CoreBed() { core.scheduler.kill_all(); }

    /// Drives the scheduler until the task has ended.  Rethrows what it threw.
    template <class T>
    T run(Task<T> task, NodeId node = NodeId{1}) {
        engine::detail::Slot<T> slot;
        engine::spawn(core.scheduler, node, "test", engine::detail::keep(std::move(task), &slot));
        core.scheduler.run_until([&slot] { return bool(slot.value); });
        if constexpr (!std::is_void_v<T>) return std::move(*slot.value);
    }
    void pass(Duration duration) {
        run(engine::detail::sleep_task(core.scheduler.now() + duration), NodeId{99});
    }
    Instant now() const { return core.scheduler.now(); }
    FaultId begin(FaultKind kind, std::uint32_t a = 0, std::uint32_t b = 0, std::uint64_t amount = 0) {
        return core.faults.add(engine::Fault::read(kind, {NodeId{a}, NodeId{b}, amount}));
    }

    Core core;
};

template <class T>
std::optional<engine::Code> code_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error().code;
}

} // namespace sim::testing
