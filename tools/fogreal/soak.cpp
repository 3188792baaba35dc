#include <fmt/format.h>

#include <algorithm>

#include "engine/scenario.hpp"
#include "engine/world/fault_words.hpp"
#include "real/postgres/cluster.hpp"
#include "scenarios/support.hpp"
#include "tools/fogreal/runner.hpp"

namespace tools::fogreal {

using namespace engine;

namespace {

// Rounds of trouble, each ended by healing everything and demanding the whole truth from every wallet.
constexpr Duration round_length = 20s;
constexpr int polls_per_wallet = 40;

struct Soak {
    real::RealWorld& world;
    Stream dice;
    std::vector<CoinRef> coins; // not spent yet
    std::uint64_t faults = 0;
    std::uint64_t blocks = 0;
    std::uint64_t rounds = 0;
    bool trouble = false; // of this round goes on
};

Task<> write_block(Soak& s) {
    BlockPlan plan;
    const std::uint32_t credits = 1 + s.dice.below(4);
    for (std::uint32_t i = 0; i < credits; ++i) {
        engine::Credit credit;
        credit.to = AccountId{s.dice.below(s.world.topology().accounts)};
        credit.amount = 1 + s.dice.below(1000);
        if (s.dice.below(4) == 0) credit.subaddress = chain::change_subaddress;
        plan.credits.push_back(std::move(credit));
    }
    const std::uint32_t spends = s.dice.below(3);
    for (std::uint32_t i = 0; i < spends && !s.coins.empty(); ++i) {
        const std::uint32_t at = s.dice.below(static_cast<std::uint32_t>(s.coins.size()));
        plan.spends.push_back(s.coins[at]);
        s.coins.erase(s.coins.begin() + at);
    }
    const AppendedBlock block = co_await s.world.chain().append(std::move(plan));
    s.coins.insert(s.coins.end(), block.credits.begin(), block.credits.end());
    ++s.blocks;
}

Task<> write_blocks(Soak* s) {
    while (s->trouble) {
        co_await write_block(*s);
        const std::uint32_t pause_ms = 50 + s->dice.below(1500);
        co_await s->world.sleep(std::chrono::milliseconds(pause_ms));
    }
}

// Whether the number of such a fault says how many of 256.
bool is_a_share(FaultKind kind) {
    const Fault fault = Fault::read(kind, {});
    return std::visit(
        [](const auto& what) {
            return requires { what.share; };
        },
        fault.what());
}

Fault draw_fault(Soak& s) {
    constexpr FaultKind kinds[] = {
        FaultKind::partition,         FaultKind::cut,           FaultKind::isolate,
        FaultKind::slow_link,         FaultKind::drop_requests, FaultKind::drop_answers,
        FaultKind::reset_connections, FaultKind::db_down,       FaultKind::db_down_for,
        FaultKind::lose_commit_ack,   FaultKind::lose_commit,   FaultKind::fail_commit,
        FaultKind::watcher_behind,    FaultKind::disk_full};
    const std::vector<Node*> nodes = s.world.nodes();
    const FaultKind kind = kinds[s.dice.below(static_cast<std::uint32_t>(std::size(kinds)))];
    const std::uint32_t a = s.dice.below(static_cast<std::uint32_t>(nodes.size()));
    const std::uint32_t b = s.dice.below(static_cast<std::uint32_t>(nodes.size()));
    FaultNumbers numbers{nodes[a]->id(), nodes[b]->id(), 1 + s.dice.below(3)};
    if (kind == FaultKind::slow_link)
        numbers.amount = 20 + s.dice.below(400);
    else if (is_a_share(kind))
        numbers.amount = 16 + s.dice.below(100);
    if (fault_info(kind).place == FaultPlace::ingest) {
        const auto ingest = s.world.ingest_nodes();
        numbers.a = ingest[s.dice.below(static_cast<std::uint32_t>(ingest.size()))]->id();
    }
    return Fault::read(kind, numbers);
}

Task<> do_harm(Soak& s) {
    const std::vector<Node*> nodes = s.world.nodes();
    Node& node = *nodes[s.dice.below(static_cast<std::uint32_t>(nodes.size()))];
    const std::uint32_t what = s.dice.below(10);
    const std::uint32_t for_ms = 50 + s.dice.below(3000);
    ++s.faults;
    if (what < 4) {
        s.world.step(fmt::format("kill -9 {} and start it {} ms later", node.name(), for_ms));
        co_await node.crash();
        co_await s.world.sleep(std::chrono::milliseconds(for_ms));
        co_await node.start();
    } else if (what < 6) {
        s.world.step(fmt::format("SIGSTOP {} for {} ms", node.name(), for_ms));
        node.pause();
        co_await s.world.sleep(std::chrono::milliseconds(for_ms));
        node.resume();
    } else if (what == 6 && s.world.cluster() != nullptr) {
        const bool kills = s.dice.below(2) == 0;
        s.world.step(kills ? "kill -9 Postgres and start it again" : "restart Postgres");
        co_await s.world.restart_database(kills);
    } else {
        const Fault fault = draw_fault(s);
        s.world.step(fmt::format("for {} ms {}", for_ms, in_words(s.world, fault)));
        const FaultId id = s.world.faults().begin(fault);
        co_await s.world.sleep(std::chrono::milliseconds(for_ms));
        s.world.faults().heal(id);
    }
}

// Operators' commands, as a nervous operator gives them.
Task<> operate(Soak& s) {
    const auto nodes = s.world.ingest_nodes();
    IngestNode& node = *nodes[s.dice.below(static_cast<std::uint32_t>(nodes.size()))];
    const std::uint32_t what = s.dice.below(3);
    if (what == 0) {
        s.world.step(fmt::format("activate {}", node.name()));
        (void)co_await node.api().activate();
    } else if (what == 1) {
        s.world.step(fmt::format("retire the key of {}", node.name()));
        (void)co_await node.api().retire();
    } else {
        s.world.step(fmt::format("new keys at {}", node.name()));
        (void)co_await node.api().new_keys();
    }
}

template <class Store>
bool all_at(const std::vector<Store*>& stores, BlockCount height) {
    return std::all_of(stores.begin(), stores.end(), [&](Store* store) {
        if (store->range().start >= height.end()) return true;
        return store->count() >= std::min(height, BlockCount{store->range().end.value});
    });
}

Task<> round(Soak& s, const std::vector<engine::Wallet*>& wallets) {
    ++s.rounds;
    s.trouble = true;
    {
        scenarios::Pollers pollers(s.world);
        for (engine::Wallet* wallet : wallets) pollers.add(*wallet);
        Nursery writer(s.world.loop(), NodeId{});
        writer.spawn("blocks", write_blocks(&s));
        const Instant end = s.world.now() + round_length;
        while (s.world.now() < end && !s.world.checks().any_violation()) {
            const bool operates = s.dice.below(8) == 0;
            if (operates)
                co_await operate(s);
            else
                co_await do_harm(s);
            const std::uint32_t quiet_ms = s.dice.below(1500);
            co_await s.world.sleep(std::chrono::milliseconds(quiet_ms));
        }
        s.trouble = false;
        co_await writer.join();
        co_await pollers.stop();
    }
    s.world.step(fmt::format("round {}: everything is healed, {} blocks so far, {} faults", s.rounds,
                             s.blocks, s.faults));
    const BlockCount height = co_await settle(s.world);
    if (s.world.checks().any_violation()) co_return;
    for (engine::Wallet* wallet : wallets) {
        bool arrived = false;
        for (int poll = 0; poll < polls_per_wallet && !arrived; ++poll) {
            const engine::Result<fog::BalanceReport> report = co_await wallet->poll();
            arrived = report && report->count == height;
        }
        expect(s.world, CheckId::liveness, arrived,
               arrived ? ""
                       : fmt::format("a wallet of account {} is at block count {} of {} after healing",
                                     wallet->account().value,
                                     wallet->last() ? wallet->last()->count.value : 0, height.value));
    }
}

Task<> tell_soak(real::RealWorld& world, std::uint64_t seconds) {
    Soak s{world, world.plan(77), {}};
    (void)co_await world.ingest(0).api().activate();
    std::vector<engine::Wallet*> wallets;
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        wallets.push_back(&world.new_wallet(AccountId{a}));
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        wallets.push_back(&world.new_wallet(AccountId{a}));
    const Instant end = world.now() + std::chrono::seconds(seconds);
    while (world.now() < end && !world.checks().any_violation()) {
        co_await round(s, wallets);
        // The second wallet of every account begins anew.
        for (std::size_t i = wallets.size() / 2; i < wallets.size(); ++i) wallets[i]->restart();
    }
    world.step(
        fmt::format("the soak ends after {} rounds, {} blocks, {} faults", s.rounds, s.blocks, s.faults));
}

} // namespace

Telling soak(std::uint64_t seconds, std::uint64_t) {
    Telling out;
    out.name = "soak";
    out.topology.accounts = 4;
    out.topology.ingest_nodes = 2;
    out.topology.view_shards = 2;
    out.topology.view_replicas = 2;
    out.topology.image_shards = 2;
    out.topology.image_replicas = 1;
    out.topology.shard_blocks = 10;
    out.topology.own_copies = true;
    out.proxies = true;
    using engine::check::CheckId;
    out.must_judge = {CheckId::balance, CheckId::monotone, CheckId::response, CheckId::liveness,
                      CheckId::crash};
    out.story = [seconds](real::RealWorld& world) { return tell_soak(world, seconds); };
    return out;
}

} // namespace tools::fogreal
