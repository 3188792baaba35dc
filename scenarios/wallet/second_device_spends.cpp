// Two devices hold the same account.  One of them pays with coins the other has seen too, and one of the
// two key image stores that answer for all blocks is held back: a device that is answered by it sees the
// past.
//
//      chain --> copy "images0.0" --> key image store --+
//            \-> copy "images0.1" --> key image store --+--> ledger router --> both devices
//                      (held)
//
// A device must never call a spent coin unspent at a count that includes the spend, whichever store
// answered, must not go back when the next answer is older, and both must end with the same balance.
//
// source: conformance test, double spend step; known-bugs BH-50b, C-FINAL.  needs: own_copies, hold_copies
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> second_device_spends(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    ChainCopy& current = world.copy("images0.0");
    ChainCopy& stale = world.copy("images0.1");
    co_await activate(world, world.ingest(0));
    Wallet& phone = world.new_wallet(alice);
    Wallet& tablet = world.new_wallet(alice);
    const std::vector<Wallet*> both{&phone, &tablet};

    world.step("alice has 64, 128 and 256");
    BlockPlan wages;
    for (std::uint64_t amount : {64U, 128U, 256U}) wages.credits.push_back(coin(alice, amount));
    const AppendedBlock earned = co_await world.chain().append(std::move(wages));
    co_await until_level(world, world.chain().height());
    co_await poll_each(both);

    world.step("the phone pays 1, 2 and 4 while one key image store stays in the past");
    stale.hold();
    Pollers devices(world);
    devices.add(tablet);
    std::uint64_t price = 1;
    for (const CoinRef& coin_spent : earned.credits) {
        BlockPlan shopping;
        shopping.spends.push_back(coin_spent);
        shopping.credits.push_back(coin(bob, price));
        shopping.credits.push_back(coin(alice, 64 * price - price)); // the change
        shopping.credits.back().subaddress = chain::change_subaddress;
        price *= 2;
        const AppendedBlock block = co_await world.chain().append(std::move(shopping));
        auto seen = [&current, &block] { return current.count().includes(block.index); };
        std::string what = fmt::format("block {} by {}", block.index.value, current.name());
        co_await world.until(std::move(what), std::move(seen));
        for (int i = 0; i < 3; ++i) {
            const Result<fog::BalanceReport> report = co_await phone.poll();
            (void)report; // judged already
        }
        // The held store may be let forward by one block, never to the tip.
        Stream mercy = world.plan(1);
        const bool forward = mercy.below(2) != 0;
        if (forward && stale.count().end().next() < world.chain().height().end())
            stale.advance_to(stale.count().end().count_through());
    }

    world.step("the store catches up");
    stale.release();
    co_await until_level(world, world.chain().height());
    co_await devices.stop();
    co_await poll_each(both);
    const bool agree = phone.last() && tablet.last() && phone.last()->value() == tablet.last()->value();
    expect(world, CheckId::final, agree, "two devices of one account agree");
}

} // namespace scenarios
