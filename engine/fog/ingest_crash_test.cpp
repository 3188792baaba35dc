#include "engine/fog/ingest.hpp"

#include <gtest/gtest.h>

#include "engine/fog/testing/ingest_world.hpp"

namespace engine::fog {
namespace {

using namespace engine::fog::testing;

const std::vector<YieldPoint> ingest_points{YieldPoint::ingest_chunk,
                                            YieldPoint::ingest_before_invocation,
                                            YieldPoint::ingest_after_invocation,
                                            YieldPoint::ingest_before_block,
                                            YieldPoint::ingest_after_block,
                                            YieldPoint::ingest_published,
                                            YieldPoint::ingest_activating};

TEST(IngestCrash, at_each_yield_point_loses_and_repeats_nothing) {
    for (const YieldPoint point : ingest_points)
        for (int occurrence = 1; occurrence <= 4; ++occurrence) {
            World world;
            world.config.max_transactions = 2;
            world.config.user_capacity = 3;
            const chain::PublicKey key = world.start().summary().ingress_key;
            int seen = 0;
            world.host().on_yield([&](YieldPoint at) { seen += at == point; });
            const auto activation = world.begin(0, world.node().activate());
            const std::vector<std::vector<std::size_t>> payments{{0, 1, 0}, {1, 2}, {}, {3, 0, 0, 9}, {2, 1}};
            std::size_t paid = 0;
            const auto reached = [&] {
                // The next block comes when the last one is done.
                if (world.node().mode() == IngestMode::active && paid < payments.size() &&
                    world.node().next_block() == world.chain.count().end())
                    world.pay(key, payments[paid++]);
                return seen == occurrence ||
                       (paid == payments.size() && world.node().next_block() == world.chain.count().end());
            };
            world.until(reached);
            world.crash();
            world.host().on_yield(nullptr);
            world.start();
            world.until([&] { return !world.node().is_resuming(); });
            if (world.node().mode() == IngestMode::idle) {
                EXPECT_TRUE(point == YieldPoint::ingest_activating ||
                            (point == YieldPoint::ingest_published && occurrence == 1))
                    << name(point) << " " << occurrence;
                ASSERT_TRUE(world.activate());
            }
            while (paid < payments.size()) world.pay(key, payments[paid++]);
            world.until_scanned();
            world.pass(1s);
            EXPECT_EQ(world.node().mode(), IngestMode::active);
            EXPECT_EQ(world.db.stored().size(), payments.size()) << name(point) << " " << occurrence;
            world.expect_sound(key);
            world.expect_closed_but_current();
            EXPECT_EQ(world.records_checked, 10u);
        }
}

// Faults, holds and crashes at random; the chain grows meanwhile.
TEST(IngestCrash, at_random_steps_under_random_faults_loses_and_repeats_nothing) {
    std::size_t crashes_while_active = 0;
    for (std::uint64_t seed = 0; seed < 250; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed);
        Stream plan(world.choices, Domain::plan, 0, 0);
        world.config.max_transactions = plan.between(1, 4);
        world.config.user_capacity = plan.chance(1, 2) ? 4 : 0;
        world.config.pubkey_expiry_window = 3;
        const chain::PublicKey key = world.start().summary().ingress_key;
        world.host().set_holds(4, 400);
        world.db.set_latency_ms_max(100);
        world.db.set_random_faults(5);
        bool was_active = false;
        for (int crash = 0; crash < 5; ++crash) {
            if (!was_active) was_active = world.activate().has_value();
            const std::uint32_t blocks = plan.below(3);
            for (std::uint32_t i = 0; i < blocks; ++i) {
                std::vector<std::size_t> to;
                const std::uint32_t outputs = plan.below(5);
                for (std::uint32_t n = 0; n < outputs; ++n) {
                    const std::uint32_t user = plan.below(5);
                    to.push_back(user == 4 ? 9 : user);
                }
                world.pay(key, to);
            }
            const std::uint64_t until = world.scheduler.steps() + plan.below(120);
            while (world.scheduler.steps() < until && world.scheduler.step()) {
            }
            crashes_while_active += world.node().mode() == IngestMode::active;
            world.file().set_full(false);
            world.crash();
            world.start();
        }
        world.db.set_random_faults(0);
        if (!was_active) was_active = world.activate().has_value();
        ASSERT_TRUE(was_active);
        world.until_scanned();
        world.pass(100s);
        EXPECT_EQ(world.node().mode(), IngestMode::active) << "nobody else is there to make it idle";
        EXPECT_EQ(world.db.last_scanned(key)->next(), world.chain.count().end());
        world.expect_sound(key);
        world.expect_closed_but_current();
    }
    EXPECT_GT(crashes_while_active, 200u);
}

// Two nodes with one key: one crashes, the other takes over, the first comes back; also with a disk that is
// full now and then, so that files are stale.
TEST(IngestCrash, standby_takes_over_and_back_without_a_gap) {
    std::size_t records = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, 2);
        Stream plan(world.choices, Domain::plan, 0, 0);
        world.config.max_transactions = 2;
        world.start_all();
        ASSERT_TRUE(world.call(1, world.node(1).sync_keys_from_remote("a:1")));
        const chain::PublicKey key = world.node(0).summary().ingress_key;
        for (std::size_t i : {0u, 1u}) world.host(i).set_holds(4, 300);
        world.db.set_latency_ms_max(50);
        world.db.set_random_faults(8);
        for (int round = 0; round < 6; ++round) {
            const std::size_t victim = plan.below(2);
            const std::size_t other = 1 - victim;
            const bool disk_is_full = plan.chance(1, 4);
            world.file(victim).set_full(disk_is_full);
            world.begin(victim, world.node(victim).activate());
            world.pay(key, {plan.below(3), plan.below(3), 9});
            std::uint64_t until = world.scheduler.steps() + plan.below(200);
            while (world.scheduler.steps() < until && world.scheduler.step()) {
            }
            world.crash(victim);
            world.begin(other, world.node(other).activate()); // refused or too early at times
            until = world.scheduler.steps() + plan.below(200);
            while (world.scheduler.steps() < until && world.scheduler.step()) {
            }
            world.start(victim);
        }
        world.db.set_random_faults(0);
        for (std::size_t i : {0u, 1u}) world.file(i).set_full(false);
        world.until([&] { return !world.node(0).is_resuming() && !world.node(1).is_resuming(); });
        world.pass(200s);
        const auto active = [&](std::size_t i) { return world.node(i).mode() == IngestMode::active; };
        if (!active(0) && !active(1)) {
            ASSERT_TRUE(world.activate(0));
        }
        world.pay(key, {0, 1});
        world.until([&] { return world.db.last_scanned(key) == BlockIndex{world.chain.count().value - 1}; });
        world.pass(100s);
        EXPECT_NE(active(0), active(1));
        world.expect_sound(key);
        records += world.records_checked;
    }
    EXPECT_GT(records, 500u);
}

TEST(IngestCrash, same_seed_gives_the_same_trace) {
    const auto digest = [] {
        World world(7, 2);
        world.start_all();
        world.db.set_random_faults(5);
        const chain::PublicKey key = world.node(0).summary().ingress_key;
        world.activate(0);
        world.pay(key, {0, 1, 9});
        world.pass(30s);
        world.crash(0);
        world.start(0);
        world.pass(30s);
        return world.trace.digest();
    };
    EXPECT_EQ(digest(), digest());
}

} // namespace
} // namespace engine::fog
