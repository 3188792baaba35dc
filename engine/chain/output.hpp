#pragma once

#include <optional>

#include "engine/chain/account.hpp"
#include "engine/chain/memo.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/types.hpp"

// Making outputs, and what their owner does with them.
// @source transaction/core/src/tx.rs, crypto/ring-signature/src/onetime_keys.rs

namespace engine::chain {

/// Formats of outputs through the history of the chain.
/// @source transaction/types/src/block_version.rs
inline constexpr std::uint32_t newest_block_version = 4;
constexpr bool outputs_have_memos(std::uint32_t block_version) { return block_version >= 1; }
constexpr bool outputs_have_token_ids(std::uint32_t block_version) { return block_version >= 2; }
constexpr MaskedAmount::Version amount_version(std::uint32_t block_version) {
    return block_version >= 3 ? MaskedAmount::Version::v2 : MaskedAmount::Version::v1;
}

/// What the sender keeps about an output it made.
struct SentOutput {
    TxOut output;
    Secret<SharedSecret> secret;
};

/// An output to a subaddress, in the format of `block_version`.
/// @param tx_private  fresh for every output
/// @param memo        plaintext; not used before block version 1.  None stands for 66 zero bytes.
/// @return nothing when the recipient's keys are no points, and for a token other than 0 before version 2
std::optional<SentOutput> make_output(std::uint32_t block_version, Amount amount,
                                      const PublicAddress& recipient, const Scalar& tx_private,
                                      const FogHint& hint,
                                      const std::optional<MemoPayload>& memo = std::nullopt);

/// The secret of an output for the holder of the view private key of the account.
/// @return nothing when the output's public key is no point
std::optional<Secret<SharedSecret>> output_secret(const Scalar& view_private,
                                                  const PublicKey& output_public_key);

/// The spend public key of the subaddress that was paid, if the output is the account's at all; else a
/// stranger.
/// @return nothing when the target key is no point
std::optional<PublicKey> recover_subaddress_spend(const SharedSecret& secret, const PublicKey& target_key);

/// What spends an output that was paid to this subaddress.
Scalar onetime_private_key(const SharedSecret& secret, const Scalar& subaddress_spend);

/// A full output as its owner sees it.
struct OwnedOutput {
    OpenedOutput opened;
    Secret<SharedSecret> secret;
    std::optional<MemoPayload> memo;
};

/// @return nothing when the amount does not open under the account's view key, or no subaddress of `table`
/// was paid
std::optional<OwnedOutput> open_tx_out(const AccountKey& account, const SubaddressTable& table,
                                       const TxOut& output);

} // namespace engine::chain
