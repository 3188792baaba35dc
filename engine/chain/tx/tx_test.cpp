#include <gtest/gtest.h>

#include "engine/chain/block.hpp"
#include "engine/chain/testing/tx_world.hpp"
#include "engine/chain/tx/tx_wire.hpp"

// Transactions made and judged here, with both cryptographies, without any known answer from outside: what is
// made verifies, and whatever is changed afterwards is refused at the same stage with the same code by both.

namespace engine::chain::tx {
namespace {

using test::TxWorld;

const TxCrypto* const both[] = {&ristretto_tx_crypto(), &fast_tx_crypto()};

struct TxTest : testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(BlockVersions, TxTest, testing::Values(0u, 1u, 2u, 3u, 4u));

TEST_P(TxTest, what_is_made_is_accepted_once) {
    for (const TxCrypto* crypto : both) {
        SCOPED_TRACE(crypto->name());
        TxWorld world(*crypto, GetParam());
        for (const auto& [inputs, outputs] : {std::pair{1u, 2u}, std::pair{2u, 3u}, std::pair{3u, 1u}}) {
            const Tx tx = world.sign(world.parts(inputs, outputs));
            EXPECT_EQ(world.judge(tx), Verdict{});
            const Bytes bytes = encode(tx);
            EXPECT_TRUE(decode_tx(bytes) == tx);
            EXPECT_EQ(judge(*crypto, world.rules(), world.ledger(), bytes), Verdict{});
        }
        const Tx tx = world.sign(world.parts(1, 2));
        world.ledger().spend(tx.signature.ring_signatures[0].key_image);
        EXPECT_EQ(world.judge(tx).code, TxCode::contains_spent_key_image);
        EXPECT_EQ(world.judge(tx).stage, Stage::ledger);
        // Its outputs belong to the recipient, and can be spent in turn.
        for (const TxOut& output : tx.prefix.outputs)
            EXPECT_TRUE(crypto->open_for_spending(world.account(), world.table(), output));
    }
}

TEST_P(TxTest, the_owners_view_of_an_output_is_that_of_the_wallet) {
    for (const TxCrypto* crypto : both) {
        TxWorld world(*crypto, GetParam());
        const TxOut output = world.make({77, 0}).output;
        const auto secrets = crypto->open_for_spending(world.account(), world.table(), output);
        const auto record = world.wallet().make_record(output, GlobalIndex{1}, BlockIndex{1}, 0);
        const auto opened = world.wallet().open_output(world.account(), world.table(), record);
        ASSERT_TRUE(secrets && opened);
        EXPECT_EQ(secrets->amount, (Amount{77, 0}));
        EXPECT_EQ(opened->amount, secrets->amount);
        EXPECT_EQ(opened->key_image, secrets->key_image);
        const AccountKey stranger = world.wallet().account_from_entropy({9});
        EXPECT_FALSE(
            crypto->open_for_spending(stranger, world.wallet().default_subaddresses(stranger), output));
    }
}

struct Mutation {
    const char* name;
    std::function<void(Tx&)> apply;
    Stage stage;
    std::optional<TxCode> code;
};

void flip(Bytes& bytes, std::size_t at) { bytes.at(at) = static_cast<std::uint8_t>(bytes.at(at) ^ 2); }

Bytes& first_proof(Tx& tx) {
    SignatureRctBulletproofs& s = tx.signature;
    return s.range_proofs.empty() ? s.range_proof_bytes : s.range_proofs.front();
}

/// For a transaction with two inputs and three outputs.
std::vector<Mutation> mutations() {
    const auto bad = TxCode::invalid_signature;
    const auto error = TxCode::membership_proof_error;
    return {
        {"fee plus 1", [](Tx& tx) { ++tx.prefix.fee; }, Stage::enclave, bad},
        {"fee 0", [](Tx& tx) { tx.prefix.fee = 0; }, Stage::enclave, bad},
        {"token 999", [](Tx& tx) { tx.prefix.fee_token_id = 999; }, Stage::enclave,
         TxCode::token_not_configured},
        {"fee token 1", [](Tx& tx) { tx.prefix.fee_token_id = 1; }, Stage::enclave, bad},
        {"tombstone plus 1", [](Tx& tx) { ++tx.prefix.tombstone_block; }, Stage::enclave, bad},
        {"no inputs", [](Tx& tx) { tx.prefix.inputs.clear(); }, Stage::enclave, std::nullopt},
        {"no outputs", [](Tx& tx) { tx.prefix.outputs.clear(); }, Stage::enclave, TxCode::no_outputs},
        {"17 inputs", [](Tx& tx) { tx.prefix.inputs.resize(17, tx.prefix.inputs[0]); }, Stage::enclave,
         TxCode::too_many_inputs},
        {"17 outputs", [](Tx& tx) { tx.prefix.outputs.resize(17, tx.prefix.outputs[0]); }, Stage::enclave,
         TxCode::too_many_outputs},
        {"ring of 10",
         [](Tx& tx) {
             tx.prefix.inputs[0].ring.pop_back();
             tx.prefix.inputs[0].proofs.pop_back();
         },
         Stage::enclave, TxCode::insufficient_ring_size},
        {"ring of 12", [](Tx& tx) { tx.prefix.inputs[0].ring.push_back(tx.prefix.inputs[0].ring[0]); },
         Stage::enclave, TxCode::excessive_ring_size},
        {"member repeated", [](Tx& tx) { tx.prefix.inputs[0].ring[1] = tx.prefix.inputs[0].ring[0]; },
         Stage::enclave, TxCode::duplicate_ring_elements},
        {"member of the other ring",
         [](Tx& tx) { tx.prefix.inputs[0].ring[1] = tx.prefix.inputs[1].ring[1]; }, Stage::enclave,
         TxCode::duplicate_ring_elements},
        {"members exchanged",
         [](Tx& tx) { std::swap(tx.prefix.inputs[0].ring[0], tx.prefix.inputs[0].ring[1]); }, Stage::enclave,
         TxCode::unsorted_ring_elements},
        {"inputs exchanged", [](Tx& tx) { std::swap(tx.prefix.inputs[0], tx.prefix.inputs[1]); },
         Stage::enclave, TxCode::unsorted_inputs},
        {"a proof missing", [](Tx& tx) { tx.prefix.inputs[0].proofs.pop_back(); }, Stage::enclave,
         TxCode::missing_membership_proof},
        {"all proofs missing",
         [](Tx& tx) {
             for (TxIn& input : tx.prefix.inputs) input.proofs.clear();
         },
         Stage::enclave, std::nullopt},
        {"proof without elements", [](Tx& tx) { tx.prefix.inputs[0].proofs[0].elements.clear(); },
         Stage::enclave, error},
        {"leaf hash", [](Tx& tx) { tx.prefix.inputs[0].proofs[0].elements[0].hash.bytes[0] ^= 1; },
         Stage::enclave, error},
        {"sibling hash", [](Tx& tx) { tx.prefix.inputs[0].proofs[0].elements[1].hash.bytes[0] ^= 1; },
         Stage::enclave, TxCode::invalid_membership_proof},
        {"range moved", [](Tx& tx) { tx.prefix.inputs[0].proofs[0].elements[1].range.from += 2; },
         Stage::enclave, error},
        {"proof index", [](Tx& tx) { ++tx.prefix.inputs[0].proofs[0].index; }, Stage::enclave, error},
        {"highest index minus 1", [](Tx& tx) { --tx.prefix.inputs[0].proofs[0].highest_index; },
         Stage::enclave, TxCode::invalid_membership_proof},
        {"highest index beyond", [](Tx& tx) { tx.prefix.inputs[0].proofs[0].highest_index = 70; },
         Stage::untrusted, TxCode::ledger_index_out_of_bounds},
        {"output without amount", [](Tx& tx) { tx.prefix.outputs[0].masked_amount.reset(); }, Stage::enclave,
         TxCode::unknown_masked_amount_version},
        {"member without amount", [](Tx& tx) { tx.prefix.inputs[0].ring[0].masked_amount.reset(); },
         Stage::enclave, error},
        {"commitment no point",
         [](Tx& tx) { tx.prefix.outputs[0].masked_amount->commitment.bytes.fill(0xff); }, Stage::enclave,
         bad},
        {"masked value", [](Tx& tx) { ++tx.prefix.outputs[0].masked_amount->masked_value; }, Stage::enclave,
         bad},
        {"target key", [](Tx& tx) { tx.prefix.outputs[0].target_key = tx.prefix.outputs[1].target_key; },
         Stage::enclave, bad},
        {"hint", [](Tx& tx) { tx.prefix.outputs[0].fog_hint.bytes.fill(0xff); }, Stage::enclave, bad},
        {"c_zero", [](Tx& tx) { tx.signature.ring_signatures[0].c_zero.bytes[0] ^= 1; }, Stage::enclave, bad},
        {"response", [](Tx& tx) { tx.signature.ring_signatures[1].responses[21].bytes[0] ^= 1; },
         Stage::enclave, bad},
        {"a response missing", [](Tx& tx) { tx.signature.ring_signatures[0].responses.pop_back(); },
         Stage::enclave, bad},
        {"key image identity", [](Tx& tx) { tx.signature.ring_signatures[0].key_image = {}; }, Stage::enclave,
         bad},
        {"key image no point", [](Tx& tx) { tx.signature.ring_signatures[0].key_image.bytes.fill(0xff); },
         Stage::enclave, bad},
        {"key image twice",
         [](Tx& tx) {
             tx.signature.ring_signatures[1].key_image = tx.signature.ring_signatures[0].key_image;
         },
         Stage::enclave, bad},
        {"ring signatures exchanged",
         [](Tx& tx) { std::swap(tx.signature.ring_signatures[0], tx.signature.ring_signatures[1]); },
         Stage::enclave, bad},
        {"pseudo outputs exchanged",
         [](Tx& tx) {
             std::swap(tx.signature.pseudo_output_commitments[0], tx.signature.pseudo_output_commitments[1]);
         },
         Stage::enclave, bad},
        {"pseudo output missing", [](Tx& tx) { tx.signature.pseudo_output_commitments.pop_back(); },
         Stage::enclave, bad},
        {"ring signature missing", [](Tx& tx) { tx.signature.ring_signatures.pop_back(); }, Stage::enclave,
         bad},
        {"one more token id 999", [](Tx& tx) { tx.signature.output_token_ids.push_back(999); },
         Stage::enclave, TxCode::token_not_configured},
        {"one more token id 0", [](Tx& tx) { tx.signature.output_token_ids.push_back(0); }, Stage::enclave,
         bad},
        {"one more pseudo token id", [](Tx& tx) { tx.signature.pseudo_output_token_ids.push_back(0); },
         Stage::enclave, bad},
        {"proof: A", [](Tx& tx) { flip(first_proof(tx), 0); }, Stage::enclave, bad},
        {"proof: A identity", [](Tx& tx) { std::fill_n(first_proof(tx).begin(), 32, std::uint8_t{0}); },
         Stage::enclave, bad},
        {"proof: t_x", [](Tx& tx) { flip(first_proof(tx), 128); }, Stage::enclave, bad},
        {"proof: t_x not canonical", [](Tx& tx) { first_proof(tx)[128 + 31] = 0xff; }, Stage::enclave, bad},
        {"proof: last scalar", [](Tx& tx) { flip(first_proof(tx), first_proof(tx).size() - 32); },
         Stage::enclave, bad},
        {"proof: a byte short", [](Tx& tx) { first_proof(tx).pop_back(); }, Stage::enclave, bad},
        {"proof: 64 bytes short", [](Tx& tx) { first_proof(tx).resize(first_proof(tx).size() - 64); },
         Stage::enclave, bad},
        {"proof: 64 bytes more", [](Tx& tx) { first_proof(tx).resize(first_proof(tx).size() + 64); },
         Stage::enclave, bad},
        {"fee map digest", [](Tx& tx) { tx.fee_map_digest.assign(32, 7); }, Stage::propose,
         TxCode::fee_map_digest_mismatch},
        {"rules added to one", [](Tx& tx) { tx.prefix.inputs[0].input_rules.emplace(); }, Stage::enclave,
         bad},
        {"rules added to all",
         [](Tx& tx) {
             for (TxIn& input : tx.prefix.inputs) input.input_rules.emplace();
         },
         Stage::enclave, bad},
    };
}

TEST_P(TxTest, every_change_is_refused_alike_by_both) {
    TxWorld real(ristretto_tx_crypto(), GetParam());
    TxWorld cheap(fast_tx_crypto(), GetParam());
    const Tx good[] = {real.sign(real.parts(2, 3)), cheap.sign(cheap.parts(2, 3))};
    const TxWorld* worlds[] = {&real, &cheap};
    for (const Mutation& mutation : mutations()) {
        Verdict verdicts[2];
        for (int i = 0; i < 2; ++i) {
            Tx tx = good[i];
            mutation.apply(tx);
            verdicts[i] = worlds[i]->judge(tx);
            EXPECT_STREQ(name(verdicts[i].stage), name(mutation.stage))
                << mutation.name << ": " << verdicts[i].text;
            EXPECT_EQ(verdicts[i].code, mutation.code) << mutation.name << ": " << verdicts[i].text;
        }
        EXPECT_EQ(verdicts[0].text, verdicts[1].text) << mutation.name;
    }
}

/// Changes made before signing: the signature is right, the transaction is not.
TEST_P(TxTest, what_is_signed_wrongly_is_refused_alike_by_both) {
    const std::uint32_t version = GetParam();
    struct Case {
        const char* name;
        std::function<void(TxParts&)> apply;
        Stage stage;
        std::optional<TxCode> code;
    };
    const std::uint64_t blocks = version + 1;
    const auto memo_code = version >= 1 ? TxCode::missing_memo : TxCode::memos_not_allowed;
    const auto token_code =
        version >= 2 ? TxCode::missing_masked_token_id : TxCode::masked_token_id_not_allowed;
    const std::vector<Case> cases{
        {"tombstone at the last block", [&](TxParts& p) { p.tombstone_block = blocks - 1; }, Stage::enclave,
         TxCode::tombstone_exceeded},
        {"tombstone at the next block", [&](TxParts& p) { p.tombstone_block = blocks; }, Stage::ledger,
         TxCode::tombstone_exceeded},
        {"tombstone after it", [&](TxParts& p) { p.tombstone_block = blocks + 1; }, Stage::accepted,
         TxCode::ok},
        {"furthest tombstone", [&](TxParts& p) { p.tombstone_block = blocks - 1 + furthest_tombstone; },
         Stage::accepted, TxCode::ok},
        {"tombstone too far", [&](TxParts& p) { p.tombstone_block = blocks + furthest_tombstone; },
         Stage::enclave, TxCode::tombstone_too_far},
        {"tombstone at the end of time", [&](TxParts& p) { p.tombstone_block = ~std::uint64_t{0}; },
         Stage::enclave, TxCode::tombstone_too_far},
        {"memo",
         [&](TxParts& p) {
             if (version >= 1)
                 p.outputs[0].first.memo.reset();
             else
                 p.outputs[0].first.memo.emplace();
         },
         Stage::enclave, memo_code},
        {"masked token id of 4 bytes",
         [&](TxParts& p) { p.outputs[0].first.masked_amount->masked_token_id.assign(4, 0); }, Stage::enclave,
         token_code},
        {"same public key",
         [&](TxParts& p) { p.outputs[0].first.public_key = p.outputs[1].first.public_key; }, Stage::enclave,
         TxCode::duplicate_output_public_key},
        {"same target key",
         [&](TxParts& p) { p.outputs[0].first.target_key = p.outputs[1].first.target_key; }, Stage::accepted,
         TxCode::ok},
        {"public key of the ledger",
         [&](TxParts& p) {
             p.outputs[0].first.public_key = std::get<OwnInput>(p.inputs[0]).input.ring[0].public_key;
         },
         Stage::ledger, TxCode::contains_existing_output_public_key},
    };
    for (const TxCrypto* crypto : both) {
        SCOPED_TRACE(crypto->name());
        TxWorld world(*crypto, version);
        for (const Case& c : cases) {
            TxParts parts = world.parts(1, 2);
            c.apply(parts);
            const Verdict verdict = world.judge(world.sign(std::move(parts)));
            EXPECT_STREQ(name(verdict.stage), name(c.stage)) << c.name << ": " << verdict.text;
            EXPECT_EQ(verdict.code, c.code) << c.name;
        }
        TxParts parts = world.parts(1, 2);
        parts.outputs[0].second.amount.value += 1;
        EXPECT_EQ(std::get<SignRefusal>(sign_tx(*crypto, world.rng(), version, parts)),
                  SignRefusal::does_not_balance);
        parts = world.parts(1, 2);
        std::get<OwnInput>(parts.inputs[0]).secrets.onetime_private = Scalar::from_u64(3);
        EXPECT_EQ(world.judge(world.sign(parts)).code, TxCode::invalid_signature);
        parts = world.parts(1, 2);
        std::get<OwnInput>(parts.inputs[0]).secrets.blinding = Scalar::from_u64(3);
        EXPECT_EQ(std::get<SignRefusal>(sign_tx(*crypto, world.rng(), version, parts)),
                  SignRefusal::ring_refused);
        // A fee below the minimum that balances.
        parts = world.parts(1, 2);
        const MadeOutput rest = world.make({1, 0});
        parts.fee.value -= 1;
        parts.outputs.emplace_back(rest.output, rest.secrets);
        EXPECT_EQ(world.judge(world.sign(parts)).code, TxCode::fee_error);
        parts.inputs.clear();
        EXPECT_EQ(std::get<SignRefusal>(sign_tx(*crypto, world.rng(), version, parts)),
                  SignRefusal::no_own_input);
    }
}

TEST(MixedTxTest, tokens_are_kept_apart) {
    for (const TxCrypto* crypto : both) {
        SCOPED_TRACE(crypto->name());
        TxWorld world(*crypto, 4);
        const auto mixed = [&] {
            TxParts parts = world.parts(1, 2);
            OwnInput other = world.input(1, 1);
            const MadeOutput paid = world.make(other.secrets.amount);
            parts.inputs.emplace_back(std::move(other));
            parts.outputs.emplace_back(paid.output, paid.secrets);
            return parts;
        };
        Tx tx = world.sign(mixed());
        EXPECT_EQ(tx.signature.range_proofs.size(), 2u);
        EXPECT_EQ(world.judge(tx), Verdict{});
        Tx changed = tx;
        std::swap(changed.signature.range_proofs[0], changed.signature.range_proofs[1]);
        EXPECT_EQ(world.judge(changed).code, TxCode::invalid_signature);
        changed = tx;
        changed.signature.output_token_ids[0] ^= 1;
        EXPECT_EQ(world.judge(changed).text,
                  "Invalid RingCT signature: `Invalid RangeProof: ProofError: `VerificationError``");
        // One token's coins for the other's.
        TxParts parts = mixed();
        std::swap(parts.outputs[0].second.amount.token_id, parts.outputs[2].second.amount.token_id);
        EXPECT_TRUE(std::holds_alternative<SignRefusal>(sign_tx(*crypto, world.rng(), 4, parts)));
        EXPECT_EQ(std::get<SignRefusal>(sign_tx(*crypto, world.rng(), 2, mixed())),
                  SignRefusal::mixed_tokens);
    }
}

TEST(VersionTest, a_signature_is_for_one_form_of_message) {
    for (const TxCrypto* crypto : both) {
        SCOPED_TRACE(crypto->name());
        for (std::uint32_t made = 0; made <= 4; ++made) {
            TxWorld world(*crypto, made);
            const Tx tx = world.sign(world.parts(1, 2));
            for (std::uint32_t node = 0; node <= 4; ++node) {
                world.rules().block_version = node;
                const Verdict verdict = world.judge(tx);
                const bool alike = made == node || (made >= 3 && node >= 3);
                const auto expected = alike                    ? TxCode::ok
                                      : made == 0 && node == 1 ? TxCode::missing_memo
                                      : made == 1 && node == 0 ? TxCode::memos_not_allowed
                                                               : TxCode::invalid_signature;
                EXPECT_EQ(verdict.code, expected) << made << " at " << node;
            }
        }
    }
}

TEST(OldProofTest, proofs_of_an_earlier_ledger_are_good_at_every_size) {
    for (const TxCrypto* crypto : both) {
        SCOPED_TRACE(crypto->name());
        for (const std::size_t then : {11u, 12u, 16u, 17u, 32u, 33u, 69u, 70u}) {
            TxWorld world(*crypto, 4);
            test::MemoryLedger before(*crypto);
            for (std::size_t i = 0; i < then; ++i) before.append(world.ledger().output(i));
            before.finish(2);
            TxParts parts = world.parts(1, 1);
            OwnInput& own = std::get<OwnInput>(parts.inputs[0]);
            for (std::size_t i = 0; i < ring_size; ++i) own.input.proofs[i] = before.membership_proof(i);
            EXPECT_EQ(world.judge(world.sign(std::move(parts))), Verdict{}) << then;
        }
    }
}

TEST(WireTest, hostile_forms_of_a_transaction) {
    EXPECT_TRUE(decode_tx({}) == Tx{});
    TxWorld world(fast_tx_crypto(), 4);
    const Tx tx = world.sign(world.parts(1, 2));
    const Bytes bytes = encode(tx);
    for (std::size_t cut = 1; cut < bytes.size(); cut += 97) {
        const auto part = decode_tx(ByteView(bytes).first(cut));
        EXPECT_FALSE(part && *part == tx);
    }
    Bytes twice = bytes;
    append(twice, bytes); // messages merge: lists double, numbers stay
    const auto doubled = decode_tx(twice);
    ASSERT_TRUE(doubled);
    EXPECT_EQ(doubled->prefix.inputs.size(), 2u);
    EXPECT_EQ(doubled->prefix.fee, tx.prefix.fee);
    Bytes unknown = bytes;
    append(unknown, test::hex("fa3f0101")); // field 1023
    EXPECT_TRUE(decode_tx(unknown) == tx);
    unknown.push_back(0);
    EXPECT_FALSE(decode_tx(unknown));
    EXPECT_TRUE(decode_tx_list(encode_tx_list({tx, Tx{}})) == (std::vector<Tx>{tx, Tx{}}));
}

} // namespace
} // namespace engine::chain::tx
