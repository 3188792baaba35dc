#include "engine/chain/tx/form_block.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/chain/hex.hpp"

namespace engine::chain::tx {
namespace {

/// Tokens with fees come before those without, by the exchanges upstream makes.
void zeroes_to_the_end(std::vector<std::pair<std::uint64_t, std::uint64_t>>& fees) {
    for (std::size_t p = fees.size(); p-- > 1;)
        for (std::size_t q = 0; q < p; ++q)
            if (fees[q].second == 0 && fees[p].second != 0) std::swap(fees[q], fees[p]);
}

std::string mint_nonce_text(const Bytes& nonce) {
    std::string out = "[";
    for (std::size_t i = 0; i < nonce.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(nonce[i]);
    return out + "]";
}

template <class List, class Prefix>
std::optional<std::string> repeated_nonce(const List& list, const char* what, Prefix prefix) {
    std::set<std::pair<std::uint64_t, Bytes>> seen;
    for (const auto& tx : list)
        if (!seen.emplace(prefix(tx).token_id, prefix(tx).nonce).second)
            return std::string("Form block error: Duplicate ") + what + " nonce for token id " +
                   std::to_string(prefix(tx).token_id) + ": " + mint_nonce_text(prefix(tx).nonce);
    return std::nullopt;
}

std::optional<std::string> check_inputs(const TxCrypto& crypto, const ChainRules& rules, const Block& parent,
                                        const BlockInputs& inputs) {
    if (parent.version > rules.block_version)
        return "Block Version Error: Block version cannot decrease: parent_block.version = " +
               std::to_string(parent.version) +
               ", config.block_version = " + std::to_string(rules.block_version);
    std::set<Hash32> hashes;
    std::set<KeyImage> images;
    std::set<PublicKey> keys;
    for (const Tx& tx : inputs.transactions) {
        const Hash32 hash = crypto.hash(tx);
        if (!hashes.insert(hash).second)
            return "Form block error: Duplicate transaction: " + to_hex(hash.view().first(6));
        for (const RingMlsag& ring : tx.signature.ring_signatures)
            if (!images.insert(ring.key_image).second)
                return "Form block error: Duplicate key image: " + to_hex(ring.key_image.view());
        for (const TxOut& output : tx.prefix.outputs)
            if (!keys.insert(output.public_key).second)
                return "Form block error: Duplicate output public key: " + to_hex(output.public_key.view());
        if (parent.index.value + 1 >= tx.prefix.tombstone_block)
            return "Malformed transaction: " + fault(TxCode::tombstone_exceeded).text;
    }
    if (auto bad = repeated_nonce(
            inputs.mint_config_txs, "MintConfigTx",
            [](const auto& tx) -> auto& { return tx.mint_config_tx.prefix; }))
        return bad;
    return repeated_nonce(
        inputs.mint_txs, "MintTx", [](const auto& tx) -> auto& { return tx.prefix; });
}

} // namespace

PublicAddress fee_recipient() {
    PublicAddress out;
    out.spend_public =
        *fixed_from_hex<PublicKey>("26b507c63124a2f5e940b4fb89e4b2bb0a2078ed0c8e551ad59268b9646ec241");
    out.view_public =
        *fixed_from_hex<PublicKey>("5222a1e9ae32d21c23114a5ce6bb39e0cb56aea350d4619d43b1207061b10346");
    return out;
}

std::variant<FormedBlock, std::string> form_block(const TxCrypto& crypto, const ChainRules& rules,
                                                  const Block& parent, const BlockInputs& inputs,
                                                  const TxOutMembershipElement& root) {
    if (auto bad = check_inputs(crypto, rules, parent, inputs)) return *bad;
    FormedBlock out;
    BlockContents& contents = out.contents;
    __extension__ using Wide = unsigned __int128;
    std::map<std::uint64_t, Wide> totals;
    for (const auto& [token_id, fee] : rules.fees.fees()) totals[token_id] = 0;
    for (const Tx& tx : inputs.transactions) {
        for (const RingMlsag& ring : tx.signature.ring_signatures)
            contents.key_images.push_back(ring.key_image);
        contents.outputs.insert(contents.outputs.end(), tx.prefix.outputs.begin(), tx.prefix.outputs.end());
        totals[tx.prefix.fee_token_id] += tx.prefix.fee;
    }

    std::vector<std::pair<std::uint64_t, std::uint64_t>> fees;
    for (const auto& [token_id, total] : totals) {
        if (total > ~std::uint64_t{0})
            return std::string("the fees of token ") + std::to_string(token_id) + " do not fit 64 bits";
        fees.emplace_back(token_id, static_cast<std::uint64_t>(total));
    }
    zeroes_to_the_end(fees);
    fees.resize(std::min(fees.size(), inputs.transactions.size()));
    const auto make = [&](const char* label, const auto& source, Amount amount, std::uint64_t counter,
                          const PublicAddress& recipient, const FogHint& hint) {
        const Scalar key = crypto.minted_output_key(label, parent.id, source, amount, counter);
        const auto made = crypto.make_output(rules.block_version, amount, recipient, key, hint, {});
        if (made) contents.outputs.push_back(made->output);
        return made.has_value();
    };
    for (const auto& [token_id, total] : fees)
        if (!make("mc_fees_output_private_key", std::span<const Tx>(inputs.transactions), {total, token_id},
                  0, fee_recipient(), FogHint{}))
            return std::string("Cannot mint outputs for non-MOB tokens");
    for (std::size_t i = 0; i < inputs.mint_txs.size(); ++i) {
        const MintTxPrefix& prefix = inputs.mint_txs[i].prefix;
        PublicAddress recipient;
        recipient.view_public = prefix.view_public_key;
        recipient.spend_public = prefix.spend_public_key;
        if (!make("mc_minted_output_private_key", std::span<const MintTx>(inputs.mint_txs),
                  {prefix.amount, prefix.token_id}, i, recipient, prefix.fog_hint.value_or(FogHint{})))
            return std::string("the recipient of a mint has no keys");
    }
    std::sort(contents.outputs.begin(), contents.outputs.end(),
              [](const TxOut& a, const TxOut& b) { return a.public_key < b.public_key; });
    std::sort(contents.key_images.begin(), contents.key_images.end());
    contents.validated_mint_config_txs = inputs.mint_config_txs;
    contents.mint_txs = inputs.mint_txs;
    out.block = next_block(rules.block_version, parent, contents, root);
    return out;
}

} // namespace engine::chain::tx
