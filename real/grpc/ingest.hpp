#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/fog/ports.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/peer_names.hpp"
#include "real/grpc/server.hpp"

// Ingest nodes on the wire: for operators, and for each other.  Neither chain id nor token is checked, as
// upstream.

namespace real::grpc {

/// account_ingest.AccountIngestAPI.
/// @param api  outlives the server
void serve_ingest(Server& server, engine::fog::IngestApi& api, PeerNames names);

class IngestClient final : public engine::fog::IngestApi {
public:
    /// @param channel  outlives the client
    IngestClient(Channel& channel, PeerNames names) : channel_(channel), names_(std::move(names)) {}

    using Summary = engine::fog::IngestSummary;
    Task<Result<Summary>> get_status() override;
    Task<Result<Summary>> activate() override;
    Task<Result<Summary>> retire() override;
    Task<Result<Summary>> unretire() override;
    Task<Result<Summary>> set_pubkey_expiry_window(std::uint64_t blocks) override;
    Task<Result<Summary>> set_peers(std::vector<std::string> peers) override;
    Task<Result<Summary>> new_keys() override;
    Task<Result<Summary>> sync_keys_from_remote(std::string responder_id) override;
    Task<Result<bool>> report_lost_ingress_key(engine::chain::PublicKey key) override;
    Task<Result<std::vector<engine::BlockRange>>> get_missed_block_ranges() override;
    /// A key that scanned nothing but block 0 cannot be told from one that scanned nothing.
    Task<Result<std::vector<engine::fog::IngressKeyRecord>>>
    get_ingress_key_records(engine::BlockIndex start_at_least, bool include_lost,
                            bool include_retired) override;

private:
    Channel& channel_;
    PeerNames names_;
};

/// ingest_peer.AccountIngestPeerAPI and attest.AttestedApi.  attestation: clear text (session.hpp): a private
/// key that is handed over is there for every eye on the way.
/// @param peer    outlives the server
/// @param crypto  lives for ever; a key travels as its private half
void serve_ingest_peer(Server& server, engine::fog::IngestPeer& peer, const engine::chain::Crypto& crypto,
                       PeerNames names);

class IngestPeerClient final : public engine::fog::IngestPeer {
public:
    /// @param channel  outlives the client
    IngestPeerClient(Channel& channel, std::string responder_id, const engine::chain::Crypto& crypto,
                     PeerNames names);
    ~IngestPeerClient() override;

    const std::string& responder_id() const override;
    Task<Result<engine::fog::IngestSummary>> status() override;
    Task<Result<engine::fog::IngestSummary>> set_ingress_key(engine::chain::KeyPair key) override;
    Task<Result<engine::chain::KeyPair>> get_ingress_key() override;
    Task<Result<engine::fog::IngestSummary>> set_peers(std::vector<std::string> peers) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace real::grpc
