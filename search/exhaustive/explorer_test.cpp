#include "search/exhaustive/explorer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/ensure.hpp"
#include "engine/hash.hpp"

namespace search::exhaustive {
namespace {

/// What an event of a toy program does.
struct Op {
    enum class Kind { read, write, acquire, release } kind = Kind::read;
    std::uint32_t variable = 0;
};
constexpr Op read(std::uint32_t v) { return {Op::Kind::read, v}; }
constexpr Op write(std::uint32_t v) { return {Op::Kind::write, v}; }
constexpr Op acquire(std::uint32_t v) { return {Op::Kind::acquire, v}; }
constexpr Op release(std::uint32_t v) { return {Op::Kind::release, v}; }

using Program = std::vector<std::vector<Op>>;

/// Threads over variables and locks.  A write adds what its thread has read so far, so that the end tells who
/// has seen what.
class Toy final : public System {
public:
    explicit Toy(Program program) : program_(std::move(program)) {}

    void run(Guide& guide, std::size_t) override {
        next_.assign(program_.size(), 0);
        seen_.assign(program_.size(), 0);
        variables_.assign(16, 0);
        holder_.assign(16, 0);
        for (;;) {
            std::vector<Line> enabled;
            for (Line t = 0; t < program_.size(); ++t)
                if (can_go_on(t)) enabled.push_back(t);
            if (enabled.empty()) return;
            const Line line = guide.pick(enabled);
            ENSURE(can_go_on(line));
            guide.ran(perform(line));
        }
    }
    std::uint64_t outcome() const override {
        std::uint64_t digest = 0;
        for (const std::uint64_t value : variables_) digest = engine::chain64(digest, value);
        for (const std::uint64_t value : seen_) digest = engine::chain64(digest, value);
        return digest;
    }
    bool is_stuck() const {
        for (Line t = 0; t < program_.size(); ++t)
            if (next_[t] < program_[t].size()) return true;
        return false;
    }
    bool lies = false; ///< writes are declared as touching nothing

private:
    bool can_go_on(Line t) const {
        if (next_[t] == program_[t].size()) return false;
        const Op op = program_[t][next_[t]];
        return op.kind != Op::Kind::acquire || holder_[op.variable] == 0;
    }
    sim::Footprint perform(Line t) {
        const Op op = program_[t][next_[t]++];
        const std::uint64_t bit = std::uint64_t{1} << op.variable;
        switch (op.kind) {
        case Op::Kind::read:
            seen_[t] = engine::chain64(seen_[t], variables_[op.variable]);
            return {bit, 0};
        case Op::Kind::write:
            variables_[op.variable] = engine::chain64(t + 1, seen_[t] + next_[t]);
            return lies ? sim::Footprint{} : sim::Footprint{0, bit};
        case Op::Kind::acquire:
            holder_[op.variable] = t + 1;
            variables_[op.variable] = engine::chain64(variables_[op.variable], t);
            return {0, bit};
        case Op::Kind::release:
            holder_[op.variable] = 0;
            return {0, bit};
        }
        return {};
    }

    Program program_;
    std::vector<std::size_t> next_;
    std::vector<std::uint64_t> seen_;
    std::vector<std::uint64_t> variables_;
    std::vector<Line> holder_; // + 1
};

struct Explored {
    Counts counts{};
    std::multiset<std::uint64_t> ends{};
    std::set<std::uint64_t> different() const { return {ends.begin(), ends.end()}; }
};

Explored explore(System& system, ExploreOptions options) {
    Explored out;
    Explorer explorer(system, std::move(options), [&] { out.ends.insert(system.outcome()); });
    EXPECT_TRUE(explorer.explore());
    out.counts = explorer.counts();
    EXPECT_DOUBLE_EQ(explorer.estimate(), static_cast<double>(out.counts.runs));
    return out;
}

ExploreOptions without_reduction() {
    ExploreOptions options;
    options.reduce = false;
    return options;
}

Program sections(std::size_t threads, std::size_t each) {
    Program program(threads);
    for (auto& thread : program)
        for (std::size_t i = 0; i < each; ++i) thread.insert(thread.end(), {acquire(0), release(0)});
    return program;
}

// 6!/(3! 3!) and 6!/(2! 2! 2!): the order in which the sections are entered is all that matters.
TEST(Explorer, lock_sections_are_run_once_for_each_order_of_entering_them) {
    Toy two(sections(2, 3));
    const Explored of_two = explore(two, {});
    EXPECT_EQ(of_two.counts.runs, 20u);
    EXPECT_EQ(of_two.counts.blocked, 0u);
    Toy three(sections(3, 2));
    const Explored of_three = explore(three, {});
    EXPECT_EQ(of_three.counts.runs, 90u);
    EXPECT_EQ(of_three.counts.blocked, 0u);
}

// A thread that waits for the lock cannot be run before it is let go, so that the full search has no more.
TEST(Explorer, sections_end_as_in_the_full_search) {
    Toy toy(sections(3, 2));
    const Explored all = explore(toy, without_reduction());
    const Explored reduced = explore(toy, {});
    EXPECT_EQ(all.different(), reduced.different());
    EXPECT_EQ(reduced.different().size(), 90u);
}

TEST(Explorer, independent_writers_are_one_class) {
    Toy toy({{write(0), write(0)}, {write(1), write(1)}, {write(2), write(2)}});
    EXPECT_EQ(explore(toy, without_reduction()).counts.runs, 90u);
    EXPECT_EQ(explore(toy, {}).counts.runs, 1u);
}

// One writer and n readers of one variable, each of which reads one of its own before: 2^n classes.
TEST(Explorer, readers_are_before_or_after_the_writer) {
    for (std::uint32_t readers = 1; readers <= 5; ++readers) {
        Program program{{write(0)}};
        for (std::uint32_t r = 1; r <= readers; ++r) program.push_back({read(r), read(0)});
        Toy toy(program);
        const Explored reduced = explore(toy, {});
        EXPECT_EQ(reduced.counts.runs, std::uint64_t{1} << readers);
        EXPECT_EQ(reduced.counts.blocked, 0u);
    }
}

// The number of classes of a full search, told by their normal form: in every run, whatever may come earlier
// without passing something it depends on does, the lowest line first.
std::size_t classes_by_hand(Toy& toy) {
    std::set<std::vector<Line>> normal;
    std::vector<Step> steps;
    Explorer* at = nullptr;
    Explorer explorer(toy, without_reduction(), [&] {
        const Explorer::Position position = at->position();
        steps.clear();
        for (const Frame& frame : position.frames) steps.push_back(frame.taken);
        std::vector<Line> form;
        while (!steps.empty()) {
            std::size_t best = steps.size();
            for (std::size_t i = 0; i < steps.size(); ++i) {
                bool is_free = true;
                for (std::size_t j = 0; j < i && is_free; ++j)
                    is_free =
                        steps[j].line != steps[i].line && !steps[j].touched.conflicts_with(steps[i].touched);
                if (is_free && (best == steps.size() || steps[i].line < steps[best].line)) best = i;
            }
            form.push_back(steps[best].line);
            steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(best));
        }
        normal.insert(form);
    });
    at = &explorer;
    EXPECT_TRUE(explorer.explore());
    return normal.size();
}

TEST(Explorer, random_programs_run_once_for_each_class_and_end_as_in_the_full_search) {
    std::uint64_t bits = 1;
    const auto below = [&bits](std::uint64_t bound) {
        bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
        return (bits >> 33) % bound;
    };
    for (int i = 0; i < 300; ++i) {
        Program program(2 + below(2));
        std::size_t left = 7;
        for (auto& thread : program)
            for (std::uint64_t n = 1 + below(3); n > 0 && left > 0; --n, --left) {
                const auto variable = static_cast<std::uint32_t>(below(3));
                thread.push_back(below(2) == 0 ? read(variable) : write(variable));
            }
        Toy toy(program);
        const Explored all = explore(toy, without_reduction());
        const Explored reduced = explore(toy, {});
        EXPECT_EQ(all.different(), reduced.different()) << i;
        EXPECT_EQ(reduced.counts.blocked, 0u) << i;
        EXPECT_EQ(reduced.counts.runs, classes_by_hand(toy)) << i;
    }
}

// Two philosophers: each takes one lock and then the other's.
TEST(Explorer, a_deadlock_is_an_end_like_others) {
    Toy toy(
        {{acquire(0), acquire(1), release(1), release(0)}, {acquire(1), acquire(0), release(0), release(1)}});
    bool is_stuck = false;
    Explorer explorer(toy, {}, [&] { is_stuck = is_stuck || toy.is_stuck(); });
    EXPECT_TRUE(explorer.explore());
    EXPECT_TRUE(is_stuck);
}

// Two lines of n events: the words with few changes of line, counted by hand.
TEST(Explorer, preemptions_are_bounded) {
    Toy toy({{write(0), write(0), write(0)}, {write(1), write(1), write(1)}});
    const auto runs = [&](std::uint32_t preemptions) {
        ExploreOptions options = without_reduction();
        options.preemptions = preemptions;
        return explore(toy, options).counts.runs;
    };
    // 0: one after the other.  1: the first is left after 1 or 2 events.  All 20 need no more than 4.
    EXPECT_EQ(runs(0), 2u);
    EXPECT_EQ(runs(1), 2u + 4u);
    EXPECT_EQ(runs(2), 2u + 4u + 8u);
    EXPECT_EQ(runs(4), 20u);
}

TEST(Explorer, a_search_that_was_stopped_goes_on_where_it_was) {
    for (const bool reduce : {true, false}) {
        Toy toy(sections(3, 2));
        ExploreOptions whole;
        whole.reduce = reduce;
        const Explored expected = explore(toy, whole);
        std::multiset<std::uint64_t> ends;
        Explorer::Position position;
        std::uint64_t pieces = 0;
        for (bool done = false; !done; ++pieces) {
            Toy another(sections(3, 2)); // nothing is left but the position
            std::uint64_t runs = 0;
            ExploreOptions options = whole;
            options.stop = [&runs] { return runs == 7; };
            Explorer explorer(another, options, [&] {
                ++runs;
                ends.insert(another.outcome());
            });
            explorer.go_on_from(position);
            done = explorer.explore();
            position = explorer.position();
        }
        EXPECT_GT(pieces, 10u);
        EXPECT_EQ(ends, expected.ends);
        EXPECT_EQ(position.counts.runs, expected.counts.runs);
    }
}

TEST(Explorer, a_wrong_footprint_is_noticed) {
    Toy toy({{write(0), read(1)}, {write(1), read(0)}});
    const std::vector<Line> ordering{0, 1, 0, 1};
    EXPECT_FALSE(first_wrong_footprint(toy, ordering));
    toy.lies = true;
    const auto wrong = first_wrong_footprint(toy, ordering);
    ASSERT_TRUE(wrong);
    EXPECT_NE(wrong->what.find("are declared independent"), std::string::npos) << wrong->what;
    // And this is why it matters: the search would not run what it takes for the same.
    Toy honest({{write(0), read(1)}, {write(1), read(0)}});
    EXPECT_LT(explore(toy, {}).counts.runs, explore(honest, {}).counts.runs);
}

} // namespace
} // namespace search::exhaustive
