#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace engine::chain::tx {

/// Where along its way into a block a transaction was judged.
enum class Stage {
    accepted,
    propose,   ///< reading the bytes, the fee map
    untrusted, ///< fetching proofs from the ledger
    enclave,   ///< everything that needs no ledger
    ledger,    ///< spent key images, known public keys, tombstone again
};
const char* name(Stage stage);

/// Number that the client is told.
/// @source consensus_common.proto ProposeTxResult
enum class TxCode : std::int32_t {
    ok = 0,
    too_many_inputs = 12,
    invalid_signature = 15,
    insufficient_ring_size = 17,
    tombstone_exceeded = 18,
    tombstone_too_far = 19,
    no_outputs = 20,
    too_many_outputs = 21,
    excessive_ring_size = 22,
    duplicate_ring_elements = 23,
    unsorted_ring_elements = 24,
    contains_spent_key_image = 27,
    duplicate_key_images = 28,
    duplicate_output_public_key = 29,
    contains_existing_output_public_key = 30,
    missing_membership_proof = 31,
    invalid_membership_proof = 32,
    invalid_ledger_context = 34,
    membership_proof_error = 36,
    fee_error = 37,
    unsorted_inputs = 39,
    missing_memo = 40,
    memos_not_allowed = 41,
    token_not_configured = 42,
    missing_masked_token_id = 43,
    masked_token_id_not_allowed = 44,
    unsorted_outputs = 45,
    input_rules_not_allowed = 46,
    missing_required_output = 47,
    rule_tombstone = 48,
    unknown_masked_amount_version = 49,
    rule_partial_fill = 50,
    rule_amount_secret = 51,
    rule_output_conversion = 52,
    rule_amount = 53,
    ledger_index_out_of_bounds = 54,
    fee_map_digest_mismatch = 55,
};

/// What a node says about a transaction.
struct Verdict {
    Stage stage = Stage::accepted;
    /// Absent: the call fails with INTERNAL instead of an answer.
    std::optional<TxCode> code = TxCode::ok;
    std::string text;

    bool accepted() const { return stage == Stage::accepted; }
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Why a transaction is not well formed; nothing when it is.
struct Fault {
    std::optional<TxCode> code;
    std::string text;
    friend bool operator==(const Fault&, const Fault&) = default;
};
/// The fault with the text that goes with its code.
Fault fault(TxCode code);
/// Code 15; `detail` goes into the text.
Fault signature_fault(const std::string& detail);

} // namespace engine::chain::tx
