#include "tools/block_json.hpp"

namespace tools {
namespace {

using namespace engine::chain;
using Json = nlohmann::ordered_json;

Json numbers(ByteView bytes) {
    Json out = Json::array();
    for (const std::uint8_t byte : bytes) out.push_back(byte);
    return out;
}
template <class Fixed>
Json numbers(const Fixed& value) {
    return numbers(value.view());
}

template <class T, class ToJson>
Json list(const std::vector<T>& values, ToJson to_json) {
    Json out = Json::array();
    for (const T& value : values) out.push_back(to_json(value));
    return out;
}

template <class T, class ToJson>
Json or_null(const std::optional<T>& value, ToJson to_json) {
    return value ? to_json(*value) : Json(nullptr);
}

/// Wrappers with a named field.
template <class Fixed>
Json point(const Fixed& value) {
    return {{"point", numbers(value.view())}};
}

Json masked_amount(const MaskedAmount& amount) {
    const Json fields = {{"commitment", point(amount.commitment)},
                         {"masked_value", amount.masked_value},
                         {"masked_token_id", numbers(ByteView(amount.masked_token_id))}};
    return {{amount.version == MaskedAmount::Version::v1 ? "V1" : "V2", fields}};
}

Json hint(const FogHint& value) { return {{"bytes", numbers(value.view())}}; }

Json tx_out(const TxOut& output) {
    return {{"masked_amount", or_null(output.masked_amount, masked_amount)},
            {"target_key", numbers(output.target_key.view())},
            {"public_key", numbers(output.public_key.view())},
            {"e_fog_hint", hint(output.fog_hint)},
            {"e_memo", or_null(output.memo, [](const EncryptedMemo& memo) { return numbers(memo.view()); })}};
}

Json multi_sig(const MultiSig& value) {
    return {{"signatures", list(value.signatures, [](const auto& each) { return numbers(each.view()); })}};
}

Json signer_set(const SignerSet& set) {
    return {{"individual_signers",
             list(set.individual_signers, [](const auto& each) { return numbers(each.view()); })},
            {"multi_signers", list(set.multi_signers, signer_set)},
            {"threshold", set.threshold}};
}

Json mint_config(const MintConfig& config) {
    return {{"token_id", config.token_id},
            {"signer_set", signer_set(config.signer_set)},
            {"mint_limit", config.mint_limit}};
}

Json mint_config_tx(const ValidatedMintConfigTx& tx) {
    const MintConfigTxPrefix& prefix = tx.mint_config_tx.prefix;
    const Json prefix_json = {{"token_id", prefix.token_id},
                              {"configs", list(prefix.configs, mint_config)},
                              {"nonce", numbers(ByteView(prefix.nonce))},
                              {"tombstone_block", prefix.tombstone_block},
                              {"total_mint_limit", prefix.total_mint_limit}};
    const Json inner = {{"prefix", prefix_json}, {"signature", multi_sig(tx.mint_config_tx.signature)}};
    return {{"mint_config_tx", inner}, {"signer_set", signer_set(tx.signer_set)}};
}

Json mint_tx(const MintTx& tx) {
    const Json prefix = {{"token_id", tx.prefix.token_id},
                         {"amount", tx.prefix.amount},
                         {"view_public_key", numbers(tx.prefix.view_public_key.view())},
                         {"spend_public_key", numbers(tx.prefix.spend_public_key.view())},
                         {"nonce", numbers(ByteView(tx.prefix.nonce))},
                         {"tombstone_block", tx.prefix.tombstone_block},
                         {"e_fog_hint", or_null(tx.prefix.fog_hint, hint)}};
    return {{"prefix", prefix}, {"signature", multi_sig(tx.signature)}};
}

Json block(const Block& value) {
    const Json range = {{"from", value.root_element.range.from}, {"to", value.root_element.range.to}};
    const Json root = {{"range", range}, {"hash", numbers(value.root_element.hash.view())}};
    return {{"id", numbers(value.id.view())},
            {"version", value.version},
            {"parent_id", numbers(value.parent_id.view())},
            {"index", value.index.value},
            {"cumulative_txo_count", value.cumulative_txo_count},
            {"root_element", root},
            {"contents_hash", numbers(value.contents_hash.view())}};
}

Json contents(const BlockContents& value) {
    return {{"key_images", list(value.key_images, [](const KeyImage& image) { return point(image); })},
            {"outputs", list(value.outputs, tx_out)},
            {"validated_mint_config_txs", list(value.validated_mint_config_txs, mint_config_tx)},
            {"mint_txs", list(value.mint_txs, mint_tx)}};
}

Json signature(const BlockSignature& value) {
    return {{"signature", numbers(value.signature.view())},
            {"signer", numbers(value.signer.view())},
            {"signed_at", value.signed_at}};
}

Json quorum_set(const QuorumSet& set);

Json quorum_member(const QuorumSetMember& member) {
    if (member.node)
        return {{"type", "Node"},
                {"args",
                 {{"responder_id", member.node->responder_id},
                  {"public_key", numbers(member.node->public_key.view())}}}};
    if (!member.inner_set.empty())
        return {{"type", "InnerSet"}, {"args", quorum_set(member.inner_set.front())}};
    return nullptr;
}

Json quorum_set(const QuorumSet& set) {
    return {{"threshold", set.threshold}, {"members", list(set.members, quorum_member)}};
}

Json evidence(const BlockMetadataContents& value) {
    if (const auto* report = std::get_if<VerificationReport>(&value.evidence)) {
        const auto certificate = [](const Bytes& bytes) { return numbers(ByteView(bytes)); };
        const Json fields = {{"sig", numbers(ByteView(report->signature))},
                             {"chain", list(report->chain, certificate)},
                             {"http_body", report->http_body}};
        return {{"VerificationReport", fields}};
    }
    if (const auto* dcap = std::get_if<DcapEvidence>(&value.evidence))
        return {{"DcapEvidence", numbers(ByteView(dcap->message))}};
    return nullptr;
}

Json metadata(const BlockMetadata& value) {
    const Json fields = {{"block_id", numbers(value.contents.block_id.view())},
                         {"quorum_set", quorum_set(value.contents.quorum_set)},
                         {"attestation_evidence", evidence(value.contents)},
                         {"responder_id", value.contents.responder_id}};
    return {{"contents", fields},
            {"node_key", numbers(value.node_key.view())},
            {"signature", numbers(value.signature.view())}};
}

} // namespace

Json block_to_json(const BlockData& data) {
    return {{"block", block(data.block)},
            {"contents", contents(data.contents)},
            {"signature", or_null(data.signature, signature)},
            {"metadata", or_null(data.metadata, metadata)}};
}

} // namespace tools
