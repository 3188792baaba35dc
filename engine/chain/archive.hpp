#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/chain/block.hpp"

// Blocks as archives hold them: what consensus nodes publish, and wallets, watchers and services download.

namespace engine::chain {

/// One file of an archive, byte for byte as upstream writes it.
/// @source mobilecoin 7.0.0 api/proto/blockchain.proto (ArchiveBlock)
Bytes encode_archive_block(const BlockData& value);
/// A merged file: blocks that follow one another.
Bytes encode_archive_blocks(std::span<const BlockData> blocks);

/// Unknown fields are tolerated.  Nothing is checked but the form: no hash, id or signature.
/// @return nothing when the bytes are malformed or hold no block
std::optional<BlockData> decode_archive_block(ByteView bytes);
std::optional<std::vector<BlockData>> decode_archive_blocks(ByteView bytes);

/// A quorum set as block metadata in an archive has it.
Bytes encode(const QuorumSet& value);
/// @return nothing when malformed, or nested deeper than 50 sets
std::optional<QuorumSet> decode_quorum_set(ByteView bytes);

} // namespace engine::chain
