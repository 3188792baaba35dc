#include <algorithm>
#include <array>
#include <iterator>

#include "scenarios/lag/phrases.hpp"

namespace scenarios::lag {

using namespace engine;

void PhraseWriter::rare_phrase() {
    using Phrase = void (PhraseWriter::*)();
    static constexpr std::array<Phrase, 10> phrases{
        &PhraseWriter::promise_gets_shorter,      &PhraseWriter::promise_gets_shorter,
        &PhraseWriter::store_reads_the_past,      &PhraseWriter::store_reads_the_past,
        &PhraseWriter::commands_meet_at_one_node, &PhraseWriter::commands_meet_at_one_node,
        &PhraseWriter::commands_on_a_full_disk,   &PhraseWriter::status_without_times,
        &PhraseWriter::ledger_is_asked_for_much,  &PhraseWriter::hints_to_two_keys,
    };
    (this->*phrases[draw_.below(static_cast<std::uint32_t>(phrases.size()))])();
}

void PhraseWriter::promise_gets_shorter() {
    const std::uint32_t n = active_;
    const std::uint32_t m = other_ingest(n);
    // An active node takes a longer window and tells senders with its next block.
    add(Action::set_window, n, 4 + draw_.below(4));
    block(2, 0);
    add(Action::settle, 0, 3000);
    const std::uint32_t under_way = 1 + draw_.below(2);
    for (std::uint32_t p = 0; p < under_way; ++p) prepare(0);
    const bool is_handed_over = draw_.chance(3, 4);
    if (is_handed_over) {
        add(Action::set_window, m, draw_.below(3));
        add(Action::sync_keys, m, 0, n);
        add(draw_.chance(1, 4) ? Action::pause : Action::crash, n);
    } else {
        add(Action::retire, n);
    }
    activate(m);
    some_blocks(2);
    if (draw_.chance(1, 2)) pause();
    const std::uint32_t w = wallet();
    maybe_poll(w);
    if (draw_.chance(1, 2)) {
        // The key is lost where its newest promise ends long before the oldest one.
        add(Action::crash, m);
        add(Action::lose_state, m);
        add(Action::start, m);
        add(Action::report_lost, m, 0, m);
        activate(m);
    }
    for (std::uint32_t p = 0; p < under_way; ++p)
        submit(draw_.chance(1, 2) ? Boundary::before_tombstone : Boundary::none);
    block(2, 1);
    pause();
    poll(w);
}

void PhraseWriter::store_reads_the_past() {
    const std::uint32_t n = active_;
    const std::uint32_t m = other_ingest(n);
    const std::uint32_t store = topology().ingest_nodes + draw_.below(view_stores());
    const std::uint32_t w = wallet();
    block(2, 0);
    if (draw_.chance(1, 2)) pause();
    fault(FaultKind::stale_reads, store);
    add(Action::activate, m);
    const bool dies = draw_.chance(3, 4);
    if (dies && draw_.chance(1, 2)) block(2, 1);
    if (dies) add(Action::crash, m);
    if (draw_.chance(1, 2)) add(Action::wait, 0, 100 + draw_.below(600));
    some_blocks(2);
    const bool begins_anew = draw_.chance(1, 2);
    if (begins_anew) add(Action::crash, store);
    if (begins_anew) add(Action::start, store);
    pause();
    poll(w);
    if (dies) add(Action::report_lost, n, 0, m);
    block(2, 1);
    add(Action::wait, 0, 100 + draw_.below(900));
    poll(w);
    poll(other_device(w));
    some_blocks(2);
    pause();
    poll(w);
    add(Action::end_fault, 0);
    poll(w);
}

void PhraseWriter::commands_meet_at_one_node() {
    const std::uint32_t n = draw_.chance(1, 2) ? active_ : ingest();
    const std::uint32_t m = other_ingest(n);
    const std::uint32_t copy = topology().own_copies ? n : 0;
    const bool lags = draw_.chance(1, 2);
    if (lags) add(Action::hold, copy);
    some_blocks(2);
    static constexpr Action commands[] = {Action::activate, Action::activate, Action::sync_keys,
                                          Action::new_keys, Action::retire,   Action::make_peers,
                                          Action::unretire};
    const std::uint32_t times = 2 + draw_.below(3);
    for (std::uint32_t i = 0; i < times; ++i) {
        const std::uint32_t whom = draw_.chance(1, 4) ? m : n;
        const Action action = commands[draw_.below(static_cast<std::uint32_t>(std::size(commands)))];
        add(action, whom, 1, whom == n ? m : n);
        if (draw_.chance(1, 4)) add(Action::wait, 0, draw_.below(100));
    }
    add(Action::wait, 0, draw_.below(300));
    const bool is_awake = draw_.chance(1, 2);
    if (lags && is_awake) add(Action::release, copy);
    if (is_awake) block(2, 1);
    add(Action::crash, n);
    if (draw_.chance(1, 4)) block(2, 1);
    add(Action::start, n);
    if (draw_.chance(1, 2)) activate(draw_.chance(1, 2) ? n : m);
    if (lags && !is_awake) add(Action::release, copy);
    some_blocks(2);
    pause();
    poll(wallet());
}

void PhraseWriter::commands_on_a_full_disk() {
    const std::uint32_t n = ingest();
    fault(FaultKind::disk_full, n);
    static constexpr Action commands[] = {Action::new_keys, Action::set_window, Action::make_peers,
                                          Action::sync_keys, Action::activate};
    const std::uint32_t times = 1 + draw_.below(3);
    for (std::uint32_t i = 0; i < times; ++i) {
        const Action action = commands[draw_.below(static_cast<std::uint32_t>(std::size(commands)))];
        add(action, n, action == Action::set_window ? 1 + draw_.below(8) : 0, other_ingest(n));
    }
    block(2, 1);
    if (draw_.chance(1, 2)) pause();
    add(Action::crash, n);
    add(Action::end_fault, 0);
    add(Action::start, n);
    if (draw_.chance(1, 2)) activate(n);
    some_blocks(2);
    pause();
    poll(wallet());
}

void PhraseWriter::status_without_times() {
    const std::uint32_t w = wallet();
    prepare(draw_.chance(1, 2) ? 0 : 2 + draw_.below(3));
    if (draw_.chance(1, 2)) block(2, 0);
    if (draw_.chance(1, 2)) pause();
    watcher_stays_behind(copies() - 1); // the last copy is the ledger router's
    submit(Boundary::none);
    const std::uint32_t payment = std::max(1U, prepared_) - 1;
    add(Action::wait, 0, 50 + draw_.below(300));
    add(Action::landing, w, 0, payment);
    if (draw_.chance(1, 2)) block(2, 1, draw_.chance(1, 2) ? Boundary::tombstone : Boundary::none);
    add(Action::inquire, w, draw_.below(64));
    if (draw_.chance(1, 2)) add(Action::landing, other_device(w), 0, payment);
    add(Action::end_fault, 0);
    add(Action::landing, w, 0, payment);
}

void PhraseWriter::ledger_is_asked_for_much() {
    const std::uint32_t w = wallet();
    const bool store = draw_.chance(1, 2);
    const std::uint32_t image_store = view_stores() + draw_.below(stores() - view_stores());
    some_blocks(2);
    if (store)
        add(Action::hold_store, image_store, draw_.below(2));
    else
        add(Action::hold, copies() - 1);
    block(2, 2);
    if (draw_.chance(1, 2)) pause();
    add(Action::inquire, w, draw_.below(64));
    if (!store) add(Action::advance, copies() - 1, 1);
    some_blocks(2);
    add(Action::inquire, other_device(w), draw_.below(64));
    add(store ? Action::release_store : Action::release, store ? image_store : copies() - 1);
    add(Action::inquire, w, draw_.below(64));
    poll(w);
}

void PhraseWriter::hints_to_two_keys() {
    Topology& t = plan_.topology;
    // Little more room than for a block: records of somebody else's hints fill an egress key.
    if (t.user_capacity == 0 && draw_.chance(3, 4)) {
        t.chunk_outputs = 1 + draw_.below(3);
        t.user_capacity = credits_of_a_block + draw_.below(2);
    }
    const std::uint32_t n = active_;
    const std::uint32_t m = other_ingest(n);
    block(2, 0);
    activate(m);
    if (draw_.chance(1, 4)) add(Action::retire, n);
    const std::uint32_t w = wallet();
    const std::uint32_t blocks = 2 + draw_.below(3);
    for (std::uint32_t b = 0; b < blocks; ++b) {
        PlannedStep step;
        step.action = Action::block;
        const std::uint32_t credits = 2 + draw_.below(credits_of_a_block - 1);
        for (std::uint32_t c = 0; c < credits; ++c) {
            step.credits.push_back(coin());
            step.credits.back().newest_key = draw_.chance(1, 2);
        }
        if (draw_.chance(1, 2)) step.spends.push_back(draw_.below(8));
        add(std::move(step));
        if (draw_.chance(1, 2)) pause();
        maybe_poll(w);
    }
    pause();
    poll(w);
}

} // namespace scenarios::lag
