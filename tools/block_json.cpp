#include "tools/block_json.hpp"

#include <array>
#include <cstring>

#include <nlohmann/json.hpp>

namespace tools {
namespace {

using namespace engine::chain;

/// The decimal digits of every byte.
struct ByteText {
    std::array<char, 3> digits{};
    std::size_t length = 0;
};
constexpr std::array<ByteText, 256> byte_texts = [] {
    std::array<ByteText, 256> all{};
    for (unsigned value = 0; value < 256; ++value) {
        ByteText& text = all[value];
        if (value >= 100) text.digits[text.length++] = static_cast<char>('0' + value / 100);
        if (value >= 10) text.digits[text.length++] = static_cast<char>('0' + value / 10 % 10);
        text.digits[text.length++] = static_cast<char>('0' + value % 10);
    }
    return all;
}();

/// Text of a value that is written as it is met: no tree is built, for nearly all of a block is bytes, each a
/// number on a line of its own.
class Writer {
public:
    Writer(std::string& out, std::size_t depth) : out_(out), depth_(depth) {}

    void number(std::uint64_t value) { out_ += std::to_string(value); }
    void text(const std::string& value) { out_ += nlohmann::json(value).dump(); }
    void null() { out_ += "null"; }

    void bytes(ByteView values) {
        if (values.empty()) {
            out_ += "[]";
            return;
        }
        const std::size_t blanks = 2 * (depth_ + 1);
        const std::size_t begin = out_.size();
        out_.resize(begin + 1 + values.size() * (blanks + 5)); // "\n", blanks, three digits and a comma
        char* at = out_.data() + begin;
        *at++ = '[';
        for (const std::uint8_t value : values) {
            *at++ = '\n';
            std::memset(at, ' ', blanks);
            at += blanks;
            const ByteText& text = byte_texts[value];
            std::memcpy(at, text.digits.data(), text.digits.size());
            at += text.length;
            *at++ = ',';
        }
        --at; // the last comma
        out_.resize(static_cast<std::size_t>(at - out_.data()));
        line();
        out_ += ']';
    }
    template <class Fixed>
    void bytes_of(const Fixed& value) {
        bytes(value.view());
    }

    /// @param write  called for the value of the field
    template <class Write>
    void field(const char* name, Write write) {
        if (!first_) out_ += ',';
        first_ = false;
        line();
        out_ += '"';
        out_ += name;
        out_ += "\": ";
        write();
    }
    /// @param fields  writes them; at least one
    template <class Fields>
    void object(Fields fields) {
        nested('{', '}', fields);
    }
    template <class T, class Write>
    void list(const std::vector<T>& values, Write write) {
        if (values.empty()) {
            out_ += "[]";
            return;
        }
        nested('[', ']', [&] {
            for (const T& value : values) {
                if (!first_) out_ += ',';
                first_ = false;
                line();
                write(value);
            }
        });
    }
    template <class T, class Write>
    void or_null(const std::optional<T>& value, Write write) {
        if (value)
            write(*value);
        else
            null();
    }

private:
    void line() {
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }
    template <class Inner>
    void nested(char open, char close, Inner inner) {
        const bool first_outside = first_;
        out_ += open;
        ++depth_;
        first_ = true;
        inner();
        --depth_;
        line();
        out_ += close;
        first_ = first_outside;
    }

    std::string& out_;
    std::size_t depth_;
    bool first_ = true;
};

/// Writes the parts of a block.
class BlockWriter {
public:
    explicit BlockWriter(Writer& writer) : w(writer) {}

    void data(const BlockData& value) {
        w.object([&] {
            w.field("block", [&] { block(value.block); });
            w.field("contents", [&] { contents(value.contents); });
            w.field("signature", [&] { w.or_null(value.signature, [&](const auto& s) { signature(s); }); });
            w.field("metadata", [&] { w.or_null(value.metadata, [&](const auto& m) { metadata(m); }); });
        });
    }

private:
    /// Fields of the simplest kinds.
    template <class Fixed>
    void bytes(const char* name, const Fixed& value) {
        w.field(name, [&] { w.bytes_of(value); });
    }
    void plain(const char* name, const Bytes& value) {
        w.field(name, [&] { w.bytes(ByteView(value)); });
    }
    void number(const char* name, std::uint64_t value) {
        w.field(name, [&] { w.number(value); });
    }
    template <class Fixed>
    void point(const Fixed& value) {
        w.object([&] { bytes("point", value); });
    }

    void masked_amount(const MaskedAmount& amount) {
        w.object([&] {
            w.field(amount.version == MaskedAmount::Version::v1 ? "V1" : "V2", [&] {
                w.object([&] {
                    w.field("commitment", [&] { point(amount.commitment); });
                    number("masked_value", amount.masked_value);
                    w.field("masked_token_id", [&] { w.bytes(ByteView(amount.masked_token_id)); });
                });
            });
        });
    }
    void hint(const FogHint& value) {
        w.object([&] { bytes("bytes", value); });
    }
    void tx_out(const TxOut& output) {
        w.object([&] {
            w.field("masked_amount",
                    [&] { w.or_null(output.masked_amount, [&](const auto& a) { masked_amount(a); }); });
            bytes("target_key", output.target_key);
            bytes("public_key", output.public_key);
            w.field("e_fog_hint", [&] { hint(output.fog_hint); });
            w.field("e_memo", [&] { w.or_null(output.memo, [&](const auto& memo) { w.bytes_of(memo); }); });
        });
    }

    void multi_sig(const MultiSig& value) {
        w.object([&] {
            w.field("signatures", [&] { w.list(value.signatures, [&](const auto& s) { w.bytes_of(s); }); });
        });
    }
    void signer_set(const SignerSet& set) {
        w.object([&] {
            w.field("individual_signers",
                    [&] { w.list(set.individual_signers, [&](const auto& s) { w.bytes_of(s); }); });
            w.field("multi_signers",
                    [&] { w.list(set.multi_signers, [&](const auto& inner) { signer_set(inner); }); });
            number("threshold", set.threshold);
        });
    }
    void mint_config(const MintConfig& config) {
        w.object([&] {
            number("token_id", config.token_id);
            w.field("signer_set", [&] { signer_set(config.signer_set); });
            number("mint_limit", config.mint_limit);
        });
    }
    void mint_config_tx(const ValidatedMintConfigTx& tx) {
        const MintConfigTxPrefix& prefix = tx.mint_config_tx.prefix;
        const auto prefix_fields = [&] {
            number("token_id", prefix.token_id);
            w.field("configs", [&] { w.list(prefix.configs, [&](const auto& c) { mint_config(c); }); });
            w.field("nonce", [&] { w.bytes(ByteView(prefix.nonce)); });
            number("tombstone_block", prefix.tombstone_block);
            number("total_mint_limit", prefix.total_mint_limit);
        };
        w.object([&] {
            w.field("mint_config_tx", [&] {
                w.object([&] {
                    w.field("prefix", [&] { w.object(prefix_fields); });
                    w.field("signature", [&] { multi_sig(tx.mint_config_tx.signature); });
                });
            });
            w.field("signer_set", [&] { signer_set(tx.signer_set); });
        });
    }
    void mint_tx(const MintTx& tx) {
        const auto prefix_fields = [&] {
            number("token_id", tx.prefix.token_id);
            number("amount", tx.prefix.amount);
            bytes("view_public_key", tx.prefix.view_public_key);
            bytes("spend_public_key", tx.prefix.spend_public_key);
            w.field("nonce", [&] { w.bytes(ByteView(tx.prefix.nonce)); });
            number("tombstone_block", tx.prefix.tombstone_block);
            w.field("e_fog_hint", [&] { w.or_null(tx.prefix.fog_hint, [&](const auto& h) { hint(h); }); });
        };
        w.object([&] {
            w.field("prefix", [&] { w.object(prefix_fields); });
            w.field("signature", [&] { multi_sig(tx.signature); });
        });
    }

    void block(const Block& value) {
        const auto root_fields = [&] {
            w.field("range", [&] {
                w.object([&] {
                    number("from", value.root_element.range.from);
                    number("to", value.root_element.range.to);
                });
            });
            bytes("hash", value.root_element.hash);
        };
        w.object([&] {
            bytes("id", value.id);
            number("version", value.version);
            bytes("parent_id", value.parent_id);
            number("index", value.index.value);
            number("cumulative_txo_count", value.cumulative_txo_count);
            w.field("root_element", [&] { w.object(root_fields); });
            bytes("contents_hash", value.contents_hash);
        });
    }
    void contents(const BlockContents& value) {
        w.object([&] {
            w.field("key_images",
                    [&] { w.list(value.key_images, [&](const auto& image) { point(image); }); });
            w.field("outputs", [&] { w.list(value.outputs, [&](const auto& output) { tx_out(output); }); });
            w.field("validated_mint_config_txs", [&] {
                w.list(value.validated_mint_config_txs, [&](const auto& tx) { mint_config_tx(tx); });
            });
            w.field("mint_txs", [&] { w.list(value.mint_txs, [&](const auto& tx) { mint_tx(tx); }); });
        });
    }
    void signature(const BlockSignature& value) {
        w.object([&] {
            bytes("signature", value.signature);
            bytes("signer", value.signer);
            number("signed_at", value.signed_at);
        });
    }

    void quorum_member(const QuorumSetMember& member) {
        if (member.node) {
            tagged("Node", [&] {
                w.object([&] {
                    w.field("responder_id", [&] { w.text(member.node->responder_id); });
                    bytes("public_key", member.node->public_key);
                });
            });
        } else if (!member.inner_set.empty()) {
            tagged("InnerSet", [&] { quorum_set(member.inner_set.front()); });
        } else {
            w.null();
        }
    }
    template <class Write>
    void tagged(const char* type, Write arguments) {
        w.object([&] {
            w.field("type", [&] { w.text(type); });
            w.field("args", arguments);
        });
    }
    void quorum_set(const QuorumSet& set) {
        w.object([&] {
            number("threshold", set.threshold);
            w.field("members", [&] { w.list(set.members, [&](const auto& m) { quorum_member(m); }); });
        });
    }
    void evidence(const BlockMetadataContents& value) {
        if (const auto* report = std::get_if<VerificationReport>(&value.evidence)) {
            const auto fields = [&] {
                plain("sig", report->signature);
                w.field("chain",
                        [&] { w.list(report->chain, [&](const Bytes& c) { w.bytes(ByteView(c)); }); });
                w.field("http_body", [&] { w.text(report->http_body); });
            };
            w.object([&] { w.field("VerificationReport", [&] { w.object(fields); }); });
        } else if (const auto* dcap = std::get_if<DcapEvidence>(&value.evidence)) {
            w.object([&] { plain("DcapEvidence", dcap->message); });
        } else {
            w.null();
        }
    }
    void metadata(const BlockMetadata& value) {
        w.object([&] {
            w.field("contents", [&] {
                w.object([&] {
                    bytes("block_id", value.contents.block_id);
                    w.field("quorum_set", [&] { quorum_set(value.contents.quorum_set); });
                    w.field("attestation_evidence", [&] { evidence(value.contents); });
                    w.field("responder_id", [&] { w.text(value.contents.responder_id); });
                });
            });
            bytes("node_key", value.node_key);
            bytes("signature", value.signature);
        });
    }

    Writer& w; // short, because nearly every line begins with it
};

} // namespace

void append_json(std::string& out, const BlockData& data, std::size_t depth) {
    Writer writer(out, depth);
    BlockWriter(writer).data(data);
}

} // namespace tools
