// Two ingest nodes with keys of their own are activated before the first block, at the same height: two
// seeds for every wallet, both with the same start block.
//
// A wallet that keeps its seeds by start block would search only one of them.  Payments come under one
// key, under the other and under both; nodes of the same start may also be apart, since each has its own
// chain copy.
//
// source: android-sdk 136 and 137, known-bugs BH-34.  needs: own_copies, hold_copies
#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> two_keys_start_at_one_block(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    const chain::PublicKey k1 = co_await activate(world, world.ingest(0));
    const chain::PublicKey k2 = co_await activate(world, world.ingest(1));
    const fog::IngressKeyRecord first = co_await key_record(world, world.ingest(0), k1);
    const fog::IngressKeyRecord second = co_await key_record(world, world.ingest(0), k2);
    expect(world, CheckId::crash, first.start == second.start, "both keys start at one block");

    Stream which = world.plan(1);
    Amounts amounts;
    Pollers pollers(world);
    pollers.add_each();
    ChainCopy& behind = world.copy(which.below(2) == 0 ? "ingest0" : "ingest1");
    behind.hold();
    for (int block = 0; block < 5; ++block) {
        const std::uint32_t keys = 1 + which.below(3);
        BlockPlan plan;
        if ((keys & 1) != 0) plan.credits.push_back(coin(alice, amounts.next(), k1));
        if ((keys & 2) != 0) plan.credits.push_back(coin(alice, amounts.next(), k2));
        plan.credits.push_back(coin(bob, amounts.next(), block % 2 == 0 ? k1 : k2));
        co_await world.chain().append(std::move(plan));
        co_await poll_fresh(world);
        if (which.below(3) == 0) behind.advance_to(world.chain().height());
    }
    behind.release();
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
