// A coverage mark that nothing ever hits promises something that is not so.  Each is hit here: by one of the
// stories, or by a few thousand random plans.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "sim/run.hpp"

namespace {

constexpr std::uint64_t seeds_of_a_story = 12;
constexpr std::uint64_t random_plans = 4000;
/// Plans that hit what comes once in several thousand.
constexpr std::uint64_t rare_seeds[] = {5922};

engine::MarkCounts marks_of(const engine::Scenario& scenario, std::uint64_t seed) {
    sim::Options options;
    options.seed = seed;
    options.topology = scenario.topology;
    options.strategy = sim::Strategy::parse("portfolio");
    return sim::run(scenario, options).marks;
}

bool all_hit(const engine::MarkCounts& counts) {
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        if (counts.of(info.mark) == 0) return false;
    return true;
}

/// Counted once for all tests of this file.
const engine::MarkCounts& counts() {
    static const engine::MarkCounts all = [] {
        engine::MarkCounts sum;
        for (const engine::Scenario& scenario : scenarios::all())
            for (std::uint64_t seed = 1; seed <= seeds_of_a_story; ++seed) sum.add(marks_of(scenario, seed));
        for (const std::uint64_t seed : rare_seeds) sum.add(marks_of(*scenarios::find("lag"), seed));
        for (std::uint64_t seed = 1; seed <= random_plans && !all_hit(sum); ++seed)
            sum.add(marks_of(*scenarios::find("lag"), seed));
        return sum;
    }();
    return all;
}

TEST(Marks, every_one_is_hit) {
    std::string never;
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        if (counts().of(info.mark) == 0) never += fmt::format(" {}", info.name);
    EXPECT_EQ(never, "");
}

} // namespace
