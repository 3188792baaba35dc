// An ingress key is lost.  Wallets poll right after it was reported lost: they are told of the missed
// blocks, but the count has not moved, because no other key has scanned anything yet.  Their event cursor
// is past the report then; they never hear of it again.
//
//      blocks   1 2 3 | 4 5 6 | 7 ...
//      K1       scans | missed: paid under K1, nobody scans
//      K2                     | activated only after the wallets have polled
//      wallet                 ^ told of [4,7) at count 4; polls again when the count has moved
//
// A wallet that drops what it was told because the count stood still would later show a count past the
// hole without the coins in it.
//
// source: known-bugs U1 (wallet fact sheet 1.10), R5.  needs: crash, state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> lost_key_before_the_count_moves(World& world) {
    const AccountId alice{0};
    const AccountId bob{1}; // has nothing before the missed blocks: no key image holds his count back
    IngestNode& dies = world.ingest(0);
    IngestNode& other = world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey lost = co_await activate(world, dies);
    for (int block = 0; block < 3; ++block) co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    std::vector<Wallet*> old = new_wallets(world);
    co_await poll_each(old);

    world.step("the key is lost; three more blocks are paid under it");
    co_await lose_key(dies);
    const fog::IngressKeyRecord record = co_await key_record(world, other, lost);
    while (world.chain().height().end() < record.expiry) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next(), lost));
        plan.credits.push_back(coin(bob, amounts.next(), lost));
        co_await world.chain().append(std::move(plan));
    }
    if (dice.below(2) == 0) co_await poll_each(old);

    world.step("reported lost; the wallets poll while the count stands still");
    const BlockCount stands = world.view_store(0).count();
    co_await report_lost(world, other, lost);
    const std::uint32_t polls = 1 + dice.below(3);
    for (std::uint32_t i = 0; i < polls; ++i) {
        if (i != 0) co_await poll_fresh(world);
        co_await poll_each(old);
    }
    expect(world, CheckId::balance, world.view_store(0).count() == stands,
           "view moves past missed blocks before another key has delivered one");

    world.step("another key goes on, and the count moves past the hole");
    co_await activate(world, other);
    Pollers pollers(world);
    for (Wallet* wallet : old) pollers.add(*wallet);
    co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_each(old);
    for (Wallet* wallet : old) {
        const bool through = wallet->last() && wallet->last()->count == world.chain().height();
        expect(world, CheckId::liveness, through, "an old wallet gets past the missed blocks");
    }
}

} // namespace scenarios
