#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/fog/ledger_router.hpp"
#include "engine/fog/view_router.hpp"
#include "real/grpc/channel.hpp"
#include "real/service/log.hpp"
#include "real/service/uri.hpp"

// Routers whose shards are named by URIs and may grow while they serve.

namespace real::service {

/// Why a shard was not added.
enum class AddShardFault : std::uint8_t { bad_uri, already_known };

/// fog-view's router over its stores.
///
/// Rules
/// 1. A URI says its blocks by parameter `sharding_strategy`, `default` when it has none.  URIs with
///    equal blocks name equal stores (replicas).
/// 2. A new shard serves from the next query on; those under way end with the shards they began with.
/// 3. Without shards every query fails; upstream gives an empty message for success.
/// 4. One query asks for at most `most_keys`: their answers would not fit into the message that clients take,
///    and others would wait while they are looked up.
class ShardedView final : public engine::fog::ViewApi {
public:
    static constexpr std::size_t most_keys = 20'000;

    /// @param host, runtime, log  outlive the router
    ShardedView(engine::Host& host, grpc::ClientRuntime& runtime, Log& log,
                engine::fog::RouterConfig config = {});
    ~ShardedView() override;

    /// @param why  set to the reason when a fault is returned
    std::optional<AddShardFault> add(const std::string& uri, std::string& why);
    std::size_t stores() const { return stores_.size(); }

    /// @errors invalid_argument (more than most_keys)
    Task<engine::Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query) override;

private:
    struct Store;
    engine::Host& host_;
    grpc::ClientRuntime& runtime_;
    Log& log_;
    const engine::fog::RouterConfig config_;
    std::map<std::string, std::unique_ptr<Store>> stores_; ///< by address
    std::map<engine::BlockRange, std::vector<engine::fog::ViewStoreApi*>> shards_;
    std::shared_ptr<engine::fog::ViewRouter> router_; ///< null while there are no shards
};

/// fog-ledger's router over key image stores and its own copy of the chain.
///
/// Rules
/// 1. Each URI is a shard of its own, whose blocks its answers tell; URIs that name equal blocks by parameter
///    `sharding_strategy` are replicas.
/// 2. Without shards key images cannot be asked for; the other services do not need them.
/// 3. One request for blocks gets at most `most_blocks` of them, overlapping ranges counted twice:
///    upstream has no limit and can be exhausted by one request.
class ShardedLedger final : public engine::fog::LedgerApi {
public:
    static constexpr std::uint64_t most_blocks = 10'000;
    static constexpr std::size_t most_outputs = 20'000; ///< key images, or public keys, of one request

    /// @param host, runtime, log, source  outlive the router
    ShardedLedger(engine::Host& host, grpc::ClientRuntime& runtime, Log& log,
                  const engine::fog::BlockSource& source, engine::fog::RouterConfig config = {});
    ~ShardedLedger() override;

    std::optional<AddShardFault> add(const std::string& uri, std::string& why);
    std::size_t stores() const { return stores_.size(); }

    /// @errors invalid_argument (more than most_outputs)
    Task<engine::Result<engine::fog::KeyImagesAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;
    /// @errors invalid_argument (more than most_blocks)
    Task<engine::Result<engine::fog::BlocksAnswer>> blocks(std::vector<engine::BlockRange> ranges) override;
    Task<engine::Result<engine::fog::OutputsAnswer>>
    outputs(std::vector<engine::GlobalIndex> indices) override;
    Task<engine::Result<engine::fog::TxOutStatusAnswer>>
    tx_outs(std::vector<engine::chain::PublicKey> public_keys) override;

private:
    struct Store;
    engine::Host& host_;
    grpc::ClientRuntime& runtime_;
    Log& log_;
    const engine::fog::BlockSource& source_;
    const engine::fog::RouterConfig config_;
    std::map<std::string, std::unique_ptr<Store>> stores_; ///< by address
    std::vector<engine::fog::KeyImageShard> shards_;
    std::vector<std::optional<engine::BlockRange>> ranges_; ///< of each shard, as its URI said
    std::shared_ptr<engine::fog::LedgerRouter> router_;     ///< never null
};

} // namespace real::service
