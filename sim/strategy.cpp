#include "sim/strategy.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "engine/hash.hpp"
#include "engine/known_words.hpp"

namespace sim {
namespace {

using Kind = Strategy::Kind;

constexpr std::string_view swarm_suffix = "+swarm";

// What a portfolio is made of, in sixteenths: mostly swarms, which find most (docs/strategies.md), and a
// share of everything else for what a swarm leaves out.
constexpr std::array<Strategy, 16> mix{{
    {Kind::random, 0, true},
    {Kind::random, 0, true},
    {Kind::random, 0, true},
    {Kind::random, 0, true},
    {Kind::pct, 2, true},
    {Kind::pct, 2, true},
    {Kind::pct, 3, true},
    {Kind::pct, 3, true},
    {Kind::pos, 0, true},
    {Kind::pos, 0, true},
    {Kind::urw, 0, true},
    {Kind::urw, 0, true},
    {Kind::random, 0, false},
    {Kind::random, 0, false},
    {Kind::pct, 3, false},
    {Kind::pos, 0, false},
}};

std::uint32_t parse_depth(std::string_view text) {
    std::uint32_t depth = 0;
    const bool digits =
        !text.empty() && text.size() <= 2 && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits)
        for (const char c : text) depth = depth * 10 + static_cast<std::uint32_t>(c - '0');
    if (depth < 1 || depth > Strategy::max_depth)
        throw engine::UsageError(
            fmt::format("pct:{}: the depth is a number from 1 to {}", text, Strategy::max_depth));
    return depth;
}

} // namespace

Strategy Strategy::parse(std::string_view text) {
    Strategy strategy;
    if (text == "swarm") {
        strategy.swarm = true;
        return strategy;
    }
    std::string_view base = text;
    if (base.ends_with(swarm_suffix)) {
        strategy.swarm = true;
        base.remove_suffix(swarm_suffix.size());
    }
    if (base == "random") {
        strategy.kind = Kind::random;
    } else if (base.starts_with("pct:")) {
        strategy.kind = Kind::pct;
        strategy.depth = parse_depth(base.substr(4));
    } else if (base == "pos") {
        strategy.kind = Kind::pos;
    } else if (base == "urw") {
        strategy.kind = Kind::urw;
    } else if (base == "portfolio" && !strategy.swarm) {
        strategy.kind = Kind::portfolio;
    } else {
        const std::vector<std::string_view> known = {"random", "pct:D", "pos", "urw", "swarm", "portfolio"};
        throw engine::UsageError(
            fmt::format("there is no strategy '{}'{}, or one of the first four with +swarm", text,
                        engine::known_words(text, known)));
    }
    return strategy;
}

Strategy Strategy::for_seed(std::uint64_t seed) const {
    if (kind != Kind::portfolio) return *this;
    // Not the seed's own low bits: neighbouring seeds should differ, and no other draw looks at this hash.
    return mix.at(engine::mix64(seed ^ 0x706f7274666f6c69ULL) % mix.size());
}

std::string describe(const Strategy& strategy) {
    std::string text;
    switch (strategy.kind) {
    case Kind::random:
        return strategy.swarm ? "swarm" : "random";
    case Kind::pct:
        text = fmt::format("pct:{}", strategy.depth);
        break;
    case Kind::pos:
        text = "pos";
        break;
    case Kind::urw:
        text = "urw";
        break;
    case Kind::portfolio:
        return "portfolio";
    }
    if (strategy.swarm) text += swarm_suffix;
    return text;
}

} // namespace sim
