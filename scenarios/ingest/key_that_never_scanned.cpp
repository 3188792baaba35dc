// An ingest node is activated, its report is published, senders use its key, and it dies for good before
// its first block.  Its key promises every block from its start on and has delivered none.
//
//      K1   active, report published | dead      promises [1, expiry), last scanned: none
//      K2                                        scans from 2 on
//
// View may not promise block 1 as long as the key is not reported lost, although another key has delivered
// later ones; once it is, the whole range [start, expiry) is missed, and wallets scan it themselves.
//
// source: fog/sql_recovery_db "unexpired keys", fog/overseer; known-bugs BH-28.
// needs: hold_copies, crash, state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> key_that_never_scanned(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    Amounts amounts;
    world.copy("ingest").hold();
    const chain::PublicKey orphan = co_await activate(world, world.ingest(0));
    const chain::PublicKey told = co_await report_key(world);
    expect(world, CheckId::crash, told == orphan, "senders are told the key");
    co_await pay(world, alice, amounts.next());
    co_await lose_key(world.ingest(0));
    world.copy("ingest").release();

    world.step("another node with a key of its own goes on");
    auto arrived = [&world] { return world.copy("ingest").count() == world.chain().height(); };
    co_await world.until("the block by the ingest copy", std::move(arrived));
    const chain::PublicKey key = co_await activate(world, world.ingest(1));
    Pollers pollers(world);
    pollers.add_each();
    co_await pay(world, bob, amounts.next(), key);
    co_await pay(world, alice, amounts.next(), orphan);
    auto loaded = [&world] { return world.image_store(0).count() == world.chain().height(); };
    co_await world.until("the blocks by the key image store", std::move(loaded));
    co_await poll_fresh(world);
    expect(world, CheckId::balance, world.view_store(0).count() <= BlockCount{1},
           "view promises a block of the orphan key");

    world.step("the key is reported lost");
    co_await report_lost(world, world.ingest(1), orphan);
    co_await poll_fresh(world);
    co_await pay(world, bob, amounts.next(), key);
    co_await pay(world, alice, amounts.next(), orphan); // a sender with the old report, below its expiry
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
