#include "engine/chain/tx/validate.hpp"

#include <algorithm>
#include <set>

#include "engine/chain/output.hpp"
#include "engine/chain/tx/input_rules.hpp"
#include "engine/chain/tx/membership.hpp"
#include "engine/chain/tx/ring_ct.hpp"
#include "engine/chain/tx/tx_wire.hpp"

namespace engine::chain::tx {
namespace {

using Check = std::optional<Fault>;

/// @param members  pointers, reordered
bool all_different(std::vector<const TxOut*> members) {
    const auto by_key = [](const TxOut* a, const TxOut* b) { return a->public_key < b->public_key; };
    std::sort(members.begin(), members.end(), by_key);
    for (std::size_t i = 0; i < members.size(); ++i)
        for (std::size_t j = i + 1; j < members.size() && members[j]->public_key == members[i]->public_key;
             ++j)
            if (*members[i] == *members[j]) return false;
    return true;
}

Check check_rings(const TxPrefix& prefix) {
    for (const TxIn& input : prefix.inputs) {
        if (input.ring.size() < ring_size) return fault(TxCode::insufficient_ring_size);
        if (input.ring.size() > ring_size) return fault(TxCode::excessive_ring_size);
    }
    std::vector<const TxOut*> without_rules;
    for (const TxIn& input : prefix.inputs) {
        std::vector<const TxOut*> own;
        for (const TxOut& member : input.ring) own.push_back(&member);
        if (!input.input_rules)
            without_rules.insert(without_rules.end(), own.begin(), own.end());
        else if (!all_different(std::move(own)))
            return fault(TxCode::duplicate_ring_elements);
    }
    if (!all_different(std::move(without_rules))) return fault(TxCode::duplicate_ring_elements);

    const auto ascending = [](const auto& list, auto key) {
        return std::adjacent_find(list.begin(), list.end(), [&](const auto& a, const auto& b) {
                   return !(key(a) < key(b));
               }) == list.end();
    };
    for (const TxIn& input : prefix.inputs)
        if (!ascending(input.ring, [](const TxOut& member) { return member.public_key; }))
            return fault(TxCode::unsorted_ring_elements);
    if (!ascending(prefix.inputs, [](const TxIn& input) { return input.ring.front().public_key; }))
        return fault(TxCode::unsorted_inputs);
    return std::nullopt;
}

Check check_memberships(const TxCrypto& crypto, const TxPrefix& prefix,
                        const std::vector<TxOutMembershipProof>& roots) {
    std::size_t members = 0;
    for (const TxIn& input : prefix.inputs) {
        if (input.proofs.size() != input.ring.size()) return fault(TxCode::missing_membership_proof);
        members += input.ring.size();
    }
    if (roots.size() != members) return fault(TxCode::invalid_ledger_context);
    std::vector<Hash32> expected;
    for (std::size_t i = 0; i < roots.size(); ++i) {
        // Most clients make all their proofs at one moment.
        if (i > 0 && roots[i] == roots[i - 1]) {
            expected.push_back(expected.back());
            continue;
        }
        for (const TxOutMembershipElement& element : roots[i].elements)
            if (element.range.from > element.range.to) return fault(TxCode::membership_proof_error);
        const auto root = root_when_last(crypto, roots[i]);
        if (!root) return fault(TxCode::invalid_ledger_context);
        expected.push_back(root->hash);
    }
    std::size_t at = 0;
    for (const TxIn& input : prefix.inputs)
        for (std::size_t i = 0; i < input.ring.size(); ++i, ++at) {
            const auto bad = check_membership(crypto, input.ring[i], input.proofs[i], expected[at]);
            if (bad)
                return fault(*bad == MembershipFailure::malformed ? TxCode::membership_proof_error
                                                                  : TxCode::invalid_membership_proof);
        }
    return std::nullopt;
}

Check check_tombstone(std::uint64_t current_block, std::uint64_t tombstone) {
    if (current_block >= tombstone) return fault(TxCode::tombstone_exceeded);
    if (tombstone - current_block > furthest_tombstone) return fault(TxCode::tombstone_too_far);
    return std::nullopt;
}

Check check_outputs(std::uint32_t block_version, const std::vector<TxOut>& outputs) {
    for (const TxOut& output : outputs) {
        if (outputs_have_memos(block_version) && !output.memo) return fault(TxCode::missing_memo);
        if (!outputs_have_memos(block_version) && output.memo) return fault(TxCode::memos_not_allowed);
    }
    for (const TxOut& output : outputs) {
        const std::size_t size = output.masked_amount ? output.masked_amount->masked_token_id.size() : 0;
        if (outputs_have_token_ids(block_version)) {
            if (size != 8) return fault(TxCode::missing_masked_token_id);
        } else if (size != 0) {
            return fault(TxCode::masked_token_id_not_allowed);
        }
    }
    if (block_version >= 3 &&
        !std::is_sorted(outputs.begin(), outputs.end(),
                        [](const TxOut& a, const TxOut& b) { return a.public_key < b.public_key; }))
        return fault(TxCode::unsorted_outputs);
    return std::nullopt;
}

Check check_input_rules(const TxCrypto& crypto, std::uint32_t block_version, const TxPrefix& prefix) {
    for (const TxIn& input : prefix.inputs) {
        if (!input.input_rules) continue;
        if (block_version < 3) return fault(TxCode::input_rules_not_allowed);
        if (auto bad = check_rules(crypto, *input.input_rules, prefix)) return bad;
    }
    return std::nullopt;
}

Check validate(const TxCrypto& crypto, std::uint32_t block_version, std::uint64_t minimum_fee,
               std::uint64_t current_block, const Tx& tx, const std::vector<TxOutMembershipProof>& roots) {
    const TxPrefix& prefix = tx.prefix;
    if (prefix.inputs.size() > most_inputs) return fault(TxCode::too_many_inputs);
    if (prefix.outputs.empty()) return fault(TxCode::no_outputs);
    if (prefix.outputs.size() > most_outputs) return fault(TxCode::too_many_outputs);
    if (auto bad = check_rings(prefix)) return bad;
    if (auto bad = check_memberships(crypto, prefix, roots)) return bad;
    if (auto bad = verify_signature(crypto, block_version, tx)) return bad;
    if (prefix.fee < minimum_fee) return fault(TxCode::fee_error);
    // Key images that are given twice have been refused with the signature.
    std::set<PublicKey> keys;
    for (const TxOut& output : prefix.outputs)
        if (!keys.insert(output.public_key).second) return fault(TxCode::duplicate_output_public_key);
    if (auto bad = check_tombstone(current_block, prefix.tombstone_block)) return bad;
    if (auto bad = check_outputs(block_version, prefix.outputs)) return bad;
    return check_input_rules(crypto, block_version, prefix);
}

Verdict at(Stage stage, const Fault& fault) { return {stage, fault.code, fault.text}; }

} // namespace

std::variant<std::vector<TxOutMembershipProof>, Fault> root_proofs(const TxLedger& ledger, const Tx& tx) {
    std::vector<TxOutMembershipProof> out;
    for (const TxIn& input : tx.prefix.inputs)
        for (const TxOutMembershipProof& proof : input.proofs) {
            if (!out.empty() && out.back().index == proof.highest_index) {
                out.push_back(out.back());
                continue;
            }
            if (proof.highest_index >= ledger.num_outputs())
                return Fault{TxCode::ledger_index_out_of_bounds, "Ledger error: TxOut Index out of bounds: " +
                                                                     std::to_string(proof.highest_index)};
            out.push_back(ledger.membership_proof(proof.highest_index));
        }
    return out;
}

std::optional<Fault> check_well_formed(const TxCrypto& crypto, const ChainRules& rules,
                                       std::uint64_t current_block, const Tx& tx,
                                       const std::vector<TxOutMembershipProof>& roots) {
    const Fault no_context{std::nullopt, "Invalid membership proof provided by local system"};
    if (roots.empty()) return no_context;
    std::optional<Hash32> root;
    for (std::size_t i = 0; i < roots.size(); ++i) {
        if (i > 0 && roots[i] == roots[i - 1]) continue;
        const auto implied = implied_root(crypto, roots[i]);
        // Ranges the wrong way round are told apart further down.
        if (!implied) continue;
        if (root && *root != implied->hash) return no_context;
        root = implied->hash;
    }
    const auto minimum_fee = rules.fees.minimum(tx.prefix.fee_token_id);
    if (!minimum_fee) return fault(TxCode::token_not_configured);
    for (const std::uint64_t token_id : tx.signature.output_token_ids)
        if (!rules.fees.contains(token_id)) return fault(TxCode::token_not_configured);
    return validate(crypto, rules.block_version, *minimum_fee, current_block, tx, roots);
}

std::optional<Fault> check_against_ledger(const TxLedger& ledger, const Tx& tx) {
    if (auto bad = check_tombstone(ledger.num_blocks(), tx.prefix.tombstone_block)) return bad;
    for (const RingMlsag& ring : tx.signature.ring_signatures)
        if (ledger.contains_key_image(ring.key_image)) return fault(TxCode::contains_spent_key_image);
    for (const TxOut& output : tx.prefix.outputs)
        if (ledger.contains_output_public_key(output.public_key))
            return fault(TxCode::contains_existing_output_public_key);
    return std::nullopt;
}

Verdict judge(const TxCrypto& crypto, const ChainRules& rules, const TxLedger& ledger, const Tx& tx) {
    if (!tx.fee_map_digest.empty()) {
        const Hash32 ours = rules.fees.digest();
        if (!std::equal(tx.fee_map_digest.begin(), tx.fee_map_digest.end(), ours.bytes.begin(),
                        ours.bytes.end()))
            return at(Stage::propose, fault(TxCode::fee_map_digest_mismatch));
    }
    const auto roots = root_proofs(ledger, tx);
    if (const auto* bad = std::get_if<Fault>(&roots)) return at(Stage::untrusted, *bad);
    if (const auto bad = check_well_formed(crypto, rules, ledger.num_blocks() - 1, tx,
                                           std::get<std::vector<TxOutMembershipProof>>(roots)))
        return at(Stage::enclave, *bad);
    if (const auto bad = check_against_ledger(ledger, tx)) return at(Stage::ledger, *bad);
    return {};
}

Verdict judge(const TxCrypto& crypto, const ChainRules& rules, const TxLedger& ledger, ByteView bytes) {
    const auto tx = decode_tx(bytes);
    if (!tx) return {Stage::propose, std::nullopt, "Error while serializing/deserializing"};
    return judge(crypto, rules, ledger, *tx);
}

} // namespace engine::chain::tx
