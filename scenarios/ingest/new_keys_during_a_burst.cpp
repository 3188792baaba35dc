// One ingress key scans a burst of blocks while a second one is registered, again and again, at drawn
// moments.  Senders use the second key as soon as its report is out; its node reads a chain copy of its
// own and is late.
//
//      K1   scans 3 4 5 6 7 8 ...          a view store is in the middle of loading K1's blocks
//      K2             registered: covers from 6 on; a coin of block 7 is under K2
//
// A view store that has read the list of keys before K2 was in it, and then loads block 7 of K1, must not
// promise block 7: its list is older than the block.
//
// source: known-bugs R7, R11, BH-30; fog/view/server db_fetcher.  needs: own_copies, hold_copies
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> new_keys_during_a_burst(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode& steady = world.ingest(0);
    IngestNode& changing = world.ingest(1);
    ChainCopy& steady_copy = world.copy("ingest0");
    ChainCopy& late_copy = world.copy("ingest1");
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey k1 = co_await activate(world, steady);
    co_await pay(world, alice, amounts.next(), k1);
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    for (int round = 0; round < 6; ++round) {
        world.step(fmt::format("round {}: blocks have piled up for the first key", round));
        steady_copy.hold();
        late_copy.hold();
        for (int block = 0; block < 3; ++block) co_await pay(world, alice, amounts.next(), k1);
        steady_copy.release();
        const std::uint32_t moment_ms = dice.below(500);
        co_await world.sleep(std::chrono::milliseconds(moment_ms));
        const chain::PublicKey k2 = co_await activate(world, changing);
        co_await pay(world, bob, amounts.next(), k2);
        const BlockCount with_k2 = world.chain().height();
        co_await poll_fresh(world);
        if (dice.below(2) == 0) {
            auto ahead = [&steady_copy, with_k2] { return steady_copy.count() >= with_k2; };
            co_await world.until("the block by the first key's copy", std::move(ahead));
            co_await poll_fresh(world);
        }
        late_copy.release();
        co_await until_view(world, with_k2);

        world.step("the second key is retired and ends; the next round has another one");
        co_await command(world, changing.api().retire(), "retire");
        const fog::IngressKeyRecord retired = co_await key_record(world, changing, k2);
        while (world.chain().height().end() <= retired.expiry.next()) co_await empty_block(world);
        co_await until_mode(world, changing, fog::IngestMode::idle);
        co_await command(world, changing.api().new_keys(), "new-keys");
    }
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
}

} // namespace scenarios
