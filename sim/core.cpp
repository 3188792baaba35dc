#include "sim/core.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sim {

// ------------------------------------------------------------------------------------------------ processes

Treatments::Of& Treatments::of(NodeId node) {
    if (nodes_.size() <= node.value) nodes_.resize(node.value + 1);
    return nodes_[node.value];
}

void Treatments::stopped(NodeId node) {
    resumed(node); // a killed process is not a stopped one any more
    of(node).stopped_at = scheduler_.now();
}

void Treatments::paused(NodeId node) {
    Of& it = of(node);
    if (!it.is_paused) it.paused_since = scheduler_.now();
    it.is_paused = it.was_paused = true;
}

void Treatments::resumed(NodeId node) {
    Of& it = of(node);
    if (it.is_paused) it.paused_until = scheduler_.now();
    it.is_paused = false;
}

Cause Treatments::cause(Cause::What what, NodeId node, Instant since, Instant until) const {
    Cause cause;
    cause.what = what;
    cause.to = node;
    cause.since = since;
    cause.until = until;
    return cause;
}

Cause Treatments::down(NodeId node) const {
    if (node.value >= nodes_.size() || !nodes_[node.value].stopped_at) return {};
    return cause(Cause::What::down, node, *nodes_[node.value].stopped_at, scheduler_.now());
}

Cause Treatments::ended(NodeId node) const {
    const Instant now = scheduler_.now();
    if (node.value >= nodes_.size() || nodes_[node.value].stopped_at != now) return {};
    return cause(Cause::What::ended, node, now, now);
}

Cause Treatments::pause(NodeId node, Instant begun) const {
    if (node.value >= nodes_.size()) return {};
    const Of& it = nodes_[node.value];
    if (!it.was_paused) return {};
    const Instant until = it.is_paused ? scheduler_.now() : it.paused_until;
    if (until < begun) return {};
    return cause(Cause::What::paused, node, it.paused_since, until);
}

namespace {

// The recording must be in place before the first stream is opened.
engine::Choices& following(engine::Choices& choices, const engine::Recording* recording) {
    if (recording != nullptr) choices.follow(*recording);
    return choices;
}

// Who follows a recording needs no strategist: its decisions are in there.
std::unique_ptr<Strategist> strategist_of(const Options& options) {
    if (options.follow != nullptr) return nullptr;
    return make_strategist(options.strategy.for_seed(options.seed), options.seed);
}

// The first entry of each stands for what the options say.
constexpr std::array<std::uint32_t, 6> held_of_64{0, 0, 2, 8, 16, 32};
constexpr std::array<std::uint32_t, 6> slow_of_64{0, 0, 1, 4, 8, 16};
constexpr std::array<std::uint32_t, 5> longest_hold_ms{0, 50, 200, 1200, 2000};

// Recorded like everything that is decided, so that a replay has the same weather whatever made it.  A
// strategist decides who waits, and for that there must be something to wait with.
Weather draw_weather(engine::Choices& choices, const Options& options) {
    const Strategy strategy = options.strategy.for_seed(options.seed);
    const bool directed = strategy.kind != Strategy::Kind::random;
    engine::Stream drawn = open_stream(choices, StreamSite::weather, 0);
    auto draw = [&](std::uint32_t bound, std::uint32_t directed_low, std::uint32_t directed_value) {
        std::uint32_t value = 0;
        if (directed) value = directed_value;
        if (strategy.swarm) {
            const std::uint32_t low = directed ? directed_low : 0;
            value = low + static_cast<std::uint32_t>(((drawn.bits() >> 32) * (bound - low)) >> 32);
        }
        return drawn.decide(bound, value);
    };
    Weather weather = options.weather;
    const std::uint32_t held = draw(static_cast<std::uint32_t>(held_of_64.size()), 2, 4);
    const std::uint32_t slow = draw(static_cast<std::uint32_t>(slow_of_64.size()), 1, 4);
    const std::uint32_t longest = draw(static_cast<std::uint32_t>(longest_hold_ms.size()), 2, 3);
    if (held != 0) weather.held_of_64 = held_of_64.at(held);
    if (slow != 0) weather.slow_of_64 = slow_of_64.at(slow);
    if (longest != 0) weather.longest_hold_ms = longest_hold_ms.at(longest);
    return weather;
}

} // namespace

Core::Core(const Options& o)
    : options(o), choices(o.seed), strategist(strategist_of(o)),
      scheduler(following(choices, o.follow), trace), weather(draw_weather(choices, o)),
      rests_(open_stream(choices, StreamSite::resting_poll, 0)) {
    choices.reserve(o.expected_choices);
    scheduler.set_strategist(strategist.get());
    choices.count_steps(scheduler.step_counter());
    scheduler.set_step_budget(o.step_budget);
    if (o.keep_events) trace.keep_events();
}

std::uint32_t Core::draw_wait(engine::Stream& stream, std::uint32_t bound, std::uint32_t tame) {
    if (strategist == nullptr) return stream.below(bound);
    const std::uint32_t level = strategist->delay(scheduler.current().slot);
    std::uint32_t value = 0;
    if (level != 0 && tame < bound) value = tame + level * (bound - 1 - tame) / Strategist::longest_delay;
    return stream.decide(bound, value);
}

// One draw decides both: values up to the tame share are quick, the rest spreads over slow times.
Duration Core::latency(engine::Stream& stream) {
    const std::uint32_t tame = 1024 - 16 * weather.slow_of_64;
    const std::uint32_t draw = draw_wait(stream, 1024, tame);
    if (draw < tame) return std::chrono::microseconds(100 + draw);
    return std::chrono::milliseconds(2 + (draw - tame) * 3);
}

Instant Core::next_poll(engine::Polling polling, Duration interval, std::uint64_t& seen) {
    const Instant next = scheduler.now() + interval;
    if (polling == engine::Polling::asks) {
        // A poll may have been held for long: only one that began after the last event has seen it.
        const bool has_seen_all = std::exchange(seen, stirs_) == stirs_;
        if (!has_seen_all || !faults.empty() || commotions_ != 0 || scheduler.now() < last_stirred_ + 1s)
            return next;
    }
    resting_.push_back({scheduler.next_park(), scheduler.now(), interval, polling});
    return Instant::never();
}

// The next poll is due where it would have been all along.  One that asks might be under way just now: its
// answer may be older than what has begun.
void Core::end_rests() {
    const std::int64_t now_ns = scheduler.now().ns;
    for (const Rest& rest : resting_) {
        const std::int64_t interval_ns = rest.interval.count();
        const std::int64_t polls = (now_ns - rest.since.ns + interval_ns - 1) / interval_ns;
        Instant due = rest.since + rest.interval * std::max<std::int64_t>(1, polls);
        if (rest.polling == engine::Polling::asks && rests_.chance(1, 16)) due = scheduler.now();
        scheduler.wake(rest.waiter, due);
    }
    resting_.clear();
}

std::int64_t Core::wall_clock_s(NodeId node) const {
    constexpr std::int64_t begin_s = 1'700'000'000;
    const auto* jump = faults.find<faults::ClockJump>(node);
    return begin_s + scheduler.now().ms() / 1000 + (jump == nullptr ? 0 : jump->by.count());
}

Instant Core::hold(engine::Stream& stream) {
    const std::uint32_t tame = 64 - weather.held_of_64;
    const std::uint32_t draw = draw_wait(stream, 64, tame);
    if (draw < tame) return scheduler.now();
    const std::uint32_t share = draw - tame + 1; // 1..held_of_64
    return scheduler.now() + std::chrono::milliseconds(weather.longest_hold_ms * share * share /
                                                       (weather.held_of_64 * weather.held_of_64));
}

SimHost::SimHost(Core& core, NodeId id, bool* abort_wish)
    : Host(core.scheduler, id, *core.options.crypto, bytes_), core_(core),
      bytes_(open_stream(core.choices, StreamSite::node_bytes, actor_of(id))),
      picks_(open_stream(core.choices, StreamSite::replica_pick, actor_of(id))),
      holds_(open_stream(core.choices, StreamSite::process_hold, actor_of(id))), abort_wish_(abort_wish) {
    observe(core.probe());
}

Instant SimHost::hold_and_tell(engine::YieldPoint point) {
    const engine::tell::Decided decided{holds_.name(), holds_.next(), point};
    const Instant until = core_.hold(holds_);
    if (until > now()) core_.note(id(), decided);
    return until;
}

void SimHost::open_gate() {
    gate_ = nullptr;
    for (const engine::Waiter waiter : std::exchange(at_the_gate_, {}))
        core_.scheduler.wake(waiter, core_.scheduler.now());
}

void SimHost::abort(const char* why) {
    abort_reason_ = why;
    *abort_wish_ = true;
    core_.abort_wished = true;
}

} // namespace sim
