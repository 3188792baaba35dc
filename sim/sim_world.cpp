#include "sim/sim_world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

using engine::AccountId;
using engine::Code;
using engine::Error;
using engine::GlobalIndex;
using engine::check::CheckId;
using engine::check::Violation;
using namespace engine::fog;

// ------------------------------------------------------------------------------------------------ wallet

SimWallet::SimWallet(SimWorld& world, NodeId id, AccountId account, std::uint32_t number)
    : world_(world), id_(id), account_(account), number_(number), life_(world.wallet_lives_++),
      host_(world.core_, id, &abort_wish_), view_(world.surroundings(), id, *world.view_router_),
      ledger_(world.surroundings(), id, *world.ledger_router_),
      kills_(open_stream(world.core_.choices, StreamSite::wallet_death, actor_of(id))) {
    wallet_.emplace(host_, world.account_key(account), view_, ledger_, world.wallet_config());
}

Task<Result<BalanceReport>> SimWallet::poll() {
    const bool calm_before = world_.is_calm();
    const std::uint64_t disturbances_before = world_.core_.disturbances;
    Result<BalanceReport> result = co_await wallet_->check();
    const std::uint64_t code = result ? 0 : 1 + static_cast<std::uint64_t>(result.error().code);
    world_.core_.record(id_, EventKind::wallet_polled, number_, code);
    if (world_.core_.takes_notes()) note_report(result);
    if (!result) {
        // What it would show now, from what it has stored, is true all the same.
        world_.reports_.on_report(life_, account_, wallet_->report());
        const bool excused =
            !calm_before || !world_.is_calm() || disturbances_before != world_.core_.disturbances;
        if (excused) co_return result;
        Violation violation;
        violation.check = CheckId::crash;
        violation.account = account_;
        violation.text =
            fmt::format("a balance check of account {} fails without a fault: {}: {}", account_.value,
                        result.error().origin, engine::name(result.error().code));
        world_.checks_.violated(std::move(violation));
        co_return result;
    }
    world_.checks_.held(CheckId::crash);
    last_ = *result;
    world_.core_.record(id_, EventKind::reported, number_, result->count.value,
                        static_cast<std::uint64_t>(result->value()));
    world_.reports_.on_report(life_, account_, *result);
    if (world_.core_.takes_notes() && world_.checks_.any_violation())
        world_.explain(id_, account_, wallet_->knowledge());
    co_return result;
}

void SimWallet::note_report(const Result<BalanceReport>& result) {
    engine::tell::Reported reported;
    if (result)
        reported.result = engine::tell::Shown{result->value(), result->count};
    else
        reported.result = engine::tell::NoAnswer{result.error().code, result.error().injected};
    world_.core_.note(id_, reported);
}

Task<> SimWallet::check_once() { co_await poll(); }

// The process dies wherever it is after a drawn time; what it knew is gone.
Task<> SimWallet::poll_and_kill() {
    ++world_.core_.disturbances;
    engine::Nursery nursery(world_.core_.scheduler, id_);
    nursery.spawn("doomed check", check_once());
    const std::uint32_t life_us = kills_.below(20'000);
    co_await engine::sleep_until(world_.now() + std::chrono::microseconds(life_us), "a wallet's death");
    nursery.kill_all();
    restart();
}

void SimWallet::restart() {
    life_ = world_.wallet_lives_++;
    last_.reset();
    wallet_.emplace(host_, world_.accounts_.at(account_.value), view_, ledger_, world_.wallet_config());
}

// What an owner needs to spend an output; the answer is judged on its way.
Task<> SimWallet::ask_for_proof(engine::chain::PublicKey output) {
    const auto place = world_.chain_.model().place_of(output);
    if (!place) co_return;
    std::vector<GlobalIndex> indices(1, place->index);
    const Result<OutputsAnswer> proofs = co_await ledger_.outputs(std::move(indices));
    (void)proofs; // an outage is the caller's business
}

void SimWallet::judge_final() {
    if (last_) world_.reports_.on_final(life_, account_, *last_);
}

Task<Result<engine::fog::Wallet::Landing>> SimWallet::landing(const engine::PreparedPayment& payment) {
    const auto key = payment.output.public_key;
    const BlockIndex tombstone = payment.tombstone;
    Result<engine::fog::Wallet::Landing> result = co_await wallet_->landing(key, tombstone);
    if (result && world_.core_.takes_notes())
        world_.core_.note(id_, engine::tell::Landing{*result, tombstone});
    if (result) engine::check::judge_landing(world_.checks_, world_.chain_.model(), key, tombstone, *result);
    if (result && result->verdict == engine::fog::Wallet::Landing::Verdict::landed)
        co_await ask_for_proof(key);
    co_return result;
}

// ------------------------------------------------------------------------------------------------ chain

namespace {

engine::tell::Coin coin_of(const engine::model::Credit& credit) {
    return {credit.account, credit.amount, credit.block};
}

engine::tell::Appended appended(const LedgerBlock& block, const std::vector<engine::model::Credit>& credits,
                                const engine::model::ChainModel& chain) {
    engine::tell::Appended out;
    out.block = block.index;
    out.outputs = block.outputs.size();
    if (block.index.value == 0) return out; // its coins are nobody's business
    for (const engine::model::Credit& credit : credits) out.paid.push_back(coin_of(credit));
    for (const engine::chain::KeyImage& image : block.key_images)
        if (const auto* spent = chain.credits_with(image))
            for (const std::size_t at : *spent) out.spent.push_back(coin_of(chain.credits().at(at)));
    return out;
}

} // namespace

SimChain::SimChain(SimWorld& world)
    : world_(world), bytes_(open_stream(world.core_.choices, StreamSite::node_bytes, 0)) {}

engine::chain::TxOut SimChain::build(AccountId to, engine::chain::Amount amount, std::uint64_t subaddress,
                                     const engine::chain::PublicKey& hint_key) {
    const auto& crypto = *world_.core_.options.crypto;
    const auto& account = world_.account_key(to);
    const auto& home = world_.addresses_.at(to.value); // a hint names the default address, also for change
    const auto hint = crypto.encrypt_hint(bytes_, hint_key, home.view_public);
    ENSURE(hint.has_value());
    if (subaddress == engine::chain::default_subaddress)
        return crypto.create_output(bytes_, amount, home, *hint);
    return crypto.create_output(bytes_, amount, crypto.subaddress(account, subaddress), *hint);
}

engine::model::Credit SimChain::credit_for(AccountId to, engine::chain::Amount amount,
                                           const engine::chain::TxOut& output,
                                           const engine::chain::PublicKey& hint_key) {
    const auto& crypto = *world_.core_.options.crypto;
    const auto record = crypto.make_record(output, GlobalIndex{}, BlockIndex{}, 0);
    const auto opened =
        crypto.open_output(world_.accounts_.at(to.value), world_.subaddresses_.at(to.value), record);
    ENSURE(opened && opened->amount == amount);
    engine::model::Credit credit;
    credit.account = to;
    credit.amount = amount;
    credit.public_key = output.public_key;
    credit.image = opened->key_image;
    credit.hint_key = hint_key;
    return credit;
}

std::vector<engine::CreditRef> SimChain::append_block(std::vector<engine::chain::TxOut> outputs,
                                                      std::vector<engine::model::Credit> credits,
                                                      std::vector<engine::chain::KeyImage> images) {
    auto block = std::make_shared<LedgerBlock>();
    block->index = model_.height().end();
    const std::uint64_t before = model_.txo_count(model_.height());
    block->cumulative_txo_count = before + outputs.size();
    block->outputs = std::move(outputs);
    if (images.empty() && block->index.value != 0)
        bytes_.fill(images.emplace_back().bytes); // a block burns something
    block->key_images = std::move(images);
    std::vector<engine::CreditRef> refs;
    for (std::size_t i = 0; i < credits.size(); ++i) {
        credits[i].block = block->index;
        credits[i].index = GlobalIndex{before + i};
        refs.push_back({model_.credits().size() + i});
    }
    for (const engine::model::Credit& credit : credits) mark_place(block->index, credit.hint_key);
    world_.core_.record(NodeId{}, EventKind::block_appended, 0, block->index.value, block->outputs.size());
    world_.core_.scheduler.touch({0, Footprint::chain});
    if (world_.core_.takes_notes()) world_.core_.note(NodeId{}, appended(*block, credits, model_));
    model_.append(std::move(block), std::move(credits));
    for (const auto& copy : world_.copies_) copy->on_append();
    return refs;
}

// Where an output is at an edge of something.
void SimChain::mark_place(BlockIndex block, const engine::chain::PublicKey& hint_key) {
    using engine::Mark;
    const engine::Probe probe = world_.core_.probe();
    const engine::Topology& t = world_.core_.options.topology;
    const std::uint64_t next = block.value + 1;
    probe.mark_if(next % t.shard_blocks == 0 && next / t.shard_blocks < t.view_shards,
                  Mark::chain_output_in_the_last_block_of_a_shard);
    probe.mark_if(block.value > 0 && block.value % t.shard_blocks == 0 &&
                      block.value / t.shard_blocks < t.view_shards,
                  Mark::chain_output_in_the_first_block_of_a_shard);
    probe.mark_if(world_.recovery_.is_missed(block), Mark::chain_output_in_a_block_announced_as_missed);
    const auto key = world_.db_.state().keys.find(hint_key);
    if (key == world_.db_.state().keys.end()) return;
    probe.mark_if(key->second.record.expiry == block.next(), Mark::chain_output_in_the_last_block_of_a_key);
    probe.mark_if(key->second.record.lost, Mark::chain_output_for_a_lost_key);
    probe.mark_if(key->second.record.retired, Mark::chain_output_for_a_retired_key);
}

void SimChain::make_origin() {
    constexpr std::uint64_t picomob = 10'000'000'000'000'000'000ULL; // as init_test_ledger writes it
    const auto& crypto = *world_.core_.options.crypto;
    std::vector<engine::chain::TxOut> outputs;
    std::vector<engine::model::Credit> credits;
    for (std::uint32_t a = 0; a < world_.addresses_.size(); ++a) {
        for (int i = 0; i < 5; ++i) {
            engine::chain::Amount amount;
            amount.value = picomob;
            const auto hint = crypto.fake_hint(bytes_);
            outputs.push_back(crypto.create_output(bytes_, amount, world_.addresses_[a], hint));
            credits.push_back(credit_for(AccountId{a}, amount, outputs.back(), {}));
        }
    }
    append_block(std::move(outputs), std::move(credits), {});
    for (const auto& copy : world_.copies_) copy->advance_to(BlockCount{1});
}

void SimChain::set_hint_key(engine::chain::PublicKey key, BlockIndex expiry) { hint_ = Hint{key, expiry}; }

Task<Result<SimChain::Hint>> SimChain::ask_report() {
    struct Nothing {};
    auto* invoke = +[](SimReportServer& t, Nothing) { return t.api()->reports(); };
    auto unobserved = [](const Nothing&, const std::vector<ReportRow>&) {};
    const Result<std::vector<ReportRow>> rows = co_await world_.network_.call<std::vector<ReportRow>>(
        NodeId{}, *world_.report_server_, Method::get_reports, invoke, Nothing{}, unobserved);
    if (!rows) co_return rows.error();
    const Result<PickedReport> picked = pick_report(*rows, "");
    if (!picked) co_return picked.error();
    co_return Hint{picked->ingress_key, picked->expiry};
}

Task<Result<engine::chain::PublicKey>> SimChain::refresh_hint_key() {
    const Result<Hint> hint = co_await ask_report();
    if (!hint) co_return hint.error();
    hint_ = *hint;
    co_return hint->key;
}

Task<engine::AppendedBlock> SimChain::append(engine::BlockPlan plan) {
    const bool needs_report = std::any_of(plan.credits.begin(), plan.credits.end(),
                                          [](const engine::Credit& c) { return !c.hint_key; });
    if (needs_report && (!hint_ || hint_->expiry <= height().end())) {
        const Result<engine::chain::PublicKey> refreshed = co_await refresh_hint_key();
        if (!refreshed) hint_.reset();
    }
    engine::AppendedBlock appended;
    appended.index = height().end();
    std::vector<engine::chain::TxOut> outputs;
    std::vector<engine::model::Credit> credits;
    for (const engine::Credit& credit : plan.credits) {
        engine::chain::PublicKey key;
        if (credit.hint_key) {
            key = *credit.hint_key;
        } else {
            if (!hint_ || hint_->expiry <= appended.index) continue; // consensus: tombstone block exceeded
            key = hint_->key;
        }
        engine::chain::Amount amount;
        amount.value = credit.amount;
        amount.token_id = credit.token_id;
        outputs.push_back(build(credit.to, amount, credit.subaddress, key));
        credits.push_back(credit_for(credit.to, amount, outputs.back(), key));
    }
    std::vector<engine::chain::KeyImage> images;
    for (engine::CreditRef spend : plan.spends) {
        const engine::model::Credit& spent = model_.credits().at(spend.index);
        world_.core_.probe().mark_if(spent.block.next() == appended.index,
                                     engine::Mark::chain_coin_spent_in_the_next_block);
        images.push_back(spent.image);
    }
    appended.credits = append_block(std::move(outputs), std::move(credits), std::move(images));
    co_return appended;
}

Task<Result<engine::PreparedPayment>> SimChain::prepare(AccountId to, std::uint64_t amount,
                                                        std::uint64_t tombstone_blocks) {
    const Result<Hint> hint = co_await ask_report();
    if (!hint) co_return hint.error();
    engine::PreparedPayment payment;
    payment.to = to;
    payment.amount.value = amount;
    payment.hint_key = hint->key;
    payment.output = build(to, payment.amount, engine::chain::default_subaddress, hint->key);
    // The smaller of what the sender asked for and what the report allows.
    payment.tombstone = std::min(BlockIndex{height().value + tombstone_blocks}, hint->expiry);
    co_return payment;
}

Task<std::vector<engine::CreditRef>> SimChain::submit(std::vector<engine::PreparedPayment> payments) {
    std::vector<engine::chain::TxOut> outputs;
    std::vector<engine::model::Credit> credits;
    for (engine::PreparedPayment& payment : payments) {
        if (height().end() >= payment.tombstone) continue;
        credits.push_back(credit_for(payment.to, payment.amount, payment.output, payment.hint_key));
        outputs.push_back(std::move(payment.output));
    }
    co_return append_block(std::move(outputs), std::move(credits), {});
}

// ------------------------------------------------------------------------------------------------ faults

FaultId SimFaults::begin(Fault fault) {
    Core& core = world_.core_;
    ++core.disturbances;
    if (fault.kind() == FaultKind::stale_reads) world_.db_.keep_history();
    const FaultId id = core.faults.add(fault);
    core.record(fault.written().a, EventKind::fault_began, id.value, static_cast<std::uint64_t>(fault.kind()),
                fault.written().amount);
    return id;
}

void SimFaults::heal(FaultId id) {
    Core& core = world_.core_;
    const std::optional<Fault> fault = core.faults.remove(id);
    if (!fault) return;
    ++core.disturbances;
    core.record(fault->written().a, EventKind::fault_ended, id.value,
                static_cast<std::uint64_t>(fault->kind()));
    if (fault->kind() == FaultKind::watcher_behind)
        for (const auto& copy : world_.copies_) copy->release_times();
}

void SimFaults::heal_all() {
    while (!world_.core_.faults.empty()) heal(world_.core_.faults.active().front().id);
    for (Process* process : world_.processes_) process->resume();
    for (const auto& copy : world_.copies_) copy->release();
    for (engine::StoreNode* store : world_.stores()) store->release();
}

bool SimFaults::any() const { return !world_.core_.faults.empty(); }

// ------------------------------------------------------------------------------------------------ world

SimWorld::SimWorld(const Options& options)
    : core_(options), roster_(options.topology), network_(core_), db_(core_, recovery_),
      operator_db_(db_, NodeId{}), chain_(*this), reports_(checks_, chain_.model()),
      responses_(checks_, chain_.model(), recovery_), faults_(*this) {
    checks_.stamp_with([this] { return std::pair(now(), core_.scheduler.steps()); });
    core_.scheduler.set_after_step([this] { after_step(); });
    core_.scheduler.set_escape_handler([this](NodeId node, std::exception_ptr error) {
        Violation violation;
        violation.check = CheckId::crash;
        try {
            std::rethrow_exception(error);
        } catch (const engine::InternalError&) {
            story_error_ = error; // a bug of ours is not a verdict on the system under test
            return;
        } catch (const std::exception& e) {
            violation.text = fmt::format("an exception leaves {}: {}", node_name(node), e.what());
        }
        checks_.violated(std::move(violation));
    });
    build();
}

// Tasks go first: their frames use everything else.
SimWorld::~SimWorld() { core_.scheduler.kill_all(); }

void SimWorld::build() {
    const engine::Topology& t = core_.options.topology;
    const auto& crypto = *core_.options.crypto;
    for (std::uint32_t a = 0; a < t.accounts; ++a) {
        std::array<std::uint8_t, 32> entropy{};
        engine::StreamBytes(
            open_stream(core_.choices, StreamSite::account_bytes, static_cast<std::uint16_t>(a)))
            .fill(entropy);
        accounts_.push_back(crypto.account_from_entropy(entropy));
        addresses_.push_back(crypto.subaddress(accounts_.back(), engine::chain::default_subaddress));
        subaddresses_.push_back(crypto.default_subaddresses(accounts_.back()));
    }
    for (const engine::Roster::Copy& copy : roster_.copies())
        copies_.push_back(std::make_unique<SimCopy>(core_, chain_.model(), copy.name,
                                                    static_cast<std::uint16_t>(copies_.size())));
    const Duration poll = std::chrono::milliseconds(t.poll_ms);
    std::vector<SimIngestNode*> ingest;
    std::vector<SimViewStore*> view_stores;
    std::vector<SimImageStore*> image_stores;
    for (const engine::Roster::Service& who : roster_.services()) {
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
            ingest_.push_back(
                std::make_unique<SimIngestNode>(surroundings(), who, *copies_.at(*who.copy), config));
            ingest.push_back(ingest_.back().get());
            break;
        }
        case engine::NodeKind::view_store: {
            ViewStoreConfig config;
            config.range = who.range;
            config.batch_blocks = t.batch_blocks;
            config.poll_interval = poll;
            view_stores_.push_back(std::make_unique<SimViewStore>(surroundings(), who, config));
            view_stores.push_back(view_stores_.back().get());
            break;
        }
        case engine::NodeKind::view_router:
            view_router_ = std::make_unique<SimViewRouter>(surroundings(), who, view_stores);
            break;
        case engine::NodeKind::image_store: {
            KeyImageStoreConfig config;
            config.range = who.range;
            config.poll_interval = poll;
            image_stores_.push_back(
                std::make_unique<SimImageStore>(surroundings(), who, *copies_.at(*who.copy), config));
            image_stores.push_back(image_stores_.back().get());
            break;
        }
        case engine::NodeKind::ledger_router:
            ledger_router_ =
                std::make_unique<SimLedgerRouter>(surroundings(), who, *copies_.at(*who.copy), image_stores);
            break;
        case engine::NodeKind::report_server:
            report_server_ = std::make_unique<SimReportServer>(surroundings(), who);
            break;
        }
    }
    for (SimIngestNode* node : ingest) node->connect(ingest);

    for (const auto& node : ingest_) processes_.push_back(node.get());
    for (const auto& node : view_stores_) processes_.push_back(node.get());
    for (const auto& node : image_stores_) processes_.push_back(node.get());
    processes_.push_back(view_router_.get());
    processes_.push_back(ledger_router_.get());
    processes_.push_back(report_server_.get());

    chain_.make_origin();
    for (const auto& copy : copies_) engine::spawn(core_.scheduler, NodeId{}, "chain copy", copy->follow());
    for (Process* process : processes_) process->start();
}

WalletConfig SimWorld::wallet_config() const {
    WalletConfig config;
    config.keys_per_query = core_.options.topology.wallet_keys;
    config.images_per_query = core_.options.topology.wallet_images;
    config.blocks_per_query = core_.options.topology.wallet_blocks;
    return config;
}

bool SimWorld::can(engine::Capability capability) const {
    if (capability == engine::Capability::own_copies) return core_.options.topology.own_copies;
    return true;
}

std::vector<engine::ChainCopy*> SimWorld::copies() {
    std::vector<engine::ChainCopy*> all;
    for (const auto& copy : copies_) all.push_back(copy.get());
    return all;
}

const engine::chain::AccountKey& SimWorld::account_key(AccountId account) const {
    if (account.value < accounts_.size()) return accounts_[account.value];
    throw engine::UsageError(
        fmt::format("the scenario needs account {}, the topology has {}", account.value, accounts_.size()));
}

engine::ChainCopy& SimWorld::copy(const std::string& name) {
    for (const auto& copy : copies_)
        if (copy->name() == name) return *copy;
    throw engine::UsageError("the scenario needs a chain copy '" + name + "', which this topology has not");
}

std::vector<engine::IngestNode*> SimWorld::ingest_nodes() {
    std::vector<engine::IngestNode*> all;
    for (const auto& node : ingest_) all.push_back(node.get());
    return all;
}

std::vector<engine::ViewStoreNode*> SimWorld::view_stores() {
    std::vector<engine::ViewStoreNode*> all;
    for (const auto& node : view_stores_) all.push_back(node.get());
    return all;
}

std::vector<engine::ImageStoreNode*> SimWorld::image_stores() {
    std::vector<engine::ImageStoreNode*> all;
    for (const auto& node : image_stores_) all.push_back(node.get());
    return all;
}

Task<Result<std::size_t>> SimWorld::clean_up(std::chrono::seconds age) {
    const std::int64_t before_s = core_.wall_clock_s(NodeId{}) - age.count();
    const Result<std::vector<engine::InvocationId>> expired =
        co_await operator_db_.expired_invocations(before_s);
    if (!expired) co_return expired.error();
    std::size_t closed = 0;
    for (const engine::InvocationId invocation : *expired) {
        const Result<bool> done = co_await operator_db_.decommission_ingest_invocation(invocation);
        if (done) ++closed;
    }
    co_return closed;
}

engine::Wallet& SimWorld::new_wallet(AccountId account) {
    const auto number = static_cast<std::uint32_t>(wallets_.size());
    wallets_.push_back(std::make_unique<SimWallet>(*this, roster_.wallet(number), account, number));
    return *wallets_.back();
}

std::vector<engine::Wallet*> SimWorld::wallets() {
    std::vector<engine::Wallet*> all;
    for (const auto& wallet : wallets_) all.push_back(wallet.get());
    return all;
}

std::string SimWorld::node_name(NodeId node) const {
    if (const engine::Roster::Service* service = roster_.find(node)) return service->name;
    for (const auto& wallet : wallets_)
        if (wallet->endpoint() == node) return wallet->described();
    return "the scenario";
}

bool SimWorld::is_calm() const {
    if (!core_.faults.empty()) return false;
    return std::all_of(processes_.begin(), processes_.end(), [this](const Process* process) {
        return process->is_up() && !core_.scheduler.is_paused(process->id());
    });
}

Task<> SimWorld::sleep(Duration duration) {
    co_await engine::sleep_until(now() + duration, "the scenario's pause");
}

Task<> SimWorld::until(std::string what, std::function<bool()> holds, Duration budget) {
    if (holds()) co_return;
    const Instant deadline = now() + budget;
    Waiting waiting(*this);
    waiting.holds = std::move(holds);
    waiting.waiter = core_.scheduler.next_park();
    co_await engine::park("a condition of the scenario", deadline);
    if (waiting.met || waiting.holds()) co_return;
    Violation violation;
    violation.check = CheckId::liveness;
    violation.text = fmt::format("{} not reached within {} s", what,
                                 std::chrono::duration_cast<std::chrono::seconds>(budget).count());
    for (const auto& store : view_stores_)
        violation.text += fmt::format("; {} at {}", store->name(), store->count().value);
    for (const auto& store : image_stores_)
        violation.text += fmt::format("; {} at {}", store->name(), store->count().value);
    checks_.violated(std::move(violation));
}

void SimWorld::step(std::string text) {
    steps_.push_back(std::move(text));
    core_.record(NodeId{}, EventKind::step, 0, steps_.size());
    if (!core_.takes_notes()) return;
    core_.note(NodeId{}, heights());
    core_.note(NodeId{}, engine::tell::Step{steps_.size(), steps_.back()});
}

void SimWorld::after_step() {
    if (core_.abort_wished) [[unlikely]] {
        core_.abort_wished = false;
        for (Process* process : processes_) process->obey_abort_wish();
    }
    if (!core_.changed) return;
    core_.changed = false;
    if (!core_.gave_up.empty()) [[unlikely]] {
        for (const auto& node : ingest_)
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

// An active node goes on until its key is lost or at its end, or somebody else has stored the block it is at.
void SimWorld::judge_giving_up(const SimIngestNode& node) {
    const IngestNode* service = node.service();
    if (service == nullptr) return;
    const BlockIndex at = service->next_block();
    const auto row = db_.state().keys.find(service->summary().ingress_key);
    bool has_reason = row == db_.state().keys.end();
    if (!has_reason) {
        const IngressKeyRecord& key = row->second.record;
        const auto stored = row->second.blocks.find(at);
        // A node that has read a stale replica may be at a block it has stored itself; so may one whose state
        // file has forgotten an invocation, which it could not close: a commit that outlives its death comes
        // unawaited.
        const bool may_be_its_own = core_.marks.of(engine::Mark::db_read_from_a_stale_replica) > 0 ||
                                    (core_.marks.of(engine::Mark::db_commit_outlives_its_writer) > 0 &&
                                     node.has_had_another_state_file());
        const bool taken = stored != row->second.blocks.end() &&
                           (may_be_its_own || db_.state().writer(stored->second.invocation) != node.id());
        has_reason = key.lost || (key.retired && at > key.expiry) || taken;
    }
    if (has_reason) {
        checks_.held(CheckId::liveness);
        return;
    }
    Violation violation;
    violation.check = CheckId::liveness;
    violation.text =
        fmt::format("{} stops scanning at block {}, although its key is neither lost nor at its end, and "
                    "nobody else has stored that block",
                    node.name(), at.value);
    violation.place = node.name();
    checks_.violated(std::move(violation));
}

Task<> SimWorld::tell(Task<> story) {
    try {
        co_await std::move(story);
    } catch (...) {
        story_error_ = std::current_exception();
    }
    story_ended_ = true;
}

void SimWorld::run(Task<> story) {
    story_ended_ = false;
    Task<> telling = tell(std::move(story));
    engine::spawn(core_.scheduler, NodeId{}, "scenario", std::move(telling));
    try {
        core_.scheduler.run_until([this] { return story_ended_ || checks_.any_violation() || story_error_; });
    } catch (const Stuck& stuck) {
        Violation violation;
        violation.check = CheckId::liveness;
        violation.text = stuck.what();
        checks_.violated(std::move(violation));
    }
    if (core_.takes_notes()) core_.note(NodeId{}, heights());
    if (story_error_) std::rethrow_exception(std::exchange(story_error_, nullptr));
}

} // namespace sim
