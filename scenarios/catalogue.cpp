#include "scenarios/catalogue.hpp"

#include <algorithm>

#include "scenarios/lag/plan.hpp"
#include "scenarios/stories.hpp"

namespace scenarios {

using engine::Capability;
using engine::Scenario;
using engine::Topology;

std::span<const Scenario> all() {
    static const std::vector<Scenario> stories{
        {
            .name = "conformance",
            .summary =
                "the stock test: 19 steps with view and ledger ahead of each other, judged by its table",
            .story = conformance,
            .topology = Topology{},
            .needs = {Capability::hold_copies, Capability::state_files},
            .closes = false,
        },
        {
            .name = "live_invocation_cleaned_up",
            .summary = "the cleanup tool closes the invocation of a live ingest node whose clock is slow",
            .story = live_invocation_cleaned_up,
        },
        {
            .name = "lag",
            .summary =
                "random: a plan of blocks, lags, polls, operator commands and faults in a random topology",
            .generate = [](std::uint64_t seed) { return lag::scenario_of(lag::generate(seed)); },
        },
    };
    return stories;
}

const Scenario* find(std::string_view name) {
    const auto stories = all();
    const auto it =
        std::find_if(stories.begin(), stories.end(), [&](const Scenario& s) { return s.name == name; });
    return it == stories.end() ? nullptr : &*it;
}

} // namespace scenarios
