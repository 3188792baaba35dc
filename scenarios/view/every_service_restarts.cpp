// Every service of fog in turn dies at a bad moment and comes back: both ingest nodes, each view store,
// each key image store, both routers and the report server.  A block arrives just before, so that it dies
// while it scans, loads or answers, and wallets poll all the time; some of them are killed themselves.
//
// A service that comes back knows nothing and says so: no wallet goes back to a lower count, none shows a
// balance that leaves out what the service had known, and a check may fail only because the service is
// down.
//
// source: fog testing README; known-bugs BH-36, F15.  needs: crash, kill_wallet
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> every_service_restarts(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    Stream moments = world.plan(1);
    Amounts amounts;
    const std::vector<IngestNode*> both{&world.ingest(0), &world.ingest(1)};
    co_await make_peers(world, both);
    co_await activate(world, world.ingest(0));
    Purse purse;
    purse.add(co_await pay(world, alice, amounts.next()));
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();
    pollers.add_doomed(world.new_wallet(alice));

    for (Node* node : world.nodes()) {
        BlockPlan plan;
        purse.spend_oldest(plan);
        plan.credits.push_back(coin(alice, amounts.next()));
        plan.credits.push_back(coin(bob, amounts.next()));
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        const std::uint32_t moment_us = moments.below(400'000);
        co_await world.sleep(std::chrono::microseconds(moment_us));
        world.step(fmt::format("{} dies after block {}", node->name(), block.index.value));
        co_await node->crash();
        const std::uint32_t down_ms = moments.below(300);
        co_await world.sleep(std::chrono::milliseconds(down_ms));
        co_await node->start();
        if (moments.below(2) == 0) {
            const std::uint32_t again_us = moments.below(300'000);
            co_await world.sleep(std::chrono::microseconds(again_us));
            world.step(fmt::format("{} dies again while it loads", node->name()));
            co_await node->crash();
            co_await node->start();
        }
        if (moments.below(2) == 0) co_await until_level(world, world.chain().height());
        purse.add(block);
    }
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
