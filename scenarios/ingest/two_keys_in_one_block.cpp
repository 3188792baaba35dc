// The ingress key is rotated, and while the old key still promises blocks, senders use both: one block
// pays the same account under the hint of the old key and under that of the new one.  The two ingest nodes
// read chain copies of their own and are ahead of each other by turns.
//
//      ingest0, K1  --- active --- retired ---- expiry | idle
//      ingest1, K2              --- active ------------------->
//      senders          K1          K1 and K2          | K2
//
// View may promise a block only when both keys' records of it are in: nobody sees one half of the block.
// The last payment under the old key is in the last block it covers, expiry - 1.
//
// source: fog/recovery_db_iface key coverage; known-bugs R13, BH-34.  needs: own_copies, hold_copies
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> two_keys_in_one_block(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode& old_node = world.ingest(0);
    IngestNode& new_node = world.ingest(1);
    ChainCopy& old_copy = world.copy("ingest0");
    ChainCopy& new_copy = world.copy("ingest1");
    Stream lag = world.plan(1);
    Amounts amounts;

    const chain::PublicKey k1 = co_await activate(world, old_node);
    co_await pay(world, alice, amounts.next());
    co_await pay(world, bob, amounts.next());
    co_await until_level(world, world.chain().height());

    world.step("the new key is activated, the old one retired");
    const chain::PublicKey k2 = co_await activate(world, new_node);
    co_await command(world, old_node.api().retire(), "retire");
    const fog::IngressKeyRecord retired = co_await key_record(world, old_node, k1);
    expect(world, CheckId::crash, retired.retired, "the key is retired");
    const BlockIndex expiry = retired.expiry;

    Pollers pollers(world);
    pollers.add_each();
    old_copy.hold();
    new_copy.hold();
    while (world.chain().height().end() <= expiry.next()) {
        const bool old_key_may = world.chain().height().end() < expiry;
        BlockPlan plan;
        if (old_key_may) plan.credits.push_back(coin(alice, amounts.next(), k1));
        plan.credits.push_back(coin(alice, amounts.next(), k2));
        if (old_key_may) plan.credits.push_back(coin(bob, amounts.next(), k1));
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        world.step(fmt::format("block {} pays under {}", block.index.value,
                               old_key_may ? "both keys" : "the new key"));
        // One of the nodes, both or none get it now.
        const std::uint32_t who = lag.below(4);
        if ((who & 1) != 0) old_copy.advance_to(world.chain().height());
        if ((who & 2) != 0) new_copy.advance_to(world.chain().height());
        co_await poll_fresh(world);
    }

    world.step("both nodes have every block; the old one ends by itself");
    old_copy.release();
    new_copy.release();
    co_await until_mode(world, old_node, fog::IngestMode::idle);
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
