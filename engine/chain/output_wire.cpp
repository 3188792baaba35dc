#include "engine/chain/output_wire.hpp"

#include "engine/chain/amount.hpp"

namespace engine::chain {
namespace {

constexpr std::uint32_t masked_amount_v1_field = 1;
constexpr std::uint32_t masked_amount_v2_field = 6;

Bytes encode_masked_amount(const MaskedAmount& amount) {
    return WireWriter()
        .wrapped(1, amount.commitment.view())
        .fixed64(2, amount.masked_value)
        .bytes_or_omit(3, amount.masked_token_id)
        .take();
}

/// Adds what `bytes` holds to `amount`: a message that comes twice is merged.
bool merge_masked_amount(ByteView bytes, MaskedAmount& amount) {
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1) {
            const auto commitment = wrapped_fixed<Commitment>(*field);
            if (!commitment) return false;
            amount.commitment = *commitment;
        } else if (field->number == 2) {
            const auto value = field->fixed64();
            if (!value) return false;
            amount.masked_value = *value;
        } else if (field->number == 3) {
            const auto token = field->bytes();
            if (!token) return false;
            amount.masked_token_id.assign(token->begin(), token->end());
        }
    }
    return reader.ok();
}

template <class Fixed>
bool read_wrapped(const WireField& field, Fixed& to) {
    const auto value = wrapped_fixed<Fixed>(field);
    if (value) to = *value;
    return value.has_value();
}

template <class Fixed>
bool read_plain(const WireField& field, Fixed& to) {
    const auto content = field.bytes();
    const auto value = content ? Fixed::from(*content) : std::nullopt;
    if (value) to = *value;
    return value.has_value();
}

/// Empty stands for absent.
template <class Fixed>
bool read_optional(const WireField& field, std::optional<Fixed>& to) {
    const auto content = field.bytes();
    if (!content) return false;
    if (content->empty()) return true;
    to = Fixed::from(*content);
    return to.has_value();
}

template <class Integer>
bool read_number(std::optional<Integer> value, Integer& to) {
    if (value) to = *value;
    return value.has_value();
}

} // namespace

namespace {

void write_masked_amount(WireWriter& out, const TxOut& output) {
    if (!output.masked_amount) return;
    const bool v1 = output.masked_amount->version == MaskedAmount::Version::v1;
    out.bytes(v1 ? masked_amount_v1_field : masked_amount_v2_field,
              encode_masked_amount(*output.masked_amount));
}

void write_other_fields(WireWriter& out, const TxOut& output) {
    out.wrapped(2, output.target_key.view());
    out.wrapped(3, output.public_key.view());
    out.wrapped(4, output.fog_hint.view());
    if (output.memo) out.wrapped(5, output.memo->view());
}

} // namespace

Bytes encode(const TxOut& output) {
    WireWriter out;
    write_masked_amount(out, output);
    write_other_fields(out, output);
    return out.take();
}

Bytes encode_with_amount_last(const TxOut& output) {
    WireWriter out;
    write_other_fields(out, output);
    write_masked_amount(out, output);
    return out.take();
}

std::optional<TxOut> decode_tx_out(ByteView bytes) {
    TxOut output;
    const auto read_amount = [&output](const WireField& field, MaskedAmount::Version version) {
        const auto content = field.bytes();
        if (!content) return false;
        // The last version seen wins; only the same version is merged.
        if (!output.masked_amount || output.masked_amount->version != version) {
            output.masked_amount.emplace();
            output.masked_amount->version = version;
        }
        return merge_masked_amount(*content, *output.masked_amount);
    };
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        bool good = true;
        switch (field->number) {
        case masked_amount_v1_field:
            good = read_amount(*field, MaskedAmount::Version::v1);
            break;
        case masked_amount_v2_field:
            good = read_amount(*field, MaskedAmount::Version::v2);
            break;
        case 2:
            good = read_wrapped(*field, output.target_key);
            break;
        case 3:
            good = read_wrapped(*field, output.public_key);
            break;
        case 4:
            good = read_wrapped(*field, output.fog_hint);
            break;
        case 5:
            good = read_wrapped(*field, output.memo.emplace());
            break;
        default:
            break;
        }
        if (!good) return std::nullopt;
    }
    if (!reader.ok()) return std::nullopt;
    return output;
}

Bytes encode(const TxOutRecord& record) {
    WireWriter out;
    if (record.commitment) out.bytes(1, record.commitment->view());
    out.fixed64(2, record.masked_value);
    out.bytes(3, record.target_key.view());
    out.bytes(4, record.public_key.view());
    out.fixed64(5, record.global_index.value);
    out.fixed64(6, record.block.value);
    out.fixed64_or_omit(7, record.timestamp_s);
    out.fixed32_or_omit(8, record.commitment_crc32);
    if (record.memo) out.bytes(9, record.memo->view());
    out.bytes(record.masked_version == MaskedAmount::Version::v1 ? 10 : 11, record.masked_token_id);
    return out.take();
}

std::optional<TxOutRecord> decode_tx_out_record(ByteView bytes) {
    TxOutRecord record;
    record.masked_version = MaskedAmount::Version::v1;
    record.timestamp_s = 0;
    bool has_target = false;
    bool has_public = false;
    const auto read_token = [&record](const WireField& field, MaskedAmount::Version version) {
        const auto content = field.bytes();
        if (!content) return false;
        record.masked_version = version;
        record.masked_token_id.assign(content->begin(), content->end());
        return true;
    };
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        bool good = true;
        switch (field->number) {
        case 1:
            good = read_optional(*field, record.commitment);
            break;
        case 2:
            good = read_number(field->fixed64(), record.masked_value);
            break;
        case 3:
            good = has_target = read_plain(*field, record.target_key);
            break;
        case 4:
            good = has_public = read_plain(*field, record.public_key);
            break;
        case 5:
            good = read_number(field->fixed64(), record.global_index.value);
            break;
        case 6:
            good = read_number(field->fixed64(), record.block.value);
            break;
        case 7:
            good = read_number(field->fixed64(), record.timestamp_s);
            break;
        case 8:
            good = read_number(field->fixed32(), record.commitment_crc32);
            break;
        case 9:
            good = read_optional(*field, record.memo);
            break;
        case 10:
            good = read_token(*field, MaskedAmount::Version::v1);
            break;
        case 11:
            good = read_token(*field, MaskedAmount::Version::v2);
            break;
        default:
            break;
        }
        if (!good) return std::nullopt;
    }
    const std::size_t token_size = record.masked_token_id.size();
    const bool token_fits =
        token_size == 8 || (token_size == 0 && record.masked_version == MaskedAmount::Version::v1);
    if (!reader.ok() || !has_target || !has_public || !token_fits) return std::nullopt;
    if (record.commitment) record.commitment_crc32 = commitment_crc32(*record.commitment);
    return record;
}

TxOutRecord make_tx_out_record(const TxOut& output, GlobalIndex index, BlockIndex block,
                               std::uint64_t timestamp_s) {
    TxOutRecord record;
    if (output.masked_amount) {
        record.commitment_crc32 = commitment_crc32(output.masked_amount->commitment);
        record.masked_value = output.masked_amount->masked_value;
        record.masked_version = output.masked_amount->version;
        record.masked_token_id = output.masked_amount->masked_token_id;
    }
    record.target_key = output.target_key;
    record.public_key = output.public_key;
    record.global_index = index;
    record.block = block;
    record.timestamp_s = timestamp_s;
    record.memo = output.memo;
    return record;
}

} // namespace engine::chain
