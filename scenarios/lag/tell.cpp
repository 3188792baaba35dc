#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "scenarios/lag/plan.hpp"
#include "scenarios/lag/words.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

struct Payment {
    PreparedPayment prepared;
    bool landed = false;
};

/// A story in progress.
struct Teller {
    World& world;
    std::vector<Wallet*> wallets{};
    std::vector<bool> busy{}; // the wallet's check is running
    std::vector<CoinRef> unspent{};
    std::vector<Payment> payments{};
    std::vector<FaultId> faults{};            // begun and not ended by a step
    std::vector<chain::PublicKey> last_key{}; // of each ingest node, as last seen
    Signal idle;
    std::shared_ptr<Tally> tally{}; // never null
};

Task<> poll_beside(std::shared_ptr<Teller> t, std::size_t w) {
    const Result<fog::BalanceReport> shown = co_await t->wallets[w]->poll();
    if (shown) t->tally->looked = true;
    t->busy[w] = false;
    t->idle.notify_all();
}

Task<> until_idle(Teller& t, std::size_t w) {
    while (t.busy[w]) co_await t.idle.wait("a wallet's running check");
}

// ------------------------------------------------------------------------------------------------ blocks

Task<std::optional<BlockIndex>> expiry_as_reported(World& world) {
    constexpr std::uint64_t as_long_as_possible = 1'000'000;
    const Result<PreparedPayment> payment =
        co_await world.chain().prepare(AccountId{0}, 1, as_long_as_possible);
    if (!payment) co_return std::nullopt;
    co_return payment->tombstone;
}

Task<std::optional<BlockRange>> last_missed_range(World& world) {
    const auto nodes = world.ingest_nodes();
    const auto up = std::find_if(nodes.begin(), nodes.end(), [](IngestNode* n) { return n->is_up(); });
    if (up == nodes.end()) co_return std::nullopt;
    const Result<std::vector<BlockRange>> ranges = co_await (*up)->api().get_missed_block_ranges();
    if (!ranges || ranges->empty()) co_return std::nullopt;
    co_return *std::max_element(ranges->begin(), ranges->end(),
                                [](const BlockRange& a, const BlockRange& b) { return a.end < b.end; });
}

std::optional<BlockIndex> next_shard_end(World& world, std::uint64_t not_below) {
    const Topology& t = world.topology();
    const std::uint32_t shards = std::max(t.view_shards, t.image_shards);
    for (std::uint64_t end = t.shard_blocks; end < std::uint64_t{shards} * t.shard_blocks;
         end += t.shard_blocks)
        if (end >= not_below) return BlockIndex{end};
    return std::nullopt;
}

/// The block a step wants to be in.
Task<std::optional<BlockIndex>> block_at(Teller& t, const PlannedStep& step) {
    const std::uint64_t next = t.world.chain().height().value;
    std::optional<BlockIndex> found;
    std::uint64_t before = 0;
    switch (step.at) {
    case Boundary::none:
        co_return std::nullopt;
    case Boundary::before_shard_end:
        before = 1;
        [[fallthrough]];
    case Boundary::shard_end:
        found = next_shard_end(t.world, next + before);
        break;
    case Boundary::before_expiry:
        before = 1;
        [[fallthrough]];
    case Boundary::expiry:
        found = co_await expiry_as_reported(t.world);
        break;
    case Boundary::before_missed_end:
        before = 1;
        [[fallthrough]];
    case Boundary::missed_end:
    case Boundary::missed_start: {
        const std::optional<BlockRange> range = co_await last_missed_range(t.world);
        if (!range) co_return std::nullopt;
        found = range->end;
        if (step.at == Boundary::missed_start) found = range->start;
        break;
    }
    case Boundary::before_tombstone:
        before = 1;
        [[fallthrough]];
    case Boundary::tombstone:
        if (t.payments.empty()) co_return std::nullopt;
        found = t.payments[step.node % t.payments.size()].prepared.tombstone;
        break;
    }
    if (!found || found->value < before) co_return std::nullopt;
    co_return BlockIndex{found->value - before};
}

Task<> grow_to_boundary(Teller& t, const PlannedStep& step) {
    const std::optional<BlockIndex> target = co_await block_at(t, step);
    if (!target || target->value > t.world.chain().height().value + furthest_boundary) co_return;
    while (t.world.chain().height().end() < *target) {
        BlockPlan empty;
        (void)co_await t.world.chain().append(std::move(empty));
    }
}

engine::Credit credit_of(const Teller& t, const PlannedCredit& planned) {
    engine::Credit credit;
    credit.to = AccountId{planned.account % t.world.topology().accounts};
    credit.amount = planned.amount;
    credit.token_id = planned.token;
    credit.subaddress = planned.subaddress;
    if (planned.change) credit.subaddress = chain::change_subaddress;
    return credit;
}

// A sender that asks now, beside others that use the key they know: a block may have hints to two keys.
Task<> take_newest_key(Teller& t, engine::Credit& credit) {
    constexpr std::uint64_t as_long_as_possible = 1'000'000;
    const Result<PreparedPayment> payment =
        co_await t.world.chain().prepare(credit.to, 1, as_long_as_possible);
    if (payment && payment->tombstone > t.world.chain().height().end()) credit.hint_key = payment->hint_key;
}

Task<> append(Teller& t, const PlannedStep& step) {
    co_await grow_to_boundary(t, step);
    BlockPlan plan;
    for (const PlannedCredit& planned : step.credits) {
        plan.credits.push_back(credit_of(t, planned));
        if (planned.newest_key) co_await take_newest_key(t, plan.credits.back());
    }
    for (const std::uint32_t number : step.spends) {
        if (t.unspent.empty()) break;
        const auto at = t.unspent.begin() + static_cast<std::ptrdiff_t>(number % t.unspent.size());
        plan.spends.push_back(*at);
        t.unspent.erase(at);
    }
    const AppendedBlock block = co_await t.world.chain().append(std::move(plan));
    t.unspent.insert(t.unspent.end(), block.credits.begin(), block.credits.end());
    if (!block.credits.empty()) t.tally->credited = true;
}

Task<> prepare(Teller& t, const PlannedStep& step) {
    constexpr std::uint64_t as_long_as_possible = 1'000'000;
    const PlannedCredit& planned = step.credits.front();
    const AccountId to{planned.account % t.world.topology().accounts};
    std::uint64_t blocks = step.amount;
    if (blocks == 0) blocks = as_long_as_possible;
    Result<PreparedPayment> payment = co_await t.world.chain().prepare(to, planned.amount, blocks);
    if (payment) t.payments.push_back({std::move(*payment), false});
}

// The same output twice is refused by consensus.
Task<> submit(Teller& t, const PlannedStep& step) {
    if (t.payments.empty()) co_return;
    co_await grow_to_boundary(t, step);
    Payment& payment = t.payments[step.node % t.payments.size()];
    if (payment.landed) co_return;
    std::vector<PreparedPayment> one(1, payment.prepared);
    const std::vector<CoinRef> landed = co_await t.world.chain().submit(std::move(one));
    payment.landed = !landed.empty();
    if (payment.landed) t.tally->credited = true;
    t.unspent.insert(t.unspent.end(), landed.begin(), landed.end());
}

Task<> ask_landing(Teller& t, const PlannedStep& step, std::size_t wallet) {
    if (t.payments.empty()) co_return;
    const PreparedPayment payment = t.payments[step.other % t.payments.size()].prepared;
    const auto told = co_await t.wallets[wallet]->landing(payment);
    if (told) t.tally->looked = true;
}

bool is_level(World& world) {
    const BlockCount height = world.chain().height();
    for (ChainCopy* copy : world.copies())
        if (copy->count() < height) return false;
    for (StoreNode* store : world.stores()) {
        if (store->range().start >= height.end()) continue;
        if (store->count() < std::min(height, BlockCount{store->range().end.value})) return false;
    }
    return true;
}

// What is held, down or waits for an operator does not come along: the time says when that is enough.
Task<> settle(World& world, std::uint64_t budget_ms) {
    constexpr std::uint64_t look_every_ms = 100;
    for (std::uint64_t ms = 0; ms < budget_ms && !is_level(world); ms += look_every_ms)
        co_await world.sleep(std::chrono::milliseconds(look_every_ms));
}

// ------------------------------------------------------------------------------------------------ commands

// Operators' commands may be refused or time out; what they leave behind is the point.
Task<> command(Teller& t, const PlannedStep& step) {
    const auto nodes = t.world.ingest_nodes();
    const std::size_t n = step.node % nodes.size();
    const std::size_t m = step.other % nodes.size();
    fog::IngestApi& api = nodes[n]->api();
    Result<fog::IngestSummary> answer = Error{};
    switch (step.action) {
    case Action::activate:
        answer = co_await api.activate();
        if (answer) t.tally->scanned = true;
        break;
    case Action::retire:
        answer = co_await api.retire();
        break;
    case Action::unretire:
        answer = co_await api.unretire();
        break;
    case Action::new_keys:
        answer = co_await api.new_keys();
        break;
    case Action::sync_keys:
        answer = co_await api.sync_keys_from_remote(nodes[m]->responder_id());
        break;
    case Action::set_window:
        answer = co_await api.set_pubkey_expiry_window(step.amount);
        break;
    case Action::make_peers: {
        std::vector<std::string> peers;
        for (IngestNode* node : nodes) peers.push_back(node->responder_id());
        answer = co_await api.set_peers(std::move(peers));
        break;
    }
    case Action::report_lost: {
        if (t.last_key[m] == chain::PublicKey{}) co_return;
        (void)co_await api.report_lost_ingress_key(t.last_key[m]);
        co_return;
    }
    default:
        co_return;
    }
    if (answer) t.last_key[n] = answer->ingress_key;
}

Task<> command_beside(std::shared_ptr<Teller> t, const PlannedStep& step) { co_await command(*t, step); }

void begin_fault(Teller& t, const PlannedStep& step) {
    std::vector<NodeId> ends; // of links: the services, and then the wallets
    for (Node* node : t.world.nodes()) ends.push_back(node->id());
    for (Wallet* wallet : t.wallets) ends.push_back(wallet->id());
    FaultNumbers numbers{ends[step.node % ends.size()], ends[step.other % ends.size()], step.amount};
    if (step.fault == FaultKind::watcher_behind) numbers.amount %= t.world.copies().size();
    t.faults.push_back(t.world.faults().begin(Fault::read(step.fault, numbers)));
}

Task<> perform(std::shared_ptr<Teller> t, const PlannedStep& step, Nursery& checks) {
    World& world = t->world;
    const auto ingest = world.ingest_nodes();
    const auto nodes = world.nodes();
    const auto copies = world.copies();
    const auto stores = world.stores();
    const std::size_t w = step.node % t->wallets.size();
    Node& node = *nodes[step.node % nodes.size()];
    ChainCopy& copy = *copies[step.node % copies.size()];
    StoreNode& store = *stores[step.node % stores.size()];
    IngestNode& ingest_node = *ingest[step.node % ingest.size()];
    switch (step.action) {
    case Action::block:
        co_await append(*t, step);
        break;
    case Action::advance: {
        const BlockCount to{std::min(world.chain().height().value, copy.count().value + step.amount)};
        copy.advance_to(to);
        break;
    }
    case Action::hold:
        copy.hold();
        break;
    case Action::release:
        copy.release();
        break;
    case Action::poll: {
        co_await until_idle(*t, w);
        t->busy[w] = true;
        Task<> check = poll_beside(t, w);
        checks.spawn("poll", std::move(check));
        break;
    }
    case Action::join:
        for (std::size_t i = 0; i < t->wallets.size(); ++i) co_await until_idle(*t, i);
        break;
    case Action::restart_wallet:
        co_await until_idle(*t, w);
        t->wallets[w]->restart();
        break;
    case Action::kill_wallet:
        co_await until_idle(*t, w);
        co_await t->wallets[w]->poll_and_kill();
        break;
    case Action::activate:
    case Action::retire:
    case Action::unretire:
    case Action::new_keys:
    case Action::sync_keys:
    case Action::report_lost:
    case Action::set_window:
    case Action::make_peers:
        if (step.action != Action::set_window && step.amount == 1) {
            Task<> beside = command_beside(t, step);
            checks.spawn("an operator's command", std::move(beside));
            break;
        }
        co_await command(*t, step);
        break;
    case Action::crash:
        co_await node.crash();
        break;
    case Action::start:
        co_await node.start();
        break;
    case Action::pause:
        node.pause();
        break;
    case Action::resume:
        node.resume();
        break;
    case Action::lose_state:
        ingest_node.delete_state_file();
        break;
    case Action::save_state:
        ingest_node.save_state_file();
        break;
    case Action::put_back_state:
        ingest_node.put_back_state_file();
        break;
    case Action::fault:
        begin_fault(*t, step);
        break;
    case Action::heal:
        world.faults().heal_all();
        t->faults.clear();
        break;
    case Action::end_fault: {
        if (t->faults.empty()) break;
        const auto which = t->faults.begin() + static_cast<std::ptrdiff_t>(step.node % t->faults.size());
        world.faults().heal(*which);
        t->faults.erase(which);
        break;
    }
    case Action::hold_store:
        store.hold(BlockCount{store.count().value + step.amount});
        break;
    case Action::release_store:
        store.release();
        break;
    case Action::prepare:
        co_await prepare(*t, step);
        break;
    case Action::submit:
        co_await submit(*t, step);
        break;
    case Action::landing:
        co_await until_idle(*t, w);
        co_await ask_landing(*t, step, w);
        break;
    case Action::inquire:
        co_await until_idle(*t, w);
        co_await t->wallets[w]->inquire(step.amount);
        break;
    case Action::settle:
        co_await settle(world, step.amount);
        break;
    case Action::clean_up:
        (void)co_await world.clean_up(std::chrono::seconds(step.amount));
        break;
    case Action::wait:
        co_await world.sleep(std::chrono::milliseconds(step.amount));
        break;
    }
}

} // namespace

std::string untested(const Tally& tally) {
    std::string why;
    const auto say = [&why](const char* what) { why += fmt::format("{}{}", why.empty() ? "" : ", ", what); };
    if (!tally.scanned) say("no ingest node was activated");
    if (!tally.credited) say("no coin landed");
    if (!tally.looked) say("no wallet has shown a balance");
    return why;
}

Task<> tell_growing(World& world, std::shared_ptr<const Plan> plan, std::shared_ptr<Tally> tally,
                    std::function<void()> more) {
    auto teller = std::make_shared<Teller>(Teller{.world = world, .idle = Signal(world.loop())});
    teller->tally = std::move(tally);
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        for (std::uint32_t i = 0; i < plan->wallets_per_account; ++i)
            teller->wallets.push_back(&world.new_wallet(AccountId{a}));
    teller->busy.assign(teller->wallets.size(), false);
    teller->last_key.resize(world.ingest_nodes().size());
    Nursery checks(world.loop(), NodeId{});
    const Words words(*plan, world.topology());
    for (std::size_t i = 0; i < plan->steps.size(); ++i) {
        world.step(words.of(i));
        co_await perform(teller, plan->steps[i], checks);
        if (more && i + 1 == plan->steps.size()) more();
    }
    world.faults().heal_all();
    co_await checks.join();
}

Task<> tell(World& world, std::shared_ptr<const Plan> plan, std::shared_ptr<Tally> tally) {
    std::function<void()> nothing_more;
    return tell_growing(world, std::move(plan), std::move(tally), std::move(nothing_more));
}

namespace {

std::optional<Capability> need_of(const PlannedStep& step) {
    switch (step.action) {
    case Action::advance:
    case Action::hold:
    case Action::release:
        return Capability::hold_copies;
    case Action::hold_store:
    case Action::release_store:
        return Capability::hold_stores;
    case Action::kill_wallet:
        return Capability::kill_wallet;
    case Action::crash:
    case Action::start:
        return Capability::crash;
    case Action::pause:
    case Action::resume:
        return Capability::pause;
    case Action::lose_state:
    case Action::save_state:
    case Action::put_back_state:
        return Capability::state_files;
    case Action::fault:
        return fault_info(step.fault).needs;
    default:
        return std::nullopt;
    }
}

} // namespace

engine::Scenario scenario_of(Plan plan, std::shared_ptr<Tally> tally) {
    Scenario scenario;
    scenario.name = "lag";
    scenario.topology = plan.topology;
    scenario.finds_report = true;
    for (const PlannedStep& step : plan.steps) {
        const std::optional<Capability> need = need_of(step);
        if (!need) continue;
        if (std::find(scenario.needs.begin(), scenario.needs.end(), *need) == scenario.needs.end())
            scenario.needs.push_back(*need);
    }
    auto shared = std::make_shared<const Plan>(std::move(plan));
    if (!tally) tally = std::make_shared<Tally>();
    scenario.story = [shared, tally](World& world) { return tell(world, shared, tally); };
    return scenario;
}

} // namespace scenarios::lag
