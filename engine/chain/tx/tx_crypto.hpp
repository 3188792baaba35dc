#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "engine/chain/memo.hpp"
#include "engine/chain/mint.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/tx/mlsag.hpp"
#include "engine/chain/tx/range_proof.hpp"
#include "engine/chain/tx/tx.hpp"

namespace engine::chain::tx {

/// What the sender of an output keeps to prove its value.
struct OutputSecrets {
    Amount amount;
    Scalar blinding;
};

struct MadeOutput {
    TxOut output;
    OutputSecrets secrets;
    SharedSecret shared; ///< what the receipt and the memo of the output are made with
};

/// What the owner of an output needs to spend it.
struct SpendSecrets {
    Amount amount;
    Scalar blinding;
    Scalar onetime_private;
    KeyImage key_image;
};

/// The cryptography of transactions.  Two implementations, as of `Crypto`: `ristretto` is MobileCoin's, byte
/// for byte; `fast` has the same shapes and the same ways to fail for some microseconds, and no security at
/// all.
///
/// Rules
/// 1. Stateless and const: one object serves every node of a world, also from several threads.
/// 2. Hostile transactions never crash it.
/// 3. Every random byte comes from the ByteSource that is handed in.
class TxCrypto {
public:
    virtual ~TxCrypto() = default;
    virtual const char* name() const = 0;

    virtual Hash32 hash(const TxOut& output) const = 0;
    virtual Hash32 hash(const Tx& tx) const = 0;
    virtual Hash32 hash(const TxPrefix& prefix) const = 0;
    virtual Hash32 merkle_leaf(const Hash32& output_hash) const = 0;
    virtual Hash32 merkle_node(const Hash32& left, const Hash32& right) const = 0;
    virtual Hash32 merkle_nil() const = 0;

    /// What ring signatures sign; see tx_digest.hpp.
    virtual Bytes signing_message(std::uint32_t block_version, const TxPrefix& prefix,
                                  const SignatureRctBulletproofs& signature) const = 0;
    virtual Hash32 rules_message(const TxIn& input) const = 0;

    virtual bool is_point(const Commitment& commitment) const = 0;
    virtual Commitment commit(Amount amount, const Scalar& blinding) const = 0;
    /// Whether what goes in is what comes out, over all tokens at once.  All must be points.
    virtual bool balances(std::span<const Commitment> in, std::span<const Commitment> out,
                          Amount fee) const = 0;
    virtual std::optional<RangeFailure> verify_range(ByteView proof, std::span<const Commitment> commitments,
                                                     std::uint64_t token_id) const = 0;
    virtual std::optional<Bytes> prove_range(ByteSource& rng, std::span<const std::uint64_t> values,
                                             std::span<const Scalar> blindings,
                                             std::uint64_t token_id) const = 0;
    virtual std::optional<RingFailure> verify_ring(ByteView message, std::span<const RingMember> ring,
                                                   const Commitment& pseudo_output,
                                                   const RingMlsag& signature) const = 0;
    virtual std::variant<RingMlsag, RingRefusal> sign_ring(ByteSource& rng, ByteView message,
                                                           std::span<const RingMember> ring,
                                                           const RingSecrets& secrets) const = 0;

    /// Opens an amount of the newest form by its own secret of 32 bytes, as input rules reveal it.
    virtual std::optional<Amount> open_revealed(const MaskedAmount& masked, ByteView amount_secret) const = 0;

    /// What input rules reveal of an output, 32 bytes.
    virtual Bytes amount_secret(const SharedSecret& secret) const = 0;

    virtual Scalar random_scalar(ByteSource& rng) const = 0;
    /// @param memo_of  makes the memo once the output's public key is known; may be empty
    /// @return nothing when the recipient's keys are no points
    using MemoMaker = std::function<std::optional<MemoPayload>(const PublicKey& output_public_key)>;
    virtual std::optional<MadeOutput> make_output(std::uint32_t block_version, Amount amount,
                                                  const PublicAddress& recipient, const Scalar& tx_private,
                                                  const FogHint& hint, const MemoMaker& memo_of) const = 0;
    /// Private key of an output that a block makes for fees or a mint: the same at every node.
    /// @param label    "mc_fees_output_private_key" or "mc_minted_output_private_key"
    /// @param counter  of outputs made for the same amount, or the place of the mint
    virtual Scalar minted_output_key(std::string_view label, const BlockId& parent,
                                     std::span<const Tx> transactions, Amount amount,
                                     std::uint64_t counter) const = 0;
    virtual Scalar minted_output_key(std::string_view label, const BlockId& parent,
                                     std::span<const MintTx> transactions, Amount amount,
                                     std::uint64_t counter) const = 0;
    /// @return nothing when the output is not the account's
    virtual std::optional<SpendSecrets>
    open_for_spending(const AccountKey& account, const SubaddressTable& table, const TxOut& output) const = 0;
};

/// Lives as long as the program.
const TxCrypto& ristretto_tx_crypto();
/// Lives as long as the program.  Outputs of the one are none of the other.
const TxCrypto& fast_tx_crypto();

} // namespace engine::chain::tx
