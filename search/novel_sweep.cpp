#include "search/novel_sweep.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "engine/hash.hpp"
#include "search/novelty.hpp"
#include "sim/sim_world.hpp"

namespace search {
namespace {

/// Sees after which decision each mark was first hit.  Whoever decided goes on to.
class Watcher final : public sim::Strategist {
public:
    explicit Watcher(std::uint64_t seed) : bits_(engine::mix64(seed ^ 0x77617463686572ULL)) {}

    void look_at(sim::Core& core) {
        core_ = &core;
        inner_ = core.strategist.get();
        core.scheduler.set_strategist(this);
    }
    std::vector<std::pair<Novelty::Mark, std::size_t>> marks() && { return std::move(marks_); }

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
        }
    }
    std::uint32_t delay(std::uint32_t slot) override { return inner_ != nullptr ? inner_->delay(slot) : 0; }

private:
    sim::Core* core_ = nullptr;
    sim::Strategist* inner_ = nullptr; // null: nobody but chance
    std::uint64_t bits_;
    std::array<bool, engine::mark_count> is_seen_{};
    std::vector<std::pair<Novelty::Mark, std::size_t>> marks_;
};

sim::RunResult tell(const engine::Scenario& wanted, const Novelty::Wish& wish, sim::Options options,
                    Novelty::Ran& ran) {
    options.seed = wish.story_seed;
    options.strategy = options.strategy.for_seed(options.seed);
    options.keep_choices = true;
    if (wish.recording) options.follow = &*wish.recording;
    engine::Scenario scenario = wanted;
    if (wanted.generate != nullptr) {
        engine::StorySeed seed;
        seed.seed = options.seed;
        seed.swarm = options.strategy.swarm;
        scenario = wanted.generate(seed);
        scenario.generate = nullptr;
        options.topology = scenario.topology;
        for (const std::string& change : options.topology_changes)
            if (const std::string reason = engine::apply(change, options.topology); !reason.empty())
                throw engine::UsageError("topology: " + reason);
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

} // namespace

NovelSweep novel_sweep(const engine::Scenario& scenario, const scenarios::lag::Plan* plan,
                       const sim::SweepOptions& options, sim::SweepProgress& progress) {
    NovelSweep out;
    Novelty novelty(options.run.seed);
    sim::RunWatch& watch = progress.watches.add();
    sim::Options each = options.run;
    each.watch = &watch;
    for (std::uint64_t n = 0; n < options.runs && !progress.stop.load(); ++n) {
        const Novelty::Wish wish = novelty.next();
        watch.seed = wish.story_seed;
        watch.begun = n + 1;
        watch.story_step = 0;
        watch.wish = sim::CutShort::no;
        watch.runs = true;
        if (options.on_run) options.on_run(wish.story_seed, watch);
        Novelty::Ran ran;
        sim::RunResult result = tell(scenario, wish, each, ran);
        watch.runs = false;
        if (result.cut_short == sim::CutShort::interrupted) break;
        add(result, out.result);
        ++progress.done;
        const bool has_failed = result.verdict != sim::Verdict::held || !result.skipped.empty();
        if (!has_failed) {
            novelty.ran(wish, std::move(ran));
            if (n == 0) out.result.failure = std::move(result); // a single run's result is wanted whole
            continue;
        }
        ++progress.failed;
        ++out.result.failures;
        if (!out.result.failed_seed) {
            sim::Options failed = options.run;
            failed.seed = wish.story_seed;
            if (!result.violations.empty()) out.failing = case_of(scenario, plan, failed, result);
            out.result.failed_seed = wish.story_seed;
            out.result.failure = std::move(result);
        }
        if (!options.keep_going) break;
    }
    const sim::SweepDigest digest = sim::digest_of(std::move(out.result.digests), options.runs);
    out.result.digests.clear();
    out.result.digest = digest.digest;
    out.result.distinct = digest.distinct;
    return out;
}

} // namespace search
