#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace engine {

/// A rare situation that a search must have been through to be worth anything.  Code says so where it
/// happens: `host_.mark(Mark::...)`.  What each means stands in sim/mark_catalogue.cpp.
enum class Mark : std::uint16_t {
    // wallet
    wallet_limited_by_missed_block,
    wallet_limited_by_unspent_output,
    wallet_counts_an_output_spent_later,
    wallet_holds_back_a_newer_output,
    wallet_view_falls_back_within_a_check,
    wallet_view_behind_itself,
    wallet_view_starts_again_at_zero,
    wallet_search_needs_three_rounds,
    wallet_searches_three_rngs,
    wallet_two_rngs_start_at_one_block,
    wallet_hears_of_rng_and_its_end_at_once,
    wallet_rng_drained,
    wallet_rng_ended_but_not_drained,
    wallet_search_key_answered_with_an_error,
    wallet_missed_range_before_the_count_moves,
    wallet_missed_range_into_the_future,
    wallet_missed_blocks_not_there_yet,
    wallet_missed_range_partly_fetched,
    wallet_own_output_in_a_missed_block,
    wallet_finds_an_output_twice,
    wallet_image_answers_disagree,
    wallet_ledger_behind_itself,
    wallet_key_image_answered_with_an_error,
    wallet_asks_just_before_the_tombstone,
    wallet_too_old_for_an_rng,
    wallet_too_old_for_an_output,
    wallet_block_missing_inside_an_answer,
    wallet_output_status_answered_with_an_error,
    // view store
    view_store_query_overtaken_by_a_block,
    view_store_query_between_records_and_count,
    view_store_covers_nothing_of_its_range,
    view_store_completes_its_range,
    view_store_waits_for_a_key,
    view_store_passes_a_block_of_no_key,
    view_store_passes_a_missed_block,
    view_store_passes_the_expiry_of_a_retired_key,
    view_store_gets_one_block_from_two_keys,
    view_store_refuses_an_old_key_list,
    view_store_refuses_old_events,
    view_store_cannot_read_keys,
    // view router
    view_router_without_one_shard,
    view_router_sees_a_hole,
    view_router_shard_beyond_the_merged_count,
    view_router_event_cursors_differ,
    view_router_found_beats_an_error,
    // key image store
    images_query_overtaken_by_a_block,
    images_query_between_images_and_count,
    images_behind_their_copy,
    images_complete_their_range,
    images_wait_for_a_block_time,
    // ledger router
    ledger_router_without_one_shard,
    ledger_router_sees_a_hole,
    ledger_router_store_of_the_future,
    ledger_router_spend_beyond_its_count,
    ledger_router_spent_beats_an_error,
    ledger_asked_for_blocks_it_has_not,
    ledger_blocks_grow_during_an_answer,
    // ingest
    ingest_rotates_in_mid_block,
    ingest_scans_a_block_in_chunks,
    ingest_term_ends_in_mid_block,
    ingest_loses_a_race,
    ingest_finds_its_invocation_closed,
    ingest_learns_that_its_key_is_lost,
    ingest_resumes,
    ingest_resumes_with_a_stale_state,
    ingest_may_not_resume,
    ingest_retired_key_comes_to_its_end,
    ingest_key_starts_later_than_wanted,
    ingest_cannot_write_its_state,
    ingest_waits_for_a_block_time,
    ingest_refuses_a_key_while_active,
    // chain
    chain_output_in_the_last_block_of_a_key,
    chain_output_for_a_lost_key,
    chain_output_for_a_retired_key,
    chain_output_in_the_last_block_of_a_shard,
    chain_output_in_the_first_block_of_a_shard,
    chain_output_in_a_block_announced_as_missed,
    chain_coin_spent_in_the_next_block,
    // recovery database
    db_acknowledgement_lost,
    db_rolls_a_commit_back,
    db_commit_lost,
    db_commit_outlives_its_writer,
    db_recognises_a_repeated_write,
    db_refuses_a_block_of_a_lost_key,
    db_refuses_a_block_of_a_closed_invocation,
    db_raises_the_start_of_a_key,
    db_two_keys_start_at_one_block,
    db_loses_a_key_that_never_scanned,
    db_two_keys_miss_the_same_range,
    db_missed_range_crosses_a_shard_end,
    db_unretires_a_key,
    db_refuses_to_unretire,
    db_read_from_a_stale_replica,
    db_read_around_a_hole,
    // what plans have had since: in the order in which it came
    ledger_asked_beyond_its_outputs,
    ledger_status_without_a_time,
    chain_block_with_hints_to_two_keys,
    chain_output_beyond_the_newest_report,
    db_keeps_a_longer_promise,
    view_store_takes_an_older_key_list,
    ingest_overflows_after_a_users_record,
    ingest_commands_meet,
    ingest_refuses_a_command_on_a_full_disk,
    count_,
};
inline constexpr std::size_t mark_count = static_cast<std::size_t>(Mark::count_);

/// How often each was hit.
class MarkCounts {
public:
    void hit(Mark mark) { ++hits_[static_cast<std::size_t>(mark)]; }
    std::uint64_t of(Mark mark) const { return hits_[static_cast<std::size_t>(mark)]; }
    void add(const MarkCounts& other) {
        for (std::size_t i = 0; i < mark_count; ++i) hits_[i] += other.hits_[i];
    }
    /// One for each that a run has hit, however often.
    void add_run(const MarkCounts& run) {
        for (std::size_t i = 0; i < mark_count; ++i) hits_[i] += run.hits_[i] != 0 ? 1 : 0;
    }
    friend bool operator==(const MarkCounts&, const MarkCounts&) = default;

private:
    std::array<std::uint64_t, mark_count> hits_{};
};

} // namespace engine
