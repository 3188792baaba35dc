// The active node's commits are applied, but it never hears so: once for each kind of write an ingest node
// makes, alone or two in a row, at a moment the seed draws.  Now and then the node dies before it can ask
// again, and the standby with the same key goes on.
//
//      ingest0 --add_block--> recovery DB: stored
//              <--- X ------- (the answer is lost)      ingest0 dies      ingest1 starts at the next block
//
// The block is neither skipped nor stored twice: a writer's own repeat succeeds, another writer starts
// after it, and each coin is seen exactly once.
//
// source: fog/ingest/server controller, add_block_data; known-bugs R9, yield point 4.  needs:
// lose_commit_ack, crash
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;

// The node's next one or two.  What was left of an earlier loss is over: a command gives up after a few
// tries.
void lose_acknowledgements(World& world, IngestNode& node, Stream& dice) {
    world.faults().heal_all();
    const std::uint64_t commits = 1 + dice.below(2);
    world.faults().begin(faults::LoseCommitAck{node.id(), {commits}});
}

} // namespace

Task<> commit_answer_lost(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode* active = &world.ingest(0);
    IngestNode* standby = &world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;

    world.step("new ingress key and first report: the acknowledgements are lost");
    const std::vector<IngestNode*> both{active, standby};
    co_await make_peers(world, both);
    lose_acknowledgements(world, *active, dice);
    const chain::PublicKey key = co_await activate(world, *active);
    co_await pay(world, bob, amounts.next());
    co_await until_view(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    for (int round = 0; round < 5; ++round) {
        const BlockCount before = world.chain().height();
        // After the report, the invocation or the block, depending on how far the node is by then.
        const std::uint32_t delay_us = dice.below(8000);
        co_await pay(world, alice, amounts.next());
        const ChainCopy& copy = world.copy("ingest");
        auto arrived = [&copy, before] { return copy.count() > before; };
        co_await world.until("the block by the ingest copy", std::move(arrived));
        const std::uint32_t head_start_ms = dice.below(300);
        co_await world.sleep(std::chrono::milliseconds(head_start_ms) + std::chrono::microseconds(delay_us));
        lose_acknowledgements(world, *active, dice);
        if (dice.below(2) == 0) {
            const std::uint32_t life_us = dice.below(4000);
            co_await world.sleep(std::chrono::microseconds(life_us));
            world.step(
                fmt::format("round {}: {} dies, {} takes over", round, active->name(), standby->name()));
            co_await active->crash();
            const chain::PublicKey taken = co_await take_over(world, *standby);
            expect(world, CheckId::crash, taken == key, "the standby has the same ingress key");
            // The dead one comes back with its state file and must find that it is not needed.
            co_await active->start();
            std::swap(active, standby);
        }
        co_await pay(world, bob, amounts.next());
        co_await until_view(world, world.chain().height());
    }

    world.step("retire and report lost: the acknowledgements are lost");
    lose_acknowledgements(world, *active, dice);
    co_await command(world, active->api().retire(), "retire");
    lose_acknowledgements(world, *standby, dice);
    co_await report_lost(world, *standby, key);
    co_await poll_fresh(world);
    co_await pollers.stop();
}

} // namespace scenarios
