#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

using namespace engine;

namespace {

/// A story in progress.
struct Teller {
    World& world;
    std::vector<Wallet*> wallets;
    std::vector<bool> busy; // the wallet's check is running
    std::vector<CreditRef> unspent;
    std::vector<chain::PublicKey> last_key; // of each ingest node, as last seen
    Signal idle;
};

Task<> poll_beside(std::shared_ptr<Teller> t, std::size_t w) {
    (void)co_await t->wallets[w]->poll();
    t->busy[w] = false;
    t->idle.notify_all();
}

Task<> until_idle(Teller& t, std::size_t w) {
    while (t.busy[w]) co_await t.idle.wait("a wallet's running check");
}

Task<> append(Teller& t, const PlannedStep& step) {
    BlockPlan plan;
    for (const PlannedCredit& planned : step.credits) {
        engine::Credit credit;
        credit.to = AccountId{planned.account % t.world.topology().accounts};
        credit.amount = planned.amount;
        if (planned.change) credit.subaddress = chain::change_subaddress;
        plan.credits.push_back(credit);
    }
    for (const std::uint32_t number : step.spends) {
        if (t.unspent.empty()) break;
        const auto at = t.unspent.begin() + static_cast<std::ptrdiff_t>(number % t.unspent.size());
        plan.spends.push_back(*at);
        t.unspent.erase(at);
    }
    const AppendedBlock block = co_await t.world.chain().append(std::move(plan));
    t.unspent.insert(t.unspent.end(), block.credits.begin(), block.credits.end());
}

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

Task<> perform(std::shared_ptr<Teller> t, const PlannedStep& step, Nursery& checks) {
    World& world = t->world;
    const auto ingest = world.ingest_nodes();
    const auto nodes = world.nodes();
    const auto copies = world.copies();
    const std::size_t w = step.node % t->wallets.size();
    Node& node = *nodes[step.node % nodes.size()];
    ChainCopy& copy = *copies[step.node % copies.size()];
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
    case Action::fault: {
        Fault fault;
        fault.kind = step.fault;
        fault.a = node.id();
        fault.b = nodes[step.other % nodes.size()]->id();
        fault.amount = step.amount;
        world.faults().begin(fault);
        break;
    }
    case Action::heal:
        world.faults().heal_all();
        break;
    case Action::clean_up:
        (void)co_await world.clean_up(std::chrono::seconds(step.amount));
        break;
    case Action::wait:
        co_await world.sleep(std::chrono::milliseconds(step.amount));
        break;
    }
}

std::string describe(const PlannedStep& step) {
    std::string text =
        fmt::format("{} node={} other={} amount={}", name(step.action), step.node, step.other, step.amount);
    if (step.action == Action::fault) text += fmt::format(" kind={}", engine::name(step.fault));
    for (const PlannedCredit& credit : step.credits)
        text +=
            fmt::format(" credit={}:{}{}", credit.account, credit.amount, credit.change ? "(change)" : "");
    for (const std::uint32_t spend : step.spends) text += fmt::format(" spend={}", spend);
    return text;
}

} // namespace

Task<> tell(World& world, std::shared_ptr<const Plan> plan) {
    auto teller = std::make_shared<Teller>(Teller{world, {}, {}, {}, {}, Signal(world.loop())});
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        for (std::uint32_t i = 0; i < plan->wallets_per_account; ++i)
            teller->wallets.push_back(&world.new_wallet(AccountId{a}));
    teller->busy.assign(teller->wallets.size(), false);
    teller->last_key.resize(world.ingest_nodes().size());
    Nursery checks(world.loop(), NodeId{});
    for (const PlannedStep& step : plan->steps) {
        world.step(describe(step));
        co_await perform(teller, step, checks);
    }
    world.faults().heal_all();
    co_await checks.join();
}

engine::Scenario scenario_of(Plan plan) {
    Scenario scenario;
    scenario.name = "lag";
    scenario.topology = plan.topology;
    auto shared = std::make_shared<const Plan>(std::move(plan));
    scenario.story = [shared](World& world) { return tell(world, shared); };
    return scenario;
}

} // namespace scenarios::lag
