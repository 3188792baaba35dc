#include "engine/chain/amount.hpp"
#include "engine/chain/block.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/tx/generators.hpp"
#include "engine/chain/tx/multiscalar.hpp"
#include "engine/chain/tx/tx_crypto.hpp"
#include "engine/chain/tx/tx_digest.hpp"

// MobileCoin's own cryptography behind the interface of transactions.  Each function only joins parts that
// are tested against upstream's known answers on their own.

namespace engine::chain::tx {
namespace {

template <class Transaction>
Scalar minted_key(std::string_view label, const BlockId& parent, std::span<const Transaction> transactions,
                  Amount amount, std::uint64_t counter) {
    DigestTranscript transcript(label);
    transcript.bytes("parent_block_id", parent.view());
    if (!transactions.empty()) {
        transcript.sequence("transactions", transactions.size());
        for (const Transaction& tx : transactions) append_digest(transcript, "", tx);
    }
    {
        const DigestAggregate aggregate(transcript, "amount", "Amount");
        transcript.integer("value", amount.value);
        const DigestAggregate token(transcript, "token_id", "TokenId");
        transcript.integer("0", amount.token_id);
    }
    transcript.integer("counter", counter);
    return Scalar::reduce(transcript.digest32().bytes);
}

class RistrettoTxCrypto final : public TxCrypto {
public:
    const char* name() const override { return "ristretto"; }

    Hash32 hash(const TxOut& output) const override { return engine::chain::hash(output); }
    Hash32 hash(const Tx& tx) const override { return tx::hash(tx); }
    Hash32 hash(const TxPrefix& prefix) const override { return tx::hash(prefix); }
    Hash32 merkle_leaf(const Hash32& output_hash) const override {
        return engine::chain::merkle_leaf(output_hash);
    }
    Hash32 merkle_node(const Hash32& left, const Hash32& right) const override {
        return engine::chain::merkle_node(left, right);
    }
    Hash32 merkle_nil() const override { return engine::chain::merkle_nil(); }

    Bytes signing_message(std::uint32_t block_version, const TxPrefix& prefix,
                          const SignatureRctBulletproofs& signature) const override {
        return tx::signing_message(block_version, prefix, signature);
    }
    Hash32 rules_message(const TxIn& input) const override { return tx::rules_message(input); }

    bool is_point(const Commitment& commitment) const override {
        return GroupElement::decode(commitment.bytes).has_value();
    }
    Commitment commit(Amount amount, const Scalar& blinding) const override {
        return {
            base_and_one(blinding, Scalar::from_u64(amount.value), value_element(amount.token_id)).encode()};
    }
    bool balances(std::span<const Commitment> in, std::span<const Commitment> out,
                  Amount fee) const override {
        GroupElement sum = base_and_one(Scalar(), Scalar::from_u64(fee.value), value_element(fee.token_id));
        for (const Commitment& commitment : out) sum = sum + GroupElement::decode(commitment.bytes).value();
        for (const Commitment& commitment : in) sum = sum - GroupElement::decode(commitment.bytes).value();
        return sum.is_identity();
    }
    std::optional<RangeFailure> verify_range(ByteView proof, std::span<const Commitment> commitments,
                                             std::uint64_t token_id) const override {
        return tx::verify_range(proof, commitments, token_id);
    }
    std::optional<Bytes> prove_range(ByteSource& rng, std::span<const std::uint64_t> values,
                                     std::span<const Scalar> blindings,
                                     std::uint64_t token_id) const override {
        return tx::prove_range(rng, values, blindings, token_id);
    }
    std::optional<RingFailure> verify_ring(ByteView message, std::span<const RingMember> ring,
                                           const Commitment& pseudo_output,
                                           const RingMlsag& signature) const override {
        return tx::verify_ring(message, ring, pseudo_output, signature);
    }
    std::variant<RingMlsag, RingRefusal> sign_ring(ByteSource& rng, ByteView message,
                                                   std::span<const RingMember> ring,
                                                   const RingSecrets& secrets) const override {
        return tx::sign_ring(rng, message, ring, secrets);
    }

    std::optional<Amount> open_revealed(const MaskedAmount& masked, ByteView amount_secret) const override {
        const auto opened = open_amount_by_secret(masked, amount_secret);
        if (!opened) return std::nullopt;
        return opened->amount;
    }

    Bytes amount_secret(const SharedSecret& secret) const override {
        const auto bytes = engine::chain::amount_secret(secret);
        return Bytes(bytes->begin(), bytes->end());
    }

    Scalar random_scalar(ByteSource& rng) const override { return Scalar::random(rng); }

    std::optional<MadeOutput> make_output(std::uint32_t block_version, Amount amount,
                                          const PublicAddress& recipient, const Scalar& tx_private,
                                          const FogHint& hint, const MemoMaker& memo_of) const override {
        const auto spend = Point::parse(recipient.spend_public);
        if (!spend) return std::nullopt;
        std::optional<MemoPayload> memo;
        if (memo_of) {
            memo = memo_of((tx_private * *spend).key());
            if (!memo) return std::nullopt;
        }
        auto sent = engine::chain::make_output(block_version, amount, recipient, tx_private, hint, memo);
        if (!sent) return std::nullopt;
        const AmountMask mask = AmountMask::from(amount_version(block_version), *sent->secret);
        return MadeOutput{std::move(sent->output), {amount, mask.blinding}, *sent->secret};
    }

    Scalar minted_output_key(std::string_view label, const BlockId& parent, std::span<const Tx> transactions,
                             Amount amount, std::uint64_t counter) const override {
        return minted_key(label, parent, transactions, amount, counter);
    }
    Scalar minted_output_key(std::string_view label, const BlockId& parent,
                             std::span<const MintTx> transactions, Amount amount,
                             std::uint64_t counter) const override {
        return minted_key(label, parent, transactions, amount, counter);
    }

    std::optional<SpendSecrets> open_for_spending(const AccountKey& account, const SubaddressTable& table,
                                                  const TxOut& output) const override {
        const auto owned = open_tx_out(account, table, output);
        if (!owned) return std::nullopt;
        const auto amount = open_amount(*output.masked_amount, *owned->secret);
        SpendSecrets out;
        out.amount = owned->opened.amount;
        out.blinding = amount->blinding;
        out.onetime_private =
            onetime_private_key(*owned->secret, subaddress_spend_scalar(account, owned->opened.subaddress));
        out.key_image = owned->opened.key_image;
        return out;
    }
};

} // namespace

const TxCrypto& ristretto_tx_crypto() {
    (void)ristretto_crypto(); // readies libsodium
    static const RistrettoTxCrypto crypto;
    return crypto;
}

} // namespace engine::chain::tx
