#include "real/world/real_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "real/postgres/cluster.hpp"
#include "real/postgres/pool.hpp"
#include "real/postgres/recovery_db.hpp"
#include "real/postgres/temporary_database.hpp"

namespace real {

using namespace engine;
using engine::check::CheckId;
using engine::check::Violation;

namespace {

/// How long after a fault, a crash or a restart a failed call is still its consequence: clients reconnect
/// after one to two seconds, services retry for about three.
constexpr Duration grace = 6s;
/// A pause of virtual time may be long; here somebody waits for it.
constexpr Duration longest_pause_unless = 5s;
constexpr Duration look_again = 3ms;
constexpr Duration look_again_idle = 100ms;

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
    for (;;) {
        co_await observe_all();
        if (holds()) co_return true;
        if (now() >= deadline) co_return false;
        co_await engine::sleep_until(now() + look_again, "a condition of the scenario");
    }
}

Task<> RealWorld::sleep(Duration duration) {
    const Stopwatch watch(*this, Phase::pauses);
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

void RealWorld::on_report(const JudgedWallet& wallet, const fog::BalanceReport& report) {
    log_.report(wallet.life(), wallet.account(), report);
}

void RealWorld::on_final(const JudgedWallet& wallet, const fog::BalanceReport& report) {
    log_.final_report(wallet.life(), wallet.account(), report);
}

void RealWorld::on_landing(const JudgedWallet&, const chain::PublicKey& output, BlockIndex tombstone,
                           const fog::Wallet::Landing& landing) {
    log_.landing(output, tombstone, landing);
}

// --------------------------------------------------------------------------------------------- what is wrong

void RealWorld::disturbed() {
    disturbed_at_ = now();
    ++disturbances_;
}

void RealWorld::fault_changed() {
    fault_changed_at_ = now();
    disturbed();
}

bool RealWorld::is_recent(std::optional<Instant> at) const { return at && loop_.now() - *at < grace; }
std::int64_t RealWorld::ms_since(Instant at) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - at).count();
}

std::string RealWorld::excuse_of_checks() const {
    if (faults_.any()) return "under " + faults_.text();
    for (const auto& process : processes_) {
        if (process->kind() == NodeKind::ingest || process->kind() == NodeKind::report_server)
            continue; // no wallet asks them
        if (!process->up()) return process->child().name() + " is down";
        if (process->child().is_paused()) return process->child().name() + " is paused";
    }
    return is_recent(disturbed_at_) ? fmt::format("{} ms after a fault or restart", ms_since(*disturbed_at_))
                                    : "";
}

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

std::string RealWorld::excuse_of_death(const ServiceProcess& service) const {
    if (faults_.any()) return "under " + faults_.text();
    const char* what = is_recent(fault_changed_at_) ? "a fault" : "something was done to it";
    const std::optional<Instant> at = is_recent(fault_changed_at_) ? fault_changed_at_ : service.touched();
    return is_recent(at) ? fmt::format("{} ms after {}", ms_since(*at), what) : "";
}

void RealWorld::on_death(Child& child) {
    if (stopping_) return;
    std::string text =
        fmt::format("{} has ended with {}, and nobody asked for it", child.name(), child.exit()->text());
    const ServiceProcess* service = nullptr;
    for (const auto& process : processes_)
        if (&process->child() == &child) service = process.get();
    if (service != nullptr) log_.node_ended(child.name(), child.exit()->text());
    // A service ends itself when its database or its disk fails it (upstream: panic, exit code 13); a signal
    // is never an answer to a fault.
    const std::string excuse =
        service == nullptr || child.exit()->by_signal() ? "" : excuse_of_death(*service);
    if (!excuse.empty()) {
        excused(fmt::format("{} ({})", text, excuse));
        options_.progress(excuses().back());
        return;
    }
    text += "; its last lines:";
    for (const std::string& line : child.exit()->last_lines) text += "\n    " + line;
    if (service == nullptr && &child != supervisor_.find("sample_paykit_remote_wallet")) {
        broken_ = std::make_exception_ptr(BrokenSurroundings(text));
        return;
    }
    Violation violation;
    violation.check = CheckId::crash;
    violation.text = text;
    checks().violated(std::move(violation));
}

void RealWorld::resume_everything() {
    for (const auto& process : processes_) process->resume_it();
    for (const auto& copy : store_.on_disk()) copy->release();
}

void RealWorld::hold_times(std::uint64_t copy, bool hold) {
    const auto& all = store_.on_disk();
    DiskCopy& target = *all[copy % all.size()];
    if (hold)
        target.hold_times();
    else
        target.release_times();
}

void RealWorld::fill_disk(NodeId node, bool full) {
    for (const auto& process : processes_) {
        if (process->id() != node || process->kind() != NodeKind::ingest) continue;
        // A file that cannot grow: what a full disk does to who replaces a file by writing a new one.
        const std::optional<std::uint64_t> limit = full ? std::optional<std::uint64_t>(0) : std::nullopt;
        process->child().next_launch().file_bytes_max = limit;
        process->child().limit_file_size(limit);
    }
}

void RealWorld::weather_changed() {
    for (const auto& proxy : proxies_) proxy->weather_changed();
}

// --------------------------------------------------------------------------------------------- the event log

Task<std::string> RealWorld::log_database() {
    constexpr std::size_t at_a_time = 1000;
    postgres::Pool pool(loop_, operator_database_);
    postgres::PgRecoveryDb db(pool);
    const Result<fog::IngressKeys> keys = co_await db.ingress_keys();
    if (!keys) co_return std::string(engine::name(keys.error().code));
    for (const fog::IngressKeyRecord& record : keys->records) log_.key(record);
    const Result<fog::UserEvents> events = co_await db.user_events(UserEventId{0});
    if (!events) co_return std::string(engine::name(events.error().code));
    for (const fog::UserEvent& event : events->events) log_.event(event);
    for (const fog::IngressKeyRecord& record : keys->records) {
        if (!record.last_scanned) continue;
        for (BlockIndex next = record.start; next <= *record.last_scanned;) {
            const Result<fog::IngestedBlocks> some = co_await db.blocks(record.key, next, at_a_time);
            if (!some) co_return std::string(engine::name(some.error().code));
            for (const fog::IngestedBlock& block : some->blocks) log_.scanned(record.key, block);
            next = some->blocks.empty() ? next.next() : some->blocks.back().block.next(); // a gap
        }
    }
    co_return std::string();
}

Task<> RealWorld::end_log() {
    observers_.reset(); // what is seen from now on could be more than what is read now
    std::string why = "the run was not begun";
    if (!processes_.empty()) why = co_await log_database();
    log_.end(why);
}

// ------------------------------------------------------------------------------------------------ the story

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
        if (const std::string why = database_trouble(); !why.empty())
            broken_ = std::make_exception_ptr(BrokenSurroundings(why));
    }
    nursery.kill_all();
    if (!broken_ && checks().any_violation()) {
        const std::string why = co_await surroundings_trouble();
        if (!why.empty()) broken_ = std::make_exception_ptr(BrokenSurroundings(why));
    }
    if (broken_) std::rethrow_exception(broken_);
    if (telling.error) std::rethrow_exception(telling.error);
    co_return telling.ended;
}

} // namespace real
