#include <gtest/gtest.h>

#include <sodium.h>

#include "engine/chain/amount.hpp"
#include "engine/chain/mint_validation.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/testing/memory_ledger.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "engine/chain/tx/form_block.hpp"
#include "engine/chain/tx/membership.hpp"
#include "engine/chain/tx/pending.hpp"
#include "engine/chain/tx/tx_wire.hpp"

// What surrounds transactions, against MobileCoin's own answers: amounts, Merkle proofs, minting, order of
// pending transactions, formed blocks.

namespace engine::chain::tx {
namespace {

using test::Json;

std::uint64_t number(const Json& json) {
    return json.is_string() ? std::stoull(json.get<std::string>()) : json.get<std::uint64_t>();
}
Scalar scalar(const Json& json) { return Scalar::parse(test::fixed<PrivateKey>(json)).value(); }

class UpstreamBlockTest : public test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(UpstreamBlockTest);

TEST_P(UpstreamBlockTest, amounts_and_key_images) {
    const Json json = document("tx/up_amounts.json");
    ASSERT_EQ(json.at("generators").size(), expected(3, 9, "value generators"));
    for (const Json& row : json.at("generators")) {
        const std::uint64_t token_id = number(row.at("token_id"));
        EXPECT_EQ(to_hex(value_generator(token_id).bytes()), row.at("H").get<std::string>());
        const auto expect = [&](std::uint64_t value, const Scalar& blinding, const char* name) {
            const auto wanted = test::fixed<Commitment>(row.at(name));
            EXPECT_EQ(commit({value, token_id}, blinding), wanted) << name;
            EXPECT_EQ(ristretto_tx_crypto().commit({value, token_id}, blinding), wanted) << name;
        };
        const Scalar blinding = scalar(row.at("blinding"));
        expect(0, blinding, "commit_0");
        expect(1, blinding, "commit_1");
        expect(~std::uint64_t{0}, blinding, "commit_max");
        expect(12345, Scalar(), "commit_12345_blinding_0");
    }
    for (const Json& row : json.at("key_images"))
        EXPECT_EQ(key_image(scalar(row.at("onetime_private_key"))),
                  test::fixed<KeyImage>(row.at("key_image")));
    ASSERT_EQ(json.at("masked_amounts").size(), expected(3, 8, "masked amounts"));
    for (const Json& row : json.at("masked_amounts")) {
        const auto secret = test::fixed<SharedSecret>(row.at("shared_secret"));
        EXPECT_EQ(to_hex(*amount_secret(secret)), row.at("amount_shared_secret_v2").get<std::string>());
        const Amount amount{number(row.at("value")), number(row.at("token_id"))};
        for (const auto& [version, name] :
             {std::pair{0u, "version_0"}, {2u, "version_2"}, {3u, "version_3"}}) {
            if (!row.contains(name)) continue;
            const Json& wanted = row.at(name);
            if (wanted.is_null() || !wanted.contains("commitment")) continue;
            const MaskedAmount masked =
                mask_amount(amount_version(version), amount, secret,
                            outputs_have_token_ids(version) ? TokenField::present : TokenField::absent);
            EXPECT_EQ(masked.commitment, test::fixed<Commitment>(wanted.at("commitment")));
            EXPECT_EQ(masked.masked_value, number(wanted.at("masked_value")));
            EXPECT_EQ(to_hex(masked.masked_token_id), wanted.at("masked_token_id").get<std::string>());
            const auto opened = open_amount(masked, secret);
            ASSERT_TRUE(opened);
            EXPECT_EQ(opened->amount, amount);
            EXPECT_EQ(opened->blinding, scalar(wanted.at("blinding")));
            if (version >= 3) {
                const Bytes revealed = ristretto_tx_crypto().amount_secret(secret);
                EXPECT_EQ(ristretto_tx_crypto().open_revealed(masked, revealed), amount);
            }
        }
    }
}

TxOutMembershipElement element(const Json& row) {
    return {{number(row.at(0)), number(row.at(1))}, test::fixed<Hash32>(row.at(2))};
}

TEST_P(UpstreamBlockTest, merkle_proofs_and_their_roll_back) {
    const Json json = document("tx/up_merkle.json");
    const Json outputs = document("tx/up_tx_ledger.json").at("outputs");
    const TxCrypto& crypto = ristretto_tx_crypto();
    EXPECT_EQ(crypto.merkle_nil(), test::fixed<Hash32>(json.at("nil_hash")));
    EXPECT_EQ(crypto.merkle_node(crypto.merkle_nil(), crypto.merkle_nil()),
              test::fixed<Hash32>(json.at("node_of_nil_nil")));
    ASSERT_EQ(json.at("proofs").size(), expected(4, 14, "membership proofs"));
    for (const Json& row : json.at("proofs")) {
        test::MemoryLedger ledger(crypto);
        for (std::uint64_t i = 0; i < number(row.at("outputs_in_ledger")); ++i)
            test::append_row(ledger, test::hex(outputs.at(i).at(0)));
        ledger.finish(1);
        const TxOutMembershipProof proof = ledger.membership_proof(number(row.at("index")));
        EXPECT_EQ(to_hex(engine::chain::encode(proof)), row.at("proof_hex").get<std::string>());
        const auto root = implied_root(crypto, proof);
        ASSERT_TRUE(root);
        EXPECT_EQ(root->hash, test::fixed<Hash32>(row.at("root")));
        const Json& then = row.at("rolled_back_to_when_it_was_the_last_output");
        const auto old = root_when_last(crypto, proof);
        ASSERT_TRUE(old);
        EXPECT_EQ(old->hash, test::fixed<Hash32>(then.at("root")));
        EXPECT_EQ(old->range,
                  (LeafRange{number(then.at("root_range").at(0)), number(then.at("root_range").at(1))}));
        EXPECT_EQ(element(row.at("elements").at(0)), proof.elements.at(0));
    }
}

TEST_P(UpstreamBlockTest, order_and_combination_of_pending_transactions) {
    const Json json = document("tx/up_tx_order.json");
    std::vector<TxContext> contexts;
    for (const Json& row : json.at("contexts")) {
        TxContext context;
        context.priority = number(row.at("priority"));
        context.hash = test::fixed<Hash32>(row.at("tx_hash"));
        context.tombstone_block = number(row.at("tombstone_block"));
        context.highest_indices = {number(row.at("highest_index"))};
        for (const Json& image : row.at("key_images"))
            context.key_images.push_back(test::fixed<KeyImage>(image));
        for (const Json& key : row.at("output_public_keys"))
            context.output_public_keys.push_back(test::fixed<PublicKey>(key));
        contexts.push_back(std::move(context));
    }
    auto sorted = contexts;
    std::sort(sorted.begin(), sorted.end());
    ASSERT_EQ(sorted.size(), json.at("sorted").size());
    for (std::size_t i = 0; i < sorted.size(); ++i)
        EXPECT_EQ(sorted[i], contexts.at(number(json.at("sorted").at(i))));
    for (const auto& [name, most] :
         {std::pair{"combined_unlimited", most_transactions}, {"combined_at_most_5", std::size_t{5}}}) {
        const auto combined = combine(contexts, most);
        ASSERT_EQ(combined.size(), json.at(name).size());
        for (std::size_t i = 0; i < combined.size(); ++i)
            EXPECT_EQ(combined[i], contexts.at(number(json.at(name).at(i))).hash) << name << i;
    }
    for (const Json& row : json.at("priority_formula"))
        EXPECT_EQ(FeeMap({{0, number(row.at("minimum"))}}).priority({number(row.at("fee")), 0}),
                  number(row.at("priority")));
}

TEST_P(UpstreamBlockTest, minting) {
    const Json json = document("tx/up_mint.json");
    for (const Json& row : json.at("fee_maps")) {
        std::map<std::uint64_t, std::uint64_t> fees;
        for (const Json& fee : row.at("fees")) fees[number(fee.at(0))] = number(fee.at(1));
        const FeeMap map(fees);
        const Json& verdict = row.at("verdict");
        if (verdict.is_string()) {
            EXPECT_EQ(map.fault(), verdict.get<std::string>());
        } else {
            EXPECT_EQ(map.fault(), std::nullopt);
            EXPECT_EQ(map.digest(), test::fixed<Hash32>(verdict.at("digest")));
        }
    }
    std::vector<SignerSet> sets;
    for (const Json& row : json.at("signer_sets")) {
        const Bytes bytes = test::hex(row.at("protobuf"));
        const SignerSet set = decode_signer_set(bytes).value();
        EXPECT_EQ(engine::chain::encode(set), bytes);
        EXPECT_EQ(digest32("signer_set", set), test::fixed<Hash32>(row.at("digest32_context_signer_set")));
        EXPECT_EQ(is_valid(set), row.at("valid").get<bool>()) << row.at("name");
        const Bytes message{'m', 'e', 's', 's', 'a', 'g', 'e', ' ', 't', 'o', ' ', 's', 'i', 'g', 'n'};
        for (const Json& v : row.at("verify_of_message_to_sign")) {
            MultiSig signatures;
            for (const Json& signer : v.at("signed_by")) {
                Ed25519Seed seed;
                seed.bytes.fill(signer.get<std::uint8_t>());
                signatures.signatures.push_back(Ed25519KeyPair(seed).sign(message));
            }
            EXPECT_EQ(verify(set, message, signatures), v.at("verdict").is_object())
                << row.at("name") << v.at("signed_by");
        }
        sets.push_back(set);
    }
    const auto expect = [](const std::optional<MintFault>& fault, const Json& verdict, const Json& name) {
        EXPECT_EQ(static_cast<int>(fault ? fault->code : MintCode::ok), verdict.at("code").get<int>())
            << name;
        EXPECT_EQ(fault ? fault->text : "", verdict.value("msg", "")) << name;
    };
    ASSERT_EQ(json.at("mint_config_txs").size(), expected(9, 19, "mint config transactions"));
    for (const Json& row : json.at("mint_config_txs")) {
        const Bytes bytes = test::hex(row.at("protobuf"));
        const MintConfigTx tx = decode_mint_config_tx(bytes).value();
        EXPECT_EQ(engine::chain::encode(tx), bytes);
        EXPECT_EQ(mint_config_prefix_hash(tx.prefix), test::fixed<Hash32>(row.at("prefix_digest")));
        EXPECT_EQ(digest32("", tx), test::fixed<Hash32>(row.at("digest_context_empty")));
        for (const auto& [version, verdict] : row.at("verdict_by_block_version").items())
            expect(check_mint_config_tx(static_cast<std::uint32_t>(std::stoul(version)), 5, tx, sets.at(0)),
                   verdict, row.at("name"));
    }
    const MintConfig config{1, sets.at(0), 1000};
    ASSERT_EQ(json.at("mint_txs").size(), expected(9, 14, "mint transactions"));
    for (const Json& row : json.at("mint_txs")) {
        const Bytes bytes = test::hex(row.at("protobuf"));
        const MintTx tx = decode_mint_tx(bytes).value();
        EXPECT_EQ(engine::chain::encode(tx), bytes);
        EXPECT_EQ(mint_prefix_hash(tx.prefix), test::fixed<Hash32>(row.at("prefix_digest")));
        EXPECT_EQ(digest32("", tx), test::fixed<Hash32>(row.at("digest_context_empty")));
        for (const auto& [version, verdict] : row.at("verdict_by_block_version").items())
            expect(check_mint_tx(static_cast<std::uint32_t>(std::stoul(version)), 5, tx, config), verdict,
                   row.at("name"));
    }
}

TEST_P(UpstreamBlockTest, formed_blocks) {
    const Json json = document("tx/up_blocks.json");
    ASSERT_EQ(json.at("formed").size(), expected(3, 11, "formed blocks"));
    for (const Json& row : json.at("formed")) {
        SCOPED_TRACE(row.at("name").get<std::string>());
        Block parent;
        parent.id = test::fixed<BlockId>(row.at("parent_block_id"));
        parent.index = BlockIndex{number(row.at("parent_index"))};
        const Block block = decode_block(test::hex(row.at("block_protobuf"))).value();
        parent.cumulative_txo_count = block.cumulative_txo_count - row.at("output_public_keys").size();
        ChainRules rules{row.at("block_version").get<std::uint32_t>(),
                         FeeMap({{0, 400'000'000}, {1, 1024}, {2, 1024}})};
        if (rules.block_version < 2 && row.at("made_outputs").size() == 1) rules.fees = FeeMap();
        BlockInputs inputs;
        for (const Json& file : row.at("transactions")) {
            const Json made = document("tx/" + file.get<std::string>());
            inputs.transactions.push_back(decode_tx(test::hex(made.at("tx_hex"))).value());
        }
        // The longest contents are given by their hash only; none of these mints.
        if (!row.at("contents_protobuf").is_null()) {
            const auto wanted = decode_block_contents(test::hex(row.at("contents_protobuf")));
            ASSERT_TRUE(wanted);
            inputs.mint_config_txs = wanted->validated_mint_config_txs;
            inputs.mint_txs = wanted->mint_txs;
        }
        const auto formed = form_block(ristretto_tx_crypto(), rules, parent, inputs, block.root_element);
        ASSERT_TRUE(std::holds_alternative<FormedBlock>(formed)) << std::get<std::string>(formed);
        const FormedBlock& made = std::get<FormedBlock>(formed);
        EXPECT_EQ(made.block.contents_hash, block.contents_hash);
        EXPECT_EQ(made.block.id, block.id);
        EXPECT_TRUE(made.block == block);
        const Bytes contents = engine::chain::encode(made.contents);
        Hash32 digest;
        crypto_hash_sha256(digest.bytes.data(), contents.data(), contents.size());
        EXPECT_EQ(digest, test::fixed<Hash32>(row.at("contents_protobuf_sha256")));
    }
}

} // namespace
} // namespace engine::chain::tx
