#include "engine/chain/memo.hpp"

#include <algorithm>

#include <sodium.h>

#include "engine/chain/aes.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

// Offsets within the payload, the two type bytes included.
constexpr std::size_t hash_at = 2;
constexpr std::size_t payment_id_at = hash_at + 16;
constexpr std::size_t count_at = hash_at + 16;
constexpr std::size_t fee_at = count_at + 1;
constexpr std::size_t outlay_at = fee_at + 7;
constexpr std::size_t destination_payment_id_at = outlay_at + 8;
constexpr std::size_t mac_at = hash_at + 48;
constexpr std::size_t mac_size = 16;
constexpr std::uint64_t fee_limit = std::uint64_t{1} << 56;

std::uint16_t raw_type(const MemoPayload& memo) { return load_big_endian<std::uint16_t>(memo.view()); }

bool is_sender_type(std::uint16_t type) {
    return type >= static_cast<std::uint16_t>(MemoType::authenticated_sender) &&
           type <= static_cast<std::uint16_t>(MemoType::authenticated_sender_with_payment_intent_id);
}

bool is_destination_type(std::uint16_t type) {
    return type == static_cast<std::uint16_t>(MemoType::destination) ||
           type == static_cast<std::uint16_t>(MemoType::destination_with_payment_request_id) ||
           type == static_cast<std::uint16_t>(MemoType::destination_with_payment_intent_id);
}

template <std::unsigned_integral T>
void put(MemoPayload& memo, std::size_t at, T value) {
    const auto bytes = big_endian(value);
    std::copy(bytes.begin(), bytes.end(), memo.bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

MemoPayload apply_key_stream(ByteView memo, const SharedSecret& secret) {
    Secret<std::array<std::uint8_t, 48>> key_material;
    hkdf_sha512(as_bytes("mc-memo-okm"), secret.view(), {}, *key_material);
    Secret<AesKey> key;
    Secret<AesBlock> counter;
    std::copy_n(key_material->begin(), 32, key->begin());
    std::copy_n(key_material->begin() + 32, 16, counter->begin());
    MemoPayload out;
    std::copy(memo.begin(), memo.end(), out.bytes.begin());
    aes256_ctr64(*key, *counter, out.bytes);
    return out;
}

std::array<std::uint8_t, mac_size> memo_mac(const MemoPayload& memo, const Scalar& own, const Point& other,
                                            const PublicKey& tx_public_key) {
    const Point shared = own * other;
    const Secret<Digest64> mac(hmac_sha512(
        shared.bytes(), {as_bytes("mc-memo-mac"), tx_public_key.view(), memo.view().first(mac_at)}));
    std::array<std::uint8_t, mac_size> out;
    std::copy_n(mac->begin(), mac_size, out.begin());
    return out;
}

} // namespace

EncryptedMemo encrypt_memo(const MemoPayload& memo, const SharedSecret& secret) {
    return *EncryptedMemo::from(apply_key_stream(memo.view(), secret).view());
}

MemoPayload decrypt_memo(const EncryptedMemo& memo, const SharedSecret& secret) {
    return apply_key_stream(memo.view(), secret);
}

std::optional<MemoType> memo_type(const MemoPayload& memo) {
    const std::uint16_t type = raw_type(memo);
    const std::uint16_t kinds_of_category[] = {4, 3, 5};
    if (type >> 8 > 2 || (type & 0xff) >= kinds_of_category[type >> 8]) return std::nullopt;
    return static_cast<MemoType>(type);
}

std::optional<MemoPayload> make_sender_memo(MemoType type, const PublicAddress& sender,
                                            const Scalar& sender_spend, const PublicKey& recipient_view,
                                            const PublicKey& tx_public_key, std::uint64_t payment_id) {
    const auto recipient = Point::parse(recipient_view);
    const auto type_bytes = static_cast<std::uint16_t>(type);
    if (!recipient || !is_sender_type(type_bytes)) return std::nullopt;
    MemoPayload memo;
    put(memo, 0, type_bytes);
    const ShortAddressHash hash = short_address_hash(sender);
    std::copy(hash.bytes.begin(), hash.bytes.end(), memo.bytes.begin() + hash_at);
    if (type != MemoType::authenticated_sender) put(memo, payment_id_at, payment_id);
    const auto mac = memo_mac(memo, sender_spend, *recipient, tx_public_key);
    std::copy(mac.begin(), mac.end(), memo.bytes.begin() + mac_at);
    return memo;
}

std::optional<SenderMemo> read_sender_memo(const MemoPayload& memo) {
    if (!is_sender_type(raw_type(memo))) return std::nullopt;
    SenderMemo out;
    out.type = static_cast<MemoType>(raw_type(memo));
    out.sender = *ShortAddressHash::from(memo.view().subspan(hash_at, 16));
    if (out.type != MemoType::authenticated_sender)
        out.payment_id = load_big_endian<std::uint64_t>(memo.view().subspan(payment_id_at));
    return out;
}

bool is_authentic(const MemoPayload& memo, const PublicAddress& sender, const Scalar& recipient_view,
                  const PublicKey& tx_public_key) {
    const auto content = read_sender_memo(memo);
    const auto sender_spend = Point::parse(sender.spend_public);
    if (!content || !sender_spend || content->sender != short_address_hash(sender)) return false;
    const auto mac = memo_mac(memo, recipient_view, *sender_spend, tx_public_key);
    return sodium_memcmp(mac.data(), memo.bytes.data() + mac_at, mac_size) == 0;
}

std::optional<MemoPayload> make_destination_memo(const DestinationMemo& content) {
    const auto type = static_cast<std::uint16_t>(content.type);
    if (content.fee >= fee_limit || !is_destination_type(type)) return std::nullopt;
    MemoPayload memo;
    put(memo, 0, type);
    std::copy(content.recipient.bytes.begin(), content.recipient.bytes.end(), memo.bytes.begin() + hash_at);
    put(memo, count_at, std::uint64_t{content.recipient_count} << 56 | content.fee);
    put(memo, outlay_at, content.total_outlay);
    if (content.type != MemoType::destination) put(memo, destination_payment_id_at, content.payment_id);
    return memo;
}

std::optional<DestinationMemo> read_destination_memo(const MemoPayload& memo) {
    if (!is_destination_type(raw_type(memo))) return std::nullopt;
    DestinationMemo out;
    out.type = static_cast<MemoType>(raw_type(memo));
    out.recipient = *ShortAddressHash::from(memo.view().subspan(hash_at, 16));
    out.recipient_count = memo.bytes[count_at];
    out.fee = load_big_endian<std::uint64_t>(memo.view().subspan(count_at)) & (fee_limit - 1);
    out.total_outlay = load_big_endian<std::uint64_t>(memo.view().subspan(outlay_at));
    if (out.type != MemoType::destination)
        out.payment_id = load_big_endian<std::uint64_t>(memo.view().subspan(destination_payment_id_at));
    return out;
}

} // namespace engine::chain
