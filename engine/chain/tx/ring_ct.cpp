#include "engine/chain/tx/ring_ct.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace engine::chain::tx {
namespace {

std::string count_text(std::size_t provided, std::size_t required) {
    return "Incorrect length for array copy, provided `" + std::to_string(provided) + "`, required `" +
           std::to_string(required) + "`.";
}

std::string ring_text(const RingFailure& failure) {
    switch (failure.kind) {
    case RingFailure::Kind::length_mismatch:
        return "Ring signature: " + count_text(failure.expected, failure.found);
    case RingFailure::Kind::bad_key_image:
        return "Ring signature: Failed to compress/decompress a KeyImage";
    case RingFailure::Kind::bad_point:
        return "Ring signature: Invalid curve point";
    case RingFailure::Kind::bad_signature:
        return "Ring signature: The signature was not able to be validated";
    }
    return "";
}

std::optional<Fault> check_counts(std::uint32_t block_version, const Tx& tx) {
    const TxPrefix& prefix = tx.prefix;
    const SignatureRctBulletproofs& signature = tx.signature;
    if (prefix.fee_token_id != 0 && block_version < 2)
        return signature_fault("TokenId is not allowed at this block version");
    if (std::all_of(prefix.inputs.begin(), prefix.inputs.end(),
                    [](const TxIn& input) { return input.input_rules.has_value(); }))
        return signature_fault("All rings were presigned, but this is not allowed");
    const std::size_t rings = prefix.inputs.size();
    if (signature.ring_signatures.size() != rings)
        return signature_fault(count_text(rings, signature.ring_signatures.size()));
    if (signature.pseudo_output_commitments.size() != rings)
        return signature_fault(count_text(rings, signature.pseudo_output_commitments.size()));
    if (block_version >= 3) {
        if (signature.pseudo_output_token_ids.size() != rings)
            return signature_fault("Missing pseudo-output token ids");
        if (signature.output_token_ids.size() != prefix.outputs.size())
            return signature_fault("Missing output token ids");
    } else {
        if (!signature.pseudo_output_token_ids.empty())
            return signature_fault("Pseudo-output token ids not allowed at this block version");
        if (!signature.output_token_ids.empty())
            return signature_fault("Output token ids not allowed at this block version");
    }
    std::set<KeyImage> images;
    for (const RingMlsag& ring : signature.ring_signatures)
        if (!images.insert(ring.key_image).second) return signature_fault("Duplicate key image");
    return std::nullopt;
}

std::optional<Fault> check_range(const TxCrypto& crypto, ByteView proof,
                                 const std::vector<Commitment>& commitments, std::uint64_t token_id) {
    const auto failure = crypto.verify_range(proof, commitments, token_id);
    if (!failure) return std::nullopt;
    switch (*failure) {
    case RangeFailure::malformed:
        return signature_fault("RangeProof Deserialization failed");
    case RangeFailure::wrong_proof:
        return signature_fault("Invalid RangeProof: ProofError: `VerificationError`");
    case RangeFailure::too_many_values:
        return signature_fault("Invalid RangeProof: ProofError: `InvalidGeneratorsLength`");
    }
    return std::nullopt;
}

std::optional<Fault> check_ranges(const TxCrypto& crypto, std::uint32_t block_version, const Tx& tx,
                                  const std::vector<Commitment>& outputs) {
    const SignatureRctBulletproofs& signature = tx.signature;
    const auto& inputs = signature.pseudo_output_commitments;
    if (block_version < 3) {
        if (!signature.range_proofs.empty())
            return signature_fault("Too many range proofs for the block version");
        std::vector<Commitment> all = inputs;
        all.insert(all.end(), outputs.begin(), outputs.end());
        return check_range(crypto, signature.range_proof_bytes, all, tx.prefix.fee_token_id);
    }
    if (!signature.range_proof_bytes.empty())
        return signature_fault("Unexpected range proof for the block version");
    const std::vector<std::uint64_t> tokens = tokens_of(tx.prefix, signature);
    if (tokens.size() != signature.range_proofs.size())
        return signature_fault("Missing expected range proofs (expected: " + std::to_string(tokens.size()) +
                               ", found: " + std::to_string(signature.range_proofs.size()) + ")");
    for (std::size_t t = 0; t < tokens.size(); ++t) {
        std::vector<Commitment> marked;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            if (signature.pseudo_output_token_ids[i] == tokens[t]) marked.push_back(inputs[i]);
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (signature.output_token_ids[i] == tokens[t]) marked.push_back(outputs[i]);
        if (marked.empty())
            return signature_fault("No commitments were found for token id " + std::to_string(tokens[t]));
        if (auto bad = check_range(crypto, signature.range_proofs[t], marked, tokens[t])) return bad;
    }
    return std::nullopt;
}

} // namespace

std::vector<std::uint64_t> tokens_of(const TxPrefix& prefix, const SignatureRctBulletproofs& signature) {
    std::set<std::uint64_t> tokens{prefix.fee_token_id};
    tokens.insert(signature.pseudo_output_token_ids.begin(), signature.pseudo_output_token_ids.end());
    tokens.insert(signature.output_token_ids.begin(), signature.output_token_ids.end());
    return {tokens.begin(), tokens.end()};
}

std::vector<RingMember> ring_of(const TxIn& input) {
    std::vector<RingMember> out;
    out.reserve(input.ring.size());
    for (const TxOut& member : input.ring) {
        RingMember seen{member.target_key, {}};
        if (member.masked_amount)
            seen.commitment = member.masked_amount->commitment;
        else
            seen.commitment.bytes.fill(0xff);
        out.push_back(seen);
    }
    return out;
}

std::optional<Fault> verify_signature(const TxCrypto& crypto, std::uint32_t block_version, const Tx& tx) {
    const TxPrefix& prefix = tx.prefix;
    const SignatureRctBulletproofs& signature = tx.signature;
    std::vector<Commitment> outputs;
    for (const TxOut& output : prefix.outputs) {
        if (!output.masked_amount) return fault(TxCode::unknown_masked_amount_version);
        outputs.push_back(output.masked_amount->commitment);
    }
    if (auto bad = check_counts(block_version, tx)) return bad;
    const auto is_point = [&](const Commitment& commitment) { return crypto.is_point(commitment); };
    if (!std::all_of(outputs.begin(), outputs.end(), is_point) ||
        !std::all_of(signature.pseudo_output_commitments.begin(), signature.pseudo_output_commitments.end(),
                     is_point))
        return signature_fault("Ring signature: Invalid curve point");
    if (auto bad = check_ranges(crypto, block_version, tx, outputs)) return bad;
    if (!crypto.balances(signature.pseudo_output_commitments, outputs, {prefix.fee, prefix.fee_token_id}))
        return signature_fault(
            "Signing failed because the value of inputs did not equal the value of\noutputs.");

    const Bytes message = crypto.signing_message(block_version, prefix, signature);
    for (std::size_t i = 0; i < prefix.inputs.size(); ++i) {
        const TxIn& input = prefix.inputs[i];
        std::optional<Hash32> own_message;
        if (input.input_rules) own_message = crypto.rules_message(input);
        const auto failure =
            crypto.verify_ring(own_message ? own_message->view() : ByteView(message), ring_of(input),
                               signature.pseudo_output_commitments[i], signature.ring_signatures[i]);
        if (failure) return signature_fault(ring_text(*failure));
    }
    return std::nullopt;
}

} // namespace engine::chain::tx
