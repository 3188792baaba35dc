#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace engine {

/// A known way to get Fog wrong, that can be switched on in the simulator.  Each is one visible branch at its
/// site: `if (host_.has(Defect::...))`.  What each breaks stands in sim/defect_catalogue.cpp.
enum class Defect : std::uint16_t {
    // wallet
    wallet_missed_limit_off_by_one,
    wallet_count_ignores_key_images,
    wallet_count_is_the_ledgers,
    wallet_takes_off_later_spends,
    wallet_counts_newer_outputs,
    wallet_takes_off_spends_at_its_end,
    wallet_count_includes_its_end,
    wallet_reports_index_for_count,
    wallet_reports_one_block_more,
    wallet_one_search_key_per_rng,
    wallet_one_round_of_search,
    wallet_rng_advances_over_misses,
    wallet_keeps_first_rngs_only,
    wallet_stores_cursor_of_a_search,
    wallet_drops_decommissioned_rng_undrained,
    wallet_any_miss_ends_a_decommissioned_rng,
    wallet_ignores_missed_ranges,
    wallet_whole_range_limits,
    wallet_takes_any_spent_at_for_spent,
    wallet_searches_with_root_view_key,
    wallet_opens_records_with_padding,
    wallet_reads_amounts_of_an_older_format,
    wallet_scans_the_origin_block,
    wallet_lower_count_with_cached_sum,
    wallet_follows_a_lower_count,
    wallet_lower_count_ends_its_rngs,
    wallet_drops_early_missed_ranges,
    wallet_takes_search_error_for_a_miss,
    wallet_updates_one_of_equal_images,
    wallet_overwrites_known_status,
    wallet_adds_in_64_bits,
    wallet_counts_an_output_twice,
    wallet_one_height_for_all_chunks,
    wallet_reports_after_failed_image_query,
    wallet_partial_answer_ends_a_missed_range,
    wallet_raises_count_before_search,
    wallet_keys_rngs_by_start_block,
    wallet_keeps_only_ranges_before_its_first_rng,
    wallet_forgets_ranges_after_one_try,
    wallet_missed_blocks_do_not_limit,
    wallet_count_zero_means_unknown,
    wallet_takes_image_error_for_unspent,
    wallet_takes_older_image_answers,
    wallet_new_output_unspent_as_of_zero,
    wallet_new_output_unspent_as_of_view,
    wallet_new_output_unspent_as_of_ledger,
    wallet_takes_count_of_first_answer,
    wallet_takes_count_of_last_answer,
    wallet_takes_highest_count_of_a_check,
    wallet_adds_up_all_tokens,
    wallet_overlooks_change,
    wallet_asks_about_an_output_once,
    wallet_skips_a_block_between_pages,
    wallet_expires_a_payment_one_block_early,
    wallet_takes_not_found_for_expired,
    wallet_takes_status_error_for_expired,
    wallet_passes_over_newer_rngs,
    wallet_passes_over_unreadable_outputs,
    wallet_searches_all_rngs_at_once,
    wallet_asks_for_all_missed_blocks_at_once,
    wallet_counts_before_new_rngs_are_searched,
    wallet_takes_the_last_block_for_all_before,
    wallet_asks_the_ledger_only_when_view_has_moved,
    // view store
    view_store_reads_count_after_events,
    view_store_reads_count_after_records,
    view_store_answers_with_last_known,
    view_store_publishes_before_insert,
    view_store_key_list_older_than_blocks,
    view_store_takes_an_old_key_list,
    view_store_answers_with_old_events,
    view_store_loses_blocks_without_a_key_list,
    view_store_skips_the_rest_of_a_short_batch,
    view_store_takes_an_empty_block_for_unscanned,
    view_store_drops_last_block_of_its_range,
    view_store_drops_first_block_of_its_range,
    view_store_restores_its_count,
    view_store_ignores_unscanned_keys,
    view_store_ignores_first_block_of_a_key,
    view_store_ignores_last_block_of_a_lost_key,
    view_store_ends_a_retired_key_one_block_early,
    view_store_expects_the_expiry_block,
    view_store_waits_for_lost_keys,
    view_store_passes_a_missed_range_at_once,
    view_store_cuts_events_short,
    view_store_pages_events,
    // view router
    view_router_takes_the_lowest_count,
    view_router_takes_the_highest_count,
    view_router_skips_an_absent_shard,
    view_router_allows_a_hole_of_one_block,
    view_router_keeps_the_first_result,
    view_router_lets_errors_beat_found,
    view_router_spreads_an_error,
    view_router_takes_events_of_one_shard,
    view_router_reuses_an_old_answer,
    view_router_fails_while_a_shard_loads,
    view_router_asks_a_loading_shard_for_ever,
    // key image store
    images_read_count_after_look_up,
    images_publish_before_insert,
    images_answer_with_count_of_the_copy,
    images_restore_their_count,
    images_spent_one_block_late,
    images_take_one_of_a_block,
    images_stop_one_block_early,
    images_drop_last_block_of_their_range,
    // ledger router
    ledger_router_takes_the_lowest_count,
    ledger_router_takes_the_highest_count,
    ledger_router_empty_store_means_zero,
    ledger_router_skips_an_empty_store,
    ledger_router_keeps_the_first_result,
    ledger_router_drops_errors,
    ledger_router_lets_errors_beat_spent,
    ledger_router_answers_an_image_twice,
    ledger_router_answers_with_its_own_height,
    ledger_router_reuses_an_old_answer,
    // ledger router
    ledger_blocks_count_after_data,
    ledger_blocks_end_one_early,
    ledger_outputs_prove_a_newer_root,
    ledger_status_count_after_look_up,
    // ingest
    ingest_trusts_next_block_of_its_state,
    ingest_resumes_with_an_open_past,
    ingest_starts_where_it_wanted,
    ingest_scans_again_after_a_failed_write,
    ingest_rotates_without_a_new_rng,
    ingest_counts_users_anew_each_block,
    ingest_stores_the_last_chunk_only,
    ingest_numbers_outputs_within_the_block,
    ingest_records_the_next_block,
    ingest_retires_one_block_early,
    ingest_scans_on_with_a_lost_key,
    ingest_skips_the_first_block_of_a_key,
    ingest_takes_a_key_while_active,
    ingest_takes_an_unanswered_write_for_stored,
    ingest_stores_the_rows_of_a_full_key_again,
    // recovery database
    db_key_starts_where_requested,
    db_key_starts_at_a_known_block,
    db_key_starts_one_block_late,
    db_one_winner_for_each_invocation,
    db_takes_a_repeat_for_a_lost_race,
    db_writers_do_not_wait,
    db_cursor_is_the_sequence,
    db_decommission_forgets_last_block,
    db_refuses_a_second_equal_missed_range,
    db_missed_range_starts_one_late,
    db_missed_range_ends_one_early,
    db_unscanned_key_leaves_no_missed_range,
    db_lost_key_takes_writes,
    db_lost_key_promises_more,
    db_closed_invocation_takes_blocks,
    db_unretires_a_key_that_view_has_passed,
    db_stores_expiry_one_block_early,
    db_replica_claims_to_be_current,
    db_numbers_rows_for_blocks,
    // report server
    report_server_adds_a_block_to_the_expiry,
    // watcher
    watcher_stays_behind,
    // operator
    operator_overlooks_unscanned_keys,
    count_,
};
inline constexpr std::size_t defect_count = static_cast<std::size_t>(Defect::count_);

class DefectSet {
public:
    bool has(Defect defect) const { return on_[static_cast<std::size_t>(defect)]; }
    void switch_on(Defect defect) { on_.set(static_cast<std::size_t>(defect)); }
    void switch_off(Defect defect) { on_.reset(static_cast<std::size_t>(defect)); }
    bool any() const { return on_.any(); }
    friend bool operator==(const DefectSet&, const DefectSet&) = default;

private:
    std::bitset<defect_count> on_;
};

} // namespace engine
