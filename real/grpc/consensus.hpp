#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "real/grpc/attestation.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// attest.AttestedApi, consensus_client.ConsensusClientAPI and consensus_common.BlockchainAPI: what a
// consensus node answers its clients.
// @source mobilecoin 7.0.0 consensus/api/proto

namespace real::grpc {

/// Answer to what a client has proposed.
struct Proposed {
    std::uint32_t result = 0; ///< ProposeTxResult, or MintValidationResultCode
    std::uint64_t block_count = 0;
    std::uint32_t block_version = 0;
    std::string text{}; ///< what is wrong, for people; a mint's answer does not carry it
};

struct LastBlock {
    std::uint64_t index = 0;
    std::map<std::uint64_t, std::uint64_t> minimum_fees{}; ///< by token
    std::uint32_t block_version = 0;
};

/// What a node tells of its configuration.
struct ConsensusNodeConfig {
    std::map<std::uint64_t, std::uint64_t> minimum_fees{}; ///< by token
    std::string peer_responder_id{};
    std::string client_responder_id{};
    std::vector<std::uint8_t> block_signing_key{};
    std::vector<std::uint8_t> message_signing_key{};
    std::uint32_t block_version = 0;
};

/// A node towards its clients.  Answers at once.
class ConsensusClientApi {
public:
    virtual ~ConsensusClientApi() = default;
    /// @param tx  a serialised external.Tx, as it came out of the client's session
    virtual Outcome<Proposed> propose_tx(const std::string& tx) = 0;
    virtual Outcome<Proposed> propose_mint_config_tx(const std::string& tx) = 0;
    virtual Outcome<Proposed> propose_mint_tx(const std::string& tx) = 0;
    virtual LastBlock last_block() const = 0;
    /// Serialised headers of blocks `offset` and on, at most `limit`.
    virtual std::vector<std::string> headers(std::uint64_t offset, std::uint32_t limit) const = 0;
    virtual ConsensusNodeConfig node_config() const = 0;
};

/// @param api  outlives the server's calls
/// @differs  GetNodeConfig lacks the minting trust root, governors and active mint configurations
void serve_consensus_clients(Server& server, ConsensusClientApi& api, ServerAttestation attestation);

/// A client of a node.
class ConsensusClient {
public:
    /// @param channel  outlives the client
    ConsensusClient(Channel& channel, ClientAttestation attestation);
    ~ConsensusClient();

    /// @param tx  a serialised external.Tx
    Task<Outcome<Proposed>> propose_tx(std::string tx);
    Task<Outcome<LastBlock>> last_block();
    /// Serialised headers.
    Task<Outcome<std::vector<std::string>>> headers(std::uint64_t offset, std::uint32_t limit);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace real::grpc
