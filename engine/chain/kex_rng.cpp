#include "engine/chain/kex_rng.hpp"

#include "engine/chain/bytes.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/wire.hpp"

namespace engine::chain {

SearchKey kex_rng_output(const SharedSecret& secret, std::uint64_t counter) {
    const Secret<Digest64> hash(blake2b_512({as_bytes("20201124"), secret.view(), little_endian(counter)}));
    return *SearchKey::from(ByteView(*hash).first(SearchKey::size));
}

Bytes encode(const KexRngPubkey& pubkey) {
    return WireWriter().bytes_or_omit(1, pubkey.public_key).varint_or_omit(2, pubkey.version).take();
}

std::optional<KexRngPubkey> decode_kex_rng_pubkey(ByteView bytes) {
    KexRngPubkey out;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1) {
            const auto key = field->bytes();
            if (!key) return std::nullopt;
            out.public_key.assign(key->begin(), key->end());
        } else if (field->number == 2) {
            const auto version = field->varint32();
            if (!version) return std::nullopt;
            out.version = *version;
        }
    }
    if (!reader.ok()) return std::nullopt;
    return out;
}

Bytes encode(const StoredRng& stored) {
    return WireWriter()
        .bytes_or_omit(1, stored.secret)
        .bytes_or_omit(2, stored.buffer)
        .varint_or_omit(3, stored.counter)
        .varint_or_omit(4, stored.version)
        .take();
}

std::optional<StoredRng> decode_stored_rng(ByteView bytes) {
    StoredRng out;
    WireReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1 || field->number == 2) {
            const auto content = field->bytes();
            if (!content) return std::nullopt;
            (field->number == 1 ? out.secret : out.buffer).assign(content->begin(), content->end());
        } else if (field->number == 3) {
            const auto counter = field->varint();
            if (!counter) return std::nullopt;
            out.counter = *counter;
        } else if (field->number == 4) {
            const auto version = field->varint32();
            if (!version) return std::nullopt;
            out.version = *version;
        }
    }
    if (!reader.ok()) return std::nullopt;
    return out;
}

std::optional<BufferedRng> BufferedRng::exchange(const PrivateKey& view_private, const KexRngPubkey& pubkey) {
    const auto key = Point::parse(pubkey.public_key);
    if (pubkey.version != kex_rng_version || !key) return std::nullopt;
    Secret<SharedSecret> secret;
    secret->bytes = (Scalar::reduce(view_private.bytes) * *key).bytes();
    return BufferedRng(*secret, 0, kex_rng_output(*secret, 0));
}

std::optional<BufferedRng> BufferedRng::load(const StoredRng& stored) {
    const auto secret = SharedSecret::from(stored.secret);
    const auto buffer = SearchKey::from(stored.buffer);
    if (stored.version != kex_rng_version || !secret || !buffer) return std::nullopt;
    return BufferedRng(*secret, stored.counter, *buffer);
}

StoredRng BufferedRng::store() const {
    StoredRng out;
    out.secret.assign(secret_->bytes.begin(), secret_->bytes.end());
    out.buffer.assign(buffer_.bytes.begin(), buffer_.bytes.end());
    out.counter = counter_;
    return out;
}

void BufferedRng::advance() { buffer_ = kex_rng_output(*secret_, ++counter_); }

SearchKey BufferedRng::next() {
    const SearchKey out = buffer_;
    advance();
    return out;
}

} // namespace engine::chain
