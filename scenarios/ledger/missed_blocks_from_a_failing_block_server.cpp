// A key is lost, another goes on, and wallets must download the missed blocks; but the service that has
// them is behind the rest of the ledger side, is cut off, or dies between the requests of one check.
//
//      copy "ledger"       held: some of the missed blocks are there, or none      --> ledger router: blocks
//      copy "images0.0"    follows the chain                                       --> key image store
//      copy "images0.1"    held                                                    --> its replica
//
// A block that did not come stays missing and limits the count, also for an account without a coin, whose
// check never asks about a key image and so succeeds.  A range leaves the list block by block, not request
// by request.
//
// The last missed blocks also pay under the new key: those coins are found by search first and downloaded
// later, and what was known of them by then stays known, whichever key image replica is asked next.  Two
// missed coins are spent before anybody has downloaded them: one that arrives so late is not known unspent
// up to the count that view had reached.
//
// source: known-bugs BH-21, BH-26, BH-35, R4, R6, U2, U7.  needs: own_copies, hold_copies, crash,
// message_faults
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> missed_blocks_from_a_failing_block_server(World& world) {
    const AccountId alice{0};
    const AccountId poor{1}; // all coins are in missed blocks
    IngestNode& dies = world.ingest(0);
    IngestNode& other = world.ingest(1);
    ChainCopy& ledger = world.copy("ledger");
    ChainCopy& replica = world.copy("images0.1");
    Node& router = world.ledger_router();
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey lost = co_await activate(world, dies);
    BlockPlan payday;
    payday.credits.push_back(coin(alice, amounts.next()));
    payday.credits.push_back(coin(alice, amounts.next()));
    Purse wages;
    wages.add(co_await world.chain().append(std::move(payday)));
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    world.step("the key is lost; coins of the missed blocks are nowhere but on the chain");
    ledger.hold();
    co_await lose_key(dies);
    Purse missed;
    for (int block = 0; block < 4; ++block) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next(), lost));
        plan.credits.push_back(coin(poor, amounts.next(), lost));
        missed.add(co_await world.chain().append(std::move(plan)));
    }
    co_await until_images(world, world.chain().height());
    co_await report_lost(world, other, lost);
    const chain::PublicKey key = co_await activate(world, other);
    replica.hold();
    for (int block = 0; block < 2; ++block) {
        BlockPlan plan;
        wages.spend_oldest(plan);
        missed.spend_oldest(plan);
        plan.credits.push_back(coin(alice, amounts.next(), key));
        plan.credits.push_back(coin(alice, amounts.next(), lost));
        co_await world.chain().append(std::move(plan));
    }
    co_await until_view(world, world.chain().height());

    while (ledger.count() < world.chain().height()) {
        world.step(fmt::format("the block server has {} of {} blocks", ledger.count().value,
                               world.chain().height().value));
        const std::uint32_t how = dice.below(3);
        const std::uint32_t while_ms = 40 + dice.below(200);
        if (how == 0) {
            co_await router.crash();
            co_await world.sleep(
                std::chrono::milliseconds(while_ms)); // longer than a request's retries, or not
            co_await router.start();
        } else if (how == 1) {
            const FaultId cut = world.faults().begin(faults::Isolate{router.id()});
            co_await world.sleep(std::chrono::milliseconds(while_ms));
            world.faults().heal(cut);
        }
        co_await poll_fresh(world);
        ledger.advance_to(ledger.count().end().count_through());
        co_await poll_fresh(world);
    }
    ledger.release();
    replica.release();
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
