#include "engine/chain/digestible.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/chain/hex.hpp"

namespace engine::chain {
namespace {

using nlohmann::json;

/// Appends a tree written down as data.
void append_tree(DigestTranscript& to, const std::string& context, const json& tree) {
    if (tree.contains("prim")) {
        to.primitive(context, tree["prim"]["type"].get<std::string>(),
                     from_hex(tree["prim"]["data_hex"].get<std::string>()).value());
    } else if (tree.contains("seq")) {
        to.sequence(context, tree["seq"].size());
        for (const json& element : tree["seq"]) append_tree(to, "", element);
    } else if (tree.contains("agg")) {
        const std::string name = tree["agg"]["name"];
        const DigestAggregate aggregate(to, context, name);
        for (const json& field : tree["agg"]["fields"]) append_tree(to, field["ctx"], field["node"]);
    } else if (tree.contains("var")) {
        const json& variant = tree["var"];
        to.variant(context, variant["name"].get<std::string>(), variant["which"]);
        append_tree(to, variant["ctx"], variant["node"]);
    } else {
        ASSERT_TRUE(tree.contains("none")) << tree;
        to.none(context);
    }
}

TEST(DigestibleTest, reproduces_upstreams_known_digests) {
    std::ifstream file(FOG_SOURCE_DIR "/engine/chain/testdata/digests.json");
    const json data = json::parse(file);
    ASSERT_EQ(data["cases"].size(), 68u);
    for (const json& each : data["cases"]) {
        DigestTranscript transcript;
        append_tree(transcript, each["context"], each["value"]);
        EXPECT_EQ(to_hex(transcript.digest32().view()), each["digest"].get<std::string>()) << each;
    }
}

TEST(DigestibleTest, structure_and_context_are_part_of_the_digest) {
    const auto digest = [](auto append) {
        DigestTranscript transcript;
        append(transcript);
        return transcript.digest32();
    };
    const Hash32 narrow = digest([](auto& t) { t.integer("n", std::uint32_t{5}); });
    const Hash32 wide = digest([](auto& t) { t.integer("n", std::uint64_t{5}); });
    const Hash32 other_context = digest([](auto& t) { t.integer("m", std::uint32_t{5}); });
    const Hash32 left_out = digest([](auto& t) {
        const DigestAggregate aggregate(t, "n", "A");
        t.omit_empty_bytes("b", {});
    });
    const Hash32 present = digest([](auto& t) {
        const DigestAggregate aggregate(t, "n", "A");
        t.bytes("b", {});
    });
    EXPECT_NE(narrow, wide);
    EXPECT_NE(narrow, other_context);
    EXPECT_NE(left_out, present);
}

} // namespace
} // namespace engine::chain
