#pragma once

#include "engine/scenario.hpp"

// One story per file; the catalogue lists them.

namespace scenarios {

engine::Task<> conformance(engine::World& world);
engine::Task<> sandwich(engine::World& world);
engine::Task<> fresh_wallet_at_every_height(engine::World& world);
engine::Task<> second_device_spends(engine::World& world);
engine::Task<> sender_around_the_tombstone(engine::World& world);

// ingest/
engine::Task<> live_invocation_cleaned_up(engine::World& world);
engine::Task<> two_keys_in_one_block(engine::World& world);
engine::Task<> two_keys_start_at_one_block(engine::World& world);
engine::Task<> commit_answer_lost(engine::World& world);
engine::Task<> two_nodes_fight_for_one_key(engine::World& world);
engine::Task<> new_keys_during_a_burst(engine::World& world);
engine::Task<> restored_node_has_an_old_state_file(engine::World& world);
engine::Task<> egress_key_overflows_in_a_block(engine::World& world);
engine::Task<> zombie_wakes_up(engine::World& world);
engine::Task<> retired_key_is_unretired(engine::World& world);
engine::Task<> key_that_never_scanned(engine::World& world);
engine::Task<> state_file_on_a_full_disk(engine::World& world);

// view/
engine::Task<> lost_key_before_the_count_moves(engine::World& world);
engine::Task<> missed_range_reaches_into_the_future(engine::World& world);
engine::Task<> lost_key_at_the_tip(engine::World& world);
engine::Task<> shard_that_nobody_scanned(engine::World& world);
engine::Task<> every_service_restarts(engine::World& world);
engine::Task<> shards_at_different_heights(engine::World& world);
engine::Task<> replicas_out_of_step(engine::World& world);
engine::Task<> database_in_trouble_while_keys_rotate(engine::World& world);

// ledger/
engine::Task<> missed_blocks_from_a_failing_block_server(engine::World& world);
engine::Task<> watcher_falls_behind(engine::World& world);

} // namespace scenarios
