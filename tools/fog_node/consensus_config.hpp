#pragma once

#include <string>
#include <vector>

#include "engine/chain/ed25519.hpp"
#include "engine/consensus/ports.hpp"
#include "engine/consensus/worker.hpp"

// The files that consensus-service is configured with.
// source: consensus/service/config/src (network.rs, tokens.rs)

namespace fog_node {

/// Of network.json: whom a node listens to, and where its peers are.
struct NetworkFile {
    engine::consensus::QuorumSet quorum_set;
    std::vector<engine::consensus::Peer> peers;                  ///< with an address: those that it talks to
    std::map<engine::consensus::NodeKey, std::string> addresses; ///< "host:port"
};

/// @param own_responder_id  of this node, which may not be its own peer
/// @throws tools::BadInput  naming flag, file and reason: not JSON, a member that is none of the peers, a
/// quorum that
///                          cannot be met, a peer twice, a peer without its key, no tx_source_urls
NetworkFile read_network_file(const std::string& path, const std::string& own_responder_id);

/// Of tokens.json, or token 0 alone when `path` is empty.
/// @throws tools::BadInput  naming flag, file and reason.  Tokens with governors are refused: minting is not
/// offered
engine::chain::tx::FeeMap read_tokens_file(const std::string& path);

/// A base64 PKCS#8 document, as between the first and the last line of a PEM file.
/// @throws tools::BadInput
engine::chain::Ed25519KeyPair parse_signer_key(const std::string& text);

} // namespace fog_node
