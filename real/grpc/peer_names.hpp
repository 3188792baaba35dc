#pragma once

#include <functional>
#include <optional>
#include <string>

namespace real::grpc {

/// Peers of an ingest node stand as URIs on the wire and as responder ids in the engine.
struct PeerNames {
    std::function<std::string(const std::string& responder_id)> to_uri;
    /// @return nothing when the text is no peer URI
    std::function<std::optional<std::string>(const std::string& uri)> to_responder_id;
};

/// For nodes whose responder id is their peer address: `insecure-igp://HOST:PORT/`.
PeerNames insecure_peer_names();

} // namespace real::grpc
