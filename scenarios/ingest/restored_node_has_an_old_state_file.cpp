// An ingest node's machine is restored from a backup: its state file says active, next block 4.  Meanwhile
// a peer with the same key has scanned further, and is dead, or alive, or the key was reported lost and
// replaced.
//
//      ingest0   scan 1..3, file saved | dies              | restored from the file: "active at 4"
//      ingest1                           scans 4..6 | dies / lives / new key
//
// The database decides where to go on, not the file: no block is scanned twice under the key, none is left
// out, a node whose peer is alive stays idle, and a lost key publishes nothing.
//
// source: mobilecoin 1082, 1085, 1358, FOG-360; known-bugs BH-42.  needs: crash, state_files
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> restored_node_has_an_old_state_file(World& world) {
    enum : std::uint32_t { peer_died, peer_lives, key_was_lost };
    const AccountId alice{0};
    IngestNode& first = world.ingest(0);
    IngestNode& peer = world.ingest(1);
    Stream dice = world.plan(1);
    const std::uint32_t meanwhile = dice.below(3);
    Amounts amounts;

    const std::vector<IngestNode*> both{&first, &peer};
    co_await make_peers(world, both);
    const chain::PublicKey key = co_await activate(world, first);
    for (int block = 0; block < 3; ++block) co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    first.save_state_file();
    Pollers pollers(world);
    pollers.add_each();

    world.step("the node dies, and its peer goes on with the key");
    if (dice.below(2) == 0) co_await pay(world, alice, amounts.next());
    co_await first.crash();
    co_await take_over(world, peer);
    for (int block = 0; block < 3; ++block) co_await pay(world, alice, amounts.next());
    co_await until_view(world, world.chain().height());

    if (meanwhile == peer_died) {
        world.step("the peer dies as well; the restored node goes on where the peer stopped");
        if (dice.below(2) == 0)
            co_await pay(world, alice, amounts.next()); // perhaps half way through a block
        co_await peer.crash();
        first.put_back_state_file();
        co_await first.start();
        co_await until_mode(world, first, fog::IngestMode::active);
    } else if (meanwhile == peer_lives) {
        world.step("the restored node finds its peer active and stays idle");
        first.put_back_state_file();
        co_await first.start();
        co_await pay(world, alice, amounts.next());
        co_await until_view(world, world.chain().height());
        if (dice.below(2) == 0) {
            world.step("then the peer dies, and an operator activates the restored node");
            co_await peer.crash();
            co_await take_over(world, first);
        }
    } else {
        world.step("the key is reported lost and replaced; the restored node must not scan with it");
        co_await lose_key(peer);
        co_await peer.start();
        co_await report_lost(world, peer, key);
        co_await take_over(world, peer);
        first.put_back_state_file();
        co_await first.start();
    }
    for (int block = 0; block < 3; ++block) {
        co_await pay(world, alice, amounts.next());
        co_await poll_fresh(world);
    }
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
