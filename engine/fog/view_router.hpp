#pragma once

#include "engine/fog/fan_out.hpp"
#include "engine/fog/ports.hpp"

namespace engine::fog {

/// One block range and the equal stores that hold it.
struct ViewShard {
    BlockRange range;
    std::vector<ViewStoreApi*> replicas;
};

/// Merges what the shards said into one answer.  Pure.
///
/// Rules
/// 1. The count is the longest prefix of blocks covered without a hole; a shard without an answer covers
///    nothing (R10).
/// 2. Found beats BadSearchKey beats errors beats NotFound, each key on its own.
/// 3. The event cursor is the smallest: an event one shard has not seen is asked for again.
/// @param answers  one for each shard, in the same order; nothing where the shard did not answer
ViewAnswer collate(const std::vector<ViewShard>& shards,
                   const std::vector<std::optional<ViewStoreAnswer>>& answers, const ViewQuery& query,
                   Probe probe = {});

/// fog-view as wallets see it.
/// @source fog/view/server/src/router_request_handler.rs, fog/view/enclave/impl
class ViewRouter final : public ViewApi {
public:
    /// @pre shards are sorted by the start of their range
    ViewRouter(Host& host, std::vector<ViewShard> shards, RouterConfig config);

    /// @errors invalid_argument (a store disagrees about its range), otherwise that of the first shard when
    /// none
    ///         answered
    Task<Result<ViewAnswer>> query(ViewQuery query) override;

private:
    Host& host_;
    std::vector<ViewShard> shards_;
    RouterConfig config_;
};

} // namespace engine::fog
