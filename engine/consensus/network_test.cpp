#include <gtest/gtest.h>

#include "engine/consensus/testing/scp_network.hpp"

// The networks that upstream tests its own protocol with, each row as it stands there: every value lands on
// every node, and all ledgers are equal block by block.  Links lose nothing and keep order. source:
// mobilecoin 7.0.0 consensus/scp/tests

namespace engine::consensus {
namespace {

using namespace test;

struct Row {
    const char* name;
    std::vector<QuorumSet> sets;
    std::uint32_t values;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

/// 1 of {next node}.
std::vector<QuorumSet> cyclic(std::uint8_t nodes) {
    std::vector<QuorumSet> out;
    for (std::uint8_t i = 1; i <= nodes; ++i)
        out.push_back(quorum_set(1, {static_cast<std::uint8_t>(i % nodes + 1)}));
    return out;
}
std::vector<QuorumSet> mesh(std::uint8_t nodes, std::uint32_t threshold) {
    std::vector<QuorumSet> out;
    for (std::uint8_t i = 1; i <= nodes; ++i) out.push_back(others(i, nodes, threshold));
    return out;
}
/// `threshold` of three organisations, each `inner` of `nodes`; the own one without oneself, and one less.
std::vector<QuorumSet> metamesh(std::uint32_t threshold, std::uint8_t nodes, std::uint32_t inner) {
    std::vector<QuorumSet> out;
    for (int self = 1; self <= 3 * nodes; ++self) {
        QuorumSet& set = out.emplace_back();
        set.threshold = threshold;
        for (int organisation = 0; organisation < 3; ++organisation) {
            const bool own = (self - 1) / nodes == organisation;
            std::vector<std::uint8_t> numbers;
            for (int i = 1; i <= nodes; ++i)
                if (const int number = organisation * nodes + i; number != self)
                    numbers.push_back(static_cast<std::uint8_t>(number));
            set.members.push_back(member(quorum_set(own ? std::max(inner - 1, 1u) : inner, numbers)));
        }
    }
    return out;
}

std::vector<Row> rows() {
    return {{"cyclic_1", cyclic(1), 1000},
            {"cyclic_2", cyclic(2), 1000},
            {"cyclic_3", cyclic(3), 1000},
            {"cyclic_4", cyclic(4), 500},
            {"cyclic_5", cyclic(5), 500},
            {"cyclic_6", cyclic(6), 500},
            {"mesh_1", {quorum_set(0, {})}, 1000},
            {"mesh_2k1", mesh(2, 1), 1000},
            {"mesh_3k1", mesh(3, 1), 1000},
            {"mesh_3k2", mesh(3, 2), 1000},
            {"mesh_4k3", mesh(4, 3), 500},
            {"mesh_5k3", mesh(5, 3), 500},
            {"mesh_5k4", mesh(5, 4), 500},
            {"metamesh_3k2_3k1", metamesh(2, 3, 1), 1},
            {"metamesh_3k2_3k2", metamesh(2, 3, 2), 1},
            {"metamesh_3k2_4k3", metamesh(2, 4, 3), 1},
            {"metamesh_3k2_5k4", metamesh(2, 5, 4), 1}};
}

class NetworkTest : public testing::TestWithParam<Row> {};

TEST_P(NetworkTest, EveryValueLandsOnEveryNodeAndLedgersAreEqual) {
    const Row& row = GetParam();
    Network network(row.sets);
    Values submitted;
    for (std::uint32_t i = 1; i <= row.values; ++i) submitted.push_back(value(i));
    network.submit(submitted);
    ASSERT_TRUE(network.run_until(row.values, 500s)) << "at " << network.now().ms() << " ms";
    for (std::size_t i = 0; i < network.size(); ++i) {
        EXPECT_EQ(network.held(i), std::set<Value>(submitted.begin(), submitted.end())) << "node " << i + 1;
        EXPECT_EQ(network.ledger(i), network.ledger(0)) << "node " << i + 1;
    }
}

INSTANTIATE_TEST_SUITE_P(, NetworkTest, testing::ValuesIn(rows()),
                         [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST(NetworkHaltTest, WithoutAQuorumNothingIsDecided) {
    // Of 4 of 5 nodes two are not there: nothing happens, however long one waits.
    std::vector<QuorumSet> sets = mesh(5, 3);
    sets.resize(3);
    Network network(sets);
    network.submit({value(1)});
    EXPECT_FALSE(network.run_until(1, 100s));
    for (std::size_t i = 0; i < network.size(); ++i) EXPECT_TRUE(network.ledger(i).empty());
    // With one more there is one.
    std::vector<QuorumSet> four = mesh(5, 3);
    four.resize(4);
    Network enough(four);
    enough.submit({value(1)});
    EXPECT_TRUE(enough.run_until(1, 100s));
}

} // namespace
} // namespace engine::consensus
