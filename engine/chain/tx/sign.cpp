#include "engine/chain/tx/sign.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/chain/tx/ring_ct.hpp"

namespace engine::chain::tx {
namespace {

TxIn& tx_in(TxInput& input) {
    return std::visit([](auto& kind) -> TxIn& { return kind.input; }, input);
}

/// Ascending by public key, each with its proof; says where the member `real` went.
void sort_ring(TxIn& input, std::size_t* real) {
    std::vector<std::size_t> order(input.ring.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return input.ring[a].public_key < input.ring[b].public_key;
    });
    TxIn sorted{.ring = {}, .proofs = {}, .input_rules = std::move(input.input_rules)};
    std::size_t real_now = 0;
    for (const std::size_t at : order) {
        if (real != nullptr && at == *real) real_now = sorted.ring.size();
        sorted.ring.push_back(std::move(input.ring[at]));
        if (at < input.proofs.size()) sorted.proofs.push_back(std::move(input.proofs[at]));
    }
    if (real != nullptr) *real = real_now;
    input = std::move(sorted);
}

void sort_parts(TxParts& parts) {
    for (TxInput& input : parts.inputs) {
        auto* own = std::get_if<OwnInput>(&input);
        if (own != nullptr) sort_ring(own->input, &own->real_index);
    }
    const auto first_key = [](TxInput& input) {
        const TxIn& in = tx_in(input);
        return in.ring.empty() ? PublicKey{} : in.ring.front().public_key;
    };
    std::stable_sort(parts.inputs.begin(), parts.inputs.end(), [&](const TxInput& a, const TxInput& b) {
        return first_key(const_cast<TxInput&>(a)) < first_key(const_cast<TxInput&>(b));
    });
    std::stable_sort(parts.outputs.begin(), parts.outputs.end(),
                     [](const auto& a, const auto& b) { return a.first.public_key < b.first.public_key; });
}

/// The value that an input brings, under the blinding it has in the transaction.
std::vector<OutputSecrets> pseudo_outputs(const TxCrypto& crypto, ByteSource& rng, const TxParts& parts) {
    std::size_t last_own = 0;
    for (std::size_t i = 0; i < parts.inputs.size(); ++i)
        if (std::holds_alternative<OwnInput>(parts.inputs[i])) last_own = i;
    Scalar balance;
    for (const auto& [output, secrets] : parts.outputs) balance = balance + secrets.blinding;
    std::vector<OutputSecrets> out(parts.inputs.size());
    for (std::size_t i = 0; i < parts.inputs.size(); ++i) {
        if (const auto* presigned = std::get_if<PresignedInput>(&parts.inputs[i])) {
            out[i] = presigned->pseudo_output;
        } else {
            out[i].amount = std::get<OwnInput>(parts.inputs[i]).secrets.amount;
            if (i == last_own) continue;
            out[i].blinding = crypto.random_scalar(rng);
        }
        balance = balance - out[i].blinding;
    }
    out[last_own].blinding = balance; // what makes the sum come out
    return out;
}

bool balances(const TxParts& parts, const std::vector<OutputSecrets>& inputs) {
    __extension__ using Sum = unsigned __int128;
    std::map<std::uint64_t, std::pair<Sum, Sum>> sums;
    for (const OutputSecrets& input : inputs) sums[input.amount.token_id].first += input.amount.value;
    for (const auto& [output, secrets] : parts.outputs)
        sums[secrets.amount.token_id].second += secrets.amount.value;
    sums[parts.fee.token_id].second += parts.fee.value;
    return std::all_of(sums.begin(), sums.end(),
                       [](const auto& sum) { return sum.second.first == sum.second.second; });
}

} // namespace

const char* name(SignRefusal refusal) {
    switch (refusal) {
    case SignRefusal::no_own_input:
        return "no input to be signed";
    case SignRefusal::mixed_tokens:
        return "tokens cannot be mixed before block version 3";
    case SignRefusal::does_not_balance:
        return "inputs and outputs do not balance";
    case SignRefusal::too_many_values:
        return "too many values for a range proof";
    case SignRefusal::ring_refused:
        return "an input's secrets do not fit its ring";
    }
    return "";
}

std::variant<Tx, SignRefusal> sign_tx(const TxCrypto& crypto, ByteSource& rng, std::uint32_t block_version,
                                      TxParts parts) {
    if (std::none_of(parts.inputs.begin(), parts.inputs.end(),
                     [](const TxInput& input) { return std::holds_alternative<OwnInput>(input); }))
        return SignRefusal::no_own_input;
    sort_parts(parts);

    Tx tx;
    tx.fee_map_digest = parts.fee_map_digest;
    tx.prefix.fee = parts.fee.value;
    tx.prefix.fee_token_id = parts.fee.token_id;
    tx.prefix.tombstone_block = parts.tombstone_block;
    for (TxInput& input : parts.inputs) tx.prefix.inputs.push_back(tx_in(input));
    for (const auto& [output, secrets] : parts.outputs) tx.prefix.outputs.push_back(output);

    const std::vector<OutputSecrets> inputs = pseudo_outputs(crypto, rng, parts);
    if (!balances(parts, inputs)) return SignRefusal::does_not_balance;

    SignatureRctBulletproofs& signature = tx.signature;
    std::vector<OutputSecrets> all = inputs;
    for (const auto& [output, secrets] : parts.outputs) all.push_back(secrets);
    for (const OutputSecrets& input : inputs)
        signature.pseudo_output_commitments.push_back(crypto.commit(input.amount, input.blinding));
    const bool by_token = block_version >= 3;
    if (by_token) {
        for (const OutputSecrets& input : inputs)
            signature.pseudo_output_token_ids.push_back(input.amount.token_id);
        for (const auto& [output, secrets] : parts.outputs)
            signature.output_token_ids.push_back(secrets.amount.token_id);
    } else if (std::any_of(all.begin(), all.end(), [&](const OutputSecrets& secrets) {
                   return secrets.amount.token_id != parts.fee.token_id;
               })) {
        return SignRefusal::mixed_tokens;
    }
    for (const std::uint64_t token_id : tokens_of(tx.prefix, signature)) {
        std::vector<std::uint64_t> values;
        std::vector<Scalar> blindings;
        for (const OutputSecrets& secrets : all) {
            if (secrets.amount.token_id != token_id) continue;
            values.push_back(secrets.amount.value);
            blindings.push_back(secrets.blinding);
        }
        if (values.empty()) return SignRefusal::does_not_balance;
        auto proof = crypto.prove_range(rng, values, blindings, token_id);
        if (!proof) return SignRefusal::too_many_values;
        if (by_token)
            signature.range_proofs.push_back(std::move(*proof));
        else
            signature.range_proof_bytes = std::move(*proof);
    }

    const Bytes message = crypto.signing_message(block_version, tx.prefix, signature);
    for (std::size_t i = 0; i < parts.inputs.size(); ++i) {
        if (const auto* presigned = std::get_if<PresignedInput>(&parts.inputs[i])) {
            signature.ring_signatures.push_back(presigned->signature);
            continue;
        }
        const auto& own = std::get<OwnInput>(parts.inputs[i]);
        auto ring = crypto.sign_ring(rng, message, ring_of(own.input),
                                     {own.real_index, own.secrets.onetime_private, own.secrets.blinding,
                                      inputs[i].blinding, own.secrets.amount});
        if (std::holds_alternative<RingRefusal>(ring)) return SignRefusal::ring_refused;
        signature.ring_signatures.push_back(std::get<RingMlsag>(std::move(ring)));
    }
    return tx;
}

} // namespace engine::chain::tx
