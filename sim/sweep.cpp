#include "sim/sweep.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/mark_catalogue.hpp"

namespace sim {
namespace {

struct Summary {
    std::uint64_t digest = 0;
    std::uint64_t steps = 0;
    std::uint64_t checks = 0;
    std::uint64_t judgements = 0;
    std::map<std::string, std::uint64_t> excused;
    std::uint64_t choices = 0;
    engine::MarkCounts marks;
    bool failed = false;
};

constexpr std::uint64_t none = ~0ULL;

class Sweep {
public:
    Sweep(const engine::Scenario& scenario, const SweepOptions& options, SweepProgress& progress)
        : scenario_(scenario), options_(options), progress_(progress) {}

    SweepResult run() {
        const unsigned jobs =
            static_cast<unsigned>(std::clamp<std::uint64_t>(options_.jobs, 1, options_.runs));
        std::vector<std::jthread> others;
        for (unsigned j = 1; j < jobs; ++j) others.emplace_back([this] { work(); });
        work();
        others.clear();
        if (error_) std::rethrow_exception(error_);
        if (broken_ && broken_->seed() - options_.run.seed == lowest_bad_) throw Broken(*broken_);
        return collect();
    }

private:
    /// A run, for those who look on.
    class Watched {
    public:
        Watched(RunWatch& watch, std::uint64_t seed, std::uint64_t begun) : watch_(watch) {
            watch_.seed = seed;
            watch_.begun = begun;
            watch_.story_step = 0;
            watch_.wish = CutShort::no;
            watch_.runs = true;
        }
        ~Watched() { watch_.runs = false; }
        Watched(const Watched&) = delete;
        Watched& operator=(const Watched&) = delete;

    private:
        RunWatch& watch_;
    };

    void work() {
        try {
            std::size_t expected_choices = 0;
            RunWatch& watch = progress_.watches.add();
            for (;;) {
                const std::uint64_t i = next_.fetch_add(1);
                if (i >= options_.runs || i > last_wanted() || progress_.stop.load()) return;
                one(i, expected_choices, watch);
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::current_exception();
            progress_.stop = true;
        }
    }

    std::uint64_t last_wanted() const { return options_.keep_going ? none : lowest_bad_.load(); }

    void one(std::uint64_t i, std::size_t& expected_choices, RunWatch& watch) {
        Options run_options = options_.run;
        run_options.seed = options_.run.seed + i;
        run_options.watch = &watch;
        const Watched watched(watch, run_options.seed, ++begun_);
        if (options_.on_run) options_.on_run(run_options.seed, watch);
        try {
            tell_and_count(i, run_options, expected_choices);
        } catch (const Broken& broken) {
            const std::lock_guard lock(mutex_);
            if (i >= lowest_bad_.load()) return;
            lowest_bad_ = i;
            broken_ = broken;
        }
    }

    void tell_and_count(std::uint64_t i, Options& run_options, std::size_t& expected_choices) {
        run_options.expected_choices = expected_choices;
        run_options.keep_events = options_.run.keep_events || options_.twice;
        RunResult result = sim::run(scenario_, run_options);
        expected_choices = result.choices;
        std::optional<Difference> difference;
        if (options_.twice && result.cut_short == CutShort::no) {
            RunResult again = sim::run(scenario_, run_options);
            if (again.cut_short == CutShort::no)
                difference = first_difference(result, again);
            else
                result = std::move(again);
            if (difference) difference->seed = run_options.seed;
        }
        if (result.cut_short == CutShort::interrupted) return;
        const std::lock_guard lock(mutex_);
        const bool failed = result.verdict != Verdict::held || difference || !result.skipped.empty();
        waiting_.emplace(i, Summary{result.digest, result.steps, result.checks, result.judgements,
                                    result.excused, result.choices, result.marks, failed});
        if (failed) {
            ++progress_.failed;
            if (i <= lowest_bad_.load()) {
                lowest_bad_ = i;
                bad_ = std::move(result);
                difference_ = std::move(difference);
            }
        } else if (i == 0) {
            if (lowest_bad_ == none) bad_ = std::move(result); // a single run's result is wanted whole
        }
        add_up();
        ++progress_.done;
    }

    // Runs count in order of seed, and none after the lowest that failed: sums do not depend on who was
    // quick.
    void add_up() {
        for (auto next = waiting_.begin();
             next != waiting_.end() && next->first == total_.runs && next->first <= last_wanted();
             next = waiting_.erase(next)) {
            const Summary& s = next->second;
            ++total_.runs;
            total_.steps += s.steps;
            total_.checks += s.checks;
            total_.judgements += s.judgements;
            total_.choices += s.choices;
            for (const auto& [cause, failures] : s.excused) total_.excused[cause] += failures;
            total_.marks.add(s.marks);
            total_.runs_with_mark.add_run(s.marks);
            total_.failures += s.failed ? 1 : 0;
            digests_.push_back(s.digest);
            shapes_.push_back(shape_of(s.marks));
        }
    }

    SweepResult collect() {
        SweepResult out = std::move(total_);
        const SweepDigest digest = digest_of(digests_, options_.runs);
        out.digest = digest.digest;
        out.distinct = digest.distinct;
        judge_unseen(shapes_, out);
        if (options_.keep_digests) {
            out.digests = std::move(digests_);
            out.shapes = std::move(shapes_);
        }
        if (lowest_bad_ != none) out.failed_seed = options_.run.seed + lowest_bad_;
        out.failure = std::move(bad_);
        out.difference = std::move(difference_);
        return out;
    }

    const engine::Scenario& scenario_;
    const SweepOptions& options_;
    SweepProgress& progress_;
    std::atomic<std::uint64_t> next_{0};
    std::atomic<std::uint64_t> begun_{0};
    std::atomic<std::uint64_t> lowest_bad_{none};
    std::mutex mutex_;                         // guards what follows
    std::map<std::uint64_t, Summary> waiting_; // for a lower seed to end
    SweepResult total_;
    std::vector<std::uint64_t> digests_;
    std::vector<std::uint64_t> shapes_;
    std::optional<RunResult> bad_;
    std::optional<Difference> difference_;
    std::optional<Broken> broken_; // of the lowest seed that threw
    std::exception_ptr error_;
};

} // namespace

SweepDigest digest_of(std::vector<std::uint64_t> digests, std::uint64_t runs_wanted) {
    SweepDigest out;
    std::uint64_t digest = 0x510e527fade682d1ULL;
    for (const std::uint64_t one : digests) digest = engine::chain64(digest, one);
    out.digest = runs_wanted == 1 && !digests.empty() ? digests.front() : engine::mix64(digest);
    std::sort(digests.begin(), digests.end());
    out.distinct = static_cast<std::uint64_t>(std::unique(digests.begin(), digests.end()) - digests.begin());
    return out;
}

void judge_unseen(std::span<const std::uint64_t> shapes, SweepResult& result) {
    std::vector<engine::Mark> listed;
    for (const MarkInfo& info : mark_catalogue()) listed.push_back(info.mark);
    result.unseen_marks = unseen_marks(result.runs_with_mark, result.runs, listed);
    result.unseen_shapes = unseen_shapes(shapes);
}

SweepResult sweep(const engine::Scenario& scenario, const SweepOptions& options, SweepProgress& progress) {
    return Sweep(scenario, options, progress).run();
}

std::optional<Difference> first_difference(const RunResult& first, const RunResult& second) {
    const std::size_t common = std::min(first.events.size(), second.events.size());
    std::size_t i = 0;
    while (i < common && first.events[i] == second.events[i]) ++i;
    if (i == first.events.size() && i == second.events.size() && first.digest == second.digest)
        return std::nullopt;
    Difference difference;
    difference.event = i;
    if (i < first.events.size()) difference.first = engine::describe(first.events[i]);
    if (i < second.events.size()) difference.second = engine::describe(second.events[i]);
    return difference;
}

} // namespace sim
