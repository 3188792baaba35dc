// Three view shards and three key image shards, each of four blocks but the last, and a chain of fourteen
// blocks: every wallet's history crosses all of them.  The shards are never level: chain copies are held,
// a store is stopped, and the middle one restarts with nothing while its neighbours are complete.
//
//      [0 1 2 3)[4 5 6 7)[8 9 10 ...      view: one is stopped or restarted
//      [0 1 2 3)[4 5 6 7)[8 9 10 ...      key images: each at a height of its own
//
// The merged count is the longest prefix without a hole.  A complete shard does not freeze it, a shard of
// the future does not pull it to zero, and a restarted middle shard is a hole, not an end.
//
// source: known-bugs R10, BH-24, BH-25, F14; fog/ledger/server router handlers.  needs: own_copies,
// hold_copies, pause, crash
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> shards_at_different_heights(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    Stream dice = world.plan(1);
    Amounts amounts;
    co_await activate(world, world.ingest(0));
    const std::vector<ImageStoreNode*> image_stores = world.image_stores();
    std::vector<ChainCopy*> image_copies;
    for (ImageStoreNode* store : image_stores) image_copies.push_back(&world.copy(store->name()));
    Pollers pollers(world);
    pollers.add_each();

    Purse purse;
    Node* stopped = nullptr;
    while (world.chain().height() < BlockCount{14}) {
        BlockPlan plan;
        // A coin of the first shard is spent in the second, one of the second in the third.
        if (purse.size() > 6) purse.spend_oldest(plan);
        plan.credits.push_back(coin(alice, amounts.next()));
        plan.credits.push_back(coin(bob, amounts.next()));
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        purse.add(block);
        world.step(fmt::format("block {}", block.index.value));

        if (stopped != nullptr) stopped->resume();
        stopped = nullptr;
        const std::uint32_t what = dice.below(6);
        const std::uint32_t which = dice.below(3);
        if (what == 0) image_copies[which]->hold();
        if (what == 1) image_copies[which]->release();
        if (what == 2) {
            stopped = &world.view_store(which);
            stopped->pause();
        }
        if (what == 3) {
            stopped = &world.image_store(which);
            stopped->pause();
        }
        if (what == 4) {
            co_await world.view_store(which).crash();
            co_await world.view_store(which).start();
        }
        if (what == 5) {
            co_await world.image_store(which).crash();
            co_await world.image_store(which).start();
        }
        if (what != 2 && what != 3) co_await poll_fresh(world);
    }
    if (stopped != nullptr) stopped->resume();

    world.step("the middle shards restart while the others are complete");
    for (ChainCopy* copy : image_copies) copy->release();
    co_await until_level(world, world.chain().height());
    co_await world.view_store(1).crash();
    co_await world.image_store(1).crash();
    co_await poll_fresh(world);
    co_await world.view_store(1).start();
    co_await world.image_store(1).start();
    co_await poll_fresh(world);
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
