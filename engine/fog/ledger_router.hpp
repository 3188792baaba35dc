#pragma once

#include "engine/fog/fan_out.hpp"
#include "engine/fog/ports.hpp"

namespace engine::fog {

struct KeyImageShard {
    BlockRange range;
    std::vector<KeyImageStoreApi*> replicas;
};

/// Merges what the shards said about key images.  Pure.
///
/// Rules
/// 1. The count is the end of the prefix of blocks covered without a hole; a store that did not answer,
///    has loaded nothing, or lies beyond a hole covers nothing (R10).  A store past its end does not hold
///    the count back.
/// 2. Spent beats error beats NotSpent, each image on its own.
KeyImagesAnswer merge_key_images(const std::vector<std::optional<KeyImageStoreAnswer>>& answers,
                                 const std::vector<chain::KeyImage>& images, Probe probe = {});

/// fog-ledger as wallets see it: key images from the stores, everything else from its own copy of the chain.
/// Each answer reads its count before its data.
/// @source
/// fog/ledger/server/src/{router_handlers,merkle_proof_service,block_service,untrusted_tx_out_service}.rs
class LedgerRouter final : public LedgerApi {
public:
    static constexpr std::size_t max_outputs = 2000;

    LedgerRouter(Host& host, const BlockSource& source, std::vector<KeyImageShard> shards,
                 RouterConfig config);

    Task<Result<KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> images) override;
    Task<Result<BlocksAnswer>> blocks(std::vector<BlockRange> ranges) override;
    Task<Result<OutputsAnswer>> outputs(std::vector<GlobalIndex> indices) override;
    Task<Result<TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey> public_keys) override;

private:
    struct Tip {
        BlockCount count;
        std::uint64_t global_txo_count = 0;
        std::uint32_t block_version = 0;
    };
    Tip tip() const;

    Host& host_;
    const BlockSource& source_;
    std::vector<KeyImageShard> shards_;
    RouterConfig config_;
};

} // namespace engine::fog
