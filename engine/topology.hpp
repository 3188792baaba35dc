#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ids.hpp"
#include "engine/result.hpp"
#include "engine/time.hpp"

namespace engine {

/// What a world is made of.
struct Topology {
    std::uint32_t accounts = 5;
    std::uint32_t ingest_nodes = 2;
    std::uint32_t view_shards = 1;
    std::uint32_t view_replicas = 1;  ///< of each shard
    std::uint32_t image_shards = 1;   ///< key image stores
    std::uint32_t image_replicas = 1; ///< of each shard
    /// Blocks of every shard but the last, which has no end.
    std::uint32_t shard_blocks = 5;
    /// False: one chain copy for ingest and one for the ledger side, as the original harness has it.  True:
    /// every ingest node, key image store and the ledger router have their own.
    bool own_copies = false;
    std::uint64_t pubkey_expiry_window = 10;
    std::uint32_t user_capacity = 0;    ///< users an egress key serves before it rotates; 0: no limit
    std::uint32_t chunk_outputs = 1000; ///< outputs of a block in one enclave call
    std::uint32_t batch_blocks = 1000;  ///< blocks a view store reads at once
    std::uint32_t poll_ms = 250;        ///< of ingest, view and key image stores
    std::uint32_t wallet_keys = 500;    ///< search keys of one wallet request
    std::uint32_t wallet_images = 100;  ///< key images of one wallet request
    std::uint32_t wallet_blocks = 100;  ///< missed blocks of one wallet request

    /// Ranges of `count` shards.
    std::vector<BlockRange> ranges(std::uint32_t count) const;
    friend bool operator==(const Topology&, const Topology&) = default;
};

/// Changes a topology by text: `view-shards=3,image-replicas=2,copies=own`.
/// @return the reason when a key or value is not understood, else empty; a text with one mistake changes
/// nothing
std::string apply(std::string_view text, Topology& topology);
std::string describe(const Topology& topology);

} // namespace engine
