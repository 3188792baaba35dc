#include "engine/chain/archive.hpp"
#include "engine/chain/block.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/wire_fields.hpp"

namespace engine::chain {
namespace {

constexpr int deepest_quorum_set = 50; // upstream's decoder allows 100 nested messages, and a set takes two

/// Where a block is written to: a ledger nests the texts of responder ids once more than an archive does.
enum class Form : std::uint8_t { stored, archived };

/// A text that upstream declares as a message of its own: one level deeper, and an empty message when empty.
Bytes nested_text(std::string_view text) { return WireWriter().text_or_omit(1, text).take(); }
std::optional<std::string> nested_text(const WireField& field) {
    const auto bytes = field.bytes();
    if (!bytes) return std::nullopt;
    std::string out;
    if (!read_fields(*bytes,
                     [&](const WireField& inner) { return inner.number != 1 || take(out, inner.text()); }))
        return std::nullopt;
    return out;
}

void write_responder_id(WireWriter& out, std::uint32_t field, const std::string& id, Form form) {
    if (form == Form::stored)
        out.bytes(field, nested_text(id));
    else
        out.text_or_omit(field, id);
}
std::optional<std::string> read_responder_id(const WireField& field, Form form) {
    return form == Form::stored ? nested_text(field) : field.text();
}

Bytes encode_range(const LeafRange& range) {
    return WireWriter().varint_or_omit(1, range.from).varint_or_omit(2, range.to).take();
}

std::optional<LeafRange> decode_range(ByteView bytes) {
    LeafRange out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.from, field.varint());
        case 2:
            return take(out.to, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

std::optional<TxOutMembershipElement> decode_element(ByteView bytes) {
    TxOutMembershipElement out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.range, nested(field, decode_range));
        case 2:
            return take(out.hash, wrapped_fixed<Hash32>(field));
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

Bytes encode_node(const QuorumNode& node, Form form) {
    WireWriter out;
    write_responder_id(out, 1, node.responder_id, form);
    return out.wrapped(2, node.public_key.view()).take();
}

std::optional<QuorumNode> decode_node(ByteView bytes, Form form) {
    QuorumNode out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.responder_id, read_responder_id(field, form));
        case 2:
            return take(out.public_key, wrapped_fixed<Ed25519PublicKey>(field));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_quorum_set(const QuorumSet& set, Form form) {
    WireWriter out;
    if (form == Form::stored)
        out.varint(1, set.threshold);
    else
        out.varint_or_omit(1, set.threshold);
    for (const QuorumSetMember& member : set.members) {
        WireWriter wrapper;
        if (member.node)
            wrapper.bytes(1, encode_node(*member.node, form));
        else if (!member.inner_set.empty())
            wrapper.bytes(2, encode_quorum_set(member.inner_set.front(), form));
        out.bytes(2, wrapper.data());
    }
    return out.take();
}

std::optional<QuorumSet> decode_quorum_set(ByteView bytes, Form form, int depth);

std::optional<QuorumSetMember> decode_member(ByteView bytes, Form form, int depth) {
    QuorumSetMember out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            out.inner_set.clear();
            return take(out.node, nested(field, [&](ByteView inner) { return decode_node(inner, form); }));
        case 2:
            out.node.reset();
            out.inner_set.clear();
            return take_into(out.inner_set, nested(field, [&](ByteView inner) {
                                 return decode_quorum_set(inner, form, depth + 1);
                             }));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<QuorumSet> decode_quorum_set(ByteView bytes, Form form, int depth) {
    if (depth > deepest_quorum_set) return std::nullopt;
    QuorumSet out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.threshold, field.varint32());
        case 2:
            return take_into(out.members, nested(field, [&](ByteView inner) {
                                 return decode_member(inner, form, depth);
                             }));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_report(const VerificationReport& report, Form form) {
    WireWriter out;
    if (form == Form::stored)
        out.wrapped(1, report.signature);
    else
        out.bytes(1, WireWriter().bytes_or_omit(1, report.signature).data());
    for (const Bytes& certificate : report.chain) out.bytes(2, certificate);
    if (form == Form::stored)
        out.text(3, report.http_body);
    else
        out.text_or_omit(3, report.http_body);
    return out.take();
}

std::optional<VerificationReport> decode_report(ByteView bytes) {
    VerificationReport out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            if (const auto contents = field.wrapped()) {
                out.signature.assign(contents->begin(), contents->end());
                return true;
            }
            return false;
        case 2:
            if (const auto certificate = field.bytes()) {
                out.chain.emplace_back(certificate->begin(), certificate->end());
                return true;
            }
            return false;
        case 3:
            return take(out.http_body, field.text());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_metadata_contents(const BlockMetadataContents& contents, Form form) {
    WireWriter out;
    out.wrapped(1, contents.block_id.view());
    out.bytes(2, encode_quorum_set(contents.quorum_set, form));
    // The evidence is one of two fields.  Upstream stores either where the lower one of the two would be,
    // before field 4, and archives either last.
    const auto write_evidence = [&] {
        if (const auto* report = std::get_if<VerificationReport>(&contents.evidence))
            out.bytes(3, encode_report(*report, form));
        if (const auto* dcap = std::get_if<DcapEvidence>(&contents.evidence)) out.bytes(5, dcap->message);
    };
    if (form == Form::stored) write_evidence();
    write_responder_id(out, 4, contents.responder_id, form);
    if (form == Form::archived) write_evidence();
    return out.take();
}

std::optional<BlockMetadataContents> decode_metadata_contents(ByteView bytes, Form form) {
    BlockMetadataContents out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.block_id, wrapped_fixed<BlockId>(field));
        case 2:
            return take(out.quorum_set,
                        nested(field, [&](ByteView inner) { return decode_quorum_set(inner, form, 0); }));
        case 3:
            if (auto report = nested(field, decode_report)) {
                out.evidence = std::move(*report);
                return true;
            }
            return false;
        case 4:
            return take(out.responder_id, read_responder_id(field, form));
        case 5:
            if (const auto message = field.bytes()) {
                out.evidence = DcapEvidence{{message->begin(), message->end()}};
                return true;
            }
            return false;
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_metadata(const BlockMetadata& value, Form form) {
    return WireWriter()
        .bytes(1, encode_metadata_contents(value.contents, form))
        .wrapped(2, value.node_key.view())
        .wrapped(3, value.signature.view())
        .take();
}

std::optional<BlockMetadata> decode_metadata(ByteView bytes, Form form) {
    BlockMetadata out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.contents,
                        nested(field, [&](ByteView inner) { return decode_metadata_contents(inner, form); }));
        case 2:
            return take(out.node_key, wrapped_fixed<Ed25519PublicKey>(field));
        case 3:
            return take(out.signature, wrapped_fixed<Ed25519Signature>(field));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_contents(const BlockContents& value, Form form) {
    WireWriter out;
    for (const KeyImage& image : value.key_images) out.wrapped(1, image.view());
    for (const TxOut& output : value.outputs)
        out.bytes(2, form == Form::stored ? encode(output) : encode_with_amount_last(output));
    for (const ValidatedMintConfigTx& tx : value.validated_mint_config_txs) out.bytes(3, encode(tx));
    for (const MintTx& tx : value.mint_txs) out.bytes(4, encode(tx));
    return out.take();
}

Bytes encode_data(const BlockData& value, Form form) {
    WireWriter out;
    out.bytes(1, encode(value.block)).bytes(2, encode_contents(value.contents, form));
    if (value.signature) out.bytes(3, encode(*value.signature));
    if (value.metadata) out.bytes(4, encode_metadata(*value.metadata, form));
    return out.take();
}

std::optional<BlockData> decode_data(ByteView bytes, Form form) {
    BlockData out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.block, nested(field, decode_block));
        case 2:
            return take(out.contents, nested(field, decode_block_contents));
        case 3:
            return take(out.signature, nested(field, decode_block_signature));
        case 4:
            return take(out.metadata,
                        nested(field, [&](ByteView inner) { return decode_metadata(inner, form); }));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace

Bytes encode(const TxOutMembershipElement& value) {
    return WireWriter().bytes(1, encode_range(value.range)).wrapped(2, value.hash.view()).take();
}

Bytes encode(const TxOutMembershipProof& value) {
    WireWriter out;
    out.varint_or_omit(1, value.index).varint_or_omit(2, value.highest_index);
    for (const TxOutMembershipElement& element : value.elements) out.bytes(3, encode(element));
    return out.take();
}

Bytes encode(const Block& value) {
    return WireWriter()
        .wrapped(1, value.id.view())
        .varint_or_omit(2, value.version)
        .wrapped(3, value.parent_id.view())
        .varint_or_omit(4, value.index.value)
        .varint_or_omit(5, value.cumulative_txo_count)
        .bytes(6, encode(value.root_element))
        .wrapped(7, value.contents_hash.view())
        .take();
}

Bytes encode(const BlockContents& value) { return encode_contents(value, Form::stored); }

Bytes encode(const BlockSignature& value) {
    return WireWriter()
        .wrapped(1, value.signature.view())
        .wrapped(2, value.signer.view())
        .varint_or_omit(3, value.signed_at)
        .take();
}

Bytes encode(const BlockMetadata& value) { return encode_metadata(value, Form::stored); }
Bytes encode(const BlockData& value) { return encode_data(value, Form::stored); }

Bytes encode_archive_block(const BlockData& value) {
    return WireWriter().bytes(1, encode_data(value, Form::archived)).take();
}

Bytes encode_archive_blocks(std::span<const BlockData> blocks) {
    WireWriter out;
    for (const BlockData& block : blocks) out.bytes(1, encode_archive_block(block));
    return out.take();
}

std::optional<TxOutMembershipProof> decode_membership_proof(ByteView bytes) {
    TxOutMembershipProof out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.index, field.varint());
        case 2:
            return take(out.highest_index, field.varint());
        case 3:
            return take_into(out.elements, nested(field, decode_element));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Block> decode_block(ByteView bytes) {
    Block out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.id, wrapped_fixed<BlockId>(field));
        case 2:
            return take(out.version, field.varint32());
        case 3:
            return take(out.parent_id, wrapped_fixed<BlockId>(field));
        case 4:
            return take(out.index.value, field.varint());
        case 5:
            return take(out.cumulative_txo_count, field.varint());
        case 6:
            return take(out.root_element, nested(field, decode_element));
        case 7:
            return take(out.contents_hash, wrapped_fixed<BlockContentsHash>(field));
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

std::optional<BlockContents> decode_block_contents(ByteView bytes) {
    BlockContents out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.key_images, wrapped_fixed<KeyImage>(field));
        case 2:
            return take_into(out.outputs, nested(field, decode_tx_out));
        case 3:
            return take_into(out.validated_mint_config_txs, nested(field, decode_validated_mint_config_tx));
        case 4:
            return take_into(out.mint_txs, nested(field, decode_mint_tx));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<BlockSignature> decode_block_signature(ByteView bytes) {
    BlockSignature out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.signature, wrapped_fixed<Ed25519Signature>(field));
        case 2:
            return take(out.signer, wrapped_fixed<Ed25519PublicKey>(field));
        case 3:
            return take(out.signed_at, field.varint());
        default:
            return true;
        }
    });
    return good ? std::optional(out) : std::nullopt;
}

std::optional<BlockMetadata> decode_block_metadata(ByteView bytes) {
    return decode_metadata(bytes, Form::stored);
}
std::optional<BlockData> decode_block_data(ByteView bytes) { return decode_data(bytes, Form::stored); }

Bytes encode(const QuorumSet& value) { return encode_quorum_set(value, Form::archived); }
std::optional<QuorumSet> decode_quorum_set(ByteView bytes) {
    return decode_quorum_set(bytes, Form::archived, 0);
}

std::optional<BlockData> decode_archive_block(ByteView bytes) {
    std::optional<BlockData> out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        if (field.number != 1) return true;
        const auto content = field.bytes();
        out = content ? decode_data(*content, Form::archived) : std::nullopt;
        return out.has_value();
    });
    return good ? std::move(out) : std::nullopt;
}

std::optional<std::vector<BlockData>> decode_archive_blocks(ByteView bytes) {
    std::vector<BlockData> out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        if (field.number != 1) return true;
        return take_into(out, nested(field, decode_archive_block));
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace engine::chain
