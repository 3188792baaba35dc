#include "scenarios/catalogue.hpp"

#include <algorithm>

#include "scenarios/lag/plan.hpp"

namespace scenarios {

using engine::Capability;
using engine::Scenario;
using engine::Topology;

std::span<const Scenario> all() {
    static const std::vector<Scenario> stories{
        {
            FOG_STORY(
                conformance,
                "the stock test: 19 steps with view and ledger ahead of each other, judged by its table"),
            .topology = Topology{},
            .needs = {Capability::hold_copies, Capability::state_files},
            .closes = false,
        },
        {
            FOG_STORY(sandwich, "bob pays 1 of 100 in block 11: 199 and 0 are never shown, whoever is ahead"),
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies},
        },
        {
            FOG_STORY(fresh_wallet_at_every_height,
                      "every account is recomputed from scratch at every height, wallets die in mid check"),
            .topology = {.accounts = 3},
            .needs = {Capability::hold_copies, Capability::kill_wallet},
        },
        {
            FOG_STORY(second_device_spends, "two devices of one account, one key image store in the past"),
            .topology = {.accounts = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            FOG_STORY(sender_around_the_tombstone,
                      "landed and expired verdicts around the tombstone while the answering copy lags"),
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies},
            .judges = {engine::CheckId::sender},
        },
        {
            FOG_STORY(two_keys_in_one_block,
                      "key rotation: one block pays an account under the old key and the new one"),
            .topology = {.accounts = 2, .own_copies = true, .pubkey_expiry_window = 4},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            FOG_STORY(two_keys_start_at_one_block,
                      "two ingress keys with the same start block: both seeds must be searched"),
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            FOG_STORY(commit_answer_lost,
                      "a commit is applied but never acknowledged, and the standby takes over"),
            .topology = {.accounts = 2},
            .needs = {Capability::lose_commit_ack, Capability::crash},
        },
        {
            FOG_STORY(two_nodes_fight_for_one_key,
                      "two active nodes with one ingress key: the fence decides, block by block"),
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::message_faults},
        },
        {
            FOG_STORY(new_keys_during_a_burst,
                      "keys are registered while another key's blocks are being loaded"),
            .topology = {.accounts = 2, .own_copies = true, .pubkey_expiry_window = 4},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            FOG_STORY(restored_node_has_an_old_state_file,
                      "a node is restored from a backup while its peer went on"),
            .topology = {.accounts = 2},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(egress_key_overflows_in_a_block,
                      "the egress key runs out of room in the middle of a block"),
            .topology = {.accounts = 8, .user_capacity = 5, .chunk_outputs = 2},
            .needs = {Capability::crash},
        },
        {
            FOG_STORY(zombie_wakes_up,
                      "the active node is stopped, the standby takes over, the zombie goes on"),
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::pause},
        },
        {
            FOG_STORY(retired_key_is_unretired, "a retired key is unretired in time, and once too late"),
            .topology = {.accounts = 2, .pubkey_expiry_window = 4},
            .needs = {},
        },
        {
            FOG_STORY(key_that_never_scanned,
                      "a key was reported to senders and died before its first block"),
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies, Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(state_file_on_a_full_disk,
                      "the state file cannot be written, and the node dies again and again"),
            .topology = {.accounts = 1},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(lost_key_before_the_count_moves,
                      "wallets hear of missed blocks while the count stands still"),
            .topology = {.accounts = 2, .pubkey_expiry_window = 3},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(missed_range_reaches_into_the_future,
                      "a missed range beyond the tip crosses two view shard ends, downloads lag"),
            .topology = {.accounts = 2, .view_shards = 3, .own_copies = true, .pubkey_expiry_window = 7},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::crash,
                      Capability::state_files},
        },
        {
            FOG_STORY(lost_key_at_the_tip, "the only key is lost at the tip and no later block comes"),
            .topology = {.accounts = 2},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(shard_that_nobody_scanned, "a whole view shard lies in missed blocks"),
            .topology = {.accounts = 2, .view_shards = 3, .shard_blocks = 4, .pubkey_expiry_window = 8},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            FOG_STORY(every_service_restarts, "each service dies at a bad moment while wallets poll"),
            .topology = {.accounts = 2, .view_shards = 2, .image_shards = 2, .shard_blocks = 4},
            .needs = {Capability::crash, Capability::kill_wallet},
        },
        {
            FOG_STORY(shards_at_different_heights, "three view and three key image shards, never level"),
            .topology =
                {.accounts = 2, .view_shards = 3, .image_shards = 3, .shard_blocks = 4, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::pause, Capability::crash},
        },
        {
            FOG_STORY(replicas_out_of_step, "two replicas of everything, one of them in the past"),
            .topology = {.accounts = 2, .view_replicas = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::lose_commit_ack,
                      Capability::crash},
        },
        {
            FOG_STORY(database_in_trouble_while_keys_rotate,
                      "the recovery database fails in every way while a key replaces another"),
            .topology = {.accounts = 2, .view_replicas = 2},
            .needs = {Capability::lose_commit_ack},
        },
        {
            FOG_STORY(missed_blocks_from_a_failing_block_server,
                      "missed blocks must come from a service that lags, is cut off or dies"),
            .topology = {.accounts = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::crash,
                      Capability::message_faults},
        },
        {
            FOG_STORY(watcher_falls_behind, "no more block times for one side: late, but right"),
            .topology = {.accounts = 2},
            .needs = {},
        },
        {
            FOG_STORY(live_invocation_cleaned_up,
                      "the cleanup tool closes the invocation of a live ingest node whose clock is slow"),
            .needs = {},
        },
        {
            .name = "lag",
            .summary =
                "random: a plan of blocks, lags, polls, operator commands and faults in a random topology",
            .generate = [](engine::StorySeed seed) { return lag::scenario_of(lag::generate(seed)); },
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
