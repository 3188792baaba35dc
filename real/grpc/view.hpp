#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/fog/ports.hpp"
#include "real/grpc/attestation.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// Fog view on the wire: the router for wallets, in either mode of attestation; the stores for the router,
// always in clear text.

namespace real::grpc {

/// Which of fog-view's two services, as the scheme of the listen URI says: `fog-view` or `fog-view-router`.
enum class ViewProtocol : std::uint8_t {
    unary,    ///< FogViewAPI; chain id and token are checked
    streaming ///< FogViewRouterAPI; neither is checked, as upstream
};

/// @param api  outlives the server
void serve_view(Server& server, engine::fog::ViewApi& api, ViewProtocol protocol,
                ServerAttestation attestation = {});

/// What a store says about itself in every answer.
struct ViewStoreIdentity {
    std::string store_uri; ///< where a router authenticates
    engine::BlockRange range;
};

/// FogViewStoreAPI; the token is checked.
/// @param api  outlives the server
/// @differs    a store whose database fails ends the call; upstream says AUTHENTICATION_ERROR, and its router
///             authenticates for ever
void serve_view_store(Server& server, engine::fog::ViewStoreApi& api, ViewStoreIdentity identity);

/// A router's admin port takes new shards.  @return why not (INVALID_ARGUMENT, FAILED_PRECONDITION)
using AddShard = std::function<std::optional<Status>(const std::string& shard_uri)>;
void serve_view_router_admin(Server& server, AddShard add_shard);
Task<Outcome<void>> add_view_shard(Channel& channel, std::string shard_uri);

/// What a wallet talks to.
class ViewClient final : public engine::fog::ViewApi {
public:
    /// @param channel  outlives the client
    ViewClient(Channel& channel, ViewProtocol protocol, ClientAttestation attestation = {});
    ~ViewClient() override;

    /// @errors unavailable, unknown, permission_denied, failed_precondition (another chain), internal
    /// @cancel safe: the next query opens a new session where one is needed
    Task<Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// What a router talks to.
class ViewStoreClient final : public engine::fog::ViewStoreApi {
public:
    /// @param channel  outlives the client
    explicit ViewStoreClient(Channel& channel);
    ~ViewStoreClient() override;

    /// @errors not_ready, unavailable, unknown, permission_denied, internal
    Task<Result<engine::fog::ViewStoreAnswer>> query(engine::fog::ViewQuery query) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace real::grpc
