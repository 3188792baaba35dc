#include "real/service/peer_book.hpp"

#include <fmt/format.h>

#include "real/grpc/ingest.hpp"
#include "real/grpc/server.hpp"

namespace real::service {
namespace {

// Long enough for a peer that waits for its database, short enough for an operator who waits for us.
constexpr engine::Duration peer_deadline = std::chrono::seconds(20);

grpc::ChannelOptions peer_options(const Uri& uri) {
    grpc::ChannelOptions options(uri.address());
    options.deadline = peer_deadline;
    options.largest_message = grpc::largest_peer_message;
    return options;
}

} // namespace

struct PeerBook::Peer {
    Peer(PeerBook& book, const std::string& id, const Uri& uri)
        : address(uri.address()), channel(book.runtime_, peer_options(uri)),
          client(channel, id, book.crypto_, book.names()) {}

    const std::string address;
    grpc::Channel channel;
    grpc::IngestPeerClient client;
};

PeerBook::PeerBook(grpc::ClientRuntime& runtime, const engine::chain::Crypto& crypto)
    : runtime_(runtime), crypto_(crypto) {}
PeerBook::~PeerBook() = default;

std::optional<std::string> PeerBook::learn(const std::string& text) {
    std::string why;
    auto uri = Uri::parse(ingest_peer_uri, text, why);
    if (!uri || uri->is_secure()) return std::nullopt;
    std::string id = uri->responder_id();
    uris_.insert_or_assign(id, std::move(*uri));
    return id;
}

std::string PeerBook::uri_of(const std::string& responder_id) const {
    const auto known = uris_.find(responder_id);
    if (known != uris_.end()) return known->second.text();
    return fmt::format("{}://{}/", ingest_peer_uri.insecure, responder_id);
}

grpc::PeerNames PeerBook::names() {
    grpc::PeerNames names;
    names.to_uri = [this](const std::string& id) { return uri_of(id); };
    names.to_responder_id = [this](const std::string& uri) { return learn(uri); };
    return names;
}

engine::fog::IngestPeer* PeerBook::find(const std::string& responder_id) {
    const auto known = uris_.find(responder_id);
    if (known == uris_.end()) return nullptr;
    Peer*& current = current_[responder_id];
    if (current == nullptr || current->address != known->second.address()) {
        peers_.push_back(std::make_unique<Peer>(*this, responder_id, known->second));
        current = peers_.back().get();
    }
    return &current->client;
}

} // namespace real::service
