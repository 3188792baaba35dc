#include "engine/chain/printable.hpp"

#include <algorithm>

#include "engine/chain/address_wire.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/wire.hpp"

namespace engine::chain {
namespace {

constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::size_t longest_text = 8192;
constexpr std::size_t checksum_size = 4;

Bytes encode(const PaymentRequest& request) {
    return WireWriter()
        .bytes(1, engine::chain::encode(request.public_address))
        .varint_or_omit(2, request.value)
        .text_or_omit(3, request.memo)
        .varint_or_omit(4, request.token_id)
        .varint_or_omit(5, request.payment_id)
        .take();
}

Bytes encode(const TransferPayload& payload) {
    return WireWriter()
        .bytes_or_omit(1, payload.root_entropy)
        .wrapped(2, payload.tx_out_public_key.view())
        .text_or_omit(3, payload.memo)
        .bytes_or_omit(4, payload.bip39_entropy)
        .take();
}

Bytes encode(const TxOutGiftCode& code) {
    return WireWriter()
        .varint_or_omit(1, code.global_index.value)
        .wrapped(2, code.onetime_private_key.view())
        .wrapped(3, code.shared_secret.view())
        .take();
}

std::optional<PaymentRequest> decode_payment_request(ByteView bytes) {
    PaymentRequest request;
    bool has_address = false;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1) {
            const auto content = field->bytes();
            auto address = content ? decode_public_address(*content) : std::nullopt;
            if (!address) return std::nullopt;
            request.public_address = std::move(*address);
            has_address = true;
        } else if (field->number == 3) {
            auto memo = field->text();
            if (!memo) return std::nullopt;
            request.memo = std::move(*memo);
        } else if (field->number == 2 || field->number == 4 || field->number == 5) {
            const auto value = field->varint();
            if (!value) return std::nullopt;
            (field->number == 2   ? request.value
             : field->number == 4 ? request.token_id
                                  : request.payment_id) = *value;
        }
    }
    if (!reader.ok() || !has_address) return std::nullopt;
    return request;
}

std::optional<TransferPayload> decode_transfer_payload(ByteView bytes) {
    TransferPayload payload;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1 || field->number == 4) {
            const auto content = field->bytes();
            if (!content) return std::nullopt;
            (field->number == 1 ? payload.root_entropy : payload.bip39_entropy)
                .assign(content->begin(), content->end());
        } else if (field->number == 2) {
            const auto key = wrapped_fixed<PublicKey>(*field);
            if (!key) return std::nullopt;
            payload.tx_out_public_key = *key;
        } else if (field->number == 3) {
            auto memo = field->text();
            if (!memo) return std::nullopt;
            payload.memo = std::move(*memo);
        }
    }
    if (!reader.ok() || !Point::parse(payload.tx_out_public_key)) return std::nullopt;
    return payload;
}

std::optional<TxOutGiftCode> decode_gift_code(ByteView bytes) {
    TxOutGiftCode code;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1) {
            const auto index = field->varint();
            if (!index) return std::nullopt;
            code.global_index = GlobalIndex{*index};
        } else if (field->number == 2) {
            const auto key = wrapped_fixed<PrivateKey>(*field);
            if (!key) return std::nullopt;
            code.onetime_private_key = *key;
        } else if (field->number == 3) {
            const auto secret = wrapped_fixed<SharedSecret>(*field);
            if (!secret) return std::nullopt;
            code.shared_secret = *secret;
        }
    }
    if (!reader.ok() || !Scalar::parse(code.onetime_private_key) || !Point::parse(code.shared_secret.view()))
        return std::nullopt;
    return code;
}

template <class T>
bool keep(std::optional<Printable>& to, std::optional<T> content) {
    if (!content) return false;
    to = std::move(*content);
    return true;
}

} // namespace

std::string to_base58(ByteView bytes) {
    const auto zeros = static_cast<std::size_t>(
        std::find_if(bytes.begin(), bytes.end(), [](auto b) { return b != 0; }) - bytes.begin());
    // Base-58 digits, least significant first.
    std::vector<std::uint8_t> digits;
    for (const std::uint8_t byte : bytes.subspan(zeros)) {
        unsigned carry = byte;
        for (std::uint8_t& digit : digits) {
            carry += digit * 256u;
            digit = static_cast<std::uint8_t>(carry % 58);
            carry /= 58;
        }
        for (; carry != 0; carry /= 58) digits.push_back(static_cast<std::uint8_t>(carry % 58));
    }
    std::string out(zeros, alphabet[0]);
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) out.push_back(alphabet[*digit]);
    return out;
}

std::optional<Bytes> from_base58(std::string_view text) {
    if (text.size() > longest_text) return std::nullopt;
    const std::size_t zeros = std::min(text.find_first_not_of(alphabet[0]), text.size());
    // Bytes, least significant first.
    Bytes bytes;
    for (const char c : text.substr(zeros)) {
        const std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        auto carry = static_cast<unsigned>(value);
        for (std::uint8_t& byte : bytes) {
            carry += byte * 58u;
            byte = static_cast<std::uint8_t>(carry);
            carry >>= 8;
        }
        if (carry != 0) bytes.push_back(static_cast<std::uint8_t>(carry));
    }
    bytes.resize(bytes.size() + zeros);
    std::reverse(bytes.begin(), bytes.end());
    return bytes;
}

std::string to_b58(const Printable& content) {
    const Bytes inner = std::visit([](const auto& c) { return encode(c); }, content);
    const auto kind = static_cast<std::uint32_t>(content.index() + 1);
    const Bytes wrapper = WireWriter().bytes(kind, inner).take();
    Bytes whole;
    append(whole, little_endian(crc32_iso(wrapper)));
    append(whole, wrapper);
    return to_base58(whole);
}

std::optional<Printable> from_b58(std::string_view text) {
    const auto whole = from_base58(text);
    if (!whole || whole->size() <= checksum_size) return std::nullopt;
    const ByteView wrapper = ByteView(*whole).subspan(checksum_size);
    if (load_little_endian<std::uint32_t>(*whole) != crc32_iso(wrapper)) return std::nullopt;
    std::optional<Printable> out;
    WireReader reader(wrapper);
    while (const auto field = reader.next()) {
        if (field->number < 1 || field->number > 4) continue;
        const auto content = field->bytes();
        if (!content) return std::nullopt;
        bool good = false;
        switch (field->number) {
        case 1:
            good = keep(out, decode_public_address(*content));
            break;
        case 2:
            good = keep(out, decode_payment_request(*content));
            break;
        case 3:
            good = keep(out, decode_transfer_payload(*content));
            break;
        default:
            good = keep(out, decode_gift_code(*content));
            break;
        }
        if (!good) return std::nullopt;
    }
    if (!reader.ok()) return std::nullopt;
    return out;
}

std::optional<PublicAddress> address_from_b58(std::string_view text) {
    const auto content = from_b58(text);
    if (!content || !std::holds_alternative<PublicAddress>(*content)) return std::nullopt;
    return std::get<PublicAddress>(*content);
}

} // namespace engine::chain
