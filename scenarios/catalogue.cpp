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
            .judges = {engine::CheckId::sender},
        },
        {
            .name = "two_keys_in_one_block",
            .summary = "key rotation: one block pays an account under the old key and the new one",
            .story = two_keys_in_one_block,
            .topology = {.accounts = 2, .own_copies = true, .pubkey_expiry_window = 4},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            .name = "two_keys_start_at_one_block",
            .summary = "two ingress keys with the same start block: both seeds must be searched",
            .story = two_keys_start_at_one_block,
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            .name = "commit_answer_lost",
            .summary = "a commit is applied but never acknowledged, and the standby takes over",
            .story = commit_answer_lost,
            .topology = {.accounts = 2},
            .needs = {Capability::lose_commit_ack, Capability::crash},
        },
        {
            .name = "two_nodes_fight_for_one_key",
            .summary = "two active nodes with one ingress key: the fence decides, block by block",
            .story = two_nodes_fight_for_one_key,
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::message_faults},
        },
        {
            .name = "new_keys_during_a_burst",
            .summary = "keys are registered while another key's blocks are being loaded",
            .story = new_keys_during_a_burst,
            .topology = {.accounts = 2, .own_copies = true, .pubkey_expiry_window = 4},
            .needs = {Capability::own_copies, Capability::hold_copies},
        },
        {
            .name = "restored_node_has_an_old_state_file",
            .summary = "a node is restored from a backup while its peer went on",
            .story = restored_node_has_an_old_state_file,
            .topology = {.accounts = 2},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            .name = "egress_key_overflows_in_a_block",
            .summary = "the egress key runs out of room in the middle of a block",
            .story = egress_key_overflows_in_a_block,
            .topology = {.accounts = 8, .user_capacity = 5, .chunk_outputs = 2},
            .needs = {Capability::crash},
        },
        {
            .name = "zombie_wakes_up",
            .summary = "the active node is stopped, the standby takes over, the zombie goes on",
            .story = zombie_wakes_up,
            .topology = {.accounts = 2, .own_copies = true},
            .needs = {Capability::pause},
        },
        {
            .name = "retired_key_is_unretired",
            .summary = "a retired key is unretired in time, and once too late",
            .story = retired_key_is_unretired,
            .topology = {.accounts = 2, .pubkey_expiry_window = 4},
            .needs = {},
        },
        {
            .name = "key_that_never_scanned",
            .summary = "a key was reported to senders and died before its first block",
            .story = key_that_never_scanned,
            .topology = {.accounts = 2},
            .needs = {Capability::hold_copies, Capability::crash, Capability::state_files},
        },
        {
            .name = "state_file_on_a_full_disk",
            .summary = "the state file cannot be written, and the node dies again and again",
            .story = state_file_on_a_full_disk,
            .topology = {.accounts = 1},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            .name = "lost_key_before_the_count_moves",
            .summary = "wallets hear of missed blocks while the count stands still",
            .story = lost_key_before_the_count_moves,
            .topology = {.accounts = 2, .pubkey_expiry_window = 3},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            .name = "missed_range_reaches_into_the_future",
            .summary = "a missed range beyond the tip crosses two view shard ends, downloads lag",
            .story = missed_range_reaches_into_the_future,
            .topology = {.accounts = 2, .view_shards = 3, .own_copies = true, .pubkey_expiry_window = 7},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::crash,
                      Capability::state_files},
        },
        {
            .name = "lost_key_at_the_tip",
            .summary = "the only key is lost at the tip and no later block comes",
            .story = lost_key_at_the_tip,
            .topology = {.accounts = 2},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            .name = "shard_that_nobody_scanned",
            .summary = "a whole view shard lies in missed blocks",
            .story = shard_that_nobody_scanned,
            .topology = {.accounts = 2, .view_shards = 3, .shard_blocks = 4, .pubkey_expiry_window = 8},
            .needs = {Capability::crash, Capability::state_files},
        },
        {
            .name = "every_service_restarts",
            .summary = "each service dies at a bad moment while wallets poll",
            .story = every_service_restarts,
            .topology = {.accounts = 2, .view_shards = 2, .image_shards = 2, .shard_blocks = 4},
            .needs = {Capability::crash, Capability::kill_wallet},
        },
        {
            .name = "shards_at_different_heights",
            .summary = "three view and three key image shards, never level",
            .story = shards_at_different_heights,
            .topology =
                {.accounts = 2, .view_shards = 3, .image_shards = 3, .shard_blocks = 4, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::pause, Capability::crash},
        },
        {
            .name = "replicas_out_of_step",
            .summary = "two replicas of everything, one of them in the past",
            .story = replicas_out_of_step,
            .topology = {.accounts = 2, .view_replicas = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::stale_reads,
                      Capability::crash},
        },
        {
            .name = "database_in_trouble_while_keys_rotate",
            .summary = "the recovery database fails in every way while a key replaces another",
            .story = database_in_trouble_while_keys_rotate,
            .topology = {.accounts = 2, .view_replicas = 2},
            .needs = {Capability::lose_commit_ack, Capability::stale_reads},
        },
        {
            .name = "missed_blocks_from_a_failing_block_server",
            .summary = "missed blocks must come from a service that lags, is cut off or dies",
            .story = missed_blocks_from_a_failing_block_server,
            .topology = {.accounts = 2, .image_replicas = 2, .own_copies = true},
            .needs = {Capability::own_copies, Capability::hold_copies, Capability::crash,
                      Capability::message_faults},
        },
        {
            .name = "watcher_falls_behind",
            .summary = "no more block times for one side: late, but right",
            .story = watcher_falls_behind,
            .topology = {.accounts = 2},
            .needs = {},
        },
        {
            .name = "live_invocation_cleaned_up",
            .summary = "the cleanup tool closes the invocation of a live ingest node whose clock is slow",
            .story = live_invocation_cleaned_up,
            .needs = {Capability::clocks},
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
