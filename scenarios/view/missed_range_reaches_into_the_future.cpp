// A lost key had promised eight blocks more than the chain has: the missed range begins below the tip,
// reaches into the future, and crosses the ends of two view shards.  Its blocks arrive one by one, each
// with coins under the lost key (from senders with the old report) and under the new one.  The ledger's
// copy, from which wallets download missed blocks, lags.
//
//      view shards   [0 . . . . 5)[5 . . . . 10)[10 . . .
//      K1            1 2 3 x
//      missed              [4 . . . . . . 11)
//      K2                  scans every block from here on
//
// The first missing block is the limit: a wallet may count [0, 4) before it has block 4, and never one
// more.  At each height some of the coins come from view and some from the download, and some from both.
//
// source: known-bugs U2, R4, BH-21, BH-35; wallet fact sheet 1.4 B4.  needs: own_copies, hold_copies, crash,
// state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> missed_range_reaches_into_the_future(World& world) {
    const AccountId alice{0};
    const AccountId bob{1}; // never has a coin that is unspent before the hole
    IngestNode& dies = world.ingest(0);
    IngestNode& other = world.ingest(1);
    ChainCopy& ledger = world.copy("ledger"); // of the ledger router: missed blocks come from here
    Stream lag = world.plan(1);
    Amounts amounts;
    const chain::PublicKey lost = co_await activate(world, dies);
    for (int block = 0; block < 3; ++block) co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    std::vector<Wallet*> old = new_wallets(world);
    co_await poll_each(old);

    world.step("the key is lost and reported; another key goes on");
    co_await lose_key(dies);
    const fog::IngressKeyRecord record = co_await key_record(world, other, lost);
    co_await report_lost(world, other, lost);
    const chain::PublicKey key = co_await activate(world, other);
    ledger.hold();

    while (world.chain().height().end() <= record.expiry.next()) {
        const bool old_report = world.chain().height().end() < record.expiry;
        BlockPlan plan;
        if (old_report) plan.credits.push_back(coin(bob, amounts.next(), lost));
        if (old_report) plan.credits.push_back(coin(alice, amounts.next(), lost));
        plan.credits.push_back(coin(alice, amounts.next(), key));
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        const std::uint32_t behind = lag.below(3);
        const BlockCount wanted{world.chain().height().value - behind};
        if (wanted > ledger.count()) ledger.advance_to(wanted);
        world.step(fmt::format("block {}; the ledger's copy has {} blocks", block.index.value,
                               ledger.count().value));
        if (lag.below(3) == 0) co_await until_view(world, world.chain().height());
        co_await poll_each(old);
        co_await poll_fresh(world);
    }

    world.step("the ledger's copy is level");
    co_await until_view(world, world.chain().height());
    co_await poll_each(old); // view has everything, the missing blocks are not there
    ledger.release();
    co_await until_level(world, world.chain().height());
    co_await poll_each(old);
    for (Wallet* wallet : old) {
        const bool through = wallet->last() && wallet->last()->count == world.chain().height();
        expect(world, CheckId::liveness, through, "an old wallet gets past the missed blocks");
    }
}

} // namespace scenarios
