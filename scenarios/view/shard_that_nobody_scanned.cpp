// A key is lost, and it takes so long until another one starts that a whole view shard lies between: no
// key has ever scanned one of its blocks.
//
//      view shards   [0 . . . 4)[4 . . . 8)[8 . . .
//      K1            1 2 x
//      missed            [3 . . . . . . . 11)          coins of these blocks are downloaded
//      K2                              9 ...
//
// The middle shard has nothing to serve and nothing to wait for.  It must not hold the merged count back
// for ever, and as long as the first shard has not reached its end, it must not be skipped either.
//
// source: fog/view/enclave collation, "all remaining blocks lie in missed ranges"; known-bugs R10, BH-25.
// needs: crash, state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> shard_that_nobody_scanned(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode& dies = world.ingest(0);
    IngestNode& other = world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey lost = co_await activate(world, dies);
    co_await pay(world, alice, amounts.next());
    co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    world.step("the key is lost, and nobody scans while six blocks pass");
    co_await lose_key(dies);
    if (dice.below(2) == 0) co_await report_lost(world, other, lost);
    while (world.chain().height() < BlockCount{9}) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next(), lost));
        plan.credits.push_back(coin(bob, amounts.next(), lost));
        co_await world.chain().append(std::move(plan));
    }
    co_await until_copies(world, world.chain().height());
    co_await poll_fresh(world);

    world.step("a key starts in the third shard");
    co_await activate(world, other);
    co_await report_lost(world, other, lost);
    co_await pay(world, alice, amounts.next());
    const std::uint32_t moment_ms = dice.below(600);
    co_await world.sleep(std::chrono::milliseconds(moment_ms));
    if (dice.below(2) == 0) {
        world.step("the empty shard's store restarts");
        co_await world.view_store(1).crash();
        co_await world.view_store(1).start();
    }
    co_await poll_fresh(world);
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    Wallet& fresh = world.new_wallet(bob);
    const Result<fog::BalanceReport> report = co_await fresh.poll();
    expect(world, CheckId::liveness, report && report->count == world.chain().height(),
           "a wallet gets past the shard that nobody scanned");
}

} // namespace scenarios
