// A key is retired by mistake and unretired before its expiry: the node goes on as if nothing had been,
// senders use the key, and its promise reaches into the future again.  The mistake is made once more and
// noticed too late: a block at the expiry is known, view may have passed it without the key, so unretiring
// is refused and another key takes over.
//
//      retire .. unretire           retire .............. expiry ... unretire: refused
//      ----------------------------------------------------x----->
//
// No block is promised without the records of the key that covered it.
//
// source: fog/ingest/server Retire and Unretire; known-bugs R12, R13.  needs: nothing
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> retired_key_is_unretired(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode& node = world.ingest(0);
    IngestNode& next = world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey key = co_await activate(world, node);
    co_await pay(world, alice, amounts.next());
    Pollers pollers(world);
    pollers.add_each();

    world.step("retired by mistake, and unretired in time");
    co_await command(world, node.api().retire(), "retire");
    const fog::IngressKeyRecord mistake = co_await key_record(world, node, key);
    const std::uint64_t blocks = dice.below(2);
    for (std::uint64_t b = 0; b < blocks; ++b) co_await pay(world, alice, amounts.next());
    expect(world, CheckId::crash, world.chain().height().end() < mistake.expiry,
           "the story stays below the expiry");
    co_await command(world, node.api().unretire(), "unretire");
    for (int b = 0; b < 4; ++b) co_await pay(world, bob, amounts.next());
    co_await until_level(world, world.chain().height());
    expect(world, CheckId::crash, node.mode() == fog::IngestMode::active, "the node goes on");

    world.step("retired again; a second key is there when the first expires");
    co_await command(world, node.api().retire(), "retire");
    const chain::PublicKey second = co_await activate(world, next);
    expect(world, CheckId::crash, second != key, "the nodes have keys of their own");
    const fog::IngressKeyRecord last = co_await key_record(world, node, key);
    while (world.chain().height().end() <= last.expiry.next()) {
        BlockPlan plan;
        if (world.chain().height().end() < last.expiry)
            plan.credits.push_back(coin(alice, amounts.next(), key));
        plan.credits.push_back(coin(bob, amounts.next(), second));
        co_await world.chain().append(std::move(plan));
        co_await poll_fresh(world);
    }
    co_await until_mode(world, node, fog::IngestMode::idle);
    co_await until_level(world, world.chain().height());
    const Result<fog::IngestSummary> too_late = co_await node.api().unretire();
    expect(world, CheckId::crash, !too_late && too_late.error().code == Code::retired,
           "a key past its expiry cannot be unretired");
    co_await pay(world, alice, amounts.next(), second);
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
}

} // namespace scenarios
