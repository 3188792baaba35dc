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
// A commit may come after its writer's death.  Then the standby, which has begun before, meets that block and
// gives up, as whoever loses a race does; and the dead node, which comes back meanwhile, has found the
// standby active and stays idle.  No service can tell that the winner will not go on: an operator looks
// whether anybody scans (upstream: the metric mode_is_active), and activates one of them again.
//
// source: fog/ingest/server controller, add_block_data; known-bugs R9, yield point 4.  needs:
// lose_commit_ack, crash
#include <fmt/format.h>

#include <algorithm>

#include "engine/world/reached.hpp"
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

bool nobody_scans(World& world) {
    const std::vector<IngestNode*> nodes = world.ingest_nodes();
    return std::none_of(nodes.begin(), nodes.end(), [](const IngestNode* node) {
        return node->is_up() && node->mode() == fog::IngestMode::active;
    });
}

bool is_viewed(World& world, BlockCount count) {
    const std::vector<ViewStoreNode*> stores = world.view_stores();
    return std::all_of(stores.begin(), stores.end(),
                       [count](const ViewStoreNode* store) { return has_reached(*store, count); });
}

// By every view store, with an operator who looks now and then.
Task<> until_view_with_an_operator(World& world, IngestNode& scanner) {
    constexpr int looks = 3;
    const BlockCount height = world.chain().height();
    for (int look = 0; look < looks; ++look) {
        auto either = [&world, height] { return is_viewed(world, height) || nobody_scans(world); };
        std::string what = fmt::format("block count {} by every view store", height.value);
        co_await world.until(std::move(what), std::move(either));
        if (is_viewed(world, height) || world.checks().any_violation()) co_return;
        co_await world.sleep(10s); // one that comes back may be about to go on
        if (!nobody_scans(world)) continue;
        world.step(fmt::format("nobody scans: {} is activated again", scanner.name()));
        const chain::PublicKey key = co_await take_over(world, scanner);
        (void)key; // the same
    }
    co_await until_view(world, height);
}

// A node that cannot tell whether its new key was stored may say so.  The row is there: the second command
// finds it.
Task<chain::PublicKey> activate_once_more_if_unsure(World& world, IngestNode& node) {
    const Result<fog::IngestSummary> first = co_await node.api().activate();
    if (first) co_return first->ingress_key;
    expect(world, CheckId::crash, is_transient(first.error()), "activate fails for the lost answer only");
    const chain::PublicKey key = co_await activate(world, node);
    co_return key;
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
    const chain::PublicKey key = co_await activate_once_more_if_unsure(world, *active);
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
        co_await until_view_with_an_operator(world, *active);
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
