// The only key is lost at the tip of the chain, and no later block comes: the missed range lies wholly in
// the future.
//
// Nothing can move past it, and nobody may demand that it does: view knows no block above.  The wallets'
// counts stay, with the right balance.  Then a new key is activated whose start is inside the range; it
// has scanned nothing, so view stays; only its first block moves the count.
//
// source: mobilecoin 1399 and 1401, known-bugs BH-38.  needs: crash, state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> lost_key_at_the_tip(World& world) {
    const AccountId alice{0};
    IngestNode& dies = world.ingest(0);
    IngestNode& other = world.ingest(1);
    Amounts amounts;
    const chain::PublicKey lost = co_await activate(world, dies);
    co_await pay(world, alice, amounts.next());
    co_await pay(world, alice, amounts.next());
    const BlockCount tip = world.chain().height();
    co_await until_level(world, tip);
    std::vector<Wallet*> old = new_wallets(world);

    world.step("the key is lost at the tip");
    co_await lose_key(dies);
    co_await report_lost(world, other, lost);
    for (int i = 0; i < 2; ++i) co_await poll_each(old);
    co_await poll_fresh(world);
    for (Wallet* wallet : old) {
        const bool stays = wallet->last() && wallet->last()->count == tip;
        expect(world, CheckId::liveness, stays, "a wallet keeps the count it could reach before the loss");
    }

    world.step("a new key is there, but no block");
    const chain::PublicKey key = co_await activate(world, other);
    co_await poll_each(old);
    expect(world, CheckId::balance, world.view_store(0).count() == tip, "view moves without a block");

    world.step("blocks with coins under both keys");
    Pollers pollers(world);
    pollers.add_each();
    for (int block = 0; block < 3; ++block) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next(), lost));
        plan.credits.push_back(coin(alice, amounts.next(), key));
        co_await world.chain().append(std::move(plan));
        co_await poll_each(old);
    }
    co_await until_level(world, world.chain().height());
    co_await poll_each(old);
    co_await pollers.stop();
}

} // namespace scenarios
