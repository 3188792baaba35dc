#pragma once

#include <unordered_map>

#include "engine/fog/ports.hpp"
#include "engine/host.hpp"

namespace engine::fog {

struct KeyImageStoreConfig {
    BlockRange range = BlockRange::all();
    Duration poll_interval = 250ms;
};

/// One shard of key images: follows its copy of the chain and says what was spent where.
///
/// Rules
/// 1. Images are in before the count that includes them is published (R2).
/// 2. A query reads the published count before it looks anything up (R1); the count is that of blocks
///    loaded here, never that of the chain copy (BH-20).
/// 3. A store past the end of its range stops loading and stays correct.
/// @source fog/ledger/server/src/{db_fetcher,key_image_store_server}.rs
class KeyImageStore final : public KeyImageStoreApi {
public:
    KeyImageStore(Host& host, const BlockSource& source, KeyImageStoreConfig config);

    /// Loads blocks until killed or past the range.
    Task<> run();
    Task<Result<KeyImageStoreAnswer>> key_images(std::vector<chain::KeyImage> images) override;

    BlockRange processed() const { return published_.processed; }

private:
    struct ImageHash {
        std::size_t operator()(const chain::KeyImage& image) const noexcept;
    };
    struct Published {
        BlockRange processed;
        std::uint64_t global_txo_count = 0;
        std::uint32_t block_version = 0;
    };

    Task<> wait_for_time(BlockIndex block);

    Host& host_;
    const BlockSource& source_;
    KeyImageStoreConfig config_;
    std::unordered_map<chain::KeyImage, BlockIndex, ImageHash> spent_; // looked up only
    Published published_;
    bool inserting_ = false; ///< images are in that no published count includes
};

} // namespace engine::fog
