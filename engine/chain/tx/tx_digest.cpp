#include "engine/chain/tx/tx_digest.hpp"

#include <algorithm>

#include "engine/chain/block.hpp"

namespace engine::chain::tx {

void append_digest(DigestTranscript& to, std::string_view context, const TxOutMembershipProof& value) {
    const DigestAggregate aggregate(to, context, "TxOutMembershipProof");
    to.integer("index", value.index);
    to.integer("highest_index", value.highest_index);
    to.omit_empty_list("elements", value.elements);
}

void append_digest(DigestTranscript& to, std::string_view context, const RevealedTxOut& value) {
    const DigestAggregate aggregate(to, context, "RevealedTxOut");
    append_digest(to, "tx_out", value.tx_out);
    to.omit_empty_bytes("amount_shared_secret", value.amount_shared_secret);
}

void append_digest(DigestTranscript& to, std::string_view context, const InputRules& value) {
    const DigestAggregate aggregate(to, context, "InputRules");
    to.omit_empty_list("required_outputs", value.required_outputs);
    to.integer("max_tombstone_block", value.max_tombstone_block);
    to.omit_empty_list("partial_fill_outputs", value.partial_fill_outputs);
    if (value.partial_fill_change) append_digest(to, "partial_fill_change", *value.partial_fill_change);
    to.integer("min_partial_fill_value", value.min_partial_fill_value);
}

void append_digest(DigestTranscript& to, std::string_view context, const RingMlsag& value) {
    const DigestAggregate aggregate(to, context, "RingMLSAG");
    to.primitive("c_zero", "scalar", value.c_zero.view());
    if (!value.responses.empty()) {
        to.sequence("responses", value.responses.size());
        for (const RingScalar& response : value.responses) to.primitive("", "scalar", response.view());
    }
    to.point("key_image", value.key_image.view());
}

namespace {

void append_points(DigestTranscript& to, std::string_view context, const std::vector<Commitment>& list) {
    if (list.empty()) return;
    to.sequence(context, list.size());
    for (const Commitment& commitment : list) to.point("", commitment.view());
}

void append_byte_strings(DigestTranscript& to, std::string_view context, const std::vector<Bytes>& list) {
    if (list.empty()) return;
    to.sequence(context, list.size());
    for (const Bytes& bytes : list) to.bytes("", bytes);
}

void append_integers(DigestTranscript& to, std::string_view context, const std::vector<std::uint64_t>& list) {
    if (list.empty()) return;
    to.sequence(context, list.size());
    for (const std::uint64_t value : list) to.integer("", value);
}

bool same_keys(const TxOut& a, const TxOut& b) {
    return a.public_key == b.public_key && a.target_key == b.target_key;
}

bool belongs_to_rules(const TxOut& output, const std::vector<TxIn>& inputs) {
    return std::any_of(inputs.begin(), inputs.end(), [&](const TxIn& input) {
        if (!input.input_rules) return false;
        const InputRules& rules = *input.input_rules;
        return std::any_of(rules.required_outputs.begin(), rules.required_outputs.end(),
                           [&](const TxOut& other) { return same_keys(output, other); }) ||
               std::any_of(rules.partial_fill_outputs.begin(), rules.partial_fill_outputs.end(),
                           [&](const RevealedTxOut& other) { return same_keys(output, other.tx_out); }) ||
               (rules.partial_fill_change && same_keys(output, rules.partial_fill_change->tx_out));
    });
}

void append_summary(DigestTranscript& to, const TxPrefix& prefix, const SignatureRctBulletproofs& signature) {
    const DigestAggregate summary(to, "tx_summary", "TxSummary");
    if (!prefix.outputs.empty()) {
        to.sequence("outputs", prefix.outputs.size());
        for (const TxOut& output : prefix.outputs) {
            const DigestAggregate aggregate(to, "", "TxOutSummary");
            if (output.masked_amount) append_digest(to, "masked_amount", *output.masked_amount);
            to.point("target_key", output.target_key.view());
            to.point("public_key", output.public_key.view());
            const std::uint8_t associated = belongs_to_rules(output, prefix.inputs) ? 1 : 0;
            to.primitive("associated_to_input_rules", "bool", {&associated, 1});
        }
    }
    // One for each pseudo output; upstream refuses other counts before it comes here.
    const std::size_t inputs = std::min(prefix.inputs.size(), signature.pseudo_output_commitments.size());
    if (inputs != 0) {
        to.sequence("inputs", inputs);
        for (std::size_t i = 0; i < inputs; ++i) {
            const DigestAggregate aggregate(to, "", "TxInSummary");
            to.point("pseudo_output_commitment", signature.pseudo_output_commitments[i].view());
            if (prefix.inputs[i].input_rules)
                to.bytes("input_rules_digest",
                         digest32("mc-input-rules", *prefix.inputs[i].input_rules).view());
        }
    }
    to.integer("fee", prefix.fee);
    to.integer("fee_token_id", prefix.fee_token_id);
    to.integer("tombstone_block", prefix.tombstone_block);
}

} // namespace

void append_digest(DigestTranscript& to, std::string_view context, const TxIn& value) {
    const DigestAggregate aggregate(to, context, "TxIn");
    to.omit_empty_list("ring", value.ring);
    if (!value.proofs.empty()) {
        // Spelled out: the proof's type belongs to another namespace than its digest.
        to.sequence("proofs", value.proofs.size());
        for (const TxOutMembershipProof& proof : value.proofs) append_digest(to, "", proof);
    }
    if (value.input_rules) append_digest(to, "input_rules", *value.input_rules);
}

void append_digest(DigestTranscript& to, std::string_view context, const TxPrefix& value) {
    const DigestAggregate aggregate(to, context, "TxPrefix");
    to.omit_empty_list("inputs", value.inputs);
    to.omit_empty_list("outputs", value.outputs);
    to.integer("fee", value.fee);
    to.integer("tombstone_block", value.tombstone_block);
    if (value.fee_token_id != 0) to.integer("fee_token_id", value.fee_token_id);
}

void append_digest(DigestTranscript& to, std::string_view context, const SignatureRctBulletproofs& value) {
    const DigestAggregate aggregate(to, context, "SignatureRctBulletproofs");
    to.omit_empty_list("ring_signatures", value.ring_signatures);
    append_points(to, "pseudo_output_commitments", value.pseudo_output_commitments);
    to.bytes("range_proof_bytes", value.range_proof_bytes);
    append_byte_strings(to, "range_proofs", value.range_proofs);
    append_integers(to, "pseudo_output_token_ids", value.pseudo_output_token_ids);
    append_integers(to, "output_token_ids", value.output_token_ids);
}

void append_digest(DigestTranscript& to, std::string_view context, const Tx& value) {
    const DigestAggregate aggregate(to, context, "Tx");
    append_digest(to, "prefix", value.prefix);
    append_digest(to, "signature", value.signature);
    to.omit_empty_bytes("fee_map_digest", value.fee_map_digest);
}

Hash32 hash(const Tx& tx) { return digest32("mobilecoin-tx", tx); }
Hash32 hash(const TxPrefix& prefix) { return digest32("mobilecoin-tx-prefix", prefix); }

Hash32 extended_message_digest(const TxPrefix& prefix, const SignatureRctBulletproofs& signature) {
    DigestTranscript transcript("mc_extended_message");
    transcript.bytes("message", hash(prefix).view());
    append_points(transcript, "pseudo_output_commitments", signature.pseudo_output_commitments);
    transcript.omit_empty_bytes("range_proof_bytes", signature.range_proof_bytes);
    append_byte_strings(transcript, "range_proofs", signature.range_proofs);
    return transcript.digest32();
}

Bytes signing_message(std::uint32_t block_version, const TxPrefix& prefix,
                      const SignatureRctBulletproofs& signature) {
    Bytes out;
    if (block_version < 2) {
        append(out, hash(prefix).view());
        for (const Commitment& commitment : signature.pseudo_output_commitments)
            append(out, commitment.view());
        append(out, signature.range_proof_bytes);
        return out;
    }
    const Hash32 extended = extended_message_digest(prefix, signature);
    if (block_version < 3) {
        append(out, extended.view());
        return out;
    }
    DigestTranscript transcript("mc_extended_message_and_tx_summary");
    transcript.bytes("extended_message", extended.view());
    append_summary(transcript, prefix, signature);
    append(out, transcript.digest32().view());
    return out;
}

Hash32 rules_message(const TxIn& input) {
    TxIn bare = input;
    bare.proofs.clear();
    return digest32("mc-input-rules-digest", bare);
}

Hash32 fee_map_digest(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& fees) {
    DigestTranscript transcript;
    {
        const DigestAggregate map(transcript, "mc-fee-map", "FeeMap");
        if (!fees.empty()) {
            transcript.sequence("map", fees.size());
            for (const auto& [token_id, fee] : fees) {
                const DigestAggregate entry(transcript, "", "Tuple");
                {
                    const DigestAggregate token(transcript, "0", "TokenId");
                    transcript.integer("0", token_id);
                }
                transcript.integer("1", fee);
            }
        }
    }
    return transcript.digest32();
}

} // namespace engine::chain::tx
