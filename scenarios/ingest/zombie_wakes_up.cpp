// The active ingest node is stopped (SIGSTOP) at a drawn moment, perhaps between making a block's rows and
// storing them.  Everybody takes it for dead, the standby goes on with the same key, and then the zombie
// goes on where it was.
//
//      ingest0   scans | stopped ................ | goes on: writes a block the standby has stored
//      ingest1           takes over, scans
//
// Its late write loses against the fence, it becomes idle and forgets its egress key.  What it had written
// before it was stopped stays found.
//
// source: known-bugs F15, BH-22, BH-43.  needs: pause
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> zombie_wakes_up(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    IngestNode* active = &world.ingest(0);
    IngestNode* standby = &world.ingest(1);
    Stream dice = world.plan(1);
    Amounts amounts;
    const std::vector<IngestNode*> both{active, standby};
    co_await make_peers(world, both);
    co_await activate(world, *active);
    co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    for (int round = 0; round < 3; ++round) {
        world.step(fmt::format("round {}: {} is stopped while it scans", round, active->name()));
        co_await pay(world, alice, amounts.next());
        const std::uint32_t moment_us = dice.below(350'000);
        co_await world.sleep(std::chrono::microseconds(moment_us));
        active->pause();
        co_await take_over(world, *standby);
        co_await pay(world, bob, amounts.next());
        if (dice.below(2) == 0) {
            // The zombie's last commit may come out after the standby has looked where to begin: it loses
            // that block, is idle, and the operator activates it once more.
            auto scanned_or_lost = [&world, standby] {
                return world.view_store(0).count() == world.chain().height() ||
                       standby->mode() == fog::IngestMode::idle;
            };
            co_await world.until("view at the tip, or the standby idle", std::move(scanned_or_lost));
            if (standby->mode() == fog::IngestMode::idle) co_await take_over(world, *standby);
            co_await until_view(world, world.chain().height());
        }

        world.step("the zombie wakes up");
        active->resume();
        co_await pay(world, alice, amounts.next());
        co_await until_view(world, world.chain().height());
        // It met the standby's block, or it was so fast that the standby met its own.
        auto one_left = [&] {
            const bool first = active->mode() == fog::IngestMode::active;
            const bool second = standby->mode() == fog::IngestMode::active;
            return !(first && second);
        };
        co_await world.until("one of two nodes with one key gives up", std::move(one_left));
        if (standby->mode() == fog::IngestMode::active) std::swap(active, standby);
    }
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
