#include "sim/strategy.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sim {
namespace {

TEST(Strategy, every_name_is_read_and_written_alike) {
    for (const char* text : {"random", "swarm", "pct:1", "pct:3", "pct:16", "pos", "urw", "portfolio",
                             "pct:2+swarm", "pos+swarm", "urw+swarm"})
        EXPECT_EQ(describe(Strategy::parse(text)), text);
    EXPECT_EQ(Strategy::parse("random"), Strategy{});
    EXPECT_EQ(Strategy::parse("random+swarm"), Strategy::parse("swarm"));
    EXPECT_EQ(Strategy::parse("pct:3").depth, 3u);
}

TEST(Strategy, what_is_no_strategy_is_refused_with_a_reason) {
    auto reason = [](const char* text) -> std::string {
        try {
            Strategy::parse(text);
        } catch (const engine::UsageError& error) {
            return error.what();
        }
        return "";
    };
    for (const char* text : {"", "Random", "pct", "swarm+pos", "portfolio+swarm", "pos ", "+swarm"}) {
        const std::string given = reason(text);
        EXPECT_EQ(given.rfind(std::string("there is no strategy '") + text + "'; ", 0), 0u) << given;
        EXPECT_NE(
            given.find(
                "known: random, pct:D, pos, urw, swarm, portfolio, or one of the first four with +swarm"),
            std::string::npos)
            << given;
    }
    for (const char* depth : {"", "0", "17", "-1", "3x", "999999999999"})
        EXPECT_EQ(reason((std::string("pct:") + depth).c_str()),
                  std::string("pct:") + depth + ": the depth is a number from 1 to 16");
}

TEST(Strategy, portfolio_is_resolved_by_the_seed_alone_and_holds_all_kinds) {
    const Strategy portfolio = Strategy::parse("portfolio");
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 0; seed < 1600; ++seed) {
        const Strategy one = portfolio.for_seed(seed);
        EXPECT_EQ(one, portfolio.for_seed(seed));
        EXPECT_EQ(one, one.for_seed(seed + 1)) << "what is resolved stays so";
        ++seen[describe(one)];
    }
    for (const char* text :
         {"random", "swarm", "pct:2+swarm", "pct:3", "pct:3+swarm", "pos", "pos+swarm", "urw+swarm"})
        EXPECT_GT(seen[text], 50) << text;
    EXPECT_EQ(seen.size(), 8u);
}

} // namespace
} // namespace sim
