#include "sim/sim_world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/check/giving_up.hpp"
#include "sim/foreign_wallet.hpp"
#include "sim/too_many_blocks.hpp"

namespace sim {

using engine::AccountId;
using engine::Roster;
using engine::check::CheckId;
using engine::check::Violation;
using namespace engine::fog;

// ------------------------------------------------------------------------------------------------ wallet

SimWallet::SimWallet(SimWorld& world, NodeId id, AccountId account)
    : world_(world), id_(id), account_(account), key_(engine::account_of(world.accounts(), account).keys),
      host_(world.core(), id, &abort_wish_), view_(world.surroundings(), id, *world.view_),
      ledger_(world.surroundings(), id, *world.ledger_) {
    forget();
}

void SimWallet::forget() {
    const engine::Topology& t = world_.topology();
    WalletConfig config;
    config.keys_per_query = t.wallet_keys;
    config.images_per_query = t.wallet_images;
    config.blocks_per_query = t.wallet_blocks;
    wallet_.emplace(host_, key_, view_, ledger_, config);
}

// The answers come as they should; the wallet itself is too old for them.
Task<Result<BalanceReport>> SimWallet::check() {
    const FaultTable& all = world_.core().faults;
    Cause outdated = all.strike<faults::OutdatedWallet>(id_);
    Result<BalanceReport> result = co_await wallet_->check();
    if (!outdated) outdated = all.strike<faults::OutdatedWallet>(id_);
    if (result || result.error().code != engine::Code::failed_precondition) co_return result;
    engine::Error error = result.error();
    error.cause = outdated;
    co_return error;
}

Task<> SimWallet::look_inside() {
    if (world_.core().takes_notes()) world_.explain(id_, account_, wallet_->knowledge());
    co_return;
}

// ------------------------------------------------------------------------------------------------ faults

void SimWorld::on_fault(FaultId id, const Fault& fault, bool begins) {
    const engine::FaultNumbers& at = fault.written();
    const auto kind = static_cast<std::uint64_t>(fault.kind());
    if (begins) {
        if (fault.kind() == FaultKind::stale_reads) db_.keep_history();
        core_.record(at.a, EventKind::fault_began, id.value, kind, at.amount);
        return;
    }
    core_.record(at.a, EventKind::fault_ended, id.value, kind);
    if (fault.kind() == FaultKind::watcher_behind)
        for (const auto& copy : store_.lagging()) copy->release_times();
}

// ------------------------------------------------------------------------------------------------ world

SimWorld::SimWorld(const Options& options)
    : SimMachinery(options), WorldBody(options.topology, parts()),
      responses_(checks(), chain().model(), recovery_) {
    core_.scheduler.set_after_step([this] { after_step(); });
    core_.scheduler.set_escape_handler([this](NodeId node, std::exception_ptr error) {
        Violation violation;
        violation.check = CheckId::crash;
        try {
            std::rethrow_exception(error);
        } catch (const engine::InternalError&) {
            telling_.error = error; // a bug of ours is not a verdict on the system under test
            return;
        } catch (const TooManyBlocks&) {
            return cut_short(CutShort::blocks);
        } catch (const std::exception& e) {
            violation.what = engine::check::findings::Escaped{e.what()};
            violation.place = node_name(node);
        }
        checks().violated(std::move(violation));
    });
    build();
}

// Tasks go first: their frames use everything else.
SimWorld::~SimWorld() { core_.scheduler.kill_all(); }

void SimWorld::build() {
    const auto& crypto = *core_.options.crypto;
    std::vector<engine::Account> accounts;
    ForeignWallets* const foreign = ForeignWalletsInstalled::current();
    for (std::uint32_t a = 0; a < topology().accounts; ++a) {
        if (foreign != nullptr) { // whose program is told a phrase that its keys follow from
            accounts.push_back(engine::make_account(crypto, foreign->keys(AccountId{a})));
            continue;
        }
        std::array<std::uint8_t, 32> entropy{};
        engine::StreamBytes(
            open_stream(core_.choices, StreamSite::account_bytes, static_cast<std::uint16_t>(a)))
            .fill(entropy);
        accounts.push_back(engine::make_account(crypto, crypto.account_from_entropy(entropy)));
    }
    std::vector<engine::check::RecordChecker::Owner> owners;
    for (const engine::Account& account : accounts)
        owners.push_back({crypto.subaddress_view_private(account.keys, engine::chain::default_subaddress)});
    responses_.records().know_owners(crypto, std::move(owners));
    set_accounts(std::move(accounts));
    store_.make_copies(roster(), chain().model());
    for (const Roster::Service& who : roster().services()) nodes_.push_back(make_node(who));
    for (SimIngestNode* node : ingest_) node->connect(ingest_);
    for (const Roster::Service* who : roster().in_plans())
        processes_.push_back(nodes_[who->id.value - 1].get());

    chain().begin();
    for (const auto& copy : store_.lagging()) copy->advance_to(BlockCount{1});
    for (const auto& copy : store_.lagging())
        engine::spawn(core_.scheduler, NodeId{}, "chain copy", copy->follow());
    for (Process* process : processes_) process->start();
}

std::unique_ptr<Process> SimWorld::make_node(const Roster::Service& who) {
    const engine::Topology& t = topology();
    const Duration poll = std::chrono::milliseconds(t.poll_ms);
    auto added = [this](auto node) {
        add(*node);
        return node;
    };
    auto copy = [&]() -> const SimCopy& { return *store_.lagging().at(who.copy.value()); };
    switch (who.kind) {
    case engine::NodeKind::ingest: {
        IngestConfig config;
        config.responder_id = who.name + ":4300";
        // As the conformance test starts them: strangers to one another.
        config.peers = {config.responder_id};
        config.pubkey_expiry_window = t.pubkey_expiry_window;
        config.max_transactions = t.chunk_outputs;
        config.user_capacity = t.user_capacity;
        config.poll_interval = poll;
        auto node = added(std::make_unique<SimIngestNode>(surroundings(), who, copy(), config));
        ingest_.push_back(node.get());
        return node;
    }
    case engine::NodeKind::view_store: {
        ViewStoreConfig config;
        config.range = who.range;
        config.batch_blocks = t.batch_blocks;
        config.poll_interval = poll;
        auto node = added(std::make_unique<SimViewStore>(surroundings(), who, config));
        view_stores_.push_back(node.get());
        return node;
    }
    case engine::NodeKind::view_router: {
        auto node = added(std::make_unique<SimViewRouter>(surroundings(), who, view_stores_));
        view_ = node.get();
        return node;
    }
    case engine::NodeKind::image_store: {
        KeyImageStoreConfig config;
        config.range = who.range;
        config.poll_interval = poll;
        auto node = added(std::make_unique<SimImageStore>(surroundings(), who, copy(), config));
        image_stores_.push_back(node.get());
        return node;
    }
    case engine::NodeKind::ledger_router: {
        auto node = added(std::make_unique<SimLedgerRouter>(surroundings(), who, copy(), image_stores_));
        ledger_ = node.get();
        return node;
    }
    case engine::NodeKind::report_server: {
        auto node = added(std::make_unique<SimReportServer>(surroundings(), who));
        report_ = node.get();
        return node;
    }
    }
    throw engine::InternalError("a kind of node that the simulator has not");
}

bool SimWorld::can(engine::Capability capability) const {
    if (capability == engine::Capability::own_copies) return topology().own_copies;
    return true;
}

Task<Result<engine::Hint>> SimWorld::ask_report() {
    struct Nothing {};
    auto* invoke = +[](SimReportServer& t, Nothing) { return t.api()->reports(); };
    auto unobserved = [](const Nothing&, const std::vector<ReportRow>&) {};
    const Result<std::vector<ReportRow>> rows = co_await network_.call<std::vector<ReportRow>>(
        NodeId{}, *report_, Method::get_reports, invoke, Nothing{}, unobserved);
    if (!rows) co_return rows.error();
    const Result<PickedReport> picked = pick_report(*rows, "");
    if (!picked) co_return picked.error();
    co_return engine::Hint{picked->ingress_key, picked->expiry};
}

std::unique_ptr<engine::WalletDevice> SimWorld::make_wallet(NodeId id, AccountId account) {
    if (ForeignWallets* foreign = ForeignWalletsInstalled::current()) {
        const std::uint32_t number = id.value - roster().wallet(0).value;
        return std::make_unique<ForeignWallet>(*this, id, number, account, *foreign);
    }
    return std::make_unique<SimWallet>(*this, id, account);
}

std::shared_ptr<engine::fog::RecoveryDb> SimWorld::operator_db() {
    return {std::shared_ptr<void>(), &operator_db_}; // not owned
}

void SimWorld::on_poll(const engine::JudgedWallet& wallet, const Result<BalanceReport>& result) {
    const std::uint64_t code = result ? 0 : 1 + static_cast<std::uint64_t>(result.error().code);
    core_.record(wallet.id(), EventKind::wallet_polled, wallet.number(), code);
    if (!core_.takes_notes()) return;
    engine::tell::Reported reported;
    if (result)
        reported.result = engine::tell::Shown{result->value(), result->count};
    else
        reported.result = engine::tell::NoAnswer{result.error().code, result.error().injected()};
    core_.note(wallet.id(), reported);
}

void SimWorld::on_landing(const engine::JudgedWallet& wallet, const engine::chain::PublicKey&,
                          BlockIndex tombstone, const engine::fog::Wallet::Landing& landing) {
    if (core_.takes_notes()) core_.note(wallet.id(), engine::tell::Landing{landing, tombstone});
}

void SimWorld::on_report(const engine::JudgedWallet& wallet, const BalanceReport& report) {
    core_.record(wallet.id(), EventKind::reported, wallet.number(), report.count.value,
                 static_cast<std::uint64_t>(report.value()));
}

void SimWorld::on_step(const std::string& text) {
    if (core_.options.watch != nullptr) core_.options.watch->story_step = steps().size();
    core_.record(NodeId{}, EventKind::step, 0, steps().size());
    if (!core_.takes_notes()) return;
    core_.note(NodeId{}, heights());
    core_.note(NodeId{}, engine::tell::Step{steps().size(), text});
}

Task<> SimWorld::sleep(Duration duration) {
    co_await engine::sleep_until(now() + duration, "the scenario's pause");
}

Task<bool> SimWorld::wait_for(std::function<bool()> holds, Instant deadline) {
    Waiting waiting(*this);
    waiting.holds = std::move(holds);
    waiting.waiter = core_.scheduler.next_park();
    co_await engine::park("a condition of the scenario", deadline);
    co_return waiting.met || waiting.holds();
}

void SimWorld::after_step() {
    if (core_.abort_wished) [[unlikely]] {
        core_.abort_wished = false;
        for (Process* process : processes_) process->obey_abort_wish();
    }
    if (!core_.resuming.empty()) [[unlikely]]
        watch_resuming();
    if (!core_.changed) return;
    core_.changed = false;
    if (!core_.gave_up.empty()) [[unlikely]] {
        for (const SimIngestNode* node : ingest_)
            if (std::find(core_.gave_up.begin(), core_.gave_up.end(), node->id()) != core_.gave_up.end())
                judge_giving_up(*node);
        core_.gave_up.clear();
    }
    for (Waiting* waiting : waiting_) {
        if (waiting->met || !waiting->holds()) continue;
        waiting->met = true;
        core_.scheduler.wake(waiting->waiter, now());
    }
}

void SimWorld::watch_resuming() {
    const auto node_of = [this](NodeId id) {
        return *std::find_if(ingest_.begin(), ingest_.end(),
                             [id](const SimIngestNode* node) { return node->id() == id; });
    };
    std::erase_if(core_.resuming, [&](Core::Resuming& one) {
        const SimIngestNode& node = *node_of(one.node);
        const IngestNode* service = node.service();
        if (service == nullptr) return true; // it has died meanwhile
        const engine::chain::PublicKey key = service->summary().ingress_key;
        for (const SimIngestNode* other : ingest_)
            if (other != &node && other->service() != nullptr && other->mode() == IngestMode::active)
                one.has_met_its_key = one.has_met_its_key || other->service()->summary().ingress_key == key;
        if (service->is_resuming()) return false;
        // Who has read a stale replica may know no better.
        if (service->mode() == IngestMode::idle &&
            core_.marks.of(engine::Mark::db_read_from_a_stale_replica) == 0)
            engine::check::judge_not_resuming(checks(), db_.state(), {node.name(), key, one.has_met_its_key});
        return true;
    });
}

// With everything healed a node decides within its longest pause and what asking its peers takes.
void SimWorld::judge_unresumed() {
    constexpr Duration long_enough = 60s;
    if (!core_.faults.empty()) return;
    for (const Core::Resuming& one : core_.resuming) {
        if (now() - one.since < long_enough || core_.scheduler.is_paused(one.node)) continue;
        Violation violation;
        violation.check = CheckId::liveness;
        violation.place = node_name(one.node);
        violation.what = engine::check::findings::Undecided{one.since};
        checks().violated(std::move(violation));
        return;
    }
}

void SimWorld::judge_giving_up(const SimIngestNode& node) {
    const IngestNode* service = node.service();
    if (service == nullptr) return;
    engine::check::GivingUp one;
    one.node = node.name();
    one.key = service->summary().ingress_key;
    one.at = service->next_block();
    // A commit that outlives its writer comes unawaited, and may be of an invocation that the node has
    // forgotten.
    one.may_have_stored_it =
        core_.marks.of(engine::Mark::db_read_from_a_stale_replica) > 0 ||
        (core_.marks.of(engine::Mark::db_commit_outlives_its_writer) > 0 && node.may_have_forgotten());
    const DbState& rows = db_.state();
    engine::check::judge_giving_up(checks(), rows, one, [&](engine::InvocationId invocation) {
        return rows.writer(invocation) == node.id();
    });
}

// A story that goes on and on is a finding; one that nobody wants to wait for is not.
void SimWorld::cut_short(CutShort why) {
    cut_short_ = why;
    if (why == CutShort::interrupted) return;
    std::string budget = fmt::format("its budget of {} blocks is used up", core_.options.block_budget);
    if (why == CutShort::time_limit) budget = "the time limit is over";
    if (why == CutShort::memory) budget = "the memory for it is used up";
    Violation violation;
    violation.check = CheckId::liveness;
    violation.what = engine::check::findings::Said{fmt::format(
        "the story does not end: {} at {} ms, after {} steps of the scheduler, with block count {}, in {}",
        budget, now().ms(), core_.scheduler.steps(), chain().height().value,
        steps().empty() ? "no step yet" : fmt::format("step {} ({})", steps().size(), steps().back()))};
    checks().violated(std::move(violation));
}

void SimWorld::run(Task<> story) {
    telling_.ended = false;
    Task<> telling = tell(std::move(story), telling_);
    engine::spawn(core_.scheduler, NodeId{}, "scenario", std::move(telling));
    try {
        const RunWatch* watch = core_.options.watch;
        const auto wish = [watch] {
            return watch == nullptr ? CutShort::no : watch->wish.load(std::memory_order_relaxed);
        };
        const auto is_over = [this] { return telling_.ended || checks().any_violation() || telling_.error; };
        core_.scheduler.run_until([&] { return is_over() || wish() != CutShort::no; });
        if (!is_over()) cut_short(wish());
        if (telling_.error) std::rethrow_exception(std::exchange(telling_.error, nullptr));
    } catch (const TooManyBlocks&) {
        cut_short(CutShort::blocks);
    } catch (const Stuck& stuck) {
        Violation violation;
        violation.check = CheckId::liveness;
        violation.what = engine::check::findings::Stuck{stuck.what()};
        checks().violated(std::move(violation));
    }
    if (!checks().any_violation()) responses_.on_end();
    if (!checks().any_violation()) judge_unresumed();
    if (core_.takes_notes()) core_.note(NodeId{}, heights());
}

} // namespace sim
