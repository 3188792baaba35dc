// Bob has 100 and pays 1 of it for a sandwich: block 11 spends the coin of 100 and gives 99 back as
// change.  View is ahead of ledger and ledger ahead of view, by up to three blocks, at every combination
// on a path that the seed draws.
//
//      ledger ^
//       14    |     o o    a step to the right: ingest, and so view, gets the next block
//             |   o o      a step up: the ledger side gets it
//       11    o o          20 such paths lead from (11, 11) to (14, 14)
//             +----------> view
//
// Whoever adds the change to the coin it came from shows 199; who drops the coin before the change is in
// shows 0.  Both must be impossible at every combination, for a wallet that is polled all the way and for
// fresh ones: 100 as long as the count is at most 11, 99 from 12 on.
//
// source: fog testing README, "Examples of bugs that should be caught by this".  needs: hold_copies
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;

constexpr AccountId bob{0};
constexpr AccountId shop{1};
constexpr std::uint64_t sandwich_block = 11;

Task<> look(World& world, Wallet& wallet) {
    const Result<fog::BalanceReport> report = co_await wallet.poll();
    if (!report) co_return;
    const std::uint64_t count = report->count.value;
    if (count <= 1) co_return; // before bob had anything
    std::uint64_t right = 99;
    if (count <= sandwich_block) right = 100;
    const bool held = report->value() == right;
    expect(world, CheckId::balance, held,
           held ? ""
                : fmt::format("bob is shown {} at block count {}, not {}", check::to_text(report->value()),
                              count, right));
}

} // namespace

Task<> sandwich(World& world) {
    ChainCopy& ingest = world.copy("ingest");
    ChainCopy& ledger = world.copy("ledger");
    co_await activate(world, world.ingest(0));

    world.step("bob gets 100 in block 1; nothing of his happens up to block 10");
    const AppendedBlock paid = co_await pay(world, bob, 100);
    while (world.chain().height() < BlockCount{sandwich_block}) co_await empty_block(world);
    co_await until_level(world, BlockCount{sandwich_block});
    Wallet& old = world.new_wallet(bob);
    co_await look(world, old);
    ingest.hold();
    ledger.hold();

    world.step("the sandwich is in block 11; two more blocks follow");
    BlockPlan plan;
    plan.spends.push_back(paid.credits.at(0));
    plan.credits.push_back(coin(shop, 1));
    plan.credits.push_back(coin(bob, 99));
    plan.credits.back().subaddress = chain::change_subaddress;
    co_await world.chain().append(std::move(plan));
    co_await empty_block(world);
    co_await empty_block(world);

    Stream path = world.plan(1);
    const BlockCount tip = world.chain().height();
    while (ingest.count() < tip || ledger.count() < tip) {
        bool view_moves = path.below(2) == 0;
        if (ingest.count() == tip) view_moves = false;
        if (ledger.count() == tip) view_moves = true;
        if (view_moves)
            ingest.advance_to(ingest.count().end().count_through());
        else
            ledger.advance_to(ledger.count().end().count_through());
        world.step(fmt::format("ingest's copy has {} blocks, the ledger's {}", ingest.count().value,
                               ledger.count().value));
        co_await look(world, old); // while the services still move
        co_await look(world, world.new_wallet(bob));
        co_await until_view(world, ingest.count());
        co_await until_images(world, ledger.count());
        co_await look(world, old);
        co_await look(world, world.new_wallet(bob));
    }
    co_await look(world, old);
    const bool through = old.last() && old.last()->count == tip;
    expect(world, CheckId::liveness, through, "a wallet is level when both sides are");
}

} // namespace scenarios
