#include "sim/core.hpp"

#include <algorithm>

namespace sim {

FaultId FaultTable::add(Fault fault) {
    const FaultId id{next_id_++};
    active_.push_back({id, fault});
    return id;
}

std::optional<Fault> FaultTable::remove(FaultId id) {
    const auto it = std::find_if(active_.begin(), active_.end(), [&](const Active& a) { return a.id == id; });
    if (it == active_.end()) return std::nullopt;
    const Fault fault = it->fault;
    active_.erase(it);
    return fault;
}

bool FaultTable::is_cut(NodeId from, NodeId to) const {
    for (const Active& entry : active_) {
        const Fault& f = entry.fault;
        switch (f.kind) {
        case FaultKind::partition:
            if ((f.a == from && f.b == to) || (f.a == to && f.b == from)) return true;
            break;
        case FaultKind::cut:
            if (f.a == from && f.b == to) return true;
            break;
        case FaultKind::isolate:
            if (f.a == from || f.a == to) return true;
            break;
        default:
            break;
        }
    }
    return false;
}

std::uint64_t FaultTable::amount(FaultKind kind, NodeId a, NodeId b) const {
    for (const Active& entry : active_)
        if (entry.fault.kind == kind && entry.fault.a == a && entry.fault.b == b) return entry.fault.amount;
    return 0;
}

std::uint64_t FaultTable::amount(FaultKind kind, NodeId a) const {
    for (const Active& entry : active_)
        if (entry.fault.kind == kind && entry.fault.a == a) return entry.fault.amount;
    return 0;
}

bool FaultTable::has(FaultKind kind) const {
    return std::any_of(active_.begin(), active_.end(), [&](const Active& e) { return e.fault.kind == kind; });
}

bool FaultTable::has(FaultKind kind, NodeId a) const {
    return std::any_of(active_.begin(), active_.end(),
                       [&](const Active& e) { return e.fault.kind == kind && e.fault.a == a; });
}

bool FaultTable::has_numbered(FaultKind kind, std::uint64_t amount) const {
    return std::any_of(active_.begin(), active_.end(),
                       [&](const Active& e) { return e.fault.kind == kind && e.fault.amount == amount; });
}

bool FaultTable::take_one(FaultKind kind, NodeId a) {
    for (auto it = active_.begin(); it != active_.end(); ++it) {
        if (it->fault.kind != kind || it->fault.a != a) continue;
        if (it->fault.amount <= 1)
            active_.erase(it);
        else
            --it->fault.amount;
        return true;
    }
    return false;
}

namespace {

// The recording must be in place before the first stream is opened.
engine::Choices& following(engine::Choices& choices, const engine::Choices* recording) {
    if (recording != nullptr) choices.follow(*recording);
    return choices;
}

} // namespace

Core::Core(const Options& o) : options(o), choices(o.seed), scheduler(following(choices, o.follow), trace) {
    choices.reserve(o.expected_choices);
    scheduler.set_step_budget(o.step_budget);
    if (o.keep_events) trace.keep_events();
}

// One draw decides both: values up to the tame share are quick, the rest spreads over slow times.
Duration Core::latency(engine::Stream& stream) const {
    const std::uint32_t draw = stream.below(1024);
    const std::uint32_t tame = 1024 - 16 * options.weather.slow_of_64;
    if (draw < tame) return std::chrono::microseconds(100 + draw);
    return std::chrono::milliseconds(2 + (draw - tame) * 3);
}

std::int64_t Core::wall_clock_s(NodeId node) const {
    constexpr std::int64_t begin_s = 1'700'000'000;
    const auto off = static_cast<std::int64_t>(faults.amount(FaultKind::clock_jump, node)); // may be negative
    return begin_s + scheduler.now().ms() / 1000 + off;
}

Instant Core::hold(engine::Stream& stream) const {
    const std::uint32_t draw = stream.below(64);
    const std::uint32_t tame = 64 - options.weather.held_of_64;
    if (draw < tame) return scheduler.now();
    const std::uint32_t share = draw - tame + 1; // 1..held_of_64
    return scheduler.now() +
           std::chrono::milliseconds(options.weather.longest_hold_ms * share * share /
                                     (options.weather.held_of_64 * options.weather.held_of_64));
}

SimHost::SimHost(Core& core, NodeId id, bool* abort_wish)
    : Host(core.scheduler, id, *core.options.crypto, bytes_), core_(core),
      bytes_(engine::Stream(core.choices, engine::Domain::data, actor_of(id), 0)),
      picks_(core.choices, engine::Domain::routing, actor_of(id), 0),
      holds_(core.choices, engine::Domain::pause, actor_of(id), 0), abort_wish_(abort_wish) {
    observe(core.probe());
}

void SimHost::abort(const char* why) {
    abort_reason_ = why;
    *abort_wish_ = true;
    core_.abort_wished = true;
}

} // namespace sim
