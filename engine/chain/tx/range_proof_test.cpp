#include "engine/chain/tx/range_proof.hpp"

#include <gtest/gtest.h>

#include "engine/chain/testing/text_bytes.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "engine/chain/tx/generators.hpp"

namespace engine::chain::tx {
namespace {

using test::Json;

struct MadeProof {
    std::vector<std::uint64_t> values;
    std::vector<Scalar> blindings;
    std::vector<Commitment> commitments;
    Bytes proof;
};

MadeProof make(ByteSource& rng, std::vector<std::uint64_t> values, std::uint64_t token_id) {
    MadeProof out;
    out.values = std::move(values);
    for (const std::uint64_t value : out.values) {
        out.blindings.push_back(Scalar::random(rng));
        out.commitments.push_back(commit({value, token_id}, out.blindings.back()));
    }
    out.proof = prove_range(rng, out.values, out.blindings, token_id).value();
    return out;
}

TEST(GeneratorsTest, are_those_of_every_bulletproof_library) {
    const auto encoded = [](const AffineElement& element) { return to_hex(element.extended().encode()); };
    EXPECT_EQ(encoded(party_generators(0).g[0]),
              "fc3b25801422672a6a8d3adb5d8457d4301fe92324b4fc56ae934c8713ddfe2d");
    EXPECT_EQ(encoded(party_generators(0).g[63]).substr(0, 8), "28785187");
    EXPECT_EQ(encoded(party_generators(0).h[0]),
              "ba698f6dd08c501e32b55d2ee7259f6019d629fa2ba4d7039c5de157cba4df73");
    EXPECT_EQ(encoded(party_generators(1).g[0]),
              "0eeebec183d151ded1e24320cf43c987617b36e77114788e5ae8ace41570b74b");
    EXPECT_EQ(encoded(party_generators(63).h[0]),
              "d0de1858b7fa255ed80de75545e201595e027834555a2007b1ef22b830a21632");
}

TEST(RangeProofTest, values_at_the_edges_of_the_range_are_proven) {
    test::SeededBytes rng(31);
    const std::vector<std::vector<std::uint64_t>> lists{
        {0}, {~std::uint64_t{0}}, {1, 2}, {1, ~std::uint64_t{0}, 0}, {1, 2, 3, 4}, {5, 6, 7, 8, 9}};
    for (const auto& values : lists) {
        const MadeProof made = make(rng, values, 1);
        EXPECT_EQ(made.proof.size(), range_proof_size(values.size()));
        EXPECT_EQ(verify_range(made.proof, made.commitments, 1), std::nullopt);
        EXPECT_EQ(verify_range(made.proof, made.commitments, 0), RangeFailure::wrong_proof);
    }
}

TEST(RangeProofTest, a_value_beyond_64_bits_is_not_proven) {
    test::SeededBytes rng(32);
    MadeProof made = make(rng, {5, 6}, 0);
    // The same blindings under commitments to -1 and to 2^64.
    const Point minus_one = Point() - value_generator(0);
    made.commitments[0].bytes = (minus_one + Point::base_times(made.blindings[0])).bytes();
    EXPECT_EQ(verify_range(made.proof, made.commitments, 0), RangeFailure::wrong_proof);
    const Scalar beyond = Scalar::from_u64(~std::uint64_t{0}) + Scalar::from_u64(1);
    made.commitments[0].bytes = (beyond * value_generator(0) + Point::base_times(made.blindings[0])).bytes();
    EXPECT_EQ(verify_range(made.proof, made.commitments, 0), RangeFailure::wrong_proof);
}

TEST(RangeProofTest, every_part_of_a_proof_counts) {
    test::SeededBytes rng(33);
    const MadeProof made = make(rng, {5, 6}, 0);
    for (std::size_t at = 0; at < made.proof.size(); at += 32) {
        Bytes changed = made.proof;
        changed[at] ^= 2;
        EXPECT_EQ(verify_range(changed, made.commitments, 0), RangeFailure::wrong_proof) << at;
    }
    auto commitments = made.commitments;
    std::swap(commitments[0], commitments[1]);
    EXPECT_EQ(verify_range(made.proof, commitments, 0), RangeFailure::wrong_proof);
    commitments.clear();
    EXPECT_EQ(verify_range(made.proof, commitments, 0), RangeFailure::wrong_proof);
    for (const std::size_t cut : {0u, 31u, 32u, 224u, 256u, 704u, 735u})
        EXPECT_EQ(verify_range(ByteView(made.proof).first(cut), made.commitments, 0), RangeFailure::malformed)
            << cut;
    EXPECT_NE(verify_range(ByteView(made.proof).first(672), made.commitments, 0), std::nullopt)
        << "a round fewer";
    Bytes longer = made.proof;
    longer.resize(longer.size() + 64);
    EXPECT_EQ(verify_range(longer, made.commitments, 0), RangeFailure::wrong_proof);
}

TEST(RangeProofTest, at_most_64_values) {
    test::SeededBytes rng(34);
    std::vector<Scalar> blindings(65);
    std::vector<std::uint64_t> values(65, 1);
    EXPECT_FALSE(prove_range(rng, values, blindings, 0));
    const std::vector<Commitment> commitments(65);
    EXPECT_EQ(verify_range(Bytes(32 * 35), commitments, 0), RangeFailure::too_many_values);
    EXPECT_FALSE(prove_range(rng, {}, {}, 0));
}

Bytes patched(const Json& patch, Bytes proof, std::vector<Commitment>& commitments, std::uint64_t& token_id) {
    const auto kind = patch.at(0).get<std::string>();
    const auto number = [&] { return patch.at(1).get<std::uint64_t>(); };
    const auto here = [&] { return proof.begin() + static_cast<std::ptrdiff_t>(number()); };
    if (kind == "xor")
        proof.at(number()) ^= patch.at(2).get<std::uint8_t>();
    else if (kind == "zero32")
        std::fill_n(here(), 32, std::uint8_t{0});
    else if (kind == "ff32")
        std::fill_n(here(), 32, std::uint8_t{0xff});
    else if (kind == "addL") {
        const Bytes order = test::hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        unsigned carry = 0;
        for (std::size_t i = 0; i < 32; ++i) {
            carry += proof.at(number() + i) + unsigned{order[i]};
            proof[number() + i] = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
    } else if (kind == "cut")
        proof.resize(number());
    else if (kind == "append0")
        proof.resize(proof.size() + number());
    else if (kind == "token")
        token_id = number();
    else if (kind == "commitment0")
        commitments[0].bytes.fill(patch.at(1) == "ff" ? 0xff : 0);
    else if (kind == "repeat_last")
        commitments.push_back(commitments.back());
    else if (kind == "drop_last")
        commitments.pop_back();
    else if (kind == "swap01")
        std::swap(commitments[0], commitments[1]);
    else
        ADD_FAILURE() << "unknown patch " << kind;
    return proof;
}

class RangeAnswersTest : public test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(RangeAnswersTest);

TEST_P(RangeAnswersTest, range_proofs) {
    const Json cases = document("tx/up_range_proofs.json").at("cases");
    ASSERT_EQ(cases.size(), expected(2, 9, "range proofs, each as made and altered"));
    std::size_t verdicts = 0;
    for (const Json& c : cases) {
        SCOPED_TRACE(c.at("name").get<std::string>());
        const auto token_id = c.at("token_id").get<std::uint64_t>();
        std::vector<std::uint64_t> values;
        std::vector<Scalar> blindings;
        std::vector<Commitment> commitments;
        for (std::size_t i = 0; i < c.at("values").size(); ++i) {
            const Json& value = c.at("values").at(i);
            values.push_back(value.is_string() ? std::stoull(value.get<std::string>())
                                               : value.get<std::uint64_t>());
            blindings.push_back(Scalar::parse(test::fixed<PrivateKey>(c.at("blindings").at(i))).value());
            commitments.push_back(test::fixed<Commitment>(c.at("commitments").at(i)));
            EXPECT_EQ(commit({values[i], token_id}, blindings[i]), commitments[i]);
        }
        test::TextBytes rng(c.at("prove_seed").get<std::string>());
        const Bytes proof = test::hex(c.at("proof"));
        EXPECT_EQ(to_hex(prove_range(rng, values, blindings, token_id).value()), to_hex(proof));
        EXPECT_EQ(rng.used(), c.at("random_bytes_used").get<std::size_t>());
        EXPECT_EQ(verify_range(proof, commitments, token_id), std::nullopt);
        std::size_t altered = 0;
        for (const Json& v : c.at("verify")) {
            if (altered++ % test::one_alteration_of != 0) continue;
            auto list = commitments;
            std::uint64_t token = token_id;
            const Bytes bytes = patched(v.at("patch"), proof, list, token);
            const auto failure = verify_range(bytes, list, token);
            const char* verdict = !failure                              ? "valid"
                                  : *failure == RangeFailure::malformed ? "from_bytes FormatError"
                                                                        : "ProofError(VerificationError)";
            EXPECT_EQ(verdict, v.at("verdict").get<std::string>()) << v.at("name");
            ++verdicts;
        }
    }
    EXPECT_GT(verdicts, (whole() ? 450u : 30u) / test::one_alteration_of);
}

} // namespace
} // namespace engine::chain::tx
