#include "engine/chain/tx/input_rules.hpp"

#include <algorithm>

namespace engine::chain::tx {
namespace {

Fault rule_fault(TxCode code, const std::string& detail) { return {code, "Input rule: " + detail}; }

/// Opens an output by a secret that was revealed.
std::variant<Amount, Fault> open(const TxCrypto& crypto, const std::optional<MaskedAmount>& masked,
                                 const Bytes& secret) {
    if (secret.size() != 32)
        return rule_fault(TxCode::rule_amount_secret, "Revealed Tx Out: Invalid Amount Shared Secret");
    if (!masked)
        return rule_fault(TxCode::rule_output_conversion,
                          "Revealed Tx Out: TxOut conversion: Unknown Masked Amount Version");
    if (masked->version == MaskedAmount::Version::v1)
        return rule_fault(TxCode::rule_amount,
                          "Revealed Tx Out: Amount: Amount version is too old to have amount shared secret");
    if (const auto amount = crypto.open_revealed(*masked, secret)) return *amount;
    return rule_fault(TxCode::rule_amount,
                      "Revealed Tx Out: Amount: The masked value, token id, or shared secret "
                      "are not consistent with\nthe commitment.");
}

/// Everything but the amount.
bool same_but_amount(const TxOut& a, const TxOut& b) {
    return a.target_key == b.target_key && a.public_key == b.public_key && a.fog_hint == b.fog_hint &&
           a.memo == b.memo;
}

const TxOut* counterpart(const TxPrefix& prefix, const TxOut& wanted) {
    const auto found = std::find_if(prefix.outputs.begin(), prefix.outputs.end(),
                                    [&](const TxOut& output) { return same_but_amount(output, wanted); });
    return found == prefix.outputs.end() ? nullptr : &*found;
}

__extension__ using Wide = unsigned __int128;

} // namespace

std::optional<Fault> check_rules(const TxCrypto& crypto, const InputRules& rules, const TxPrefix& prefix) {
    if (rules.max_tombstone_block != 0 && prefix.tombstone_block > rules.max_tombstone_block)
        return fault(TxCode::rule_tombstone);
    for (const TxOut& required : rules.required_outputs)
        if (std::find(prefix.outputs.begin(), prefix.outputs.end(), required) == prefix.outputs.end())
            return fault(TxCode::missing_required_output);

    const auto partial = [](const std::string& detail) {
        return rule_fault(TxCode::rule_partial_fill, detail);
    };
    if (!rules.partial_fill_change) {
        if (!rules.partial_fill_outputs.empty()) return partial("Partial fill outputs are not expected");
        if (rules.min_partial_fill_value != 0) return partial("Min partial fill value is not expected");
        return std::nullopt;
    }
    const RevealedTxOut& change = *rules.partial_fill_change;
    const auto opened = open(crypto, change.tx_out.masked_amount, change.amount_shared_secret);
    if (const auto* bad = std::get_if<Fault>(&opened)) return *bad;
    const Amount change_limit = std::get<Amount>(opened);
    if (change_limit.value < rules.min_partial_fill_value)
        return partial("Min partial fill value exceeds partial fill change");
    if (change_limit.value == 0) return partial("Zero partial fill change");

    const TxOut* actual_change = counterpart(prefix, change.tx_out);
    if (actual_change == nullptr)
        return partial("Missing fractional change output corresponding to partial fill change");
    const auto actual = open(crypto, actual_change->masked_amount, change.amount_shared_secret);
    if (const auto* bad = std::get_if<Fault>(&actual)) return *bad;
    const Amount left = std::get<Amount>(actual);
    if (left.token_id != change_limit.token_id)
        return partial("Fractional change token id did not match partial fill change");
    if (left.value > change_limit.value - rules.min_partial_fill_value)
        return partial("Fractional change amount was too large");

    // How much of the offer was taken, as a ratio.
    const std::uint64_t taken = change_limit.value - left.value;
    for (const RevealedTxOut& offered : rules.partial_fill_outputs) {
        const auto listed = open(crypto, offered.tx_out.masked_amount, offered.amount_shared_secret);
        if (const auto* bad = std::get_if<Fault>(&listed)) return *bad;
        const TxOut* output = counterpart(prefix, offered.tx_out);
        if (output == nullptr)
            return partial("Missing fractional output corresponding to partial fill output");
        const auto paid = open(crypto, output->masked_amount, offered.amount_shared_secret);
        if (const auto* bad = std::get_if<Fault>(&paid)) return *bad;
        const Amount wanted = std::get<Amount>(listed);
        const Amount got = std::get<Amount>(paid);
        if (got.token_id != wanted.token_id)
            return partial("Fractional output token id did not match partial fill output");
        // got / wanted >= taken / limit
        if (static_cast<Wide>(got.value) * change_limit.value < static_cast<Wide>(taken) * wanted.value)
            return partial("Fractional output amount does not respect fill fraction");
    }
    return std::nullopt;
}

} // namespace engine::chain::tx
