#include "engine/chain/tx/verdict.hpp"

namespace engine::chain::tx {
namespace {

const char* text_of(TxCode code) {
    switch (code) {
    case TxCode::too_many_inputs:
        return "A transaction must have no more than the maximum allowed number of\ninputs.";
    case TxCode::insufficient_ring_size:
        return "Each input must contain a ring with no fewer than the minimum number\nof elements.";
    case TxCode::tombstone_exceeded:
        return "Number of blocks in ledger exceeds the tombstone block number.";
    case TxCode::tombstone_too_far:
        return "Tombstone block is too far in the future.";
    case TxCode::no_outputs:
        return "Must have at least one output.";
    case TxCode::too_many_outputs:
        return "A transaction must have no more than the maximum allowed number of\noutputs.";
    case TxCode::excessive_ring_size:
        return "Each input must contain a ring with no more than the maximum number\nof elements.";
    case TxCode::duplicate_ring_elements:
        return "All elements in all rings within the transaction must be unique.";
    case TxCode::unsorted_ring_elements:
        return "The elements of each ring must be sorted.";
    case TxCode::contains_spent_key_image:
        return "Contains a Key Image that has previously been spent.";
    case TxCode::duplicate_key_images:
        return "Key Images must be unique.";
    case TxCode::duplicate_output_public_key:
        return "Output public keys in the transaction must be unique.";
    case TxCode::contains_existing_output_public_key:
        return "Contains an output public key that has previously appeared in the\nledger.";
    case TxCode::missing_membership_proof:
        return "Each ring element must have a corresponding proof of membership.";
    case TxCode::invalid_membership_proof:
        return "Each ring element must have a valid proof of membership.";
    case TxCode::invalid_ledger_context:
        return "The ledger context is invalid.";
    case TxCode::membership_proof_error:
        return "An error occurred while validating a membership proof.";
    case TxCode::fee_error:
        return "An error occurred while checking transaction fees.";
    case TxCode::unsorted_inputs:
        return "Inputs must be sorted by the public key of the first ring element of\neach input.";
    case TxCode::missing_memo:
        return "A TxOut is missing the required memo field";
    case TxCode::memos_not_allowed:
        return "A TxOut includes a memo, but this is not allowed yet";
    case TxCode::token_not_configured:
        return "Tx indicates a token id that is not yet configured";
    case TxCode::missing_masked_token_id:
        return "A TxOut is missing the required masked token id field";
    case TxCode::masked_token_id_not_allowed:
        return "A TxOut includes a masked token id, but this is not allowed yet";
    case TxCode::unsorted_outputs:
        return "Outputs must be sorted by public key, ascending";
    case TxCode::input_rules_not_allowed:
        return "Input rules not yet allowed";
    case TxCode::missing_required_output:
        return "Input rule: The transaction is missing a required output";
    case TxCode::rule_tombstone:
        return "Input rule: The tombstone block exceeds the limit";
    case TxCode::unknown_masked_amount_version:
        return "Unknown Masked Amount version";
    case TxCode::fee_map_digest_mismatch:
        return "Fee Map Digest Mismatch";
    case TxCode::ok:
    case TxCode::invalid_signature:
    case TxCode::rule_partial_fill:
    case TxCode::rule_amount_secret:
    case TxCode::rule_output_conversion:
    case TxCode::rule_amount:
    case TxCode::ledger_index_out_of_bounds:
        break; // these say more than their code
    }
    return "";
}

} // namespace

const char* name(Stage stage) {
    switch (stage) {
    case Stage::accepted:
        return "accepted";
    case Stage::propose:
        return "propose";
    case Stage::untrusted:
        return "untrusted";
    case Stage::enclave:
        return "enclave";
    case Stage::ledger:
        return "ledger";
    }
    return "";
}

Fault fault(TxCode code) { return {code, text_of(code)}; }

Fault signature_fault(const std::string& detail) {
    return {TxCode::invalid_signature, "Invalid RingCT signature: `" + detail + "`"};
}

} // namespace engine::chain::tx
