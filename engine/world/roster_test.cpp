// Who is who: the numbers are those of traces and replays, the names those of stories, logs and pictures.
#include "engine/world/roster.hpp"

#include <gtest/gtest.h>

namespace engine {
namespace {

std::vector<std::string> names(const std::vector<const Roster::Service*>& services) {
    std::vector<std::string> out;
    for (const Roster::Service* service : services) out.push_back(service->name);
    return out;
}

std::vector<std::string> copies(const Roster& roster) {
    std::vector<std::string> out;
    for (const Roster::Copy& copy : roster.copies()) out.push_back(copy.name);
    return out;
}

using Names = std::vector<std::string>;

Topology sharded() {
    Topology topology;
    topology.ingest_nodes = 2;
    topology.view_shards = 2;
    topology.view_replicas = 2;
    topology.image_shards = 1;
    topology.image_replicas = 2;
    topology.shard_blocks = 4;
    return topology;
}

TEST(Roster, services_are_numbered_from_one_on_kind_by_kind) {
    const Roster roster(sharded());
    Names all;
    for (const Roster::Service& service : roster.services()) {
        all.push_back(service.name);
        EXPECT_EQ(service.id.value, all.size());
        EXPECT_EQ(roster.find(service.id), &service);
    }
    EXPECT_EQ(all, (Names{"ingest0", "ingest1", "view0.0", "view0.1", "view1.0", "view1.1", "view_router",
                          "images0.0", "images0.1", "ledger_router", "report_server"}));
    EXPECT_EQ(roster.find(NodeId{0}), nullptr);
    EXPECT_EQ(roster.find(NodeId{12}), nullptr);
}

TEST(Roster, plans_number_stores_before_routers) {
    const Roster roster(sharded());
    EXPECT_EQ(names(roster.in_plans()),
              (Names{"ingest0", "ingest1", "view0.0", "view0.1", "view1.0", "view1.1", "images0.0",
                     "images0.1", "view_router", "ledger_router", "report_server"}));
    EXPECT_EQ(names(roster.stores()),
              (Names{"view0.0", "view0.1", "view1.0", "view1.1", "images0.0", "images0.1"}));
}

TEST(Roster, store_knows_its_shard_replica_and_range) {
    const Roster roster(sharded());
    const auto views = roster.of(NodeKind::view_store);
    ASSERT_EQ(views.size(), 4U);
    EXPECT_EQ(roster.count(NodeKind::view_store), 4U);
    EXPECT_EQ(views[1]->number, 1U);
    EXPECT_EQ(views[1]->shard, 0U);
    EXPECT_EQ(views[1]->replica, 1U);
    EXPECT_EQ(views[1]->range, (BlockRange{BlockIndex{0}, BlockIndex{4}}));
    EXPECT_EQ(views[3]->shard, 1U);
    EXPECT_EQ(views[3]->range.start, BlockIndex{4});
    EXPECT_TRUE(kind_info(views[0]->kind).is_store);
    EXPECT_FALSE(kind_info(NodeKind::view_router).is_store);
}

TEST(Roster, two_copies_are_shared_unless_everybody_has_its_own) {
    Topology topology = sharded();
    const Roster shared(topology);
    EXPECT_EQ(copies(shared), (Names{"ingest", "ledger"}));
    EXPECT_EQ(shared.of(NodeKind::ingest)[1]->copy, 0U);
    EXPECT_EQ(shared.of(NodeKind::image_store)[1]->copy, 1U);
    EXPECT_EQ(shared.of(NodeKind::ledger_router)[0]->copy, 1U);
    EXPECT_FALSE(shared.of(NodeKind::view_store)[0]->copy);
    EXPECT_FALSE(shared.of(NodeKind::report_server)[0]->copy);

    topology.own_copies = true;
    const Roster own(topology);
    EXPECT_EQ(copies(own), (Names{"ingest0", "ingest1", "images0.0", "images0.1", "ledger"}));
    EXPECT_EQ(own.of(NodeKind::ingest)[1]->copy, 1U);
    EXPECT_EQ(own.of(NodeKind::image_store)[0]->copy, 2U);
    EXPECT_EQ(own.of(NodeKind::ledger_router)[0]->copy, 4U);
    EXPECT_EQ(own.copies()[1].side, CopySide::ingest);
    EXPECT_EQ(own.copies()[2].side, CopySide::ledger);
}

TEST(Roster, wallets_come_after_the_services) {
    const Roster roster(sharded());
    EXPECT_EQ(roster.wallet(0), NodeId{12});
    EXPECT_EQ(roster.wallet(3), NodeId{15});
    EXPECT_TRUE(roster.is_wallet(NodeId{12}));
    EXPECT_FALSE(roster.is_wallet(NodeId{11}));
    EXPECT_FALSE(roster.is_wallet(NodeId{0}));
    EXPECT_EQ(Roster::wallet_name(1, 0), "wallet 1 of account 0");
}

TEST(Roster, every_kind_has_a_name_and_is_there_in_the_smallest_world) {
    const Roster roster(Topology{});
    for (std::size_t k = 0; k < node_kind_count; ++k) {
        const auto kind = static_cast<NodeKind>(k);
        EXPECT_NE(std::string(name(kind)), "");
        EXPECT_GE(roster.count(kind), 1U) << name(kind);
        EXPECT_EQ(roster.of(kind).size(), roster.count(kind));
    }
}

} // namespace
} // namespace engine
