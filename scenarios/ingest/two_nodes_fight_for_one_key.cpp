// A partition separates two ingest nodes that share one ingress key, and each is told to be active: both
// scan the same blocks with the same key, under egress keys of their own, and both believe to be the only
// one.
//
//      ingest0 --+                            +-- ingest1
//                +--> recovery DB (fence) <---+              one winner per (key, block); the loser goes idle
//
// The fence is the database's rule of one writer per key and block.  No coin may be seen twice, none may
// be missing because the loser's rows were thrown away, and the loser's egress key is never used again.
// The operator keeps activating the losers, so the fight goes on for several blocks.
//
// source: known-bugs BH-43, R8, R9; fog/ingest/server three node fencing test.  needs: message_faults
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;

// The operator's hand that wakes every loser again.
Task<> keep_active(World& world, IngestNode& node, bool& go_on, Stream pace) {
    while (go_on) {
        const Result<fog::IngestSummary> active = co_await node.api().activate();
        (void)active; // refused while the other one is seen active
        const std::uint32_t pause_ms = 20 + pace.below(500);
        co_await world.sleep(std::chrono::milliseconds(pause_ms));
    }
}

} // namespace

Task<> two_nodes_fight_for_one_key(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode& left = world.ingest(0);
    IngestNode& right = world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;

    world.step("both nodes have the same ingress key");
    const fog::IngestSummary synced = co_await command(
        world, right.api().sync_keys_from_remote(left.responder_id()), "sync-keys-from-remote");
    const bool as_peers = dice.below(2) == 0; // else strangers, as the conformance test starts them
    if (as_peers) {
        const std::vector<IngestNode*> both{&left, &right};
        co_await make_peers(world, both);
    }
    const chain::PublicKey key = co_await activate(world, left);
    expect(world, CheckId::crash, key == synced.ingress_key, "the key was synced");
    co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());

    world.step("a partition; the other node is activated too");
    const FaultId cut = world.faults().begin(faults::Partition{left.id(), right.id()});
    co_await take_over(world, right);

    Pollers pollers(world);
    pollers.add_each();
    bool fighting = true;
    Nursery operators(world.loop(), NodeId{});
    operators.spawn("left's operator", keep_active(world, left, fighting, world.plan(2)));
    operators.spawn("right's operator", keep_active(world, right, fighting, world.plan(3)));
    for (int round = 0; round < 6; ++round) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next()));
        plan.credits.push_back(coin(bob, amounts.next()));
        co_await world.chain().append(std::move(plan));
        if (dice.below(3) != 0) co_await until_view(world, world.chain().height());
        if (round == 3) world.faults().heal(cut);
    }
    co_await until_view(world, world.chain().height());
    fighting = false;
    co_await operators.join();
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
