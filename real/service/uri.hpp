#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ids.hpp"

// Addresses of services as MobileCoin's programs write them: the scheme says which service, and whether the
// connection is encrypted.
// @source mobilecoin a2229c005 util/uri, fog/uri

namespace real::service {

/// The two schemes of one kind of service and the ports that are meant when none is written.
struct UriKind {
    const char* secure;
    std::uint16_t secure_port;
    const char* insecure;
    std::uint16_t insecure_port;
};

inline constexpr UriKind ingest_uri{"fog-ingest", 443, "insecure-fog-ingest", 3221};
inline constexpr UriKind ingest_peer_uri{"igp", 8453, "insecure-igp", 8090};
inline constexpr UriKind view_uri{"fog-view", 443, "insecure-fog-view", 3225};
inline constexpr UriKind view_router_uri{"fog-view-router", 443, "insecure-fog-view-router", 3225};
inline constexpr UriKind view_store_uri{"fog-view-store", 443, "insecure-fog-view-store", 3225};
inline constexpr UriKind ledger_uri{"fog-ledger", 443, "insecure-fog-ledger", 3223};
inline constexpr UriKind key_image_store_uri{"key-image-store", 443, "insecure-key-image-store", 3223};
inline constexpr UriKind report_uri{"fog", 443, "insecure-fog", 3225};
inline constexpr UriKind admin_uri{"mca", 9443, "insecure-mca", 9090};
inline constexpr UriKind mobilecoind_uri{"mobilecoind", 4443, "insecure-mobilecoind", 4444};
inline constexpr UriKind remote_wallet_uri{"remote-wallet", 9443, "insecure-remote-wallet", 9090};

/// A parsed address.  An ordinary value.
class Uri {
public:
    /// @param why  set to the reason when nothing is returned; it never repeats a password
    static std::optional<Uri> parse(const UriKind& kind, std::string_view text, std::string& why);

    /// The whole text as it was given: what peer lists are compared by.  May hold a password.
    const std::string& text() const { return text_; }
    const std::string& scheme() const { return scheme_; }
    bool is_secure() const { return secure_; }
    /// In lower case; without brackets for an IPv6 address.
    const std::string& host() const { return host_; }
    std::uint16_t port() const { return port_; }
    const std::string& user() const { return user_; }
    const std::string& password() const { return password_; }

    /// `host:port`, as a name and to connect to.
    std::string address() const;
    /// The value of a query parameter, its last one when repeated.
    std::optional<std::string> parameter(std::string_view name) const;
    /// Parameter `responder-id`, else the address.
    std::string responder_id() const;
    /// `scheme://host:port/`: neither parameters nor password.
    std::string display() const;

    friend bool operator==(const Uri& a, const Uri& b) { return a.text_ == b.text_; }

private:
    std::string text_;
    std::string scheme_;
    std::string host_;
    std::string user_;
    std::string password_;
    std::vector<std::pair<std::string, std::string>> parameters_;
    std::uint16_t port_ = 0;
    bool secure_ = false;
};

/// `default`, or `a-b` for the blocks [a, b).
/// @return nothing when the text is neither, or the range is empty
std::optional<engine::BlockRange> parse_sharding_strategy(std::string_view text);
std::string to_text(const engine::BlockRange& strategy);

} // namespace real::service
