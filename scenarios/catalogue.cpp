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
            .name = "sandwich",
            .summary = "bob pays 1 of 100 in block 11: 199 and 0 are never shown, whoever is ahead",
            .story = sandwich,
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies},
        },
        {
            .name = "fresh_wallet_at_every_height",
            .summary = "every account is recomputed from scratch at every height, wallets die in mid check",
            .story = fresh_wallet_at_every_height,
            .topology = {.accounts = 3},
            .needs = {Capability::hold_copies, Capability::kill_wallet},
        },
        {
            .name = "second_device_spends",
            .summary = "two devices of one account, one key image store in the past",
            .story = second_device_spends,
            .topology = {.accounts = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            .name = "sender_around_the_tombstone",
            .summary = "landed and expired verdicts around the tombstone while the answering copy lags",
            .story = sender_around_the_tombstone,
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies},
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
