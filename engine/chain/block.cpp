#include "engine/chain/block.hpp"

#include "engine/chain/quorum_digest.hpp"

namespace engine::chain {
namespace {

void append_digest(DigestTranscript& to, std::string_view context, const EncryptedMemo& value) {
    const DigestAggregate aggregate(to, context, "EncryptedMemo");
    to.bytes("0", value.view());
}

void append_responder_id(DigestTranscript& to, std::string_view context, std::string_view responder_id) {
    const DigestAggregate aggregate(to, context, "ResponderId");
    to.text("0", responder_id);
}

} // namespace

void append_digest(DigestTranscript& to, std::string_view context, const QuorumNode& value) {
    const DigestAggregate aggregate(to, context, "NodeID");
    append_responder_id(to, "responder_id", value.responder_id);
    const DigestAggregate key(to, "public_key", "Ed25519Public");
    to.primitive("0", "ed25519", value.public_key.view());
}

namespace {

void append_digest(DigestTranscript& to, std::string_view context, const QuorumSetMember& value) {
    const DigestAggregate aggregate(to, context, "QuorumSetMemberWrapper");
    if (value.node) {
        to.variant("member", "QuorumSetMember", 0);
        append_digest(to, "Node", *value.node);
    } else if (!value.inner_set.empty()) {
        to.variant("member", "QuorumSetMember", 1);
        append_digest(to, "InnerSet", value.inner_set.front());
    }
}

} // namespace

void append_digest(DigestTranscript& to, std::string_view context, const QuorumSet& value) {
    const DigestAggregate aggregate(to, context, "QuorumSet");
    to.integer("threshold", value.threshold);
    if (value.members.empty()) return;
    to.sequence("members", value.members.size());
    for (const QuorumSetMember& member : value.members) append_digest(to, "", member);
}

namespace {

void append_digest(DigestTranscript& to, std::string_view context, const VerificationReport& value) {
    const DigestAggregate aggregate(to, context, "VerificationReport");
    {
        const DigestAggregate signature(to, "sig", "VerificationSignature");
        to.bytes("0", value.signature);
    }
    if (!value.chain.empty()) {
        to.sequence("chain", value.chain.size());
        for (const Bytes& certificate : value.chain) to.bytes("", certificate);
    }
    to.text("http_body", value.http_body);
}

void append_block_fields(DigestTranscript& to, const Block& value) {
    to.integer("version", value.version);
    to.bytes("parent_id", value.parent_id.view());
    to.integer("index", value.index.value);
    to.integer("cumulative_txo_count", value.cumulative_txo_count);
    append_digest(to, "root_element", value.root_element);
    to.bytes("contents_hash", value.contents_hash.view());
}

} // namespace

void append_digest(DigestTranscript& to, std::string_view context, const MaskedAmount& value) {
    const DigestAggregate aggregate(to, context,
                                    value.version == MaskedAmount::Version::v1 ? "Amount" : "MaskedAmountV2");
    to.point("commitment", value.commitment.view());
    to.integer("masked_value", value.masked_value);
    to.omit_empty_bytes("masked_token_id", value.masked_token_id);
}

void append_digest(DigestTranscript& to, std::string_view context, const KeyImage& value) {
    to.point(context, value.view());
}

void append_digest(DigestTranscript& to, std::string_view context, const TxOut& value) {
    const DigestAggregate aggregate(to, context, "TxOut");
    if (value.masked_amount) append_digest(to, "amount", *value.masked_amount); // the name of both versions
    to.point("target_key", value.target_key.view());
    to.point("public_key", value.public_key.view());
    to.bytes("e_fog_hint", value.fog_hint.view());
    if (value.memo) append_digest(to, "e_memo", *value.memo);
}

void append_digest(DigestTranscript& to, std::string_view context, const BlockContents& value) {
    const DigestAggregate aggregate(to, context, "BlockContents");
    to.omit_empty_list("key_images", value.key_images);
    to.omit_empty_list("outputs", value.outputs);
    to.omit_empty_list("validated_mint_config_txs", value.validated_mint_config_txs);
    to.omit_empty_list("mint_txs", value.mint_txs);
}

void append_digest(DigestTranscript& to, std::string_view context, const TxOutMembershipElement& value) {
    const DigestAggregate aggregate(to, context, "TxOutMembershipElement");
    {
        const DigestAggregate range(to, "range", "Range");
        to.integer("from", value.range.from);
        to.integer("to", value.range.to);
    }
    to.bytes("hash", value.hash.view());
}

void append_digest(DigestTranscript& to, std::string_view context, const Block& value) {
    const DigestAggregate aggregate(to, context, "Block");
    to.bytes("id", value.id.view());
    append_block_fields(to, value);
}

Hash32 hash(const TxOut& output) { return digest32("mobilecoin-txout", output); }

BlockContentsHash contents_hash(const BlockContents& contents) {
    return {digest32("block_contents", contents).bytes};
}

BlockId compute_id(const Block& block) {
    // Alone among the digests: its own label, and no aggregate around the fields.
    DigestTranscript transcript("mobilecoin-block-id");
    append_block_fields(transcript, block);
    return {transcript.digest32().bytes};
}

Hash32 block_hash(const Block& block) { return digest32("block", block); }

Block origin_block(const BlockContents& contents) {
    Block block;
    block.cumulative_txo_count = contents.outputs.size();
    block.contents_hash = contents_hash(contents);
    block.id = compute_id(block);
    return block;
}

Block next_block(std::uint32_t version, const Block& parent, const BlockContents& contents,
                 const TxOutMembershipElement& root) {
    Block block;
    block.version = version;
    block.parent_id = parent.id;
    block.index = parent.index.next();
    block.cumulative_txo_count = parent.cumulative_txo_count + contents.outputs.size();
    block.root_element = root;
    block.contents_hash = contents_hash(contents);
    block.id = compute_id(block);
    return block;
}

BlockSignature sign_block(const Block& block, const Ed25519KeyPair& signer, std::uint64_t signed_at) {
    return {.signature = signer.sign(digest32("block-sig", block).view()),
            .signer = signer.public_key(),
            .signed_at = signed_at};
}

bool verify(const Block& block, const BlockSignature& signature) {
    return ed25519_verify(signature.signer, digest32("block-sig", block).view(), signature.signature);
}

std::optional<Hash32> digest(const BlockMetadataContents& contents) {
    if (std::holds_alternative<DcapEvidence>(contents.evidence)) return std::nullopt;
    DigestTranscript transcript;
    {
        const DigestAggregate aggregate(transcript, "block_metadata", "BlockMetadataContents");
        transcript.bytes("block_id", contents.block_id.view());
        append_digest(transcript, "quorum_set", contents.quorum_set);
        if (const auto* report = std::get_if<VerificationReport>(&contents.evidence))
            append_digest(transcript, "verification_report", *report);
        append_responder_id(transcript, "responder_id", contents.responder_id);
    }
    return transcript.digest32();
}

BlockMetadata sign_metadata(BlockMetadataContents contents, const Ed25519KeyPair& signer) {
    BlockMetadata metadata{.contents = std::move(contents), .node_key = signer.public_key(), .signature = {}};
    metadata.signature = signer.sign(digest(metadata.contents).value().view());
    return metadata;
}

std::optional<bool> verify(const BlockMetadata& metadata) {
    const auto message = digest(metadata.contents);
    if (!message) return std::nullopt;
    return ed25519_verify(metadata.node_key, message->view(), metadata.signature);
}

} // namespace engine::chain
