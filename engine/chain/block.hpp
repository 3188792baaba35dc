#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/chain/digestible.hpp"
#include "engine/chain/ed25519.hpp"
#include "engine/chain/merkle.hpp"
#include "engine/chain/mint.hpp"
#include "engine/chain/types.hpp"
#include "engine/ids.hpp"

namespace engine::chain {

inline constexpr std::uint32_t max_block_version = 4;
/// From here on a block needs metadata and its outputs carry masked amounts v2.
inline constexpr std::uint32_t block_version_with_metadata = 3;

/// @source blockchain/types/src/block_contents.rs
struct BlockContents {
    std::vector<KeyImage> key_images;
    std::vector<TxOut> outputs;
    std::vector<ValidatedMintConfigTx> validated_mint_config_txs;
    std::vector<MintTx> mint_txs;
    friend bool operator==(const BlockContents&, const BlockContents&) = default;
};

/// @source blockchain/types/src/block.rs
struct Block {
    BlockId id;
    std::uint32_t version = 0;
    BlockId parent_id;
    BlockIndex index;
    std::uint64_t cumulative_txo_count = 0; ///< outputs of this block and all before it
    TxOutMembershipElement
        root_element; ///< the root its transactions were checked against; zero in test blocks
    BlockContentsHash contents_hash;
    friend bool operator==(const Block&, const Block&) = default;
};

/// @source blockchain/types/src/block_signature.rs
struct BlockSignature {
    Ed25519Signature signature;
    Ed25519PublicKey signer;
    std::uint64_t signed_at = 0; ///< seconds since 1970; not covered by the signature
    friend bool operator==(const BlockSignature&, const BlockSignature&) = default;
};

/// A consensus node as quorum sets name it.
struct QuorumNode {
    std::string responder_id; ///< host and port
    Ed25519PublicKey public_key;
    friend bool operator==(const QuorumNode&, const QuorumNode&) = default;
};

struct QuorumSet;
/// One member, a node or a nested set; neither when it was absent on the wire.
struct QuorumSetMember {
    std::optional<QuorumNode> node;
    std::vector<QuorumSet> inner_set; ///< no element, or one
    friend bool operator==(const QuorumSetMember&, const QuorumSetMember&);
};
struct QuorumSet {
    std::uint32_t threshold = 0;
    std::vector<QuorumSetMember> members;
    friend bool operator==(const QuorumSet&, const QuorumSet&) = default;
};
inline bool operator==(const QuorumSetMember& a, const QuorumSetMember& b) {
    return a.node == b.node && a.inner_set == b.inner_set;
}

/// Attestation evidence of the older (EPID) kind.
struct VerificationReport {
    Bytes signature;
    std::vector<Bytes> chain;
    std::string http_body;
    friend bool operator==(const VerificationReport&, const VerificationReport&) = default;
};

/// Attestation evidence of the newer kind.  Kept as it was found: nothing here looks into it.
struct DcapEvidence {
    Bytes message;
    friend bool operator==(const DcapEvidence&, const DcapEvidence&) = default;
};

/// @source blockchain/types/src/block_metadata.rs
struct BlockMetadataContents {
    BlockId block_id;
    QuorumSet quorum_set;
    std::variant<std::monostate, VerificationReport, DcapEvidence> evidence;
    std::string responder_id;
    friend bool operator==(const BlockMetadataContents&, const BlockMetadataContents&) = default;
};

struct BlockMetadata {
    BlockMetadataContents contents;
    Ed25519PublicKey node_key;
    Ed25519Signature signature;
    friend bool operator==(const BlockMetadata&, const BlockMetadata&) = default;
};

/// @source blockchain/types/src/block_data.rs
struct BlockData {
    Block block;
    BlockContents contents;
    std::optional<BlockSignature> signature;
    std::optional<BlockMetadata> metadata;
    friend bool operator==(const BlockData&, const BlockData&) = default;
};

// ------------------------------------------------------------------------ Digests and what follows from them

void append_digest(DigestTranscript& to, std::string_view context, const MaskedAmount& value);
void append_digest(DigestTranscript& to, std::string_view context, const KeyImage& value);
void append_digest(DigestTranscript& to, std::string_view context, const TxOut& value);
void append_digest(DigestTranscript& to, std::string_view context, const BlockContents& value);
void append_digest(DigestTranscript& to, std::string_view context, const TxOutMembershipElement& value);
void append_digest(DigestTranscript& to, std::string_view context, const Block& value);

/// Identity of an output: key of an index of the ledger, and what its Merkle leaf is made of.
Hash32 hash(const TxOut& output);
BlockContentsHash contents_hash(const BlockContents& contents);
/// The id that follows from the block's other fields.
BlockId compute_id(const Block& block);
/// Key of a block in the watcher's database.
Hash32 block_hash(const Block& block);

/// The first block: outputs only.
Block origin_block(const BlockContents& contents);
/// @param root  the tree's root before this block; zero in test blocks
Block next_block(std::uint32_t version, const Block& parent, const BlockContents& contents,
                 const TxOutMembershipElement& root = {});

BlockSignature sign_block(const Block& block, const Ed25519KeyPair& signer, std::uint64_t signed_at);
bool verify(const Block& block, const BlockSignature& signature);

/// @return nothing for DCAP evidence, whose digest this program does not know
std::optional<Hash32> digest(const BlockMetadataContents& contents);
/// `contents` must not hold DCAP evidence.
BlockMetadata sign_metadata(BlockMetadataContents contents, const Ed25519KeyPair& signer);
/// @return nothing when it cannot be told, for DCAP evidence
std::optional<bool> verify(const BlockMetadata& metadata);

// Bytes as upstream stores them.  Reading tolerates unknown fields; what is malformed or of a wrong length
// gives nothing.  A stored responder id is nested once more than upstream's .proto files say; archive.hpp has
// the form of archives.

Bytes encode(const TxOutMembershipElement& value);
Bytes encode(const TxOutMembershipProof& value);
Bytes encode(const Block& value);
Bytes encode(const BlockContents& value);
Bytes encode(const BlockSignature& value);
Bytes encode(const BlockMetadata& value);
Bytes encode(const BlockData& value);

std::optional<TxOutMembershipProof> decode_membership_proof(ByteView bytes);
std::optional<Block> decode_block(ByteView bytes);
std::optional<BlockContents> decode_block_contents(ByteView bytes);
std::optional<BlockSignature> decode_block_signature(ByteView bytes);
std::optional<BlockMetadata> decode_block_metadata(ByteView bytes);
std::optional<BlockData> decode_block_data(ByteView bytes);

} // namespace engine::chain
