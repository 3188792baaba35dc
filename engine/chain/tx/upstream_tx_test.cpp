#include <gtest/gtest.h>

#include "engine/chain/testing/memory_ledger.hpp"
#include "engine/chain/testing/text_bytes.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "engine/chain/tx/sign.hpp"
#include "engine/chain/tx/tx_digest.hpp"
#include "engine/chain/tx/tx_wire.hpp"

// Transactions made and judged by MobileCoin's own code: every one verifies, is made again byte for byte from
// its seed, and every altered one gets the same stage, code and text.

namespace engine::chain::tx {
namespace {

using test::Json;
using test::KnownAnswersTest;

const ChainRules rules_of(std::uint32_t block_version) {
    return {block_version, FeeMap({{0, 400'000'000}, {1, 1024}, {2, 1024}})};
}

std::vector<std::string> transaction_files(bool whole) {
    if (!whole) return {"tx/up_tx_bv0_1in_2out.json", "tx/up_tx_bv4_1in_2out_old_proofs.json"};
    return {"tx/up_tx_bv0_1in_2out.json",
            "tx/up_tx_bv0_3in_1out.json",
            "tx/up_tx_bv1_2in_3out.json",
            "tx/up_tx_bv2_1in_2out.json",
            "tx/up_tx_bv2_2in_2out_token_1.json",
            "tx/up_tx_bv3_1in_1out.json",
            "tx/up_tx_bv3_2in_3out_mixed.json",
            "tx/up_tx_bv4_16in_16out.json",
            "tx/up_tx_bv4_1in_1out_gift_code_cancelled.json",
            "tx/up_tx_bv4_1in_1out_gift_code_redeemed.json",
            "tx/up_tx_bv4_1in_2out_burn.json",
            "tx/up_tx_bv4_1in_2out_gift_code_funding.json",
            "tx/up_tx_bv4_1in_2out_old_proofs.json",
            "tx/up_tx_bv4_2in_3out_mixed.json",
            "tx/up_tx_bv4_3in_4out_three_tokens_fee_token_2.json",
            "tx/up_tx_bv4_5in_2out_defragmentation.json",
            "tx/up_tx_bv4_contingent_input_all_or_nothing.json",
            "tx/up_tx_bv4_contingent_input_partial_fill.json",
            "tx/up_tx_bv4_contingent_input_shared_first_member.json"};
}

std::uint64_t number(const Json& json) {
    return json.is_string() ? std::stoull(json.get<std::string>()) : json.get<std::uint64_t>();
}
Scalar scalar(const Json& json) { return Scalar::parse(test::fixed<PrivateKey>(json)).value(); }

class UpstreamTxTest : public KnownAnswersTest {
protected:
    std::vector<std::string> files() const { return transaction_files(whole()); }

    /// The shared ledger as a node of this many blocks has it.
    test::MemoryLedger ledger(std::uint64_t blocks) const {
        const Json document = this->document("tx/up_tx_ledger.json");
        test::MemoryLedger out(ristretto_tx_crypto());
        const auto outputs = document.at("block_ends").at(blocks - 1).get<std::uint64_t>();
        for (std::uint64_t i = 0; i < outputs; ++i)
            test::append_row(out, test::hex(document.at("outputs").at(i).at(0)));
        out.finish(blocks);
        EXPECT_EQ(out.root().hash,
                  test::fixed<Hash32>(document.at("merkle_root_after_block").at(blocks - 1)));
        return out;
    }
};

Verdict verdict_of(const Json& json) {
    Verdict out;
    const auto stage = json.at("stage").get<std::string>();
    for (const Stage candidate :
         {Stage::accepted, Stage::propose, Stage::untrusted, Stage::enclave, Stage::ledger})
        if (stage == name(candidate)) out.stage = candidate;
    EXPECT_EQ(stage, name(out.stage));
    out.code =
        json.contains("code") ? std::optional(TxCode{json.at("code").get<std::int32_t>()}) : std::nullopt;
    out.text = json.at("msg").get<std::string>();
    return out;
}

Bytes patched(const Bytes& original, const Json& delta) {
    Bytes out;
    for (const Json& piece : delta) {
        if (piece.is_string()) {
            append(out, test::hex(piece));
            continue;
        }
        append(out,
               ByteView(original).subspan(piece.at(0).get<std::size_t>(), piece.at(1).get<std::size_t>()));
    }
    return out;
}

void expect_verdict(const Verdict& got, const Json& expected, const std::string& what) {
    const Verdict wanted = verdict_of(expected);
    EXPECT_STREQ(name(got.stage), name(wanted.stage)) << what << ": " << got.text;
    EXPECT_EQ(got.code, wanted.code) << what << ": " << got.text;
    EXPECT_EQ(got.text, wanted.text) << what;
}

TEST_P(UpstreamTxTest, bytes_and_hashes) {
    for (const std::string& file : files()) {
        SCOPED_TRACE(file);
        const Json json = document(file);
        const Bytes bytes = test::hex(json.at("tx_hex"));
        const auto tx = decode_tx(bytes);
        ASSERT_TRUE(tx);
        EXPECT_TRUE(encode(*tx) == bytes);
        EXPECT_EQ(hash(*tx), test::fixed<Hash32>(json.at("tx_hash")));
        EXPECT_EQ(hash(tx->prefix), test::fixed<Hash32>(json.at("tx_prefix_hash")));
        const auto version = json.at("block_version").get<std::uint32_t>();
        EXPECT_EQ(to_hex(signing_message(version, tx->prefix, tx->signature)),
                  json.at("mlsag_message").get<std::string>());
        if (version >= 2) {
            EXPECT_EQ(extended_message_digest(tx->prefix, tx->signature),
                      test::fixed<Hash32>(json.at("extended_message")));
        }
        for (const TxIn& input : tx->prefix.inputs) {
            if (!input.input_rules) continue;
            EXPECT_TRUE(decode_tx_in(encode(input)) == input);
        }
    }
}

TEST_P(UpstreamTxTest, verdicts_on_every_transaction_and_mutation) {
    std::size_t mutations = 0;
    for (const std::string& file : files()) {
        SCOPED_TRACE(file);
        const Json json = document(file);
        const Bytes bytes = test::hex(json.at("tx_hex"));
        const auto version = json.at("block_version").get<std::uint32_t>();
        const auto blocks = json.at("ledger_blocks").get<std::uint64_t>();
        test::MemoryLedger ledger = this->ledger(blocks);
        const auto judged = [&](std::uint32_t at_version, ByteView tx) {
            return judge(ristretto_tx_crypto(), rules_of(at_version), ledger, tx);
        };
        expect_verdict(judged(version, bytes), json.at("verdict"), "as made");
        if (json.contains("verdict_at_other_version_same_ledger"))
            for (const auto& [other, verdict] : json.at("verdict_at_other_version_same_ledger").items())
                expect_verdict(judged(static_cast<std::uint32_t>(std::stoul(other)), bytes), verdict,
                               "at version " + other);
        for (const Json& mutation : json.at("mutations")) {
            if (mutations % test::one_alteration_of != 0) {
                ++mutations;
                continue;
            }
            expect_verdict(judged(version, patched(bytes, mutation.at("delta"))), mutation,
                           mutation.at("name").get<std::string>());
            ++mutations;
        }
        const Tx tx = decode_tx(bytes).value();
        if (json.contains("verdict_when_only_its_outputs_are_known")) {
            test::MemoryLedger known = this->ledger(blocks);
            for (const TxOut& output : tx.prefix.outputs) known.know(output.public_key);
            expect_verdict(judge(ristretto_tx_crypto(), rules_of(version), known, bytes),
                           json.at("verdict_when_only_its_outputs_are_known"), "outputs known");
        }
        if (json.contains("verdict_again_after_its_block")) {
            for (const RingMlsag& ring : tx.signature.ring_signatures) ledger.spend(ring.key_image);
            for (const TxOut& output : tx.prefix.outputs) ledger.know(output.public_key);
            expect_verdict(judged(version, bytes), json.at("verdict_again_after_its_block"),
                           "after its block");
        }
    }
    EXPECT_EQ(mutations, expected(53, 1207, "altered transactions"));
}

TEST_P(UpstreamTxTest, every_transaction_is_made_again_from_its_seed) {
    for (const std::string& file : files()) {
        SCOPED_TRACE(file);
        const Json json = document(file);
        const Bytes bytes = test::hex(json.at("tx_hex"));
        const Tx original = decode_tx(bytes).value();
        const auto version = json.at("block_version").get<std::uint32_t>();
        const test::MemoryLedger ledger = this->ledger(json.at("ledger_blocks").get<std::uint64_t>());
        const test::MemoryLedger proofs_from =
            this->ledger(json.at("proofs_made_with_blocks").get<std::uint64_t>());

        TxParts parts;
        parts.fee = {number(json.at("fee")), number(json.at("fee_token_id"))};
        parts.tombstone_block = number(json.at("tombstone_block"));
        parts.fee_map_digest = original.fee_map_digest;
        for (std::size_t i = 0; i < json.at("inputs").size(); ++i) {
            const Json& input = json.at("inputs").at(i);
            TxIn in;
            for (const Json& index : input.at("ring")) {
                in.ring.push_back(ledger.output(index.get<std::uint64_t>()));
                in.proofs.push_back(proofs_from.membership_proof(index.get<std::uint64_t>()));
            }
            in.input_rules = original.prefix.inputs.at(i).input_rules;
            if (in.input_rules) {
                // Its signature was made elsewhere, from no seed that is known.
                OutputSecrets pseudo;
                pseudo.blinding = scalar(input.at("pseudo_output_blinding"));
                pseudo.amount = {number(input.at("value")), number(input.at("token_id"))};
                parts.inputs.emplace_back(
                    PresignedInput{std::move(in), original.signature.ring_signatures.at(i), pseudo});
            } else {
                OwnInput own{std::move(in), input.at("real_position").get<std::size_t>(), {}};
                own.secrets.amount = {number(input.at("value")), number(input.at("token_id"))};
                own.secrets.blinding = scalar(input.at("blinding"));
                own.secrets.onetime_private = scalar(input.at("onetime_private_key"));
                parts.inputs.emplace_back(std::move(own));
            }
        }
        for (std::size_t i = 0; i < json.at("outputs").size(); ++i) {
            const Json& output = json.at("outputs").at(i);
            parts.outputs.push_back({original.prefix.outputs.at(i),
                                     {{number(output.at("value")), number(output.at("token_id"))},
                                      scalar(output.at("blinding"))}});
        }
        // Sorting is the signer's business; only inputs that begin with the same member keep their order.
        if (file != "tx/up_tx_bv4_contingent_input_shared_first_member.json")
            std::reverse(parts.inputs.begin(), parts.inputs.end());
        std::reverse(parts.outputs.begin(), parts.outputs.end());
        test::TextBytes rng(json.at("sign_seed").get<std::string>());
        const auto made = sign_tx(ristretto_tx_crypto(), rng, version, std::move(parts));
        ASSERT_TRUE(std::holds_alternative<Tx>(made)) << name(std::get<SignRefusal>(made));
        EXPECT_TRUE(encode(std::get<Tx>(made)) == bytes);
        EXPECT_EQ(rng.used(), json.at("sign_random_bytes").get<std::size_t>());
    }
}

TEST_P(UpstreamTxTest, a_public_transaction) {
    const Json real = document("tx/tx_bv3_signed_kat.json");
    const Tx tx = decode_tx(test::hex(real.at("tx_hex"))).value();
    EXPECT_EQ(hash(tx), test::fixed<Hash32>(real.at("derived").at("tx_hash")));
    EXPECT_EQ(to_hex(signing_message(3, tx.prefix, tx.signature)),
              real.at("derived").at("mlsag_signing_digest").get<std::string>());
}

JUDGE_KNOWN_ANSWERS(UpstreamTxTest);

// Sixteen whole transactions, too many bytes to restate; the ones above have alterations of the same kinds.
void a_derived_transaction(const test::CopiedFiles& given) {
    const Json derived = given.document(0);
    test::MemoryLedger ledger(ristretto_tx_crypto());
    for (const Json& output : derived.at("ledger_tx_outs_hex"))
        ledger.append(decode_tx_out(test::hex(output)).value());
    ledger.finish(10);
    EXPECT_EQ(ledger.root().hash, test::fixed<Hash32>(derived.at("merkle_root")));
    const Bytes bytes = test::hex(derived.at("tx_hex"));
    EXPECT_EQ(hash(decode_tx(bytes).value()), test::fixed<Hash32>(derived.at("expected").at("tx_hash")));
    EXPECT_EQ(judge(ristretto_tx_crypto(), rules_of(4), ledger, bytes), Verdict{});
    ASSERT_EQ(derived.at("mutations").size(), 16u);
    for (const Json& mutation : derived.at("mutations")) {
        const Verdict verdict =
            judge(ristretto_tx_crypto(), rules_of(4), ledger, test::hex(mutation.at("tx_hex")));
        EXPECT_EQ(verdict.code, TxCode{mutation.at("expected_result_code").get<std::int32_t>()})
            << mutation.at("name") << verdict.text;
    }
}

const std::vector<test::CopiedFiles>& only_whole() {
    static const std::vector<test::CopiedFiles> checks{
        {"a_derived_transaction", {"tx/tx_bv4_mixed_derived.json"}, a_derived_transaction}};
    return checks;
}

class WholeAnswersTest : public testing::TestWithParam<test::CopiedFiles> {};

TEST_P(WholeAnswersTest, agrees) { GetParam().check(GetParam()); }

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WholeAnswersTest);
INSTANTIATE_TEST_SUITE_P(, WholeAnswersTest, testing::ValuesIn(test::present(only_whole())),
                         test::name_of_files);

TEST(WholeAnswers, absent_ones_are_named) { test::name_absent_files(only_whole()); }

} // namespace
} // namespace engine::chain::tx
