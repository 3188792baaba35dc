#include "tools/fog_node/consensus_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/chain/base64.hpp"
#include "engine/chain/hex.hpp"
#include "real/service/uri.hpp"
#include "tools/command_line.hpp"

namespace fog_node {

using namespace engine::consensus;
using engine::chain::Bytes;
using engine::chain::Ed25519KeyPair;
using engine::chain::Ed25519Seed;
using nlohmann::json;
using real::service::Uri;
using real::service::UriKind;

namespace {

constexpr UriKind peer_uri{"mcp", 8443, "insecure-mcp", 8080};
constexpr int deepest_quorum_set = 20;

/// Reads one file, and says which and where when something is wrong.
class File {
public:
    File(std::string flag, std::string path) : flag_(std::move(flag)), path_(std::move(path)) {
        const std::string text = tools::read_file(flag_, path_);
        root_ = json::parse(text, nullptr, false);
        if (root_.is_discarded()) fail("is not JSON");
        if (!root_.is_object()) fail("is no object");
    }
    [[noreturn]] void fail(const std::string& why) const {
        throw tools::BadInput(fmt::format("{}: {}: {}", flag_, path_, why));
    }
    const json& root() const { return root_; }
    const json& member(const json& of, const char* name, const std::string& place) const {
        const auto found = of.find(name);
        if (found == of.end()) fail(fmt::format("{}{} is missing", place, name));
        return *found;
    }
    std::uint64_t number(const json& value, const std::string& what) const {
        if (!value.is_number_unsigned()) fail(what + " is no whole number");
        return value.get<std::uint64_t>();
    }
    std::string text(const json& value, const std::string& what) const {
        if (!value.is_string()) fail(what + " is no text");
        return value.get<std::string>();
    }
    /// @return no element when it is absent
    std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> out;
        const auto found = root_.find(name);
        if (found == root_.end() || found->is_null()) return out;
        if (!found->is_array()) fail(std::string(name) + " is no list");
        for (const json& one : *found) out.push_back(text(one, std::string("an element of ") + name));
        return out;
    }

private:
    std::string flag_;
    std::string path_;
    json root_;
};

std::optional<Bytes> from_url_safe_base64(std::string text) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    while (text.size() % 4 != 0) text += '=';
    return engine::chain::from_base64(text);
}

/// A SubjectPublicKeyInfo, in hex or URL-safe base64.
std::optional<NodeKey> parse_public_key(const std::string& text) {
    auto der = engine::chain::from_hex(text);
    if (!der) der = from_url_safe_base64(text);
    if (!der || der->size() < NodeKey::size) return std::nullopt;
    const auto key = NodeKey::from({der->data() + der->size() - NodeKey::size, NodeKey::size});
    return engine::chain::ed25519_spki(*key) == *der ? key : std::nullopt;
}

struct PeerEntry {
    NodeKey key;
    std::string address;
    bool broadcast = true;
};

/// Peers by responder id.
using Peers = std::map<std::string, PeerEntry>;

void add_peers(const File& file, const char* name, const std::string& own_responder_id, Peers& peers) {
    for (const std::string& text : file.texts(name)) {
        std::string why;
        const auto uri = Uri::parse(peer_uri, text, why);
        if (!uri) file.fail(fmt::format("{}: {}", name, why));
        if (uri->is_secure())
            file.fail(fmt::format("{}: {}: encrypted connections are not offered, use insecure-mcp://", name,
                                  uri->display()));
        const std::string id = uri->responder_id();
        if (id == own_responder_id) file.fail(fmt::format("{}: {} is this node itself", name, id));
        const auto key_text = uri->parameter("consensus-msg-key");
        if (!key_text) file.fail(fmt::format("{}: {}: consensus-msg-key is missing", name, id));
        const auto key = parse_public_key(*key_text);
        if (!key) file.fail(fmt::format("{}: {}: consensus-msg-key is no Ed25519 public key", name, id));
        const bool broadcast = uri->parameter("broadcast-consensus-msgs").value_or("1") != "0";
        for (const auto& [other, entry] : peers)
            if (entry.key == *key) file.fail(fmt::format("{}: {} and {} have one key", name, other, id));
        if (!peers.try_emplace(id, PeerEntry{*key, uri->address(), broadcast}).second)
            file.fail(fmt::format("{}: {} is there twice", name, id));
    }
}

/// @param missing  responder ids that none of the peers has
QuorumSet quorum_set_of(const File& file, const json& value, const Peers& peers, int depth,
                        std::vector<std::string>& missing) {
    if (depth > deepest_quorum_set) file.fail("quorum_set is nested too deeply");
    if (!value.is_object()) file.fail("quorum_set is no object");
    QuorumSet set;
    const std::uint64_t threshold =
        file.number(file.member(value, "threshold", "quorum_set: "), "quorum_set: threshold");
    const json& members = file.member(value, "members", "quorum_set: ");
    if (!members.is_array()) file.fail("quorum_set: members is no list");
    for (const json& member : members) {
        if (!member.is_object()) file.fail("quorum_set: a member is no object");
        const std::string type =
            file.text(file.member(member, "type", "quorum_set: a member's "), "a member's type");
        const json& args = file.member(member, "args", "quorum_set: a member's ");
        QuorumSetMember out;
        if (type == "Node") {
            const std::string id = file.text(args, "a node's args");
            const auto found = peers.find(id);
            if (found == peers.end())
                missing.push_back(id);
            else
                out.node = engine::chain::QuorumNode{id, found->second.key};
        } else if (type == "InnerSet") {
            out.inner_set.push_back(quorum_set_of(file, args, peers, depth + 1, missing));
        } else {
            file.fail(fmt::format("quorum_set: a member is of type '{}', which is neither Node nor InnerSet",
                                  type));
        }
        set.members.push_back(std::move(out));
    }
    if (threshold > set.members.size())
        file.fail(
            fmt::format("quorum_set: {} of {} members can never be met", threshold, set.members.size()));
    set.threshold = static_cast<std::uint32_t>(threshold);
    return set;
}

} // namespace

NetworkFile read_network_file(const std::string& path, const std::string& own_responder_id) {
    const File file("--network", path);
    Peers known;
    add_peers(file, "broadcast_peers", own_responder_id, known);
    NetworkFile out;
    for (const auto& [id, entry] : known) {
        out.peers.push_back({entry.key, entry.broadcast});
        out.addresses[entry.key] = entry.address;
    }
    add_peers(file, "known_peers", own_responder_id, known);
    std::vector<std::string> missing;
    out.quorum_set = quorum_set_of(file, file.member(file.root(), "quorum_set", ""), known, 0, missing);
    if (!missing.empty()) file.fail(fmt::format("quorum_set: no peer is {}", fmt::join(missing, ", ")));
    if (!is_valid(out.quorum_set)) file.fail("quorum_set can never be met");
    if (!known.empty() && file.texts("tx_source_urls").empty()) file.fail("tx_source_urls is empty");
    return out;
}

engine::chain::tx::FeeMap read_tokens_file(const std::string& path) {
    if (path.empty()) return {};
    const File file("--tokens", path);
    const json& tokens = file.member(file.root(), "tokens", "");
    if (!tokens.is_array()) file.fail("tokens is no list");
    std::map<std::uint64_t, std::uint64_t> fees;
    for (const json& token : tokens) {
        if (!token.is_object()) file.fail("a token is no object");
        const std::uint64_t id = file.number(file.member(token, "token_id", "a token's "), "token_id");
        const std::uint64_t fee = file.number(file.member(token, "minimum_fee", "a token's "), "minimum_fee");
        const auto any_fee = token.find("allow_any_fee");
        const bool is_free = any_fee != token.end() && any_fee->is_boolean() && any_fee->get<bool>();
        if (id == 0 && !is_free && (fee < 10'000 || fee > 1'000'000'000'000))
            file.fail(
                "token 0: minimum_fee is not between 10000 and 1000000000000, and allow_any_fee is not set");
        const auto governors = token.find("governors");
        if (governors != token.end() && !governors->is_null())
            file.fail(fmt::format("token {}: governors: minting is not offered", id));
        if (!fees.emplace(id, fee).second) file.fail(fmt::format("token {} is there twice", id));
    }
    engine::chain::tx::FeeMap map(std::move(fees));
    if (const auto fault = map.fault()) file.fail(*fault);
    return map;
}

Ed25519KeyPair parse_signer_key(const std::string& text) {
    std::string one_line;
    std::copy_if(text.begin(), text.end(), std::back_inserter(one_line),
                 [](char c) { return c != '\n' && c != '\r'; });
    const auto der = engine::chain::from_base64(one_line);
    if (der && der->size() > Ed25519Seed::size) {
        const auto seed =
            Ed25519Seed::from({der->data() + der->size() - Ed25519Seed::size, Ed25519Seed::size});
        if (engine::chain::ed25519_pkcs8(*seed) == *der) return Ed25519KeyPair(*seed);
    }
    throw tools::BadInput("--msg-signer-key: is no base64 PKCS#8 document of an Ed25519 key");
}

} // namespace fog_node
