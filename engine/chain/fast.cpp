#include "engine/chain/crypto.hpp"
#include "engine/chain/fast_hash.hpp"

// The cheap stand-in for MobileCoin's cryptography.  Shapes (lengths, footers, magic bytes), algebra (both
// sides of a key exchange meet, an owner recovers the subaddress) and failures (no point, wrong key, bad
// checksum) are those of the real one; hashing is a few multiplications and nothing is secret.

namespace engine::chain {
namespace {

using namespace fast;

constexpr std::size_t footer_size = 50; // ephemeral key 32, tag 16, version bytes 1 and 0
constexpr std::size_t record_size = 187;

class FastCrypto final : public Crypto {
public:
    const char* name() const override { return "fast"; }

    KeyPair random_key_pair(ByteSource& rng) const override {
        PrivateKey raw;
        rng.fill(raw.bytes);
        const PrivateKey secret = scalar(lanes(raw));
        return {secret, public_key(secret)};
    }

    PublicKey public_key(const PrivateKey& secret) const override {
        Lanes l = lanes(secret);
        for (std::size_t i = 0; i < 4; ++i) l[i] ^= pad[i];
        l[3] &= ~top_bit;
        return from_lanes<PublicKey>(l);
    }

    bool is_valid(const PublicKey& key) const override { return (key.bytes[31] & 0x80) == 0; }

    std::optional<SharedSecret> exchange(const PrivateKey& secret, const PublicKey& key) const override {
        if (!is_valid(key)) return std::nullopt;
        return share(public_key(secret), key);
    }

    AccountKey account_from_entropy(const std::array<std::uint8_t, 32>& entropy) const override {
        Hash32 raw;
        raw.bytes = entropy;
        AccountKey account;
        account.view_private = scalar(expand(digest(tag_view, lanes(raw))));
        account.spend_private = scalar(expand(digest(tag_spend, lanes(raw))));
        return account;
    }

    PublicAddress subaddress(const AccountKey& account, std::uint64_t index) const override {
        PublicAddress address;
        address.view_public = public_key(subaddress_view_private(account, index));
        address.spend_public = public_key(subaddress_spend_private(account, index));
        address.fog_report_url = account.fog_report_url;
        address.fog_report_id = account.fog_report_id;
        return address;
    }

    // One view key for all subaddresses, so that an owner can recover the shared secret before knowing which
    // subaddress was paid (the real scheme gets the same from R = r*D).
    PrivateKey subaddress_view_private(const AccountKey& account, std::uint64_t) const override {
        return scalar(expand(digest(tag_sub_view, lanes(account.view_private))));
    }

    SubaddressTable default_subaddresses(const AccountKey& account) const override {
        SubaddressTable table;
        for (std::uint64_t index : {default_subaddress, legacy_change_subaddress, change_subaddress})
            table.entries.push_back({public_key(subaddress_spend_private(account, index)), index});
        return table;
    }

    TxOut create_output(ByteSource& rng, Amount amount, const PublicAddress& recipient,
                        const FogHint& hint) const override {
        const KeyPair ephemeral = random_key_pair(rng);
        const SharedSecret secret = share(ephemeral.open, recipient.view_public);
        TxOut out;
        MaskedAmount masked;
        const FastMask mask = mask_of(amount_seed(secret));
        masked.commitment = fast_commit(amount, mask.blinding);
        masked.masked_value = amount.value ^ mask.value;
        masked.masked_token_id.resize(8);
        store64(masked.masked_token_id.data(), amount.token_id ^ mask.token_id);
        out.masked_amount = std::move(masked);
        out.target_key = onetime(recipient.spend_public, secret);
        out.public_key = ephemeral.open;
        out.fog_hint = hint;
        out.memo.emplace();
        return out;
    }

    std::optional<FogHint> encrypt_hint(ByteSource& rng, const PublicKey& ingress,
                                        const PublicKey& view_public) const override {
        if (!is_valid(ingress)) return std::nullopt;
        std::array<std::uint8_t, 34> plain{};
        std::copy(view_public.bytes.begin(), view_public.bytes.end(), plain.begin());
        plain[32] = plain[33] = 42;
        FogHint hint;
        box(rng, ingress, plain, hint.bytes, tag_hint);
        return hint;
    }

    FogHint fake_hint(ByteSource& rng) const override {
        const KeyPair nobody = random_key_pair(rng);
        const std::array<std::uint8_t, 34> plain{};
        FogHint hint;
        box(rng, nobody.open, plain, hint.bytes, tag_hint);
        return hint;
    }

    std::optional<PublicKey> decrypt_hint(const PrivateKey& ingress, const FogHint& hint) const override {
        std::array<std::uint8_t, 34> plain;
        if (!unbox(ingress, hint.view(), plain, tag_hint)) return std::nullopt;
        if (plain[32] != 42 || plain[33] != 42) return std::nullopt;
        return PublicKey::from(ByteView(plain).first(32));
    }

    SearchKey rng_output(const SharedSecret& secret, std::uint64_t counter) const override {
        const std::uint64_t h = digest(tag_rng, lanes(secret), {counter, 0, 0, 0});
        SearchKey key;
        store64(key.bytes.data(), h);
        store64(key.bytes.data() + 8, mix(h + 1));
        return key;
    }

    TxOutRecord make_record(const TxOut& output, GlobalIndex index, BlockIndex block,
                            std::uint64_t timestamp_s) const override {
        TxOutRecord record;
        if (output.masked_amount) {
            record.commitment_crc32 = checksum(output.masked_amount->commitment);
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

    std::optional<Bytes> seal_record(ByteSource& rng, const PublicKey& view_public,
                                     const TxOutRecord& record) const override {
        if (!is_valid(view_public)) return std::nullopt;
        std::array<std::uint8_t, record_size> plain{};
        std::uint8_t* p = plain.data();
        store64(p, record.commitment_crc32);
        p[4] = static_cast<std::uint8_t>(record.masked_version);
        p[5] = static_cast<std::uint8_t>(record.masked_token_id.size());
        p[6] = record.memo ? 1 : 0;
        store64(p + 8, record.masked_value);
        std::copy(record.masked_token_id.begin(), record.masked_token_id.end(), p + 16);
        std::memcpy(p + 24, record.target_key.bytes.data(), 32);
        std::memcpy(p + 56, record.public_key.bytes.data(), 32);
        store64(p + 88, record.global_index.value);
        store64(p + 96, record.block.value);
        store64(p + 104, record.timestamp_s);
        if (record.memo) std::memcpy(p + 112, record.memo->bytes.data(), 66);
        Bytes out(record_size + footer_size);
        box(rng, view_public, plain, out, tag_record);
        return out;
    }

    std::optional<TxOutRecord> open_record(const PrivateKey& view_private, ByteView payload) const override {
        if (payload.size() != record_size + footer_size) return std::nullopt;
        std::array<std::uint8_t, record_size> plain;
        if (!unbox(view_private, payload, plain, tag_record)) return std::nullopt;
        const std::uint8_t* p = plain.data();
        if ((p[4] != 1 && p[4] != 2) || (p[5] != 0 && p[5] != 8)) return std::nullopt;
        TxOutRecord record;
        record.commitment_crc32 = static_cast<std::uint32_t>(load64(p));
        record.masked_version = static_cast<MaskedAmount::Version>(p[4]);
        record.masked_value = load64(p + 8);
        record.masked_token_id.assign(p + 16, p + 16 + p[5]);
        record.target_key = *PublicKey::from({p + 24, 32});
        record.public_key = *PublicKey::from({p + 56, 32});
        record.global_index = GlobalIndex{load64(p + 88)};
        record.block = BlockIndex{load64(p + 96)};
        record.timestamp_s = load64(p + 104);
        if (p[6] != 0) record.memo = EncryptedMemo::from({p + 112, 66});
        return record;
    }

    std::optional<OpenedOutput> open_output(const AccountKey& account, const SubaddressTable& table,
                                            const TxOutRecord& record) const override {
        if (!is_valid(record.public_key)) return std::nullopt;
        const SharedSecret secret =
            share(record.public_key, public_key(subaddress_view_private(account, default_subaddress)));
        const auto index = table.find(onetime(record.target_key, secret));
        if (!index) return std::nullopt;
        const FastMask mask = mask_of(amount_seed(secret));
        Amount amount;
        amount.value = record.masked_value ^ mask.value;
        if (record.masked_version == MaskedAmount::Version::v1) amount.value = ~amount.value; // another mask
        if (record.masked_token_id.size() == 8)
            amount.token_id = load64(record.masked_token_id.data()) ^ mask.token_id;
        const std::uint32_t expected =
            record.commitment ? checksum(*record.commitment) : record.commitment_crc32;
        if (checksum(fast_commit(amount, mask.blinding)) != expected) return std::nullopt;
        OpenedOutput opened;
        opened.amount = amount;
        opened.subaddress = *index;
        opened.key_image = image_of(onetime_private(record.target_key));
        return opened;
    }

private:
    PrivateKey subaddress_spend_private(const AccountKey& account, std::uint64_t index) const {
        return scalar(expand(digest(tag_sub_spend, lanes(account.spend_private), {index, 0, 0, 0})));
    }

    SharedSecret share(const PublicKey& one, const PublicKey& other) const {
        const bool swap = other < one;
        const Lanes low = lanes(swap ? other : one);
        const Lanes high = lanes(swap ? one : other);
        return from_lanes<SharedSecret>(expand(digest(tag_exchange, low, high)));
    }

    static void apply_keystream(std::uint64_t seed, std::span<std::uint8_t> data) {
        std::size_t i = 0;
        std::uint64_t counter = seed;
        for (; i + 8 <= data.size(); i += 8) {
            counter = counter * 0x9e3779b97f4a7c15ULL + 0xd1b54a32d192ed03ULL;
            store64(data.data() + i, load64(data.data() + i) ^ (counter ^ (counter >> 29)));
        }
        for (; i < data.size(); ++i) data[i] ^= static_cast<std::uint8_t>(mix(seed + i));
    }

    /// 128 bits over the plaintext under the seed.
    static std::array<std::uint8_t, 16> mac(std::uint64_t seed, std::span<const std::uint8_t> data) {
        std::uint64_t h = seed ^ tag_mac;
        std::size_t i = 0;
        for (; i + 8 <= data.size(); i += 8)
            h = (std::rotl(h, 29) ^ load64(data.data() + i)) * 0x9fb21c651e98df25ULL;
        for (; i < data.size(); ++i) h = (std::rotl(h, 29) ^ data[i]) * 0x9fb21c651e98df25ULL;
        std::array<std::uint8_t, 16> out;
        store64(out.data(), mix(h));
        store64(out.data() + 8, mix(h + 1));
        return out;
    }

    void box(ByteSource& rng, const PublicKey& to, std::span<const std::uint8_t> plain,
             std::span<std::uint8_t> out, std::uint64_t tag) const {
        const KeyPair ephemeral = random_key_pair(rng);
        const std::uint64_t seed = digest(tag, lanes(share(ephemeral.open, to)));
        std::copy(plain.begin(), plain.end(), out.begin());
        apply_keystream(seed, out.first(plain.size()));
        const auto check = mac(seed, plain);
        auto footer = out.subspan(plain.size());
        std::copy(ephemeral.open.bytes.begin(), ephemeral.open.bytes.end(), footer.begin());
        std::copy(check.begin(), check.end(), footer.begin() + 32);
        footer[48] = 1;
        footer[49] = 0;
    }

    bool unbox(const PrivateKey& secret, ByteView boxed, std::span<std::uint8_t> plain,
               std::uint64_t tag) const {
        if (boxed.size() != plain.size() + footer_size) return false;
        const ByteView footer = boxed.subspan(plain.size());
        if (footer[48] != 1 || footer[49] != 0) return false;
        const auto shared = exchange(secret, *PublicKey::from(footer.first(32)));
        if (!shared) return false;
        const std::uint64_t seed = digest(tag, lanes(*shared));
        std::copy_n(boxed.begin(), plain.size(), plain.begin());
        apply_keystream(seed, plain);
        const auto check = mac(seed, plain);
        return std::equal(check.begin(), check.end(), footer.begin() + 32);
    }
};

} // namespace

const Crypto& fast_crypto() {
    static const FastCrypto crypto;
    return crypto;
}

} // namespace engine::chain
