#include <algorithm>
#include <bit>

#include "engine/chain/bytes.hpp"
#include "engine/chain/fast_hash.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/tx/tx_crypto.hpp"

// The cheap cryptography of transactions.  Every length and every way to fail is that of the real one: proofs
// and signatures are bytes of the right shape that end in a hash of everything they should bind; commitments
// add up as they should.  Nothing is secret, and whoever wants to cheat can.

namespace engine::chain::tx {
namespace {

using namespace fast;

/// 64 bits over a sequence of numbers and bytes.
class Hasher {
public:
    explicit Hasher(std::uint64_t tag) : h_(mix(tag ^ 0x9e3779b97f4a7c15ULL)) {}

    Hasher& add(std::uint64_t value) {
        h_ = (std::rotl(h_, 23) ^ value) * 0x9fb21c651e98df25ULL;
        return *this;
    }
    /// The length counts, so that no two sequences of byte strings are alike.
    Hasher& add(ByteView bytes) {
        add(std::uint64_t{bytes.size()});
        std::size_t at = 0;
        for (; at + 8 <= bytes.size(); at += 8) add(load64(bytes.data() + at));
        std::uint64_t rest = 0;
        for (std::size_t i = at; i < bytes.size(); ++i) rest = rest << 8 | bytes[i];
        return at == bytes.size() ? *this : add(rest);
    }
    Hasher& add(const TxOut& output) {
        if (output.masked_amount) {
            add(static_cast<std::uint64_t>(output.masked_amount->version));
            add(output.masked_amount->commitment.view());
            add(output.masked_amount->masked_value);
            add(ByteView(output.masked_amount->masked_token_id));
        } else {
            add(std::uint64_t{0});
        }
        add(output.target_key.view()).add(output.public_key.view()).add(output.fog_hint.view());
        return output.memo ? add(output.memo->view()) : add(std::uint64_t{0});
    }
    Hasher& add(const RevealedTxOut& revealed) {
        return add(revealed.tx_out).add(ByteView(revealed.amount_shared_secret));
    }
    template <class T>
    Hasher& add(const std::vector<T>& list) {
        add(std::uint64_t{list.size()});
        for (const T& element : list) add(element);
        return *this;
    }
    template <class Tag, std::size_t N>
    Hasher& add(const FixedBytes<Tag, N>& bytes) {
        return add(bytes.view());
    }
    Hasher& add(const Bytes& bytes) { return add(ByteView(bytes)); }
    Hasher& add(const InputRules& rules) {
        add(rules.required_outputs).add(rules.max_tombstone_block).add(rules.partial_fill_outputs);
        if (rules.partial_fill_change) add(*rules.partial_fill_change);
        return add(rules.min_partial_fill_value);
    }
    Hasher& add(const TxOutMembershipProof& proof) {
        add(proof.index).add(proof.highest_index);
        for (const TxOutMembershipElement& element : proof.elements)
            add(element.range.from).add(element.range.to).add(element.hash.view());
        return *this;
    }
    Hasher& add(const TxIn& input) {
        add(input.ring).add(input.proofs);
        return input.input_rules ? add(*input.input_rules) : add(std::uint64_t{0});
    }
    Hasher& add(const TxPrefix& prefix) {
        return add(prefix.inputs)
            .add(prefix.outputs)
            .add(prefix.fee)
            .add(prefix.fee_token_id)
            .add(prefix.tombstone_block);
    }
    Hasher& add(const RingMlsag& ring) { return add(ring.c_zero).add(ring.responses).add(ring.key_image); }

    std::uint64_t number() const { return mix(h_); }
    Hash32 hash() const { return from_lanes<Hash32>(expand(number())); }

private:
    std::uint64_t h_;
};

bool top_bit_clear(const std::array<std::uint8_t, 32>& bytes) { return (bytes[31] & 0x80) == 0; }

/// The challenge that closes a ring: everything it binds, the responses included.
RingScalar closing(ByteView message, std::span<const RingMember> ring, const Commitment& pseudo,
                   const RingMlsag& signature) {
    Hasher hasher(tag_ring);
    hasher.add(message).add(signature.key_image).add(pseudo).add(signature.responses);
    for (const RingMember& member : ring) hasher.add(member.target_key).add(member.commitment);
    return {fast_scalar(expand(hasher.number())).bytes()};
}

bool all_points(std::span<const RingMember> ring, const Commitment& pseudo) {
    return top_bit_clear(pseudo.bytes) && std::all_of(ring.begin(), ring.end(), [](const RingMember& member) {
               return top_bit_clear(member.target_key.bytes) && top_bit_clear(member.commitment.bytes);
           });
}

/// The last number of a proof: everything before it, and what it is about.
std::array<std::uint8_t, 32> proof_end(ByteView before, std::span<const Commitment> commitments,
                                       std::uint64_t token_id) {
    Hasher hasher(tag_range);
    hasher.add(before).add(token_id);
    // Padding repeats the last one, so that a list and the same list padded are alike.
    const std::size_t padded = std::bit_ceil(commitments.size());
    for (std::size_t i = 0; i < padded; ++i) hasher.add(commitments[std::min(i, commitments.size() - 1)]);
    return fast_scalar(expand(hasher.number())).bytes();
}

class FastTxCrypto final : public TxCrypto {
public:
    const char* name() const override { return "fast"; }

    Hash32 hash(const TxOut& output) const override { return Hasher(tag_tx_out).add(output).hash(); }
    Hash32 hash(const Tx& tx) const override {
        const SignatureRctBulletproofs& s = tx.signature;
        return Hasher(tag_tx)
            .add(tx.prefix)
            .add(s.ring_signatures)
            .add(s.pseudo_output_commitments)
            .add(s.range_proof_bytes)
            .add(s.range_proofs)
            .add(s.pseudo_output_token_ids)
            .add(s.output_token_ids)
            .add(tx.fee_map_digest)
            .hash();
    }
    Hash32 hash(const TxPrefix& prefix) const override { return Hasher(tag_prefix).add(prefix).hash(); }
    Hash32 merkle_leaf(const Hash32& output_hash) const override {
        return from_lanes<Hash32>(expand(digest(tag_leaf, lanes(output_hash))));
    }
    Hash32 merkle_node(const Hash32& left, const Hash32& right) const override {
        return from_lanes<Hash32>(expand(digest(tag_node, lanes(left), lanes(right))));
    }
    Hash32 merkle_nil() const override { return from_lanes<Hash32>(expand(tag_node)); }

    Bytes signing_message(std::uint32_t block_version, const TxPrefix& prefix,
                          const SignatureRctBulletproofs& signature) const override {
        // As in the real one, versions 0 and 1 agree, 3 and 4 do, and no others.
        const std::uint64_t form = block_version < 2 ? 1 : std::min(block_version, 3u);
        const Hash32 hash = Hasher(tag_message)
                                .add(form)
                                .add(prefix)
                                .add(signature.pseudo_output_commitments)
                                .add(signature.range_proof_bytes)
                                .add(signature.range_proofs)
                                .hash();
        return Bytes(hash.bytes.begin(), hash.bytes.end());
    }
    Hash32 rules_message(const TxIn& input) const override {
        Hasher hasher(tag_rules);
        hasher.add(input.ring);
        if (input.input_rules) hasher.add(*input.input_rules);
        return hasher.hash();
    }

    bool is_point(const Commitment& commitment) const override { return top_bit_clear(commitment.bytes); }
    Commitment commit(Amount amount, const Scalar& blinding) const override {
        return fast_commit(amount, blinding);
    }
    bool balances(std::span<const Commitment> in, std::span<const Commitment> out,
                  Amount fee) const override {
        Scalar sum = Scalar::from_u64(fee.value) * value_number(fee.token_id);
        for (const Commitment& commitment : out) sum = sum + Scalar::reduce(commitment.bytes);
        for (const Commitment& commitment : in) sum = sum - Scalar::reduce(commitment.bytes);
        return sum == Scalar();
    }

    std::optional<RangeFailure> verify_range(ByteView proof, std::span<const Commitment> commitments,
                                             std::uint64_t token_id) const override {
        if (!has_range_proof_shape(proof)) return RangeFailure::malformed;
        if (commitments.empty()) return RangeFailure::wrong_proof;
        if (commitments.size() > 64) return RangeFailure::too_many_values;
        if (proof.size() != range_proof_size(commitments.size())) return RangeFailure::wrong_proof;
        const std::size_t last = proof.size() - 32;
        for (std::size_t at = 0; at + 64 < proof.size(); at += 32) {
            const ByteView part = proof.subspan(at, 32);
            const bool is_scalar = at >= 4 * 32 && at < 7 * 32;
            if (!is_scalar && ((part[31] & 0x80) != 0 ||
                               std::all_of(part.begin(), part.end(), [](std::uint8_t b) { return b == 0; })))
                return RangeFailure::wrong_proof;
        }
        const auto end = proof_end(proof.first(last), commitments, token_id);
        if (!std::equal(end.begin(), end.end(), proof.begin() + static_cast<std::ptrdiff_t>(last)))
            return RangeFailure::wrong_proof;
        return std::nullopt;
    }
    std::optional<Bytes> prove_range(ByteSource& rng, std::span<const std::uint64_t> values,
                                     std::span<const Scalar> blindings,
                                     std::uint64_t token_id) const override {
        if (values.empty() || values.size() > 64) return std::nullopt;
        std::vector<Commitment> commitments;
        for (std::size_t i = 0; i < values.size(); ++i)
            commitments.push_back(fast_commit({values[i], token_id}, blindings[i]));
        Bytes proof(range_proof_size(values.size()));
        const std::uint64_t seed = draw(rng);
        for (std::size_t at = 0; at + 32 < proof.size(); at += 32) {
            // Scalars are below 2^252; points are not, so that neither passes for the other.
            const bool is_scalar = (at >= 4 * 32 && at < 7 * 32) || at + 64 == proof.size();
            Lanes part = expand(mix(seed + at));
            part[3] &= ~std::uint64_t{0} >> 4;
            if (!is_scalar) part[3] |= top_bit >> 1;
            const auto bytes = from_lanes<Hash32>(part).bytes;
            std::copy(bytes.begin(), bytes.end(), proof.begin() + static_cast<std::ptrdiff_t>(at));
        }
        const auto end = proof_end(ByteView(proof).first(proof.size() - 32), commitments, token_id);
        std::copy(end.begin(), end.end(), proof.end() - 32);
        return proof;
    }

    std::optional<RingFailure> verify_ring(ByteView message, std::span<const RingMember> ring,
                                           const Commitment& pseudo_output,
                                           const RingMlsag& signature) const override {
        using Kind = RingFailure::Kind;
        if (signature.responses.size() != 2 * ring.size())
            return RingFailure{Kind::length_mismatch, 2 * ring.size(), signature.responses.size()};
        if (!top_bit_clear(signature.key_image.bytes)) return RingFailure{.kind = Kind::bad_key_image};
        if (!all_points(ring, pseudo_output)) return RingFailure{.kind = Kind::bad_point};
        const bool from_the_ring = std::any_of(ring.begin(), ring.end(), [&](const RingMember& member) {
            return image_of(onetime_private(member.target_key)) == signature.key_image;
        });
        if (!from_the_ring || closing(message, ring, pseudo_output, signature) != signature.c_zero)
            return RingFailure{.kind = Kind::bad_signature};
        return std::nullopt;
    }
    std::variant<RingMlsag, RingRefusal> sign_ring(ByteSource& rng, ByteView message,
                                                   std::span<const RingMember> ring,
                                                   const RingSecrets& secrets) const override {
        if (secrets.real_index >= ring.size()) return RingRefusal::index_out_of_bounds;
        const Commitment pseudo = fast_commit(secrets.amount, secrets.pseudo_blinding);
        if (!all_points(ring, pseudo)) return RingRefusal::bad_point;
        if (fast_commit(secrets.amount, secrets.input_blinding) != ring[secrets.real_index].commitment)
            return RingRefusal::value_not_conserved;
        RingMlsag out;
        out.key_image = image_of(secrets.onetime_private);
        const std::uint64_t seed = draw(rng);
        for (std::size_t i = 0; i < 2 * ring.size(); ++i)
            out.responses.push_back({fast_scalar(expand(mix(seed + i))).bytes()});
        out.c_zero = closing(message, ring, pseudo, out);
        return out;
    }

    std::optional<Amount> open_revealed(const MaskedAmount& masked, ByteView amount_secret) const override {
        if (amount_secret.size() != 32) return std::nullopt;
        return open(masked, mask_of(load64(amount_secret.data())));
    }
    Bytes amount_secret(const SharedSecret& secret) const override {
        Bytes out(32);
        store64(out.data(), amount_seed(secret));
        return out;
    }

    Scalar random_scalar(ByteSource& rng) const override {
        PrivateKey raw;
        rng.fill(raw.bytes);
        return fast_scalar(lanes(raw));
    }

    std::optional<MadeOutput> make_output(std::uint32_t block_version, Amount amount,
                                          const PublicAddress& recipient, const Scalar& tx_private,
                                          const FogHint& hint, const MemoMaker& memo_of) const override {
        const auto shared = fast_crypto().exchange(tx_private.key(), recipient.view_public);
        if (!shared || !top_bit_clear(recipient.spend_public.bytes)) return std::nullopt;
        if (amount.token_id != 0 && !outputs_have_token_ids(block_version)) return std::nullopt;
        MadeOutput made;
        made.shared = *shared;
        made.output.public_key = fast_crypto().public_key(tx_private.key());
        made.output.target_key = onetime(recipient.spend_public, *shared);
        made.output.fog_hint = hint;
        if (outputs_have_memos(block_version)) {
            made.output.memo.emplace();
            if (memo_of) {
                const auto memo = memo_of(made.output.public_key);
                if (!memo) return std::nullopt;
                made.output.memo->bytes = memo->bytes; // in the clear
            }
        }
        const FastMask mask = mask_of(amount_seed(*shared));
        made.secrets = {amount, mask.blinding};
        MaskedAmount masked;
        masked.version = amount_version(block_version);
        masked.commitment = fast_commit(amount, mask.blinding);
        const bool v1 = masked.version == MaskedAmount::Version::v1;
        masked.masked_value = (v1 ? ~amount.value : amount.value) ^ mask.value;
        if (outputs_have_token_ids(block_version)) {
            masked.masked_token_id.resize(8);
            store64(masked.masked_token_id.data(), amount.token_id ^ mask.token_id);
        }
        made.output.masked_amount = std::move(masked);
        return made;
    }

    Scalar minted_output_key(std::string_view label, const BlockId& parent, std::span<const Tx> transactions,
                             Amount amount, std::uint64_t counter) const override {
        Hasher hasher = minted(label, parent, amount, counter);
        for (const Tx& tx : transactions) hasher.add(hash(tx));
        return fast_scalar(expand(hasher.number()));
    }
    Scalar minted_output_key(std::string_view label, const BlockId& parent,
                             std::span<const MintTx> transactions, Amount amount,
                             std::uint64_t counter) const override {
        Hasher hasher = minted(label, parent, amount, counter);
        for (const MintTx& tx : transactions) hasher.add(encode(tx));
        return fast_scalar(expand(hasher.number()));
    }

    std::optional<SpendSecrets> open_for_spending(const AccountKey& account, const SubaddressTable& table,
                                                  const TxOut& output) const override {
        const Crypto& crypto = fast_crypto();
        if (!output.masked_amount) return std::nullopt;
        const auto shared =
            crypto.exchange(crypto.subaddress_view_private(account, default_subaddress), output.public_key);
        if (!shared || !table.find(onetime(output.target_key, *shared))) return std::nullopt;
        const FastMask mask = mask_of(amount_seed(*shared));
        const auto amount = open(*output.masked_amount, mask);
        if (!amount) return std::nullopt;
        SpendSecrets out;
        out.amount = *amount;
        out.blinding = mask.blinding;
        out.onetime_private = onetime_private(output.target_key);
        out.key_image = image_of(out.onetime_private);
        return out;
    }

private:
    static Hasher minted(std::string_view label, const BlockId& parent, Amount amount,
                         std::uint64_t counter) {
        Hasher hasher(tag_onetime_private);
        hasher.add(as_bytes(label)).add(parent).add(amount.value).add(amount.token_id).add(counter);
        return hasher;
    }

    static std::uint64_t draw(ByteSource& rng) {
        std::array<std::uint8_t, 8> bytes{};
        rng.fill(bytes);
        return load64(bytes.data());
    }

    static std::optional<Amount> open(const MaskedAmount& masked, const FastMask& mask) {
        const bool v1 = masked.version == MaskedAmount::Version::v1;
        Amount amount;
        amount.value = masked.masked_value ^ mask.value;
        if (v1) amount.value = ~amount.value;
        if (masked.masked_token_id.size() == 8)
            amount.token_id = load64(masked.masked_token_id.data()) ^ mask.token_id;
        else if (!v1 || !masked.masked_token_id.empty())
            return std::nullopt;
        if (fast_commit(amount, mask.blinding) != masked.commitment) return std::nullopt;
        return amount;
    }
};

} // namespace

const TxCrypto& fast_tx_crypto() {
    static const FastTxCrypto crypto;
    return crypto;
}

} // namespace engine::chain::tx
