#include "engine/chain/output.hpp"

#include "engine/chain/amount.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {

std::optional<SentOutput> make_output(std::uint32_t block_version, Amount amount,
                                      const PublicAddress& recipient, const Scalar& tx_private,
                                      const FogHint& hint, const std::optional<MemoPayload>& memo) {
    const auto view = Point::parse(recipient.view_public);
    const auto spend = Point::parse(recipient.spend_public);
    if (!view || !spend) return std::nullopt;
    if (amount.token_id != 0 && !outputs_have_token_ids(block_version)) return std::nullopt;

    SentOutput sent;
    sent.secret->bytes = (tx_private * *view).bytes();
    sent.output.masked_amount =
        mask_amount(amount_version(block_version), amount, *sent.secret,
                    outputs_have_token_ids(block_version) ? TokenField::present : TokenField::absent);
    sent.output.target_key = (Point::base_times(onetime_scalar(*sent.secret)) + *spend).key();
    sent.output.public_key = (tx_private * *spend).key();
    sent.output.fog_hint = hint;
    if (outputs_have_memos(block_version))
        sent.output.memo = encrypt_memo(memo ? *memo : MemoPayload{}, *sent.secret);
    return sent;
}

std::optional<Secret<SharedSecret>> output_secret(const Scalar& view_private,
                                                  const PublicKey& output_public_key) {
    const auto key = Point::parse(output_public_key);
    if (!key) return std::nullopt;
    Secret<SharedSecret> secret;
    secret->bytes = (view_private * *key).bytes();
    return secret;
}

std::optional<PublicKey> recover_subaddress_spend(const SharedSecret& secret, const PublicKey& target_key) {
    const auto target = Point::parse(target_key);
    if (!target) return std::nullopt;
    return (*target - Point::base_times(onetime_scalar(secret))).key();
}

Scalar onetime_private_key(const SharedSecret& secret, const Scalar& subaddress_spend) {
    return onetime_scalar(secret) + subaddress_spend;
}

std::optional<OwnedOutput> open_tx_out(const AccountKey& account, const SubaddressTable& table,
                                       const TxOut& output) {
    if (!output.masked_amount) return std::nullopt;
    const auto secret = output_secret(Scalar::reduce(account.view_private.bytes), output.public_key);
    if (!secret) return std::nullopt;
    OwnedOutput owned;
    owned.secret = *secret;
    const auto spend = recover_subaddress_spend(*owned.secret, output.target_key);
    const auto index = spend ? table.find(*spend) : std::nullopt;
    const auto amount = index ? open_amount(*output.masked_amount, *owned.secret) : std::nullopt;
    if (!amount) return std::nullopt;
    owned.opened.amount = amount->amount;
    owned.opened.subaddress = *index;
    owned.opened.key_image =
        key_image(onetime_private_key(*owned.secret, subaddress_spend_scalar(account, *index)));
    if (output.memo) owned.memo = decrypt_memo(*output.memo, *owned.secret);
    return owned;
}

} // namespace engine::chain
