#include "engine/chain/tx/tx_wire.hpp"

#include "engine/chain/block.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/wire_fields.hpp"

namespace engine::chain::tx {
namespace {

/// The payloads of one message field: given twice it is merged, which is what reading both in a row does.
class Joined {
public:
    bool add(const WireField& field) {
        const auto bytes = field.bytes();
        if (!bytes) return false;
        if (count_++ == 0) {
            view_ = *bytes;
        } else {
            if (count_ == 2) joined_.assign(view_.begin(), view_.end());
            append(joined_, *bytes);
            view_ = joined_;
        }
        return true;
    }
    bool present() const { return count_ != 0; }
    ByteView view() const { return view_; }

private:
    int count_ = 0;
    ByteView view_;
    Bytes joined_;
};

template <class Fixed>
std::optional<Fixed> unwrapped(ByteView message) {
    WireField field;
    field.type = WireType::bytes;
    field.payload = message;
    return wrapped_fixed<Fixed>(field);
}

RingScalar reduced(const RingScalar& value) {
    return Scalar::parse(PrivateKey{value.bytes}) ? value : RingScalar{Scalar::reduce(value.bytes).bytes()};
}

Bytes packed(const std::vector<std::uint64_t>& list) {
    Bytes out;
    for (const std::uint64_t value : list) append(out, little_endian(value));
    return out;
}

bool take_packed(std::vector<std::uint64_t>& to, const WireField& field) {
    if (const auto one = field.fixed64()) {
        to.push_back(*one);
        return true;
    }
    const auto bytes = field.bytes();
    if (!bytes || bytes->size() % 8 != 0) return false;
    for (std::size_t at = 0; at < bytes->size(); at += 8)
        to.push_back(load_little_endian<std::uint64_t>(bytes->subspan(at)));
    return true;
}

std::optional<Bytes> copied(const WireField& field) {
    const auto bytes = field.bytes();
    if (!bytes) return std::nullopt;
    return Bytes(bytes->begin(), bytes->end());
}

Bytes encode(const RevealedTxOut& value) {
    return WireWriter()
        .bytes(1, engine::chain::encode(value.tx_out))
        .bytes_or_omit(2, value.amount_shared_secret)
        .take();
}

std::optional<RevealedTxOut> decode_revealed(ByteView bytes) {
    RevealedTxOut out;
    Joined tx_out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return tx_out.add(field);
        case 2:
            return take(out.amount_shared_secret, copied(field));
        default:
            return true;
        }
    });
    if (!good || !take(out.tx_out, decode_tx_out(tx_out.view()))) return std::nullopt;
    return out;
}

Bytes encode(const InputRules& value) {
    WireWriter out;
    for (const TxOut& output : value.required_outputs) out.bytes(1, engine::chain::encode(output));
    out.fixed64_or_omit(2, value.max_tombstone_block);
    for (const RevealedTxOut& output : value.partial_fill_outputs) out.bytes(3, encode(output));
    if (value.partial_fill_change) out.bytes(4, encode(*value.partial_fill_change));
    out.fixed64_or_omit(5, value.min_partial_fill_value);
    return out.take();
}

std::optional<InputRules> decode_rules(ByteView bytes) {
    InputRules out;
    Joined change;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.required_outputs, nested(field, decode_tx_out));
        case 2:
            return take(out.max_tombstone_block, field.fixed64());
        case 3:
            return take_into(out.partial_fill_outputs, nested(field, decode_revealed));
        case 4:
            return change.add(field);
        case 5:
            return take(out.min_partial_fill_value, field.fixed64());
        default:
            return true;
        }
    });
    if (!good || (change.present() && !take(out.partial_fill_change, decode_revealed(change.view()))))
        return std::nullopt;
    return out;
}

std::optional<TxPrefix> decode_prefix(ByteView bytes) {
    TxPrefix out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.inputs, nested(field, decode_tx_in));
        case 2:
            return take_into(out.outputs, nested(field, decode_tx_out));
        case 3:
            return take(out.fee, field.varint());
        case 4:
            return take(out.tombstone_block, field.varint());
        case 5:
            return take(out.fee_token_id, field.fixed64());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode(const RingMlsag& value) {
    WireWriter out;
    out.wrapped(1, value.c_zero.view());
    for (const RingScalar& response : value.responses) out.wrapped(2, response.view());
    out.wrapped(3, value.key_image.view());
    return out.take();
}

std::optional<RingMlsag> decode_mlsag(ByteView bytes) {
    RingMlsag out;
    Joined c_zero;
    Joined key_image;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return c_zero.add(field);
        case 2:
            return take_into(out.responses, wrapped_fixed<RingScalar>(field));
        case 3:
            return key_image.add(field);
        default:
            return true;
        }
    });
    if (!good || !take(out.c_zero, unwrapped<RingScalar>(c_zero.view())) ||
        !take(out.key_image, unwrapped<KeyImage>(key_image.view())))
        return std::nullopt;
    out.c_zero = reduced(out.c_zero);
    for (RingScalar& response : out.responses) response = reduced(response);
    return out;
}

Bytes encode(const SignatureRctBulletproofs& value) {
    WireWriter out;
    for (const RingMlsag& signature : value.ring_signatures) out.bytes(1, encode(signature));
    for (const Commitment& commitment : value.pseudo_output_commitments) out.wrapped(2, commitment.view());
    out.bytes_or_omit(3, value.range_proof_bytes);
    for (const Bytes& proof : value.range_proofs) out.bytes(4, proof);
    out.bytes_or_omit(5, packed(value.pseudo_output_token_ids));
    out.bytes_or_omit(6, packed(value.output_token_ids));
    return out.take();
}

std::optional<SignatureRctBulletproofs> decode_signature(ByteView bytes) {
    SignatureRctBulletproofs out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.ring_signatures, nested(field, decode_mlsag));
        case 2:
            return take_into(out.pseudo_output_commitments, wrapped_fixed<Commitment>(field));
        case 3:
            return take(out.range_proof_bytes, copied(field));
        case 4:
            return take_into(out.range_proofs, copied(field));
        case 5:
            return take_packed(out.pseudo_output_token_ids, field);
        case 6:
            return take_packed(out.output_token_ids, field);
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace

Bytes encode(const TxIn& value) {
    WireWriter out;
    for (const TxOut& member : value.ring) out.bytes(1, engine::chain::encode(member));
    for (const TxOutMembershipProof& proof : value.proofs) out.bytes(2, engine::chain::encode(proof));
    if (value.input_rules) out.bytes(3, encode(*value.input_rules));
    return out.take();
}

std::optional<TxIn> decode_tx_in(ByteView bytes) {
    TxIn out;
    Joined rules;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.ring, nested(field, decode_tx_out));
        case 2:
            return take_into(out.proofs, nested(field, decode_membership_proof));
        case 3:
            return rules.add(field);
        default:
            return true;
        }
    });
    if (!good || (rules.present() && !take(out.input_rules, decode_rules(rules.view())))) return std::nullopt;
    return out;
}

Bytes encode(const TxPrefix& value) {
    WireWriter out;
    for (const TxIn& input : value.inputs) out.bytes(1, encode(input));
    for (const TxOut& output : value.outputs) out.bytes(2, engine::chain::encode(output));
    out.varint_or_omit(3, value.fee)
        .varint_or_omit(4, value.tombstone_block)
        .fixed64_or_omit(5, value.fee_token_id);
    return out.take();
}

Bytes encode(const Tx& value) {
    return WireWriter()
        .bytes(1, encode(value.prefix))
        .bytes(2, encode(value.signature))
        .bytes_or_omit(3, value.fee_map_digest)
        .take();
}

std::optional<Tx> decode_tx(ByteView bytes) {
    Tx out;
    Joined prefix;
    Joined signature;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return prefix.add(field);
        case 2:
            return signature.add(field);
        case 3:
            return take(out.fee_map_digest, copied(field));
        default:
            return true;
        }
    });
    if (!good || !take(out.prefix, decode_prefix(prefix.view())) ||
        !take(out.signature, decode_signature(signature.view())))
        return std::nullopt;
    return out;
}

Bytes encode_tx_list(const std::vector<Tx>& list) {
    WireWriter out;
    for (const Tx& tx : list) out.bytes(1, encode(tx));
    return out.take();
}

std::optional<std::vector<Tx>> decode_tx_list(ByteView bytes) {
    std::vector<Tx> out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        return field.number != 1 || take_into(out, nested(field, decode_tx));
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace engine::chain::tx
