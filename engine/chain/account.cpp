#include "engine/chain/account.hpp"

#include <algorithm>

#include "engine/chain/bytes.hpp"
#include "engine/chain/merlin.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/schnorr.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

constexpr std::string_view authority_context = "Fog authority signature";

Scalar hkdf_sha512_scalar(std::string_view salt, ByteView key) {
    Secret<Digest64> out;
    hkdf_sha512(as_bytes(salt), key, {}, *out);
    return Scalar::wide(*out);
}

Scalar legacy_scalar(ByteView entropy, std::string_view info) {
    Secret<Digest32> out;
    hkdf_blake2b_256({}, entropy, as_bytes(info), *out);
    return Scalar::reduce(*out);
}

// The transcript form of one field that is never left out.
void append_field(Transcript& t, std::string_view name, std::string_view type, ByteView value) {
    t.append(name, "prim");
    t.append(type, value);
}

} // namespace

AccountKey account_from_slip10_key(const Digest32& key) {
    AccountKey account;
    account.view_private = hkdf_sha512_scalar("mobilecoin-ristretto255-view", key).key();
    account.spend_private = hkdf_sha512_scalar("mobilecoin-ristretto255-spend", key).key();
    return account;
}

std::optional<AccountKey> account_from_mnemonic(std::string_view phrase, std::uint32_t account_index) {
    const auto key = slip10_key(phrase, account_index);
    if (!key) return std::nullopt;
    return account_from_slip10_key(**key);
}

AccountKey account_from_root_entropy(const std::array<std::uint8_t, 32>& entropy) {
    AccountKey account;
    account.view_private = legacy_scalar(entropy, "view").key();
    account.spend_private = legacy_scalar(entropy, "spend").key();
    return account;
}

AccountKey random_account(ByteSource& rng) {
    AccountKey account;
    account.spend_private = Scalar::random(rng).key();
    account.view_private = Scalar::random(rng).key();
    return account;
}

void wipe_keys(AccountKey& account) {
    wipe(account.view_private.bytes);
    wipe(account.spend_private.bytes);
}

Scalar subaddress_spend_scalar(const AccountKey& account, std::uint64_t index) {
    const Scalar view = Scalar::reduce(account.view_private.bytes);
    const Scalar spend = Scalar::reduce(account.spend_private.bytes);
    return Scalar::hash("mc_subaddress", {view.bytes(), Scalar::from_u64(index).bytes()}) + spend;
}

Scalar subaddress_view_scalar(const AccountKey& account, std::uint64_t index) {
    return Scalar::reduce(account.view_private.bytes) * subaddress_spend_scalar(account, index);
}

PublicAddress make_subaddress(const AccountKey& account, std::uint64_t index) {
    const Scalar spend = subaddress_spend_scalar(account, index);
    const Scalar view = Scalar::reduce(account.view_private.bytes) * spend;
    PublicAddress address;
    address.view_public = Point::base_times(view).key();
    address.spend_public = Point::base_times(spend).key();
    address.fog_report_id = account.fog_report_id;
    if (account.fog_report_url.empty()) return address;
    address.fog_report_url = account.fog_report_url;
    // A comment upstream says spend key; its code signs and verifies with the view key.
    const SchnorrSignature signature = schnorr_sign(view, authority_context, account.fog_authority_spki);
    address.fog_authority_sig.assign(signature.bytes.begin(), signature.bytes.end());
    return address;
}

bool verify_fog_authority(const PublicAddress& address, ByteView root_spki) {
    const auto signature = SchnorrSignature::from(address.fog_authority_sig);
    return signature && schnorr_verify(address.view_public, authority_context, root_spki, *signature);
}

PublicAddress burn_address() {
    Digest32 view_bytes;
    view_bytes.fill(1);
    const Point spend = Point::hash("mc_burn_address_spend_public", {});
    PublicAddress address;
    address.spend_public = spend.key();
    address.view_public = (Scalar::reduce(view_bytes) * spend).key();
    return address;
}

ShortAddressHash short_address_hash(const PublicAddress& address) {
    Transcript t("digestible");
    t.append("mc-address", "agg");
    t.append("name", "PublicAddress");
    append_field(t, "view_public_key", "ristretto", address.view_public.view());
    append_field(t, "spend_public_key", "ristretto", address.spend_public.view());
    append_field(t, "fog_report_url", "str", as_bytes(address.fog_report_url));
    append_field(t, "fog_report_id", "str", as_bytes(address.fog_report_id));
    append_field(t, "fog_authority_sig", "bytes", address.fog_authority_sig);
    t.append("mc-address", "agg-end");
    t.append("name", "PublicAddress");
    const Digest32 digest = t.challenge<32>("digest32");
    return *ShortAddressHash::from(ByteView(digest).first(16));
}

} // namespace engine::chain
