#include <stdexcept>

#include <sodium.h>

#include "engine/chain/account.hpp"
#include "engine/chain/amount.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/kex_rng.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/sodium.hpp"

// MobileCoin's own cryptography behind the interface the worlds use.  Each function only joins parts that are
// tested against upstream's known answers on their own.

namespace engine::chain {
namespace {

/// Private keys that come through the interface are total: what is not below the group order is reduced.
/// Parsers refuse such keys before they get here.
Scalar scalar(const PrivateKey& key) { return Scalar::reduce(key.bytes); }

class RistrettoCrypto final : public Crypto {
public:
    const char* name() const override { return "ristretto"; }

    KeyPair random_key_pair(ByteSource& rng) const override {
        const Scalar secret = Scalar::random(rng);
        return {secret.key(), Point::base_times(secret).key()};
    }

    PublicKey public_key(const PrivateKey& secret) const override {
        return Point::base_times(scalar(secret)).key();
    }

    bool is_valid(const PublicKey& key) const override { return Point::parse(key).has_value(); }

    std::optional<SharedSecret> exchange(const PrivateKey& secret, const PublicKey& key) const override {
        const auto shared = output_secret(scalar(secret), key);
        if (!shared) return std::nullopt;
        return **shared;
    }

    AccountKey account_from_entropy(const std::array<std::uint8_t, 32>& entropy) const override {
        return account_from_root_entropy(entropy);
    }

    PublicAddress subaddress(const AccountKey& account, std::uint64_t index) const override {
        return make_subaddress(account, index);
    }

    PrivateKey subaddress_view_private(const AccountKey& account, std::uint64_t index) const override {
        return subaddress_view_scalar(account, index).key();
    }

    SubaddressTable default_subaddresses(const AccountKey& account) const override {
        SubaddressTable table;
        for (const std::uint64_t index : {default_subaddress, legacy_change_subaddress, change_subaddress})
            table.entries.push_back(
                {Point::base_times(subaddress_spend_scalar(account, index)).key(), index});
        return table;
    }

    TxOut create_output(ByteSource& rng, Amount amount, const PublicAddress& recipient,
                        const FogHint& hint) const override {
        auto sent = make_output(newest_block_version, amount, recipient, Scalar::random(rng), hint);
        if (!sent) throw std::invalid_argument("create_output: the recipient's keys are no points");
        return std::move(sent->output);
    }

    std::optional<FogHint> encrypt_hint(ByteSource& rng, const PublicKey& ingress,
                                        const PublicKey& view_public) const override {
        const auto to = Point::parse(ingress);
        if (!to) return std::nullopt;
        return make_hint(rng, *to, view_public);
    }

    FogHint fake_hint(ByteSource& rng) const override { return make_fake_hint(rng); }

    std::optional<PublicKey> decrypt_hint(const PrivateKey& ingress, const FogHint& hint) const override {
        return open_hint(scalar(ingress), hint);
    }

    SearchKey rng_output(const SharedSecret& secret, std::uint64_t counter) const override {
        return kex_rng_output(secret, counter);
    }

    TxOutRecord make_record(const TxOut& output, GlobalIndex index, BlockIndex block,
                            std::uint64_t timestamp_s) const override {
        return make_tx_out_record(output, index, block, timestamp_s);
    }

    std::optional<Bytes> seal_record(ByteSource& rng, const PublicKey& view_public,
                                     const TxOutRecord& record) const override {
        const auto to = Point::parse(view_public);
        if (!to) return std::nullopt;
        return seal_box(rng, *to, encode(record));
    }

    std::optional<TxOutRecord> open_record(const PrivateKey& view_private, ByteView payload) const override {
        const auto plain = open_box(scalar(view_private), payload);
        if (!plain) return std::nullopt;
        return decode_tx_out_record(*plain);
    }

    std::optional<OpenedOutput> open_output(const AccountKey& account, const SubaddressTable& table,
                                            const TxOutRecord& record) const override {
        const auto found = output_secret(scalar(account.view_private), record.public_key);
        if (!found) return std::nullopt;
        const Secret<SharedSecret>& secret = *found;
        const auto spend = recover_subaddress_spend(*secret, record.target_key);
        const auto index = spend ? table.find(*spend) : std::nullopt;
        if (!index) return std::nullopt;
        const AmountMask mask = AmountMask::from(record.masked_version, *secret);
        const auto amount =
            unmask_amount(record.masked_version, record.masked_value, record.masked_token_id, mask);
        if (!amount) return std::nullopt;
        const std::uint32_t expected =
            record.commitment ? commitment_crc32(*record.commitment) : record.commitment_crc32;
        if (commitment_crc32(commit(*amount, mask.blinding)) != expected) return std::nullopt;
        OpenedOutput opened;
        opened.amount = *amount;
        opened.subaddress = *index;
        opened.key_image = key_image(onetime_private_key(*secret, subaddress_spend_scalar(account, *index)));
        return opened;
    }
};

} // namespace

const Crypto& ristretto_crypto() {
    // Picks the fastest code for this processor; without it libsodium stays portable and slower.
    init_sodium();
    static const RistrettoCrypto crypto;
    return crypto;
}

} // namespace engine::chain
