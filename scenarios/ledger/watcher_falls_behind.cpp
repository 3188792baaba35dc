// The watcher stops delivering block times for one chain copy: blocks arrive, but ingest, or the key image
// store, waits for the time of the next one.  The two sides stall at different heights while the other
// goes on.
//
//      chain     1 2 3 4 5 6 7
//      ingest    1 2 3 .            waits for the time of 4
//      ledger    1 2 3 4 5 6 7
//
// Late, but true: a wallet shows the right balance at its lower count.  When the times arrive everything
// catches up without help.
//
// source: fog 123, fog 228, ec54c8a54; known-bugs BH-40.  needs: nothing
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> watcher_falls_behind(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    Stream dice = world.plan(1);
    Amounts amounts;
    co_await activate(world, world.ingest(0));
    Wallet& old = world.new_wallet(alice);
    Purse purse;
    auto next_block = [&] {
        BlockPlan plan;
        if (purse.size() > 2) purse.spend_oldest(plan);
        plan.credits.push_back(coin(alice, amounts.next()));
        plan.credits.push_back(coin(bob, amounts.next()));
        return plan;
    };

    for (int round = 0; round < 2; ++round) {
        BlockPlan timed = next_block();
        purse.add(co_await world.chain().append(std::move(timed)));
        co_await until_level(world, world.chain().height());

        const faults::WatcherBehind watcher{
            faults::CopyNumber{dice.below(2)}}; // of ingest's, or the ledger's
        const bool ingest_waits = watcher.copy == faults::CopyNumber{0};
        world.step(ingest_waits ? "ingest gets no more block times" : "the ledger gets no more block times");
        const FaultId behind = world.faults().begin(watcher);
        const BlockCount stalled = world.chain().height();
        for (int b = 0; b < 3; ++b) {
            BlockPlan untimed = next_block();
            purse.add(co_await world.chain().append(std::move(untimed)));
            if (ingest_waits)
                co_await until_images(world, world.chain().height());
            else
                co_await until_view(world, world.chain().height());
            const Result<fog::BalanceReport> report = co_await old.poll();
            const bool late = report && report->count >= stalled;
            expect(world, CheckId::liveness, late,
                   "a wallet keeps the count it could reach before the watcher stopped");
            co_await poll_fresh(world);
        }
        const BlockCount view = world.view_store(0).count();
        const BlockCount images = world.image_store(0).count();
        expect(world, CheckId::crash, (ingest_waits ? view : images) == stalled,
               "a service goes on without block times");

        world.step("the watcher catches up");
        world.faults().heal(behind);
        co_await until_level(world, world.chain().height());
        co_await poll_fresh(world);
    }
    const Result<fog::BalanceReport> report = co_await old.poll();
    (void)report; // judged already
}

} // namespace scenarios
