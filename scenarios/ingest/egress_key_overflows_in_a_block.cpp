// An egress key has room for five users, a block pays up to five of eight accounts, and the enclave takes
// two outputs at a time: the room runs out in the middle of most blocks, after some of their rows are
// made.
//
//      block:  | a a | b c | d e |      chunks of two; the map is full at c: all again under a new egress key
//
// Rows of one block never lie under two egress keys, no RNG has a hole, and the closed one is known to be
// closed: each wallet finds all its coins, however many RNGs it must search.  Now and then the node dies
// right then and resumes from its state file.
//
// source: fog/ingest/enclave egress key rotation; known-bugs R8.  needs: crash
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> egress_key_overflows_in_a_block(World& world) {
    IngestNode& node = world.ingest(0);
    const std::uint32_t accounts = world.topology().accounts;
    const std::uint32_t room = world.topology().user_capacity;
    Stream dice = world.plan(1);
    co_await activate(world, node);
    Wallet& old = world.new_wallet(AccountId{0});
    Wallet& other = world.new_wallet(AccountId{accounts - 1});
    Pollers pollers(world);
    pollers.add(old);
    pollers.add(other);

    std::uint64_t amount = 1; // small ones: the sum over all names the block, not the coin
    for (int b = 0; b < 8; ++b) {
        const std::uint32_t users = 2 + dice.below(room - 1); // no more than there is room for
        const std::uint32_t first = dice.below(accounts);
        BlockPlan plan;
        for (std::uint32_t i = 0; i < 2 * users; ++i)
            plan.credits.push_back(coin(AccountId{(first + i % users) % accounts}, amount));
        amount *= 16; // two coins at most for each account and block
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        world.step(fmt::format("block {} has {} outputs for {} users", block.index.value, 2 * users, users));
        if (dice.below(4) == 0) {
            const std::uint32_t life_ms = dice.below(300);
            co_await world.sleep(std::chrono::milliseconds(life_ms));
            world.step("the node dies and resumes");
            co_await node.crash();
            co_await node.start();
        } else if (dice.below(2) == 0) {
            co_await until_view(world, world.chain().height());
        }
    }
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
