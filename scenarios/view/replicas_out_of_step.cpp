// Every shard has two replicas, and they are out of step: a view replica reads a database that lags (where
// there is one), loses its database altogether, or restarts with nothing; a key image replica's chain copy is
// held.  The routers pick a replica for each single request, so one balance check mixes answers of both.
//
//      view router   --+-- view0.0     current             ledger router --+-- images0.0   current
//                      +-- view0.1     in the past                         +-- images0.1   in the past
//
// An old wallet that meets the replica of the past keeps what it knows: its count never goes down.  The
// lowest promise of one check is the one that counts: a coin the lagging replica does not find yet is not
// "not there".
//
// source: wallet fact sheet 1.8 "replicas out of step"; known-bugs R1, R3, yield point 7, BH-50b.  needs:
// own_copies, hold_copies, lose_commit_ack, crash
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> replicas_out_of_step(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    ViewStoreNode& view = world.view_store(1);
    ChainCopy& images = world.copy("images0.1");
    Stream dice = world.plan(1);
    Amounts amounts;
    co_await activate(world, world.ingest(0));
    Purse purse;
    purse.add(co_await pay(world, alice, amounts.next()));
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();
    pollers.add(world.new_wallet(alice));

    for (int round = 0; round < 6; ++round) {
        images.hold();
        std::optional<FaultId> fault;
        const std::uint32_t how = dice.below(3);
        if (how == 0 && world.can(Capability::stale_reads)) {
            const std::chrono::milliseconds behind(200 + dice.below(3000));
            fault = world.faults().begin(faults::StaleReads{view.id(), behind});
        } else if (how < 2) {
            fault = world.faults().begin(faults::DbDownFor{view.id()});
        } else {
            co_await view.crash();
            co_await view.start();
        }
        const std::uint32_t blocks = 1 + dice.below(2);
        for (std::uint32_t b = 0; b < blocks; ++b) {
            BlockPlan plan;
            purse.spend_oldest(plan);
            plan.credits.push_back(coin(alice, amounts.next()));
            plan.credits.push_back(coin(bob, amounts.next()));
            const AppendedBlock block = co_await world.chain().append(std::move(plan));
            world.step(fmt::format("block {}; the replicas are apart", block.index.value));
            purse.add(block);
            co_await poll_fresh(world);
        }
        ViewStoreNode& current = world.view_store(0);
        auto there = [&current, &world] { return current.count() == world.chain().height(); };
        co_await world.until("the chain's height by the current replica", std::move(there));
        co_await poll_fresh(world);
        if (fault) world.faults().heal(*fault);
        if (dice.below(2) == 0) images.release();
        if (dice.below(2) == 0) co_await until_view(world, world.chain().height());
    }

    world.step("the replicas are level");
    images.release();
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
