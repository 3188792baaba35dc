#pragma once

#include "scenarios/lag/plan_writer.hpp"

namespace scenarios::lag {

/// A few steps that belong together, because the rest of the story is dull when a key is lost and nobody
/// replaces it.  A phrase says nothing about what goes wrong, it brings about the situations in which
/// something could; whom it concerns, how long it lasts and what it leaves out is drawn.
class PhraseWriter : protected PlanWriter {
protected:
    using PlanWriter::PlanWriter;
    /// Any of those below.
    void phrase();
    /// Any of those at the end: what the others hardly ever bring about.
    void rare_phrase();

private:
    /// Something stays behind while blocks come, and wallets look before and after it catches up.
    void somebody_lags();
    /// A coin both devices know is spent by one of them while the ledger is not level.
    void device_spends();
    /// Payments around the block where something begins or ends.
    void at_a_boundary();
    /// An ingest node dies with its key; somebody says so, somebody takes over, and payments under way to the
    /// lost key land in blocks nobody scans.  Whoever must serve those blocks may be behind.
    void key_is_lost();
    /// Another key begins while the first goes on, and is paid to at once.
    void second_key();
    /// Whoever reads or writes the database has trouble with it while keys come and go.
    void keys_change_in_trouble();
    /// The cleanup tool takes a node whose clock is off for dead.
    void live_node_looks_dead();
    /// One key comes to its end in good order while another begins.
    void key_is_retired();
    /// A write is applied and not acknowledged, or lost, or rolled back, and the writer may die of it.
    void commit_in_trouble();
    /// The active node goes silent, another one takes over, and it comes back believing that it is active.
    void zombie();
    /// A node is restored from a backup while blocks went on.
    void restored_node();
    /// A service dies while wallets look, and comes back with nothing, slowly.
    void service_restarts();
    /// A sender waits for its payment to land or to expire, asking a ledger that may be behind.
    void payment_under_way();
    /// A fault strikes while blocks come and wallets look, and passes.
    void fault_and_repair();
    /// One part of the path recovers in the moment in which another one fails: what a check learns meets what
    /// it cannot learn.
    void trouble_changes_hands();
    /// A store begins with nothing after keys have changed, and catches up in small steps while wallets look.
    void store_starts_over();
    /// Operators give commands to two nodes that know each other, and nobody waits for an answer.
    void commands_cross();
    /// A wallet loses its memory, or its life in the middle of a check, and starts over.
    void wallet_begins_anew();

    // In rare_phrases.cpp.
    /// Who takes over a key promises less of it than who had it; payments made under the longer promise land
    /// late, and the key may be lost by then.
    void promise_gets_shorter();
    /// A view store reads a replica that lags while a second key begins that does not deliver, and may begin
    /// anew meanwhile.
    void store_reads_the_past();
    /// Operators give one node several commands at once, while its chain copy lags; then it dies.
    void commands_meet_at_one_node();
    /// A node whose disk is full is given commands, and starts again with what it could keep.
    void commands_on_a_full_disk();
    /// A sender asks for its payment while the watcher is behind.
    void status_without_times();
    /// A wallet asks the ledger for much at once while that lags.
    void ledger_is_asked_for_much();
    /// Some senders know the key before, some the one after: blocks have hints to both.
    void hints_to_two_keys();
};

} // namespace scenarios::lag
