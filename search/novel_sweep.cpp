#include "search/novel_sweep.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "engine/hash.hpp"
#include "scenarios/lag/plan.hpp"
#include "search/grafts.hpp"
#include "search/novelty.hpp"
#include "sim/foreign_wallets.hpp"
#include "sim/sim_world.hpp"

namespace search {
namespace {

/// Sees after which decision, and in which step of the story, each mark was first hit.  Whoever decided goes
/// on to.
class Watcher final : public sim::Strategist {
public:
    explicit Watcher(std::uint64_t seed) : bits_(engine::mix64(seed ^ 0x77617463686572ULL)) {}

    void look_at(sim::Core& core) {
        core_ = &core;
        inner_ = core.strategist.get();
        core.scheduler.set_strategist(this);
    }
    std::vector<std::pair<Novelty::Mark, std::size_t>> marks() && { return std::move(marks_); }
    const Grafts::Steps& steps() const { return steps_; }

    void created(std::uint32_t slot, engine::NodeId node, const char* name, std::uint32_t creator) override {
        if (inner_ != nullptr) inner_->created(slot, node, name, creator);
    }
    void ended(std::uint32_t slot) override {
        if (inner_ != nullptr) inner_->ended(slot);
    }
    std::uint32_t pick(std::span<const std::uint32_t> ready) override {
        if (inner_ != nullptr) return inner_->pick(ready);
        bits_ = engine::mix64(bits_ + 0x9e3779b97f4a7c15ULL);
        return static_cast<std::uint32_t>(((bits_ >> 32) * ready.size()) >> 32);
    }
    void ran(std::uint32_t slot, const sim::Footprint& footprint) override {
        if (inner_ != nullptr) inner_->ran(slot, footprint);
        for (std::size_t i = 0; i < engine::mark_count; ++i) {
            if (is_seen_[i] || core_->marks.of(static_cast<engine::Mark>(i)) == 0) continue;
            is_seen_[i] = true;
            marks_.emplace_back(static_cast<Novelty::Mark>(i), core_->choices.sequence().size());
            const sim::RunWatch* watch = core_->options.watch;
            if (watch != nullptr) steps_.emplace(static_cast<engine::Mark>(i), watch->story_step.load());
        }
    }
    std::uint32_t delay(std::uint32_t slot) override { return inner_ != nullptr ? inner_->delay(slot) : 0; }

private:
    sim::Core* core_ = nullptr;
    sim::Strategist* inner_ = nullptr; // null: nobody but chance
    std::uint64_t bits_;
    std::array<bool, engine::mark_count> is_seen_{};
    std::vector<std::pair<Novelty::Mark, std::size_t>> marks_;
    Grafts::Steps steps_;
};

// What a seed tells, as a story of its own.
engine::Scenario drawn(const engine::Scenario& wanted, sim::Options& options) {
    engine::StorySeed seed;
    seed.seed = options.seed;
    seed.swarm = options.strategy.swarm;
    engine::Scenario scenario = wanted.generate(seed);
    scenario.generate = nullptr;
    return scenario;
}

void change_topology(sim::Options& options) {
    for (const std::string& change : options.topology_changes)
        if (const std::string reason = engine::apply(change, options.topology); !reason.empty())
            throw engine::UsageError("topology: " + reason);
}

sim::RunResult tell(const engine::Scenario& wanted, const Novelty::Wish& wish, sim::Options options,
                    Novelty::Ran& ran) {
    options.seed = wish.story_seed;
    options.strategy = options.strategy.for_seed(options.seed);
    options.keep_choices = true;
    if (wish.recording) options.follow = &*wish.recording;
    engine::Scenario scenario = wanted;
    if (wanted.generate != nullptr) {
        scenario = drawn(wanted, options);
        options.topology = scenario.topology;
        change_topology(options);
    }
    Watcher watcher(wish.recording ? wish.recording->seed : wish.story_seed);
    const auto story = scenario.story;
    scenario.story = [&watcher, &story](engine::World& world) {
        watcher.look_at(dynamic_cast<sim::SimWorld&>(world).core());
        return story(world);
    };
    sim::RunResult result = sim::run(scenario, options);
    ran.recording = result.recording;
    ran.marks = std::move(watcher).marks();
    return result;
}

void add(const sim::RunResult& run, sim::SweepResult& sums) {
    ++sums.runs;
    sums.steps += run.steps;
    sums.checks += run.checks;
    sums.judgements += run.judgements;
    sums.choices += run.choices;
    for (const auto& [cause, failures] : run.excused) sums.excused[cause] += failures;
    sums.marks.add(run.marks);
    sums.runs_with_mark.add_run(run.marks);
    sums.digests.push_back(run.digest);
}

/// A sweep whose runs are made one after the other.
class OneByOne {
public:
    OneByOne(const sim::SweepOptions& options, sim::SweepProgress& progress)
        : options_(options), progress_(progress), watch_(progress.watches.add()), each_(options.run) {
        each_.watch = &watch_;
    }

    bool goes_on() const { return made_ < options_.runs && !progress_.stop.load() && !has_ended_; }
    /// What each run begins with.
    const sim::Options& each() const { return each_; }

    /// One run.  @param tell  tells it; its seed is for those who look on
    template <class Tell>
    sim::RunResult run(std::uint64_t seed, Tell tell) {
        watch_.seed = seed;
        watch_.begun = ++made_;
        watch_.story_step = 0;
        watch_.wish = sim::CutShort::no;
        watch_.runs = true;
        if (options_.on_run) options_.on_run(seed, watch_);
        sim::RunResult result = tell();
        watch_.runs = false;
        return result;
    }
    /// Counts it.  @param make_case  of a failure, when it is the first
    /// @return whether it held, and another one may go on from it
    template <class MakeCase>
    bool add(sim::RunResult result, std::uint64_t seed, MakeCase make_case) {
        if (result.cut_short == sim::CutShort::interrupted) {
            has_ended_ = true;
            return false;
        }
        search::add(result, out_.result);
        ++progress_.done;
        const bool has_failed = result.verdict != sim::Verdict::held || !result.skipped.empty();
        if (!has_failed) {
            if (made_ == 1) out_.result.failure = std::move(result); // a single run's result is wanted whole
            return true;
        }
        ++progress_.failed;
        ++out_.result.failures;
        if (!out_.result.failed_seed) {
            // What a clock or the memory has cut short does not repeat.
            if (!result.violations.empty() && result.cut_short == sim::CutShort::no)
                out_.failing = make_case(result);
            out_.result.failed_seed = seed;
            out_.result.failure = std::move(result);
        }
        has_ended_ = !options_.keep_going;
        return false;
    }
    NovelSweep end() && {
        const sim::SweepDigest digest = sim::digest_of(std::move(out_.result.digests), options_.runs);
        out_.result.digests.clear();
        out_.result.digest = digest.digest;
        out_.result.distinct = digest.distinct;
        return std::move(out_);
    }

private:
    const sim::SweepOptions& options_;
    sim::SweepProgress& progress_;
    sim::RunWatch& watch_;
    sim::Options each_;
    NovelSweep out_;
    std::uint64_t made_ = 0;
    bool has_ended_ = false;
};

// Of one story, whose decisions are all there is to draw: by Novelty.
NovelSweep of_one_story(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                        const sim::SweepOptions& options, sim::SweepProgress& progress) {
    OneByOne sweep(options, progress);
    Novelty novelty(options.run.seed);
    while (sweep.goes_on()) {
        const Novelty::Wish wish = novelty.next();
        Novelty::Ran ran;
        sim::RunResult result =
            sweep.run(wish.story_seed, [&] { return tell(scenario, wish, sweep.each(), ran); });
        const auto make_case = [&](const sim::RunResult& failed) {
            sim::Options of_it = options.run;
            of_it.seed = wish.story_seed;
            return case_of(scenario, plan, of_it, failed);
        };
        if (sweep.add(std::move(result), wish.story_seed, make_case)) novelty.ran(wish, std::move(ran));
    }
    return std::move(sweep).end();
}

/// A run of a drawn plan or of a graft, told as often as anybody wants to know more of it.
class Told {
public:
    Told(const engine::Scenario& wanted, const Grafts::Wish& wish, sim::Options options)
        : wish_(wish), options_(std::move(options)) {
        options_.seed = wish.seed;
        options_.strategy = options_.strategy.for_seed(wish.seed);
        scenario_ = wish.plan ? scenarios::lag::scenario_of(*wish.plan) : drawn(wanted, options_);
        options_.topology = scenario_.topology;
        change_topology(options_);
    }

    sim::RunResult run() const { return sim::run(scenario_, options_); }
    scenarios::lag::Plan plan() const {
        if (wish_.plan) return *wish_.plan;
        return scenarios::lag::generate({wish_.seed, options_.strategy.swarm});
    }
    /// Once more, as it was: when did it come into each situation?
    Grafts::Steps steps() const {
        const sim::RunResult again = with_choices();
        sim::Options options = options_;
        options.follow = &again.recording;
        Watcher watcher(options.seed);
        engine::Scenario watched = scenario_;
        watched.story = [this, &watcher](engine::World& world) {
            watcher.look_at(dynamic_cast<sim::SimWorld&>(world).core());
            return scenario_.story(world);
        };
        (void)sim::run(watched, options);
        return watcher.steps();
    }
    /// The failure, every decision fixed.
    Case failing() const {
        const sim::RunResult again = with_choices();
        const scenarios::lag::Plan told = plan();
        return case_of(scenario_, &told, options_, again);
    }

private:
    sim::RunResult with_choices() const {
        sim::Options options = options_;
        options.keep_choices = true;
        return sim::run(scenario_, options);
    }

    Grafts::Wish wish_;
    sim::Options options_;
    engine::Scenario scenario_;
};

// Of drawn stories: by Grafts.
NovelSweep of_drawn_stories(const engine::Scenario& scenario, const sim::SweepOptions& options,
                            sim::SweepProgress& progress) {
    OneByOne sweep(options, progress);
    Grafts grafts(options.run.seed);
    while (sweep.goes_on()) {
        const Grafts::Wish wish = grafts.next();
        const Told told(scenario, wish, sweep.each());
        sim::RunResult result = sweep.run(wish.seed, [&] { return told.run(); });
        const engine::MarkCounts marks = result.marks;
        const auto make_case = [&](const sim::RunResult&) { return told.failing(); };
        if (!sweep.add(std::move(result), wish.seed, make_case)) continue;
        if (grafts.ran(wish, marks)) grafts.keep(told.plan(), told.steps());
    }
    return std::move(sweep).end();
}

} // namespace

NovelSweep novel_sweep(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                       const sim::SweepOptions& options, sim::SweepProgress& progress) {
    // A foreign wallet is told plans of its own kind, and leaves few marks to go on from.
    if (scenario.generate == nullptr || sim::ForeignWalletsInstalled::current() != nullptr)
        return of_one_story(scenario, plan, options, progress);
    return of_drawn_stories(scenario, options, progress);
}

} // namespace search
