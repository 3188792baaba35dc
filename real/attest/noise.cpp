#include "real/attest/noise.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <sodium.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/sodium.hpp"
#include "engine/ensure.hpp"

namespace real::attest {

using engine::chain::AesKey;
using engine::chain::as_bytes;
using engine::chain::Digest64;
using engine::chain::GcmNonce;
using engine::chain::GcmTag;
using engine::chain::Secret;

namespace {

constexpr std::uint64_t no_more_counters = ~std::uint64_t{0}; // reserved by the specification

Digest64 sha512(std::initializer_list<ByteView> parts) {
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    for (const ByteView& part : parts) crypto_hash_sha512_update(&state, part.data(), part.size());
    Digest64 out;
    crypto_hash_sha512_final(&state, out.data());
    return out;
}

/// Noise's own HKDF with two outputs.
struct TwoKeys {
    Secret<Digest64> first;
    Secret<Digest64> second;
};
TwoKeys noise_hkdf(const Digest64& chaining_key, ByteView material) {
    using engine::chain::hmac_sha512;
    const std::array<std::uint8_t, 1> one{1};
    const std::array<std::uint8_t, 1> two{2};
    const Secret<Digest64> temporary(hmac_sha512(chaining_key, {material}));
    TwoKeys keys;
    *keys.first = hmac_sha512(*temporary, {one});
    *keys.second = hmac_sha512(*temporary, {*keys.first, two});
    return keys;
}

AesKey truncated(const Digest64& key) {
    AesKey out;
    std::copy_n(key.begin(), out.size(), out.begin());
    return out;
}

GcmNonce nonce_of(std::uint64_t counter) {
    GcmNonce nonce{};
    const auto number = engine::chain::big_endian(counter);
    std::copy(number.begin(), number.end(), nonce.begin() + 4);
    return nonce;
}

} // namespace

X25519Keys X25519Keys::from(const X25519Private& secret) {
    X25519Keys keys;
    *keys.secret = secret;
    crypto_scalarmult_base(keys.open.bytes.data(), secret.bytes.data());
    return keys;
}

X25519Keys X25519Keys::random() {
    engine::chain::init_sodium();
    Secret<X25519Private> secret;
    randombytes_buf(secret->bytes.data(), secret->bytes.size());
    return from(*secret);
}

Secret<X25519Private> exchange(const X25519Private& mine, const X25519Public& theirs) {
    Secret<X25519Private> shared;
    // The library says no to points of low order and leaves the result open.
    if (crypto_scalarmult(shared->bytes.data(), mine.bytes.data(), theirs.bytes.data()) != 0)
        shared->bytes.fill(0);
    return shared;
}

std::optional<Bytes> CipherState::seal(ByteView associated, ByteView plaintext) {
    if (counter_ == no_more_counters) return std::nullopt;
    Bytes out;
    out.reserve(plaintext.size() + gcm_tag_size);
    out.assign(plaintext.begin(), plaintext.end());
    const GcmTag tag = engine::chain::aes256_gcm_seal(*key_, nonce_of(counter_), out, associated);
    ++counter_;
    engine::chain::append(out, tag);
    return out;
}

std::optional<Bytes> CipherState::open(ByteView associated, ByteView sealed) {
    if (sealed.size() < gcm_tag_size || counter_ == no_more_counters) return std::nullopt;
    GcmTag tag;
    std::copy(sealed.end() - gcm_tag_size, sealed.end(), tag.begin());
    Bytes out(sealed.begin(), sealed.end() - gcm_tag_size);
    if (!engine::chain::aes256_gcm_open(*key_, nonce_of(counter_), tag, out, associated)) return std::nullopt;
    ++counter_;
    return out;
}

SymmetricState::SymmetricState(std::string_view protocol_name) {
    ENSURE(protocol_name.size() <= hash_.size()); // longer ones would be hashed
    std::copy(protocol_name.begin(), protocol_name.end(), hash_.begin());
    *chaining_key_ = hash_;
}

void SymmetricState::mix_hash(ByteView data) { hash_ = sha512({hash_, data}); }

void SymmetricState::mix_key(ByteView secret) {
    const TwoKeys keys = noise_hkdf(*chaining_key_, secret);
    *chaining_key_ = *keys.first;
    const Secret<AesKey> key(truncated(*keys.second));
    cipher_.emplace(*key);
}

Bytes SymmetricState::encrypt_and_hash(ByteView plaintext) {
    Bytes out;
    if (cipher_)
        out = cipher_->seal(hash_, plaintext).value();
    else
        out.assign(plaintext.begin(), plaintext.end());
    mix_hash(out);
    return out;
}

std::optional<Bytes> SymmetricState::decrypt_and_hash(ByteView data) {
    std::optional<Bytes> out;
    if (cipher_)
        out = cipher_->open(hash_, data);
    else
        out.emplace(data.begin(), data.end());
    if (out) mix_hash(data);
    return out;
}

SymmetricState::Ciphers SymmetricState::split() const {
    const TwoKeys keys = noise_hkdf(*chaining_key_, {});
    const Secret<AesKey> first(truncated(*keys.first));
    const Secret<AesKey> second(truncated(*keys.second));
    return {CipherState(*first), CipherState(*second)};
}

namespace {

SymmetricState begun(ByteView prologue) {
    SymmetricState state(noise_nx);
    state.mix_hash(prologue);
    return state;
}

} // namespace

Initiator::Initiator(ByteView prologue, X25519Keys ephemeral)
    : state_(begun(prologue)), ephemeral_(std::move(ephemeral)) {}

Bytes Initiator::message_1(ByteView payload) {
    state_.mix_hash(ephemeral_.open.view());
    Bytes message(ephemeral_.open.bytes.begin(), ephemeral_.open.bytes.end());
    engine::chain::append(message, state_.encrypt_and_hash(payload));
    return message;
}

std::optional<Initiator::Finished> Initiator::read_message_2(ByteView message) && {
    constexpr std::size_t key_size = X25519Public::size;
    constexpr std::size_t sealed_key_size = key_size + gcm_tag_size;
    if (message.size() < key_size + sealed_key_size) return std::nullopt;
    const X25519Public theirs = X25519Public::from(message.first(key_size)).value();
    message = message.subspan(key_size);
    state_.mix_hash(theirs.view());
    state_.mix_key(exchange(*ephemeral_.secret, theirs)->view());
    const auto static_key = state_.decrypt_and_hash(message.first(sealed_key_size));
    if (!static_key) return std::nullopt;
    const X25519Public responder = X25519Public::from(*static_key).value();
    state_.mix_key(exchange(*ephemeral_.secret, responder)->view());
    auto payload = state_.decrypt_and_hash(message.subspan(sealed_key_size));
    if (!payload) return std::nullopt;
    SymmetricState::Ciphers ciphers = state_.split();
    ChannelId id;
    id.bytes = state_.hash();
    return Finished{{id, std::move(ciphers.of_initiator), std::move(ciphers.of_responder)},
                    responder,
                    std::move(*payload)};
}

std::optional<Accepted> respond(ByteView prologue, const X25519Keys& own, const X25519Keys& ephemeral,
                                ByteView message_1, ByteView payload) {
    constexpr std::size_t key_size = X25519Public::size;
    if (message_1.size() < key_size) return std::nullopt;
    SymmetricState state = begun(prologue);
    const X25519Public theirs = X25519Public::from(message_1.first(key_size)).value();
    state.mix_hash(theirs.view());
    Bytes payload_1 = state.decrypt_and_hash(message_1.subspan(key_size)).value();

    state.mix_hash(ephemeral.open.view());
    Bytes message_2(ephemeral.open.bytes.begin(), ephemeral.open.bytes.end());
    state.mix_key(exchange(*ephemeral.secret, theirs)->view());
    engine::chain::append(message_2, state.encrypt_and_hash(own.open.view()));
    state.mix_key(exchange(*own.secret, theirs)->view());
    engine::chain::append(message_2, state.encrypt_and_hash(payload));
    SymmetricState::Ciphers ciphers = state.split();
    ChannelId id;
    id.bytes = state.hash();
    return Accepted{std::move(message_2),
                    {id, std::move(ciphers.of_responder), std::move(ciphers.of_initiator)},
                    std::move(payload_1)};
}

} // namespace real::attest
