#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/chain/merkle.hpp"
#include "engine/fog/ports.hpp"
#include "real/grpc/attestation.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// Fog ledger on the wire: the router for wallets, in either mode of attestation; the key image stores for the
// router, always in clear text.

namespace real::grpc {

/// What answers carry beyond the engine's.
struct LedgerDetails {
    /// Time of a block where a key image was spent.  Empty: unavailable.
    std::function<engine::fog::BlockTime(engine::BlockIndex)> block_time;
    /// Membership proof of an output.  Empty: proofs name their index and the highest one, and have no
    /// elements.
    std::function<std::optional<engine::chain::TxOutMembershipProof>(engine::GlobalIndex)> proof;
};

/// All five services: LedgerAPI (key images over a stream), FogKeyImageAPI, FogMerkleProofAPI, FogBlockAPI
/// and FogUntrustedTxOutApi.  Chain id and token are checked by the last three only, as upstream.
/// @param api  outlives the server
void serve_ledger(Server& server, engine::fog::LedgerApi& api, LedgerDetails details,
                  ServerAttestation attestation = {});

/// KeyImageStoreAPI; the token is checked.
/// @param api        outlives the server
/// @param store_uri  where a router authenticates
void serve_key_image_store(Server& server, engine::fog::KeyImageStoreApi& api, std::string store_uri,
                           LedgerDetails details);

/// See serve_view_router_admin.
void serve_ledger_router_admin(Server& server,
                               std::function<std::optional<Status>(const std::string& shard_uri)> add_shard);
Task<Outcome<void>> add_key_image_shard(Channel& channel, std::string shard_uri);

/// What a wallet talks to.
class LedgerClient final : public engine::fog::LedgerApi {
public:
    enum class KeyImages : std::uint8_t { unary, streaming };

    /// @param channel  outlives the client
    explicit LedgerClient(Channel& channel, KeyImages key_images = KeyImages::unary,
                          ClientAttestation attestation = {});
    ~LedgerClient() override;

    Task<Result<engine::fog::KeyImagesAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;
    /// The blocks have neither key images nor a version: the wire does not carry them.
    Task<Result<engine::fog::BlocksAnswer>> blocks(std::vector<engine::BlockRange> ranges) override;
    Task<Result<engine::fog::OutputsAnswer>> outputs(std::vector<engine::GlobalIndex> indices) override;
    Task<Result<engine::fog::TxOutStatusAnswer>>
    tx_outs(std::vector<engine::chain::PublicKey> public_keys) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// What a router talks to.
class KeyImageStoreClient final : public engine::fog::KeyImageStoreApi {
public:
    /// @param channel  outlives the client
    explicit KeyImageStoreClient(Channel& channel);
    ~KeyImageStoreClient() override;

    Task<Result<engine::fog::KeyImageStoreAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace real::grpc
