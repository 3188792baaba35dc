#include "scenarios/topology_needs.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace scenarios {

using engine::Topology;

namespace {

enum class Key : std::uint8_t {
    accounts,
    ingest,
    view_shards,
    view_replicas,
    image_shards,
    image_replicas,
    window,
    capacity,
    own_copies
};
constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

struct Need {
    Key key;
    std::uint64_t low;
    std::uint64_t high;
    const char* why;
};

const char* name(Key key) {
    switch (key) {
    case Key::accounts:
        return "accounts";
    case Key::ingest:
        return "ingest";
    case Key::view_shards:
        return "view-shards";
    case Key::view_replicas:
        return "view-replicas";
    case Key::image_shards:
        return "image-shards";
    case Key::image_replicas:
        return "image-replicas";
    case Key::window:
        return "window";
    case Key::capacity:
        return "user-capacity";
    case Key::own_copies:
        return "copies";
    }
    return "?";
}

std::uint64_t value(const Topology& t, Key key) {
    switch (key) {
    case Key::accounts:
        return t.accounts;
    case Key::ingest:
        return t.ingest_nodes;
    case Key::view_shards:
        return t.view_shards;
    case Key::view_replicas:
        return t.view_replicas;
    case Key::image_shards:
        return t.image_shards;
    case Key::image_replicas:
        return t.image_replicas;
    case Key::window:
        return t.pubkey_expiry_window;
    case Key::capacity:
        return t.user_capacity == 0 ? no_end : t.user_capacity;
    case Key::own_copies:
        return t.own_copies ? 1 : 0;
    }
    return 0;
}

struct StoryNeeds {
    std::string_view story;
    std::vector<Need> needs;
};

// The words that come again and again.
Need accounts(std::uint64_t low) { return {Key::accounts, low, no_end, "it names its accounts"}; }
Need two_nodes() { return {Key::ingest, 2, no_end, "one ingest node takes over from another"}; }
Need room_for(std::uint64_t users) {
    return {Key::capacity, users, no_end, "an egress key must have room for one block"};
}
Need window(std::uint64_t low, const char* why, std::uint64_t high = no_end) {
    return {Key::window, low, high, why};
}
// That copies are the nodes' own is a capability: catalogue.cpp.
Need shared_copies() { return {Key::own_copies, 0, 0, "it holds the two sides of the original harness"}; }
Need one_view_shard() { return {Key::view_shards, 0, 1, "it looks at one store's count"}; }

constexpr const char* payable = "a coin must land in the block after the last";
constexpr const char* missed = "the missed range must reach the blocks that are paid in";
constexpr const char* coins_end = "it pays a coin in each block up to the expiry, each twice the last";

const std::vector<StoryNeeds>& table() {
    static const std::vector<StoryNeeds> all{
        {"conformance", {accounts(5), two_nodes(), window(2, payable), room_for(5), shared_copies()}},
        {"sandwich", {accounts(2), window(2, payable), room_for(2), shared_copies()}},
        {"fresh_wallet_at_every_height",
         {{Key::accounts, 1, 8, "each block pays every account, each coin twice the last"}, shared_copies()}},
        {"second_device_spends",
         {accounts(2), room_for(2), {Key::image_replicas, 2, no_end, "one replica stays in the past"}}},
        {"sender_around_the_tombstone", {accounts(2), window(1, payable)}},
        {"two_keys_in_one_block", {accounts(2), two_nodes(), window(0, coins_end, 20), room_for(3)}},
        {"two_keys_start_at_one_block", {accounts(2), two_nodes(), room_for(3)}},
        {"commit_answer_lost", {accounts(2), two_nodes(), shared_copies()}},
        {"two_nodes_fight_for_one_key", {accounts(2), two_nodes(), room_for(2)}},
        {"new_keys_during_a_burst", {accounts(2), two_nodes()}},
        {"restored_node_has_an_old_state_file", {two_nodes()}},
        {"egress_key_overflows_in_a_block",
         {{Key::capacity, 2, 1'000, "an egress key must overflow, and have room for one block"}}},
        {"zombie_wakes_up", {accounts(2), two_nodes(), one_view_shard()}},
        {"retired_key_is_unretired",
         {accounts(2), two_nodes(), window(3, "the story stays below the expiry for a while", 20),
          room_for(2)}},
        {"key_that_never_scanned", {accounts(2), two_nodes(), window(5, missed), shared_copies()}},
        {"state_file_on_a_full_disk", {two_nodes()}},
        {"lost_key_before_the_count_moves",
         {accounts(2), two_nodes(), window(0, coins_end, 30), room_for(2)}},
        {"missed_range_reaches_into_the_future",
         {accounts(2), two_nodes(), window(0, coins_end, 20), room_for(3)}},
        {"lost_key_at_the_tip", {two_nodes(), window(4, missed), room_for(2)}},
        {"shard_that_nobody_scanned", {accounts(2), two_nodes(), window(7, missed)}},
        {"every_service_restarts", {accounts(2), two_nodes(), room_for(2)}},
        {"shards_at_different_heights",
         {accounts(2),
          room_for(2),
          {Key::view_shards, 3, no_end, "three shards are never level"},
          {Key::image_shards, 3, no_end, "three shards are never level"}}},
        {"replicas_out_of_step",
         {accounts(2),
          room_for(2),
          one_view_shard(),
          {Key::view_replicas, 2, no_end, "one replica stays in the past"},
          {Key::image_replicas, 2, no_end, "one replica stays in the past"}}},
        {"database_in_trouble_while_keys_rotate",
         {accounts(2), two_nodes(), window(2, payable), room_for(2)}},
        {"missed_blocks_from_a_failing_block_server",
         {accounts(2), two_nodes(), window(7, missed), room_for(2)}},
        {"watcher_falls_behind", {accounts(2), room_for(2), one_view_shard(), shared_copies()}},
        {"live_invocation_cleaned_up", {accounts(2), window(2, payable)}},
    };
    return all;
}

std::string text(const Need& need, const Topology& topology) {
    const std::uint64_t has = value(topology, need.key);
    if (need.key == Key::own_copies) return fmt::format("needs copies=shared ({})", need.why);
    const char* unbounded = need.key == Key::capacity && need.high == no_end ? " or 0" : "";
    const std::string range = need.high == no_end ? fmt::format("at least {}", need.low)
                              : need.low == 0     ? fmt::format("at most {}", need.high)
                                                  : fmt::format("{} to {}", need.low, need.high);
    return fmt::format("needs {} of {}{}, not {} ({})", name(need.key), range, unbounded,
                       has == no_end ? 0 : has, need.why);
}

} // namespace

std::string refusal(const engine::Scenario& scenario, const Topology& topology) {
    if (scenario.generate != nullptr) return {}; // it draws steps for whatever world there is
    for (const StoryNeeds& story : table()) {
        if (story.story != scenario.name) continue;
        for (const Need& need : story.needs) {
            const std::uint64_t has = value(topology, need.key);
            if (has < need.low || has > need.high)
                return fmt::format("the story {} {}", scenario.name, text(need, topology));
        }
        // One pays everybody in one block.
        const Need everybody = room_for(topology.accounts);
        if (story.story == "fresh_wallet_at_every_height" && value(topology, Key::capacity) < everybody.low)
            return fmt::format("the story {} {}", scenario.name, text(everybody, topology));
    }
    return {};
}

std::string refusal_by_upstream(const Topology& topology) {
    // Block 0 is there before fog is: no ingest node ever scans it.  Ours takes it for done.
    if (topology.view_shards > 1 && topology.shard_blocks < 2)
        return fmt::format(
            "MobileCoin's view stores need shard-blocks of at least 2 with view-shards={}, not {} (the "
            "first shard would hold only block 0, which nobody ingests, and never completes)",
            topology.view_shards, topology.shard_blocks);
    return {};
}

} // namespace scenarios
