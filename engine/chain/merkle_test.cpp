#include "engine/chain/merkle.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "engine/chain/block.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/testing/mutation.hpp"

namespace engine::chain {
namespace {

Hash32 output_hash(std::uint64_t number) { return {blake2b_256({little_endian(number)})}; }

/// The tree as the ledger keeps it, and the tree as one would define it.
struct Tree {
    std::map<std::pair<std::uint64_t, std::uint64_t>, Hash32> nodes;
    std::uint64_t outputs = 0;

    MerkleLookup lookup() const {
        return [this](const LeafRange& range) -> std::optional<Hash32> {
            const auto it = nodes.find({range.from, range.to});
            return it == nodes.end() ? std::nullopt : std::optional(it->second);
        };
    }
    void push() {
        const auto path = merkle_push(outputs, merkle_leaf(output_hash(outputs)), lookup());
        ASSERT_TRUE(path);
        for (const auto& node : *path) nodes[{node.range.from, node.range.to}] = node.hash;
        ++outputs;
    }
    Hash32 by_definition(std::uint64_t from, std::uint64_t to) const {
        if (from >= outputs) return merkle_nil();
        if (from == to) return merkle_leaf(output_hash(from));
        const std::uint64_t middle = from + (to - from) / 2;
        return merkle_node(by_definition(from, middle), by_definition(middle + 1, to));
    }
};

TEST(MerkleTest, nil_is_the_hash_of_its_tag) {
    EXPECT_EQ(to_hex(merkle_nil().view()),
              "ffdaaf4305e365c4c30ca1e5fbf4f5e62b081441ee94eb2d0980470b5e705968");
}

TEST(MerkleTest, stored_nodes_follow_the_definition_at_every_size) {
    Tree tree;
    for (int i = 0; i < 70; ++i) {
        tree.push();
        const LeafRange root = merkle_root_range(tree.outputs);
        std::size_t expected = 0;
        for (std::uint64_t size = 1; size <= root.to + 1; size *= 2)
            for (std::uint64_t from = 0; from < tree.outputs; from += size) {
                ++expected;
                ASSERT_EQ(tree.lookup()({from, from + size - 1}), tree.by_definition(from, from + size - 1))
                    << tree.outputs << " outputs, node " << from << " size " << size;
            }
        EXPECT_EQ(tree.nodes.size(), expected) << tree.outputs << " outputs";
    }
}

TEST(MerkleTest, a_proof_shows_its_own_output_only) {
    Tree tree;
    for (int i = 0; i < 21; ++i) tree.push();
    const Hash32 root = *tree.lookup()(merkle_root_range(tree.outputs));
    for (std::uint64_t i = 0; i < tree.outputs; ++i) {
        const auto proof = merkle_prove(i, tree.outputs, tree.lookup());
        ASSERT_TRUE(proof);
        EXPECT_EQ(proof->elements.size(), 6u); // the leaf and five siblings: 21 leaves lie under 32
        EXPECT_TRUE(merkle_verify(output_hash(i), *proof, root));
        EXPECT_FALSE(merkle_verify(output_hash(i + 1), *proof, root));
        EXPECT_FALSE(merkle_verify(output_hash(i), *proof, output_hash(0)));
        EXPECT_EQ(decode_membership_proof(encode(*proof)), proof);
        for (std::size_t e = 0; e < proof->elements.size(); ++e) {
            auto changed = *proof;
            changed.elements[e].hash.bytes[0] ^= 1;
            EXPECT_FALSE(merkle_verify(output_hash(i), changed, root));
            changed = *proof;
            changed.elements[e].range.to += 1;
            EXPECT_FALSE(merkle_verify(output_hash(i), changed, root));
            changed = *proof;
            changed.elements.erase(changed.elements.begin() + static_cast<std::ptrdiff_t>(e));
            EXPECT_FALSE(merkle_verify(output_hash(i), changed, root));
        }
    }
    EXPECT_FALSE(merkle_prove(tree.outputs, tree.outputs, tree.lookup()));
    EXPECT_FALSE(merkle_prove(0, 0, tree.lookup()));
}

TEST(MerkleTest, a_missing_node_ends_the_operation) {
    Tree tree;
    for (int i = 0; i < 5; ++i) tree.push();
    tree.nodes.erase({0, 3});
    EXPECT_FALSE(merkle_push(5, output_hash(5), tree.lookup()));
    EXPECT_FALSE(merkle_prove(4, 5, tree.lookup()));
    EXPECT_TRUE(merkle_prove(0, 5, tree.lookup())) << "needs only [0], [2,3] and [4,7]";
    EXPECT_FALSE(merkle_push(~std::uint64_t{0}, output_hash(5), tree.lookup()));
}

RC_GTEST_PROP(MerkleTest, every_leaf_of_a_random_tree_is_provable, ()) {
    Tree tree;
    const auto size = *rc::gen::inRange<std::uint64_t>(1, 300);
    for (std::uint64_t i = 0; i < size; ++i) tree.push();
    const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
    const LeafRange range = merkle_root_range(size);
    const auto proof = merkle_prove(index, size, tree.lookup());
    RC_ASSERT(proof.has_value());
    RC_ASSERT(tree.by_definition(range.from, range.to) == tree.lookup()(range));
    RC_ASSERT(merkle_verify(output_hash(index), *proof, *tree.lookup()(range)));
}

TEST(MerkleTest, hostile_proofs_do_no_harm) {
    Tree tree;
    for (int i = 0; i < 9; ++i) tree.push();
    const Hash32 root = *tree.lookup()(merkle_root_range(tree.outputs));
    const Bytes good = encode(*merkle_prove(4, 9, tree.lookup()));
    Mutator mutate(1);
    for (int i = 0; i < 20000; ++i) {
        const auto proof = decode_membership_proof(mutate(good));
        if (!proof) continue;
        EXPECT_EQ(decode_membership_proof(encode(*proof)), proof);
        // Several spellings of one proof are fine, another position or root is not.
        if (merkle_verify(output_hash(4), *proof, root)) {
            EXPECT_EQ(proof->index, 4u);
        }
    }
}

} // namespace
} // namespace engine::chain
