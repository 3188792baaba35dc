#include "scenarios/lag/phrases.hpp"

#include <algorithm>
#include <array>

namespace scenarios::lag {

using namespace engine;

namespace {

constexpr FaultKind trouble_of_commits[] = {FaultKind::lose_commit_ack, FaultKind::lose_commit,
                                            FaultKind::fail_commit};

} // namespace

void PhraseWriter::phrase() {
    using Phrase = void (PhraseWriter::*)();
    static constexpr std::array<Phrase, 21> phrases{
        &PhraseWriter::somebody_lags,
        &PhraseWriter::somebody_lags,
        &PhraseWriter::device_spends,
        &PhraseWriter::at_a_boundary,
        &PhraseWriter::key_is_lost,
        &PhraseWriter::key_is_lost,
        &PhraseWriter::key_is_retired,
        &PhraseWriter::commit_in_trouble,
        &PhraseWriter::zombie,
        &PhraseWriter::restored_node,
        &PhraseWriter::service_restarts,
        &PhraseWriter::payment_under_way,
        &PhraseWriter::fault_and_repair,
        &PhraseWriter::wallet_begins_anew,
        &PhraseWriter::second_key,
        &PhraseWriter::keys_change_in_trouble,
        &PhraseWriter::keys_change_in_trouble,
        &PhraseWriter::live_node_looks_dead,
        &PhraseWriter::commands_cross,
        &PhraseWriter::trouble_changes_hands,
        &PhraseWriter::store_starts_over,
    };
    (this->*phrases[draw_.below(static_cast<std::uint32_t>(phrases.size()))])();
}

void PhraseWriter::somebody_lags() {
    const bool store = draw_.chance(1, 2);
    const std::uint32_t whom = draw_.below(store ? stores() : copies());
    if (draw_.chance(1, 2)) pause();
    if (store)
        add(Action::hold_store, whom, draw_.below(3));
    else
        add(Action::hold, whom);
    some_blocks(2);
    pause();
    const std::uint32_t w = wallet();
    poll(w);
    if (!store && draw_.chance(1, 2)) {
        add(Action::advance, whom, 1 + draw_.below(2));
        maybe_poll(w);
    }
    const Struck struck = somebody_else_fails();
    add(store ? Action::release_store : Action::release, whom);
    pause();
    poll(draw_.chance(1, 4) ? other_device(w) : w);
    passes(struck);
}

void PhraseWriter::device_spends() {
    block(2, 0);
    const std::uint32_t w = wallet();
    pause();
    poll(w);
    if (draw_.chance(1, 2)) poll(other_device(w));
    const std::uint32_t whom = draw_.below(stores() - view_stores()) + view_stores();
    const bool held = draw_.chance(1, 2);
    if (held) add(Action::hold_store, whom, draw_.below(2));
    block(1, 2);
    pause();
    poll(other_device(w));
    if (held) add(Action::release_store, whom);
    pause();
    poll(w);
}

void PhraseWriter::at_a_boundary() {
    const auto pair = draw_.below(4); // of adjacent boundaries
    static constexpr std::pair<Boundary, Boundary> pairs[]{
        {Boundary::before_shard_end, Boundary::shard_end},
        {Boundary::before_expiry, Boundary::expiry},
        {Boundary::before_missed_end, Boundary::missed_end},
        {Boundary::before_tombstone, Boundary::tombstone},
    };
    block(2, 1, pairs[pair].first);
    pause();
    const std::uint32_t w = wallet();
    maybe_poll(w);
    block(2, 1, pairs[pair].second);
    pause();
    poll(w);
    if (draw_.chance(1, 2)) block(1, 1);
}

void PhraseWriter::key_is_lost() {
    const std::uint32_t n = scanner();
    const std::uint32_t m = other_ingest(n);
    const std::uint32_t under_way = draw_.below(3);
    for (std::uint32_t p = 0; p < under_way; ++p) prepare(0);
    if (draw_.chance(1, 2)) block(2, 0);
    if (draw_.chance(1, 2)) pause();
    enum class Behind { nobody, ledger, images, view, reads };
    const auto behind = static_cast<Behind>(draw_.below(5));
    const std::uint32_t image_store = view_stores() + draw_.below(stores() - view_stores());
    const std::uint32_t view_store = draw_.below(view_stores());
    if (behind == Behind::ledger) add(Action::hold, copies() - 1);
    if (behind == Behind::images) add(Action::hold_store, image_store, draw_.below(3));
    if (behind == Behind::view) add(Action::hold_store, view_store, draw_.below(2));
    if (behind == Behind::view) block(2, 0);
    if (behind == Behind::reads) fault(FaultKind::failed_look_ups, ledger_router());
    add(draw_.chance(1, 8) ? Action::pause : Action::crash, n);
    add(Action::lose_state, n);
    if (draw_.chance(1, 2)) block(2, 1);
    if (m == n) add(Action::start, n);
    const bool replaced_first = draw_.chance(1, 2);
    if (replaced_first) activate(m);
    if (draw_.chance(1, 4)) pause();
    add(Action::report_lost, m, 0, n);
    if (!replaced_first) {
        if (draw_.chance(1, 2)) block(2, 1);
        activate(m);
    }
    // The new key is paid to at once, in blocks the lost one has missed.
    const bool paid_at_once = draw_.chance(1, 2);
    if (paid_at_once) prepare(0);
    const std::uint32_t w = wallet();
    maybe_poll(w);
    if (paid_at_once) {
        block(1, 1);
        PlannedStep* step = add(Action::submit, prepared_ - 1);
        if (step != nullptr && draw_.chance(1, 2)) step->at = Boundary::before_missed_end;
    }
    static constexpr Boundary where[]{Boundary::none, Boundary::missed_start, Boundary::before_missed_end,
                                      Boundary::missed_end};
    for (std::uint32_t p = 0; p < under_way; ++p) submit(where[draw_.below(4)]);
    block(2, 1, where[draw_.below(4)]);
    if (draw_.chance(1, 2)) block(1, 2);
    pause();
    poll(w);
    if (behind == Behind::nobody) {
        maybe_poll(other_device(w));
        return;
    }
    if (behind == Behind::ledger && draw_.chance(1, 2)) {
        add(Action::advance, copies() - 1, 1 + draw_.below(3));
        poll(w);
    }
    const Struck struck = somebody_else_fails();
    if (behind == Behind::ledger) add(Action::release, copies() - 1);
    if (behind == Behind::images) add(Action::release_store, image_store);
    if (behind == Behind::view) add(Action::release_store, view_store);
    if (behind == Behind::reads) add(Action::end_fault, 0);
    pause();
    poll(w);
    passes(struck);
}

void PhraseWriter::second_key() {
    const std::uint32_t m = other_ingest(active_);
    if (draw_.chance(1, 2)) block(2, 0);
    if (draw_.chance(1, 4)) pause();
    add(Action::activate, m);
    prepare(0);
    const std::uint32_t at_once = draw_.below(3);
    for (std::uint32_t i = 0; i < at_once; ++i) block(1, 1);
    submit(Boundary::none);
    const std::uint32_t w = wallet();
    maybe_poll(w);
    some_blocks(2);
    pause();
    poll(w);
}

void PhraseWriter::keys_change_in_trouble() {
    const std::uint32_t n = scanner();
    const bool reader = draw_.chance(1, 2);
    const std::uint32_t whom = reader ? first_store() + draw_.below(view_stores()) : n;
    if (draw_.chance(1, 2)) block(2, 0);
    if (draw_.chance(1, 2)) pause();
    fault(reader && draw_.chance(1, 2) ? FaultKind::stale_reads : one_of(database_faults), whom);
    switch (draw_.below(4)) {
    case 0:
        activate(other_ingest(n));
        break;
    case 1:
        add(Action::crash, n);
        add(Action::start, n);
        break;
    case 2:
        add(Action::retire, n);
        activate(other_ingest(n));
        break;
    default:
        add(Action::crash, n);
        add(Action::report_lost, other_ingest(n), 0, n);
        activate(other_ingest(n));
        break;
    }
    if (draw_.chance(1, 2)) prepare(0);
    block(2, 1);
    submit(Boundary::none);
    const std::uint32_t w = wallet();
    pause();
    poll(w);
    poll(w);
    add(Action::end_fault, draw_.below(2));
    block(2, 1);
    pause();
    poll(w);
}

void PhraseWriter::live_node_looks_dead() {
    const std::uint32_t n = scanner();
    fault(FaultKind::clock_jump, n);
    block(2, 1);
    add(Action::settle, 0, 3000);
    add(Action::clean_up, 0, 1 + draw_.below(100'000));
    some_blocks(2);
    pause();
    poll(wallet());
}

void PhraseWriter::key_is_retired() {
    const std::uint32_t n = scanner();
    const std::uint32_t m = other_ingest(n);
    if (draw_.chance(1, 2)) prepare(0);
    const bool retired_first = draw_.chance(1, 2);
    if (retired_first) add(Action::retire, n);
    if (draw_.chance(1, 4)) add(Action::sync_keys, m, 0, n);
    activate(m);
    if (!retired_first) add(Action::retire, n);
    block(2, 1);
    const std::uint32_t w = wallet();
    maybe_poll(w);
    submit(draw_.chance(1, 2) ? Boundary::before_tombstone : Boundary::none);
    block(2, 1, draw_.chance(1, 2) ? Boundary::before_expiry : Boundary::expiry);
    if (draw_.chance(1, 4)) add(Action::unretire, n);
    pause();
    poll(w);
    if (draw_.chance(1, 4)) {
        add(Action::new_keys, n);
        add(Action::activate, n);
    }
}

void PhraseWriter::commit_in_trouble() {
    const std::uint32_t n = scanner();
    fault(one_of(trouble_of_commits), n);
    if (draw_.chance(1, 3)) add(Action::activate, n);
    block(3, 1);
    pause();
    switch (draw_.below(3)) {
    case 0:
        break;
    case 1:
        add(Action::crash, n);
        activate(other_ingest(n));
        if (draw_.chance(1, 2)) add(Action::start, n);
        break;
    default:
        add(Action::crash, n);
        add(Action::start, n);
        break;
    }
    block(2, 1);
    pause();
    poll(wallet());
}

void PhraseWriter::zombie() {
    const std::uint32_t n = scanner();
    const std::uint32_t m = other_ingest(n);
    const bool cut_off = draw_.chance(1, 2);
    if (draw_.chance(1, 4)) add(Action::make_peers, m);
    if (draw_.chance(1, 2)) add(Action::sync_keys, m, 0, n);
    if (cut_off)
        fault(FaultKind::isolate, n);
    else
        add(Action::pause, n);
    block(2, 1);
    activate(m);
    if (draw_.chance(1, 4)) add(Action::report_lost, m, 0, n);
    some_blocks(2);
    pause();
    if (cut_off)
        add(Action::end_fault, 0);
    else
        add(Action::resume, n);
    block(2, 1);
    pause();
    poll(wallet());
}

void PhraseWriter::restored_node() {
    const std::uint32_t n = scanner();
    add(Action::save_state, n);
    some_blocks(2);
    pause();
    add(Action::crash, n);
    if (draw_.chance(1, 2)) activate(other_ingest(n));
    block(2, 1);
    add(draw_.chance(1, 4) ? Action::lose_state : Action::put_back_state, n);
    add(Action::start, n);
    if (draw_.chance(1, 2)) pause();
    block(2, 1);
    pause();
    poll(wallet());
}

void PhraseWriter::service_restarts() {
    const std::uint32_t s = first_store() + draw_.below(services() - first_store());
    const std::uint32_t w = wallet();
    block(2, 1);
    pause();
    poll(w);
    add(Action::crash, s);
    maybe_poll(w);
    if (draw_.chance(1, 2)) block(1, 1);
    const bool is_store = s < view_router();
    const bool slowly = is_store && draw_.chance(1, 2);
    if (slowly) add(Action::hold_store, s - first_store(), 0);
    add(Action::start, s);
    poll(w);
    if (slowly) {
        pause();
        maybe_poll(w);
        add(Action::release_store, s - first_store());
        pause();
        poll(w);
    }
}

void PhraseWriter::payment_under_way() {
    const std::uint32_t w = wallet();
    prepare(draw_.below(4));
    const bool behind = draw_.chance(1, 2);
    // The last copy is the ledger router's.
    if (behind) add(Action::hold, copies() - 1);
    if (draw_.chance(1, 4)) fault(FaultKind::failed_look_ups, ledger_router());
    if (draw_.chance(1, 2)) some_blocks(2);
    static constexpr Boundary where[]{Boundary::none, Boundary::before_tombstone, Boundary::tombstone};
    submit(where[draw_.below(3)]);
    if (draw_.chance(1, 2)) pause();
    add(Action::landing, w, 0, std::max(1U, prepared_) - 1);
    block(1, 1, draw_.chance(1, 2) ? Boundary::tombstone : Boundary::none);
    if (draw_.chance(1, 2)) pause();
    add(Action::landing, w, 0, std::max(1U, prepared_) - 1);
    if (behind) add(Action::release, copies() - 1);
}

void PhraseWriter::fault_and_repair() {
    const std::uint32_t w = wallet();
    if (draw_.chance(1, 2)) block(2, 1);
    any_fault();
    block(2, 1);
    pause();
    poll(w);
    add(Action::end_fault, draw_.below(2));
    if (draw_.chance(1, 2)) pause();
    poll(w);
}

void PhraseWriter::trouble_changes_hands() {
    const std::uint32_t w = wallet();
    const std::uint32_t copy = draw_.below(copies());
    const std::uint32_t store = draw_.below(stores());
    const bool lags = draw_.chance(1, 2);
    const bool copy_lags = lags && draw_.chance(1, 2);
    if (copy_lags)
        add(Action::hold, copy);
    else if (lags)
        add(Action::hold_store, store, draw_.below(2));
    else
        any_fault();
    block(2, 1);
    if (draw_.chance(1, 2)) block(2, 1);
    pause();
    poll(w);
    const std::uint32_t other = first_store() + draw_.below(stores());
    const bool dies = draw_.chance(1, 2);
    if (dies)
        add(Action::crash, other);
    else
        any_fault();
    if (copy_lags)
        add(Action::release, copy);
    else if (lags)
        add(Action::release_store, store);
    else
        add(Action::end_fault, 0);
    if (draw_.chance(1, 2)) pause();
    poll(w);
    if (draw_.chance(1, 2)) poll(w);
    if (dies)
        add(Action::start, other);
    else
        add(Action::end_fault, 0);
    pause();
    poll(w);
}

void PhraseWriter::store_starts_over() {
    const std::uint32_t n = scanner();
    const std::uint32_t m = other_ingest(n);
    some_blocks(3);
    pause();
    switch (draw_.below(4)) {
    case 0:
        add(Action::retire, n);
        break;
    case 1:
        break;
    default:
        add(Action::crash, n);
        add(Action::report_lost, m, 0, n);
        break;
    }
    activate(m);
    some_blocks(2);
    pause();
    const std::uint32_t store = draw_.below(draw_.chance(1, 4) ? stores() : view_stores());
    add(Action::crash, first_store() + store);
    add(Action::hold_store, store, draw_.below(2));
    if (draw_.chance(1, 4)) fault(one_of(database_faults), first_store() + store);
    add(Action::start, first_store() + store);
    const std::uint32_t w = wallet();
    const std::uint32_t times = 1 + draw_.below(4);
    for (std::uint32_t i = 0; i < times; ++i) {
        add(Action::wait, 0, 100 + draw_.below(800));
        poll(w);
        add(Action::release_store, store);
        add(Action::hold_store, store, 1 + draw_.below(2));
    }
    add(Action::release_store, store);
    pause();
    poll(w);
}

void PhraseWriter::commands_cross() {
    const std::uint32_t n = ingest();
    const std::uint32_t m = other_ingest(n);
    // Who has scanned so far is no longer active, or nobody else may be.
    const std::uint32_t before = active_;
    if (draw_.chance(3, 4)) {
        add(Action::crash, before);
        add(Action::lose_state, before);
        add(Action::start, before);
        if (draw_.chance(1, 2)) add(Action::report_lost, before, 0, before);
    }
    if (draw_.chance(3, 4)) add(Action::make_peers, n);
    if (draw_.chance(1, 4)) add(Action::make_peers, m);
    if (draw_.chance(1, 2)) fault(FaultKind::slow_link, n, m);
    static constexpr Action commands[] = {Action::activate, Action::activate,  Action::activate,
                                          Action::new_keys, Action::sync_keys, Action::retire};
    add(Action::activate, n, 1);
    if (draw_.chance(1, 2)) add(Action::wait, 0, draw_.below(200));
    add(commands[draw_.below(6)], m, 1, n);
    if (draw_.chance(1, 4)) add(commands[draw_.below(6)], n, 1, m);
    if (draw_.chance(1, 2)) active_ = m;
    if (draw_.chance(1, 2)) add(Action::wait, 0, draw_.below(400));
    prepare(0);
    some_blocks(2);
    submit(Boundary::none);
    if (draw_.chance(1, 2)) pause();
    if (draw_.chance(1, 2)) add(Action::end_fault, 0);
    block(2, 1);
    pause();
    poll(wallet());
}

void PhraseWriter::wallet_begins_anew() {
    const std::uint32_t w = wallet();
    block(2, 1);
    pause();
    poll(w);
    block(2, 1);
    add(draw_.chance(1, 2) ? Action::kill_wallet : Action::restart_wallet, w);
    if (draw_.chance(1, 2)) pause();
    poll(w);
    maybe_poll(other_device(w));
}

} // namespace scenarios::lag
