#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/fog/ports.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/peer_names.hpp"
#include "real/service/uri.hpp"

namespace real::service {

/// The peers of an ingest node and the connections to them.  Nodes know each other by responder id;
/// operators, peers and state files speak of URIs.
///
/// Rules
/// 1. A responder id keeps the last URI that named it; a new address makes a new connection.
/// 2. Connections are made when first used and kept until the end: a task may be waiting on one.
class PeerBook final : public engine::fog::PeerDirectory {
public:
    /// @param runtime, crypto  outlive the book
    PeerBook(grpc::ClientRuntime& runtime, const engine::chain::Crypto& crypto);
    ~PeerBook() override;

    /// Notes a peer.  @return its responder id; nothing when the text is no peer URI in clear text
    std::optional<std::string> learn(const std::string& uri);
    /// The full text under which a peer was learned; a plain URI for one that was not.
    std::string uri_of(const std::string& responder_id) const;
    /// For everything that speaks of URIs.  The book outlives it.
    grpc::PeerNames names();

    engine::fog::IngestPeer* find(const std::string& responder_id) override;

private:
    struct Peer;
    grpc::ClientRuntime& runtime_;
    const engine::chain::Crypto& crypto_;
    std::map<std::string, Uri> uris_; ///< by responder id
    std::map<std::string, Peer*> current_;
    std::vector<std::unique_ptr<Peer>> peers_;
};

} // namespace real::service
