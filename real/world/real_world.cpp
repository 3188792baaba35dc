#include "real/world/real_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/check/giving_up.hpp"
#include "engine/tell/answers.hpp"
#include "engine/tell/words.hpp"
#include "engine/world/fault_words.hpp"
#include "real/postgres/cluster.hpp"
#include "real/postgres/pool.hpp"
#include "real/postgres/recovery_db.hpp"
#include "real/postgres/temporary_database.hpp"

namespace real {

using namespace engine;
using engine::check::CheckId;
using engine::check::Violation;

namespace {

/// A pause of virtual time may be long; here somebody waits for it.
constexpr Duration longest_pause_unless = 5s;
constexpr Duration look_again = 3ms;
constexpr Duration look_again_idle = 100ms;
constexpr Duration tell_again = 10s; // what is waited for

bool is_changed(const fog::IngressKeyRecord& before, const fog::IngressKeyRecord& now) {
    return before.key != now.key || before.start != now.start || before.expiry != now.expiry ||
           before.retired != now.retired || before.lost != now.lost ||
           before.last_scanned != now.last_scanned;
}

} // namespace

const char* name(Phase phase) {
    switch (phase) {
    case Phase::database:
        return "database";
    case Phase::tools:
        return "keys, chain, schema";
    case Phase::services:
        return "services start";
    case Phase::waits:
        return "waits";
    case Phase::commands:
        return "reports asked";
    case Phase::blocks:
        return "blocks written";
    case Phase::checks:
        return "balance checks";
    case Phase::pauses:
        return "pauses of the story";
    case Phase::stopping:
        return "stopping";
    }
    return "?";
}

std::string RealWorld::never(Capability capability) {
    switch (capability) {
    case Capability::stale_reads:
        return "there is one database server and no replica of it";
    case Capability::clocks:
        return "a process cannot be given a clock of its own";
    case Capability::hold_stores:
        return "how far a store in a process of its own loads is not for others to decide";
    case Capability::inner_failures:
        return "single look-ups and calls inside a process cannot be made to fail from outside";
    case Capability::old_wallets:
        return "there is one release of the wallet";
    default:
        return "";
    }
}

std::string RealWorld::never(FaultKind kind) {
    const std::optional<Capability> need = fault_info(kind).needs;
    return need ? never(*need) : "";
}

bool RealWorld::can(Capability capability) const {
    switch (capability) {
    case Capability::own_copies:
        return topology().own_copies;
    case Capability::message_faults:
        return options_.proxies;
    case Capability::lose_commit_ack:
        return options_.proxies && (database_port_ != 0 || options_.postgres_url.empty());
    default:
        return never(capability).empty();
    }
}

std::unique_ptr<WalletDevice> RealWorld::make_wallet(NodeId, AccountId account) {
    return std::make_unique<RealWallet>(*this, account);
}

namespace {

/// A pool and the database it leads to, for as long as somebody holds it.
struct OperatorDb {
    OperatorDb(IoLoop& loop, const postgres::ConnectUrl& url) : pool(loop, url), db(pool) {}
    /// For who looks while a story goes on: an outage is not waited for.
    struct Brief {};
    OperatorDb(IoLoop& loop, const postgres::ConnectUrl& url, Brief)
        : pool(loop, url, brief_pool()), db(pool, brief()) {}
    static postgres::PoolOptions brief_pool() {
        postgres::PoolOptions options;
        options.connection_timeout = 1s;
        return options;
    }
    static postgres::RecoveryDbOptions brief() {
        postgres::RecoveryDbOptions options;
        options.retries = 0;
        options.answer_timeout = 5s;
        return options;
    }
    postgres::Pool pool;
    postgres::PgRecoveryDb db;
};

} // namespace

std::shared_ptr<fog::RecoveryDb> RealWorld::operator_db() {
    const auto made = std::make_shared<OperatorDb>(loop_, operator_database_);
    return {made, &made->db};
}

std::int64_t RealWorld::wall_clock_s() const {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// --------------------------------------------------------------------------------------- looking and waiting

Task<> RealWorld::observe_all() {
    const std::uint64_t round = observed_;
    engine::Mutex::Lock lock = co_await observing_.lock("a look at the services");
    if (observed_ > round + 1) co_return; // somebody has begun and ended a look meanwhile
    {
        engine::Nursery nursery(loop_, NodeId{});
        for (const auto& process : processes_) nursery.spawn("a look at a service", process->observe());
        co_await nursery.join();
    }
    // A store that promises a block before its commit is caught between the two.
    if (log_.view_counts() != views_looked_up_ && !restarting_database_) {
        const std::string unread = co_await look_at_database();
        (void)unread; // the next look finds it; the last one tells
    }
    co_await judge_who_gave_up();
    ++observed_;
}

Task<> RealWorld::keep_observing() {
    for (;;) {
        co_await engine::sleep_until(now() + look_again_idle, "the next look at the services");
        co_await observe_all();
    }
}

Task<bool> RealWorld::wait_for(std::function<bool()> holds, Instant deadline) {
    const Stopwatch watch(*this, Phase::waits);
    const Waits::One wait(waits_, "a condition of the story");
    Instant tell_next = now() + tell_again;
    for (;;) {
        co_await observe_all();
        if (holds()) co_return true;
        if (now() >= deadline) co_return false;
        if (now() >= tell_next) {
            options_.progress("still waiting for " + what_is_waited_for());
            tell_next = now() + tell_again;
        }
        co_await engine::sleep_until(now() + look_again, "a condition of the scenario");
    }
}

Task<> RealWorld::sleep(Duration duration) {
    const Stopwatch watch(*this, Phase::pauses);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
    const Waits::One wait(waits_, fmt::format("the story's pause of {} ms", ms.count()));
    co_await engine::sleep_until(now() + duration, "the scenario's pause");
}

Task<> RealWorld::sleep_unless(std::function<bool()> holds, Duration at_most) {
    const Stopwatch watch(*this, Phase::waits);
    const Instant due = now() + std::min(at_most, longest_pause_unless);
    for (;;) {
        co_await observe_all();
        if (holds() || now() >= due) co_return;
        co_await engine::sleep_until(now() + look_again, "a condition of the scenario");
    }
}

// ---------------------------------------------------------------------------------------------- what happens

void RealWorld::on_step(const std::string& text) {
    log_.step(text);
    options_.progress(fmt::format("step {:>2}  {}", steps().size(), text));
}

void RealWorld::hear(std::string text) { heard_.push_back({steps().size(), std::move(text)}); }

// As the simulator's stories tell it.
void RealWorld::on_poll(const JudgedWallet& wallet, const Result<fog::BalanceReport>& result) {
    tell::Reported reported;
    if (result)
        reported.result = tell::Shown{result->value(), result->count};
    else
        reported.result = tell::told(result.error());
    hear(fmt::format("{} {}", wallet.described(), tell::in_words(reported)));
}

std::string RealWorld::what_is_waited_for() {
    std::string text = waits_.text();
    if (text.empty()) text = "nothing that has a name";
    if (steps().empty())
        text += "; the story has not begun";
    else
        text += fmt::format("; step {}: {}", steps().size(), steps().back());
    for (const auto& process : processes_)
        if (!process->up()) text += fmt::format("; {} is down", process->child().name());
    for (const StoreNode* store : stores())
        if (store->is_up()) text += fmt::format("; {} at {}", store->name(), store->count().value);
    return text;
}

void RealWorld::on_report(const JudgedWallet& wallet, const fog::BalanceReport& report) {
    log_.report(wallet.life(), wallet.account(), report);
}

void RealWorld::on_final(const JudgedWallet& wallet, const fog::BalanceReport& report) {
    log_.final_report(wallet.life(), wallet.account(), report);
}

void RealWorld::on_landing(const JudgedWallet& wallet, const chain::PublicKey& output, BlockIndex tombstone,
                           const fog::Wallet::Landing& landing) {
    log_.landing(output, tombstone, landing);
    hear(fmt::format("{} {}", wallet.described(), tell::in_words(tell::Landing{landing, tombstone})));
}

// --------------------------------------------------------------------------------------------- what is wrong

check::CallPath RealWorld::path_to(Side side) const {
    check::CallPath path;
    path.reads_database = false;
    for (const Roster::Service& service : roster().services()) {
        const NodeKindInfo& kind = kind_info(service.kind);
        if (!kind.answers) continue; // no wallet asks it
        if (side == Side::view && *kind.answers != WalletSide::view) continue;
        if (side == Side::ledger && *kind.answers != WalletSide::ledger) continue;
        path.nodes.insert(service.id);
        path.reads_database = path.reads_database || kind.uses_database;
    }
    // They all come through the front, which is nobody to the proxies.
    path.is_client = [this](NodeId node) { return node == NodeId{} || roster().is_wallet(node); };
    return path;
}

Cause RealWorld::cause_on_the_way(Side side, Instant begun) const {
    const check::CallPath path = path_to(side);
    if (restarting_database_ && path.reads_database)
        return engine::cause_of(faults::DbDown{}, *restarting_database_, now());
    const auto lies_there = [&path](const Fault& fault) { return check::lies_on(path, fault); };
    if (const Cause fault = faults_.cause(lies_there, begun, check::longest_consequence)) return fault;
    for (const auto& process : processes_)
        if (path.nodes.contains(process->id()))
            if (const Cause cause = process->cause(begun)) return cause;
    return {};
}

bool RealWorld::is_troubled(Instant begun) const { return bool(cause_on_the_way(Side::either, begun)); }

Duration RealWorld::pause_after_trouble() const { return 500ms; }

Task<std::optional<std::string>> RealWorld::refusal_of_wallets() {
    std::optional<std::string> why;
    if (options_.upstream) co_return why;
    co_await observe_all();
    const Answered& view = dynamic_cast<const RealPlainNode&>(view_router()).answered();
    const Answered& ledger = dynamic_cast<const RealPlainNode&>(ledger_router()).answered();
    if (view.nothing() && ledger.nothing())
        why = fmt::format(
            "the wallet contacted nobody: neither fog-view nor fog-ledger was asked anything; it was told {}",
            options_.fog_uri.empty() ? deployment_.fog_uri() : options_.fog_uri);
    else if (view.only_badly())
        why = "the wallet is refused: fog-view answered only " + view.complaints();
    else if (ledger.only_badly())
        why = "the wallet is refused: fog-ledger answered only " + ledger.complaints();
    if (why && !deployment_.clear_text) *why += " (sessions: simulated attestation, no security)";
    if (why && deployment_.clear_text) *why += " (sessions: clear text)";
    co_return why;
}

Cause RealWorld::cause_of_death(const ServiceProcess& service) const {
    if (restarting_database_) return engine::cause_of(faults::DbDown{}, *restarting_database_, now());
    const auto concerns = [&service](const Fault& fault) { // it is its own, or the database's
        const FaultNumbers& at = fault.written();
        return at.a == service.id() || at.b == service.id() || fault.kind() == FaultKind::db_down;
    };
    if (const Cause fault = faults_.cause(concerns, now(), check::longest_consequence)) return fault;
    const Cause cause = service.cause(now());
    // That it is down is what has to be explained.
    if (cause.what != Cause::What::down) return cause;
    Cause touched = cause;
    touched.what = Cause::What::started;
    touched.until = cause.since;
    if (cause.since == Instant{} || touched.until + check::longest_consequence < now()) return {};
    return touched;
}

void RealWorld::on_death(Child& child) {
    if (stopping_) return;
    const std::string how = child.exit()->text();
    const ServiceProcess* service = nullptr;
    for (const auto& process : processes_)
        if (&process->child() == &child) service = process.get();
    if (service != nullptr) log_.node_ended(child.name(), how);
    // A service ends itself when its database or its disk fails it (upstream: panic, exit code 13); a signal
    // is never an answer to a fault.
    if (service != nullptr && !child.exit()->by_signal()) {
        if (const Cause cause = cause_of_death(*service)) {
            check::Excuse excuse;
            excuse.who = service->id();
            excuse.said = how;
            excuse.cause = cause;
            std::string text = tell::in_words(excuse, names());
            options_.progress(text);
            hear(std::move(text));
            checks().excused(std::move(excuse));
            return;
        }
    }
    Violation violation;
    violation.check = CheckId::crash;
    violation.place = child.name();
    violation.what = check::findings::EndedUnasked{how, child.exit()->last_lines};
    if (service == nullptr && &child != supervisor_.find("sample_paykit_remote_wallet")) {
        broken_ = std::make_exception_ptr(BrokenSurroundings(tell::in_words(violation)));
        return;
    }
    checks().violated(std::move(violation));
}

// An operator's command may have made it active again, or given it another key, before anybody could look.
Task<> RealWorld::judge_giving_up(RealIngestNode& node) {
    if (faults().any()) co_return; // it may not be reached; later
    const Result<fog::IngestSummary> summary = co_await node.api().get_status();
    if (!summary) co_return;
    if (summary->mode == fog::IngestMode::active) {
        node.giving_up_is_judged();
        co_return;
    }
    const std::string unread = co_await look_at_database();
    if (!unread.empty()) co_return;
    node.giving_up_is_judged();
    check::GivingUp one;
    one.node = node.name();
    one.key = summary->ingress_key;
    one.at = summary->next_block;
    const auto is_own = [&](InvocationId invocation) {
        const auto at = static_cast<std::size_t>(invocation.value) - 1;
        return at < rows_.invocations.size() && rows_.invocations[at].egress == summary->egress_key;
    };
    check::judge_giving_up(checks(), rows_, one, is_own);
}

Task<> RealWorld::judge_who_gave_up() {
    for (Node* node : of(NodeKind::ingest)) {
        auto& ingest = static_cast<RealIngestNode&>(*node); // its kind says what it is
        if (ingest.has_given_up()) co_await judge_giving_up(ingest);
    }
}

std::string RealWorld::why_no_fault(FaultKind kind) const {
    const std::optional<Capability> need = fault_info(kind).needs;
    if (!need || can(*need)) return "";
    if (*need == Capability::message_faults) return "no fault proxies in this run";
    if (*need == Capability::lose_commit_ack) return "no proxy in front of this database";
    return never(*need);
}

void RealWorld::on_fault(FaultId id, const Fault& fault, bool begins) {
    log_.fault(begins, id.value, in_words(*this, fault));
    if (const auto* behind = fault.as<faults::WatcherBehind>()) {
        const auto& all = store_.on_disk();
        DiskCopy& copy = *all[behind->copy.value % all.size()];
        if (begins)
            copy.hold_times();
        else
            copy.release_times();
    } else if (const auto* full = fault.as<faults::DiskFull>()) {
        fill_disk(full->node, begins);
    } else {
        for (const auto& proxy : proxies_) proxy->weather_changed();
    }
}

CommitFate RealWorld::next_commit(NodeId from) {
    const std::optional<FaultTable::StruckCommit> struck = faults_.take_commit(from);
    if (!struck) return CommitFate::normal;
    if (struck->was_its_last) log_.fault(false, struck->fault.value, "used up");
    return struck->kind == FaultKind::lose_commit_ack ? CommitFate::lost_answer : CommitFate::rolled_back;
}

void RealWorld::fill_disk(NodeId node, bool full) {
    for (const auto& process : processes_) {
        if (process->id() != node || !kind_info(process->kind()).is_commanded) continue;
        // A file that cannot grow: what a full disk does to who replaces a file by writing a new one.
        const std::optional<std::uint64_t> limit = full ? std::optional<std::uint64_t>(0) : std::nullopt;
        process->child().next_launch().file_bytes_max = limit;
        process->child().limit_file_size(limit);
    }
}

// --------------------------------------------------------------------------------------------- the event log

// What is new since the last look.  Facts are only ever added, so what a look does not find was not there
// when it began.  Events come first: what they close has had its last block by then, and blocks of an
// invocation that they do not announce yet are left to the next look.
Task<std::string> RealWorld::read_database(fog::RecoveryDb& db) {
    constexpr std::size_t at_a_time = 1000;
    const auto why = [](const Error& error) { return fmt::format("{}: {}", error.origin, name(error.code)); };
    const UserEventId last = rows_.events.empty() ? UserEventId{0} : rows_.events.back().id;
    const Result<fog::UserEvents> events = co_await db.user_events(last);
    if (!events) co_return why(events.error());
    const Result<fog::IngressKeys> keys = co_await db.ingress_keys();
    if (!keys) co_return why(keys.error());
    for (const fog::IngressKeyRecord& record : keys->records) {
        fog::IngressKeyRecord& known = rows_.keys[record.key].record;
        if (is_changed(known, record)) log_.key(record);
        known = record;
        recovery_.key_added(record.key);
        if (record.expiry != BlockIndex{}) recovery_.key_promised(record.key, record.expiry);
    }
    for (const fog::UserEvent& event : events->events) {
        log_.event(event);
        rows_.events.push_back(event);
        if (std::holds_alternative<fog::Decommission>(event.what)) {
            closed_.push_back(event);
            continue;
        }
        recovery_.event_added(event);
        const auto* rng = std::get_if<fog::RngRecord>(&event.what);
        if (rng == nullptr) continue;
        const auto number = static_cast<std::size_t>(rng->invocation.value);
        if (rows_.invocations.size() < number) rows_.invocations.resize(number);
        rows_.invocations[number - 1].egress = rng->egress_key;
    }
    const auto is_announced = [this](InvocationId invocation) {
        const auto number = static_cast<std::size_t>(invocation.value);
        return number <= rows_.invocations.size() &&
               rows_.invocations[number - 1].egress != chain::PublicKey{};
    };
    for (const fog::IngressKeyRecord& record : keys->records) {
        if (!record.last_scanned) continue;
        BlockIndex& next = next_.try_emplace(record.key, record.start).first->second;
        bool all_announced = true;
        while (next <= *record.last_scanned && all_announced) {
            const Result<fog::IngestedBlocks> some = co_await db.blocks(record.key, next, at_a_time);
            if (!some) co_return why(some.error());
            if (some->blocks.empty()) next = next.next(); // a gap
            for (const fog::IngestedBlock& block : some->blocks) {
                all_announced = all_announced && is_announced(block.invocation);
                if (!all_announced) break;
                log_.scanned(record.key, block);
                rows_.keys[record.key].blocks.emplace(block.block, block);
                recovery_.block_added(record.key, block.invocation, block);
                next = block.block.next();
            }
        }
    }
    // No block comes after these, of those that were left to the next look neither.
    const bool has_all = std::none_of(keys->records.begin(), keys->records.end(), [&](const auto& record) {
        return record.last_scanned && next_.at(record.key) <= *record.last_scanned;
    });
    if (!has_all) co_return std::string();
    for (const fog::UserEvent& event : closed_) recovery_.event_added(event);
    closed_.clear();
    for (const fog::IngressKeyRecord& record : keys->records)
        if (record.lost) recovery_.key_lost(record.key);
    co_return std::string();
}

Task<std::string> RealWorld::look_at_database() {
    engine::Mutex::Lock lock = co_await looking_.lock("a look at the database");
    const std::uint64_t views = log_.view_counts();
    OperatorDb database(loop_, operator_database_, OperatorDb::Brief());
    std::string unread = co_await read_database(database.db);
    if (!unread.empty()) co_return unread;
    views_looked_up_ = views;
    log_.looked(views);
    co_return unread;
}

Task<std::string> RealWorld::end_log() {
    observers_.reset(); // what is seen from now on could be more than what is read now
    std::string why = "the run was not begun";
    if (!processes_.empty()) why = co_await look_at_database();
    if (why.empty()) responses_.on_end();
    log_.end(why);
    co_return why;
}

// ------------------------------------------------------------------------------------------------ the story

// Upstream's remote wallet does not say what it was answered, and nor does anybody's else: these do.
Task<> RealWorld::ask_as_wallets() {
    for (std::uint32_t a = 0; a < topology().accounts; ++a) {
        const AccountId account{a};
        const Instant begun = now();
        fog::Wallet wallet(host_, account_of(accounts(), account).keys, *judged_view_, *judged_ledger_);
        Result<fog::BalanceReport> report = co_await wallet.check();
        if (report) {
            checks().held(CheckId::crash);
            const std::uint32_t life = new_life();
            log_.report(life, account, *report);
            reports().on_report(life, account, *report);
            continue;
        }
        Error error = report.error();
        error.cause = cause_on_the_way(Side::either, begun);
        check::FailedCheck failed{
            {}, account, error, fmt::format("{}: {}", error.origin, name(error.code)), begun};
        (void)check::judge_failed_check(checks(), std::move(failed)); // counted there
    }
}

// A wallet in a process of its own does not say what it asked: one of the harness asks again.
Task<bool> RealWorld::ask_again(AccountId account) {
    const tell::Names who = names();
    const tell::TellFact say = [this, &who, account](tell::Fact fact) {
        tell::Note note;
        note.fact = std::move(fact);
        std::string text =
            fmt::format("asked again for account {}, {}", account.value, tell::answer_in_words(note, who));
        options_.progress(text);
        hear(std::move(text));
    };
    tell::ToldView view(*view_client_, view_router().id(), say);
    tell::ToldLedger ledger(*ledger_client_, ledger_router().id(), say);
    fog::Wallet wallet(host_, account_of(accounts(), account).keys, view, ledger);
    const Result<fog::BalanceReport> report = co_await wallet.check();
    tell::Reported reported;
    if (report)
        reported.result = tell::Shown{report->value(), report->count};
    else
        reported.result = tell::told(report.error());
    std::string shown = fmt::format("asked again for account {}, a wallet of the harness {}", account.value,
                                    tell::in_words(reported));
    options_.progress(shown);
    hear(std::move(shown));
    co_return report.has_value();
}

Task<> RealWorld::tell_what_fog_answers() {
    constexpr Duration patience = 10s;
    std::optional<AccountId> account;
    for (const Violation& violation : checks().violations())
        if (!account) account = violation.account;
    if (!account) co_return; // it is about no wallet
    Task<bool> asking = ask_again(*account);
    const auto answered = co_await engine::with_deadline(loop_, NodeId{}, patience, std::move(asking));
    if (!answered) options_.progress("asked again, fog does not answer in time");
}

Task<bool> RealWorld::run(Task<> story, const bool* interrupted) {
    Telling telling;
    engine::Nursery nursery(loop_, NodeId{});
    Task<> task = tell(std::move(story), telling);
    nursery.spawn("scenario", std::move(task));
    Instant next_look = now();
    while (!telling.ended && !checks().any_violation() && !broken_ && !*interrupted) {
        co_await engine::sleep_until(now() + 5ms, "the end of the story");
        if (now() < next_look) continue;
        next_look = now() + 50ms;
        if (const std::string why = database_trouble(); !why.empty()) {
            broken_ = std::make_exception_ptr(BrokenSurroundings(why));
            trouble_with_violation_ = why;
        }
    }
    nursery.kill_all();
    const bool has_held = telling.ended && !telling.error && !checks().any_violation() && !broken_;
    if (has_held && !options_.upstream && options_.own_wallet) co_await ask_as_wallets();
    if (!broken_ && checks().any_violation()) {
        trouble_with_violation_ = co_await surroundings_trouble();
        if (!trouble_with_violation_.empty())
            broken_ = std::make_exception_ptr(BrokenSurroundings(trouble_with_violation_));
    }
    if (!broken_ && !options_.upstream) co_await tell_what_fog_answers();
    if (broken_) std::rethrow_exception(broken_);
    if (telling.error) std::rethrow_exception(telling.error);
    co_return telling.ended;
}

} // namespace real
