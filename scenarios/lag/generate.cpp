#include <algorithm>
#include <array>

#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

// How often each action is drawn on its own.  The tame ones come first, so that lowering a choice makes a
// plan simpler.
struct Weight {
    Action action;
    std::uint32_t weight;
};
constexpr Weight weights[] = {
    {Action::block, 24},         {Action::poll, 20},       {Action::settle, 4},
    {Action::join, 3},           {Action::advance, 6},     {Action::hold, 5},
    {Action::release, 4},        {Action::hold_store, 5},  {Action::release_store, 4},
    {Action::wait, 5},           {Action::activate, 5},    {Action::retire, 3},
    {Action::report_lost, 3},    {Action::new_keys, 2},    {Action::unretire, 1},
    {Action::sync_keys, 2},      {Action::make_peers, 1},  {Action::set_window, 1},
    {Action::restart_wallet, 2}, {Action::kill_wallet, 2}, {Action::prepare, 3},
    {Action::submit, 3},         {Action::landing, 3},     {Action::crash, 4},
    {Action::start, 5},          {Action::pause, 3},       {Action::resume, 3},
    {Action::fault, 6},          {Action::end_fault, 3},   {Action::heal, 1},
    {Action::lose_state, 1},     {Action::save_state, 1},  {Action::put_back_state, 1},
    {Action::clean_up, 1},
};

constexpr FaultKind link_faults[] = {
    FaultKind::slow_link,    FaultKind::partition,         FaultKind::cut,     FaultKind::drop_requests,
    FaultKind::drop_answers, FaultKind::reset_connections, FaultKind::isolate,
};
constexpr FaultKind database_faults[] = {
    FaultKind::db_down_for, FaultKind::db_down,        FaultKind::lose_commit_ack, FaultKind::fail_commit,
    FaultKind::stale_reads, FaultKind::flaky_database, FaultKind::holed_reads,     FaultKind::lose_commit,
};
constexpr FaultKind trouble_of_commits[] = {FaultKind::lose_commit_ack, FaultKind::lose_commit,
                                            FaultKind::fail_commit};
constexpr std::uint32_t credits_of_a_block = 3; // at most

constexpr FaultKind other_faults[] = {FaultKind::watcher_behind, FaultKind::disk_full, FaultKind::clock_jump};

/// Writes one plan.
///
/// A plan is single steps and phrases: a few steps that belong together, because the rest of the story is
/// dull when a key is lost and nobody replaces it.  A phrase says nothing about what goes wrong, it brings
/// about the situations in which something could; whom it concerns, how long it lasts and what it leaves out
/// is drawn. Two lanes are interleaved, so that one phrase happens in the middle of another.
class Maker {
public:
    Maker(Draw& draw, const PlanShape& shape) : draw_(draw), shape_(shape) {}

    Plan make() {
        draw_topology();
        const std::uint32_t wanted = draw_length();
        const bool anybody_scans = draw_.below(8) != 7;
        const std::uint32_t scanner = ingest();
        active_ = scanner;
        late_after_ = draw_.chance(1, 3) && topology().accounts > 1 ? wanted / 2 : 0;
        std::uint32_t written = 0;
        while (written < wanted) {
            lane_ = draw_.chance(1, 4) ? 1 : 0;
            const std::size_t before = lanes_[lane_].size();
            if (draw_.chance(3, 8))
                phrase();
            else
                single();
            written += std::max<std::uint32_t>(1, static_cast<std::uint32_t>(lanes_[lane_].size() - before));
            steps_so_far_ = written;
        }
        if (anybody_scans) {
            PlannedStep first;
            first.action = Action::activate;
            first.node = scanner;
            plan_.steps.push_back(first);
        }
        interleave();
        return std::move(plan_);
    }

private:
    const Topology& topology() const { return plan_.topology; }

    // -------------------------------------------------------------------------------------------- the world

    void draw_topology() {
        Topology& t = plan_.topology;
        t.accounts = draw_.between(1, shape_.accounts_max);
        t.ingest_nodes = draw_.between(1, shape_.ingest_max);
        t.view_shards = draw_.between(1, shape_.shards_max);
        t.view_replicas = draw_.between(1, shape_.replicas_max);
        t.image_shards = draw_.between(1, shape_.shards_max);
        t.image_replicas = draw_.between(1, shape_.replicas_max);
        t.shard_blocks = 1 + draw_.below(4);
        t.own_copies = draw_.below(2) == 1;
        t.pubkey_expiry_window = 1 + draw_.below(6);
        if (draw_.chance(3, 8)) t.batch_blocks = 1 + draw_.below(3);
        if (draw_.chance(1, 4)) {
            t.chunk_outputs = 1 + draw_.below(3);
            // An egress key must have room for one block; with little more it is replaced in mid block.
            t.user_capacity = credits_of_a_block + draw_.below(3);
        }
        if (draw_.chance(1, 4)) {
            t.wallet_images = 1 + draw_.below(3);
            t.wallet_keys = 1 + draw_.below(4);
            t.wallet_blocks = 1 + draw_.below(3);
        }
        plan_.wallets_per_account = 1 + draw_.below(2);
        // Two large coins are more than 64 bits hold.
        large_amounts_ = draw_.chance(1, 16);
        two_tokens_ = draw_.chance(1, 4);
    }

    std::uint32_t draw_length() {
        // The phrase a plan ends with goes on beyond the length, by about so much.
        constexpr std::uint32_t rest_of_a_phrase = 4;
        const std::uint32_t wanted = draw_.between(shape_.steps_min, shape_.steps_max);
        const std::uint32_t usual = wanted > rest_of_a_phrase ? wanted - rest_of_a_phrase : 1;
        if (draw_.chance(1, 16)) return 3 * usual;
        return usual;
    }

    std::uint32_t wallets() const { return topology().accounts * plan_.wallets_per_account; }
    std::uint32_t stores() const {
        return topology().view_shards * topology().view_replicas +
               topology().image_shards * topology().image_replicas;
    }
    std::uint32_t view_stores() const { return topology().view_shards * topology().view_replicas; }
    std::uint32_t copies() const {
        if (!topology().own_copies) return 2;
        return topology().ingest_nodes + topology().image_shards * topology().image_replicas + 1;
    }
    std::uint32_t services() const { return topology().ingest_nodes + stores() + 3; }
    std::uint32_t view_router() const { return topology().ingest_nodes + stores(); }
    std::uint32_t ledger_router() const { return view_router() + 1; }
    std::uint32_t report_server() const { return view_router() + 2; }

    std::uint32_t ingest() { return draw_.below(topology().ingest_nodes); }
    /// Mostly the node that scans: what happens to an idle one matters less.
    std::uint32_t scanner() { return draw_.chance(1, 5) ? ingest() : active_; }
    void activate(std::uint32_t n) {
        add(Action::activate, n);
        active_ = n;
    }
    std::uint32_t other_ingest(std::uint32_t than) {
        if (topology().ingest_nodes == 1) return than;
        return (than + 1 + draw_.below(topology().ingest_nodes - 1)) % topology().ingest_nodes;
    }
    std::uint32_t wallet() { return draw_.below(wallets()); }
    /// Another device of the same account, where there is one.
    std::uint32_t other_device(std::uint32_t w) const {
        const std::uint32_t each = plan_.wallets_per_account;
        return w / each * each + (w % each + 1) % each;
    }

    // -------------------------------------------------------------------------------------------- steps

    /// Adds a step when the shape has its action.
    PlannedStep* add(PlannedStep step) {
        if (!shape_.has(step.action)) return nullptr;
        lanes_[lane_].push_back(std::move(step));
        return &lanes_[lane_].back();
    }
    PlannedStep* add(Action action, std::uint32_t node = 0, std::uint64_t amount = 0,
                     std::uint32_t other = 0) {
        PlannedStep step;
        step.action = action;
        step.node = node;
        step.other = other;
        step.amount = amount;
        return add(std::move(step));
    }

    PlannedCredit coin() {
        PlannedCredit credit;
        credit.account = draw_.below(topology().accounts);
        // The last account owns nothing until late.
        if (steps_so_far_ < late_after_ && credit.account + 1 == topology().accounts) credit.account = 0;
        // Distinct powers of two: a wrong sum names the missing coin.
        credit.amount = next_amount_;
        if (large_amounts_) credit.amount |= std::uint64_t{1} << 63;
        next_amount_ = next_amount_ == std::uint64_t{1} << 62 ? 1 : next_amount_ * 2;
        const std::uint32_t where = draw_.below(8);
        if (where == 6) credit.subaddress = 1;
        if (where == 7) credit.change = true;
        if (two_tokens_ && draw_.chance(1, 3)) credit.token = 1;
        return credit;
    }
    /// A block with up to so many credits and spends.
    void block(std::uint32_t credits_max, std::uint32_t spends_max, Boundary at = Boundary::none) {
        PlannedStep step;
        step.action = Action::block;
        step.at = at;
        const std::uint32_t credits = draw_.below(credits_max + 1);
        for (std::uint32_t c = 0; c < credits; ++c) step.credits.push_back(coin());
        const std::uint32_t spends = draw_.below(spends_max + 1);
        for (std::uint32_t s = 0; s < spends; ++s) step.spends.push_back(draw_.below(8));
        add(std::move(step));
    }
    void some_blocks(std::uint32_t most) {
        const std::uint32_t blocks = 1 + draw_.below(most);
        for (std::uint32_t b = 0; b < blocks; ++b) block(2, 1);
    }
    void prepare(std::uint64_t blocks) {
        PlannedStep step;
        step.action = Action::prepare;
        step.amount = blocks;
        step.credits.push_back(coin());
        step.credits.back().change = false;
        step.credits.back().subaddress = 0;
        step.credits.back().token = 0;
        add(std::move(step));
        ++prepared_;
    }
    void submit(Boundary at) {
        PlannedStep* step = add(Action::submit, draw_.below(std::max(1U, prepared_)));
        if (step != nullptr) step->at = at;
    }
    /// To a single ingest node.
    void command(Action action) {
        const std::uint32_t n = ingest();
        add(action, n, beside());
    }
    /// Of operators' commands; 1: the next steps do not wait for it.
    std::uint32_t beside() { return draw_.chance(1, 4) ? 1 : 0; }
    /// A little time, or as much as it takes.
    void pause() {
        switch (draw_.below(4)) {
        case 0:
            break;
        case 1:
            add(Action::settle, 0, 3000);
            break;
        case 2:
            add(Action::wait, 0, 20 + draw_.below(400));
            break;
        default:
            add(Action::wait, 0, 300 + draw_.below(3000));
            break;
        }
    }
    void poll(std::uint32_t w) {
        add(Action::poll, w);
        if (draw_.chance(1, 4)) add(Action::join);
    }
    void maybe_poll(std::uint32_t w) {
        if (draw_.chance(1, 2)) poll(w);
    }
    void fault(FaultKind kind, std::uint32_t a, std::uint32_t b = 0) {
        if (!shape_.has(kind)) return;
        const std::uint64_t amount = fault_amount(kind);
        PlannedStep* step = add(Action::fault, a, amount, b);
        if (step != nullptr) step->fault = kind;
    }
    std::uint64_t fault_amount(FaultKind kind) {
        switch (kind) {
        case FaultKind::slow_link:
            return 1 + draw_.below(400);
        case FaultKind::drop_requests:
        case FaultKind::drop_answers:
        case FaultKind::reset_connections:
        case FaultKind::failed_look_ups:
        case FaultKind::flaky_database:
        case FaultKind::holed_reads:
            return 32 + draw_.below(224);
        case FaultKind::lose_commit_ack:
        case FaultKind::lose_commit:
        case FaultKind::fail_commit:
            return 1 + draw_.below(3);
        case FaultKind::stale_reads:
            return 1 + draw_.below(3000);
        case FaultKind::watcher_behind:
            return draw_.below(copies());
        case FaultKind::clock_jump:
            return static_cast<std::uint64_t>(-static_cast<std::int64_t>(draw_.below(400'000)));
        default:
            return 0;
        }
    }
    template <std::size_t n>
    FaultKind one_of(const FaultKind (&kinds)[n]) {
        return kinds[draw_.below(n)];
    }

    /// The two ends of a connection that exists.
    std::pair<std::uint32_t, std::uint32_t> link() {
        const std::uint32_t first_store = topology().ingest_nodes;
        std::pair<std::uint32_t, std::uint32_t> ends;
        switch (draw_.below(5)) {
        case 0: // a wallet's own
            ends = {services() + wallet(), draw_.chance(1, 2) ? ledger_router() : view_router()};
            break;
        case 1:
            ends = {view_router(), first_store + draw_.below(view_stores())};
            break;
        case 2:
            ends = {ledger_router(), first_store + view_stores() + draw_.below(stores() - view_stores())};
            break;
        case 3: {
            const std::uint32_t n = ingest();
            ends = {n, other_ingest(n)};
            break;
        }
        default:
            ends = {draw_.below(services() + wallets()), draw_.below(services() + wallets())};
            break;
        }
        if (draw_.chance(1, 2)) std::swap(ends.first, ends.second);
        return ends;
    }
    void any_fault() {
        switch (draw_.below(5)) {
        case 0:
        case 1: {
            const auto [a, b] = link();
            fault(one_of(link_faults), a, b);
            break;
        }
        case 2: {
            const FaultKind kind = one_of(database_faults);
            // Whoever talks to the database.
            fault(kind, draw_.chance(1, 2) ? topology().ingest_nodes + draw_.below(view_stores()) : ingest());
            break;
        }
        case 3:
            look_ups_fail();
            break;
        default: {
            if (draw_.chance(1, 4)) {
                fault(FaultKind::outdated_wallet, services() + wallet());
                break;
            }
            const FaultKind kind = one_of(other_faults);
            fault(kind, ingest());
            break;
        }
        }
    }
    /// At a store, or at the ledger router, which reads blocks and outputs itself.
    void look_ups_fail() {
        const std::uint32_t where = draw_.below(stores() + 1);
        const bool router = where == stores();
        fault(FaultKind::failed_look_ups, router ? ledger_router() : topology().ingest_nodes + where);
    }

    /// What has struck somebody while somebody else recovers, until it passes.
    enum class Trouble : std::uint8_t { none, store_down, fault };
    struct Struck {
        Trouble trouble = Trouble::none;
        std::uint32_t store = 0; ///< of services
    };
    /// Mostly nothing.
    Struck somebody_else_fails() {
        Struck struck;
        if (!draw_.chance(1, 3)) return struck;
        struck.store = topology().ingest_nodes + draw_.below(stores());
        if (draw_.chance(1, 2)) {
            struck.trouble = Trouble::store_down;
            add(Action::crash, struck.store);
        } else {
            struck.trouble = Trouble::fault;
            any_fault();
        }
        return struck;
    }
    void passes(const Struck& struck) {
        if (struck.trouble == Trouble::store_down) add(Action::start, struck.store);
        if (struck.trouble == Trouble::fault) add(Action::end_fault, draw_.below(2));
    }

    void single() {
        std::uint32_t total = 0;
        for (const Weight& w : weights)
            if (shape_.has(w.action)) total += w.weight;
        std::uint32_t at = draw_.below(total);
        Action action = Action::block;
        for (const Weight& w : weights) {
            if (!shape_.has(w.action)) continue;
            action = w.action;
            if (at < w.weight) break;
            at -= w.weight;
        }
        switch (action) {
        case Action::block:
            if (draw_.chance(1, 6))
                block(credits_of_a_block, 2, static_cast<Boundary>(1 + draw_.below(boundary_count - 1)));
            else
                block(credits_of_a_block, 2);
            break;
        case Action::poll:
        case Action::restart_wallet:
        case Action::kill_wallet:
            add(action, wallet());
            break;
        case Action::landing: {
            const std::uint32_t w = wallet();
            add(action, w, 0, draw_.below(std::max(1U, prepared_)));
            break;
        }
        case Action::prepare:
            prepare(draw_.below(5));
            break;
        case Action::submit:
            submit(draw_.chance(1, 2) ? Boundary::before_tombstone : Boundary::none);
            break;
        case Action::advance: {
            const std::uint32_t copy = draw_.below(copies());
            add(action, copy, 1 + draw_.below(3));
            break;
        }
        case Action::hold:
        case Action::release:
            add(action, draw_.below(copies()));
            break;
        case Action::hold_store: {
            const std::uint32_t store = draw_.below(stores());
            add(action, store, draw_.below(3));
            break;
        }
        case Action::release_store:
            add(action, draw_.below(stores()));
            break;
        case Action::wait:
            add(action, 0, 50 + draw_.below(2000));
            break;
        case Action::settle:
            add(action, 0, 3000);
            break;
        case Action::clean_up:
            add(action, 0, 1 + draw_.below(200'000));
            break;
        case Action::activate:
        case Action::retire:
        case Action::unretire:
        case Action::new_keys:
            command(action);
            break;
        case Action::set_window: {
            const std::uint32_t n = ingest();
            add(action, n, draw_.below(8));
            break;
        }
        case Action::sync_keys:
        case Action::report_lost: {
            const std::uint32_t n = ingest();
            const std::uint32_t m = draw_.chance(1, 2) ? other_ingest(n) : n;
            const std::uint32_t waits = beside();
            add(action, n, waits, m);
            break;
        }
        case Action::crash:
        case Action::start:
        case Action::pause:
        case Action::resume:
            add(action, draw_.below(services()));
            break;
        case Action::fault:
            any_fault();
            break;
        case Action::end_fault:
            add(action, draw_.below(4));
            break;
        default:
            add(action, ingest());
            break;
        }
    }

    // -------------------------------------------------------------------------------------------- phrases

    void phrase() {
        using Phrase = void (Maker::*)();
        static constexpr std::array<Phrase, 21> phrases{
            &Maker::somebody_lags,
            &Maker::somebody_lags,
            &Maker::device_spends,
            &Maker::at_a_boundary,
            &Maker::key_is_lost,
            &Maker::key_is_lost,
            &Maker::key_is_retired,
            &Maker::commit_in_trouble,
            &Maker::zombie,
            &Maker::restored_node,
            &Maker::service_restarts,
            &Maker::payment_under_way,
            &Maker::fault_and_repair,
            &Maker::wallet_begins_anew,
            &Maker::second_key,
            &Maker::keys_change_in_trouble,
            &Maker::keys_change_in_trouble,
            &Maker::live_node_looks_dead,
            &Maker::commands_cross,
            &Maker::trouble_changes_hands,
            &Maker::store_starts_over,
        };
        (this->*phrases[draw_.below(static_cast<std::uint32_t>(phrases.size()))])();
    }

    /// Something stays behind while blocks come, and wallets look before and after it catches up.
    void somebody_lags() {
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

    /// A coin both devices know is spent by one of them while the ledger is not level.
    void device_spends() {
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

    /// Payments around the block where something begins or ends.
    void at_a_boundary() {
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

    /// An ingest node dies with its key; somebody says so, somebody takes over, and payments under way to the
    /// lost key land in blocks nobody scans.  Whoever must serve those blocks may be behind.
    void key_is_lost() {
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

    /// Another key begins while the first goes on, and is paid to at once.
    void second_key() {
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

    /// Whoever reads or writes the database has trouble with it while keys come and go.
    void keys_change_in_trouble() {
        const std::uint32_t n = scanner();
        const bool reader = draw_.chance(1, 2);
        const std::uint32_t whom = reader ? topology().ingest_nodes + draw_.below(view_stores()) : n;
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

    /// The cleanup tool takes a node whose clock is off for dead.
    void live_node_looks_dead() {
        const std::uint32_t n = scanner();
        fault(FaultKind::clock_jump, n);
        block(2, 1);
        add(Action::settle, 0, 3000);
        add(Action::clean_up, 0, 1 + draw_.below(100'000));
        some_blocks(2);
        pause();
        poll(wallet());
    }

    /// One key comes to its end in good order while another begins.
    void key_is_retired() {
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

    /// A write is applied and not acknowledged, or lost, or rolled back, and the writer may die of it.
    void commit_in_trouble() {
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

    /// The active node goes silent, another one takes over, and it comes back believing that it is active.
    void zombie() {
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

    /// A node is restored from a backup while blocks went on.
    void restored_node() {
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

    /// A service dies while wallets look, and comes back with nothing, slowly.
    void service_restarts() {
        const std::uint32_t s = topology().ingest_nodes + draw_.below(services() - topology().ingest_nodes);
        const std::uint32_t w = wallet();
        block(2, 1);
        pause();
        poll(w);
        add(Action::crash, s);
        maybe_poll(w);
        if (draw_.chance(1, 2)) block(1, 1);
        const bool is_store = s < view_router();
        const bool slowly = is_store && draw_.chance(1, 2);
        if (slowly) add(Action::hold_store, s - topology().ingest_nodes, 0);
        add(Action::start, s);
        poll(w);
        if (slowly) {
            pause();
            maybe_poll(w);
            add(Action::release_store, s - topology().ingest_nodes);
            pause();
            poll(w);
        }
    }

    /// A sender waits for its payment to land or to expire, asking a ledger that may be behind.
    void payment_under_way() {
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

    /// A fault strikes while blocks come and wallets look, and passes.
    void fault_and_repair() {
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

    /// One part of the path recovers in the moment in which another one fails: what a check learns meets what
    /// it cannot learn.
    void trouble_changes_hands() {
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
        const std::uint32_t other = topology().ingest_nodes + draw_.below(stores());
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

    /// A store begins with nothing after keys have changed, and catches up in small steps while wallets look.
    void store_starts_over() {
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
        add(Action::crash, topology().ingest_nodes + store);
        add(Action::hold_store, store, draw_.below(2));
        if (draw_.chance(1, 4)) fault(one_of(database_faults), topology().ingest_nodes + store);
        add(Action::start, topology().ingest_nodes + store);
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

    /// Operators give commands to two nodes that know each other, and nobody waits for an answer.
    void commands_cross() {
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

    /// A wallet loses its memory, or its life in the middle of a check, and starts over.
    void wallet_begins_anew() {
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

    // -------------------------------------------------------------------------------------------- the plan

    void interleave() {
        std::size_t at[2] = {0, 0};
        for (;;) {
            const std::size_t left[2] = {lanes_[0].size() - at[0], lanes_[1].size() - at[1]};
            if (left[0] + left[1] == 0) return;
            // In proportion to what is left, so that neither lane comes as a block at the end.
            const auto total = static_cast<std::uint32_t>(left[0] + left[1]);
            std::size_t lane = 0;
            if (left[0] == 0 || (left[1] != 0 && draw_.below(total) >= left[0])) lane = 1;
            plan_.steps.push_back(std::move(lanes_[lane][at[lane]++]));
        }
    }

    Draw& draw_;
    const PlanShape& shape_;
    Plan plan_;
    std::array<std::vector<PlannedStep>, 2> lanes_;
    std::size_t lane_ = 0;
    std::uint64_t next_amount_ = 1;
    std::uint32_t prepared_ = 0;
    std::uint32_t steps_so_far_ = 0;
    std::uint32_t late_after_ = 0; ///< steps until the last account is paid
    bool two_tokens_ = false;
    bool large_amounts_ = false;
    std::uint32_t active_ = 0; ///< the ingest node that scans, if all went as written
};

} // namespace

Plan generate(Draw& draw, const PlanShape& shape) { return Maker(draw, shape).make(); }

PlanShape swarm_shape(Draw& draw) {
    PlanShape shape;
    constexpr Action always[] = {Action::block, Action::poll, Action::activate, Action::wait};
    for (unsigned a = 0; a < action_count; ++a)
        if (draw.below(2) == 0) shape.actions &= ~(std::uint64_t{1} << a);
    for (const Action action : always) shape.actions |= std::uint64_t{1} << static_cast<unsigned>(action);
    for (unsigned kind = 1; kind <= static_cast<unsigned>(last_fault_kind); ++kind)
        if (draw.below(2) == 0) shape.faults &= ~(std::uint64_t{1} << kind);
    shape.accounts_max = draw.between(1, shape.accounts_max);
    shape.ingest_max = draw.between(1, shape.ingest_max);
    shape.shards_max = draw.between(1, shape.shards_max);
    shape.replicas_max = draw.between(1, shape.replicas_max);
    return shape;
}

Plan generate(engine::StorySeed seed) {
    Choices choices(seed.seed);
    StreamDraw draw(Stream(choices, Domain::plan, 0, 0));
    if (!seed.swarm) return generate(draw);
    StreamDraw shape_draw(Stream(choices, Domain::plan, 0, 1));
    const PlanShape shape = swarm_shape(shape_draw);
    return generate(draw, shape);
}

} // namespace scenarios::lag
