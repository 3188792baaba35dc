#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/chain/secret.hpp"

namespace real::grpc {

/// HTTP Basic as a header's value.
std::string basic_authorization(std::string_view user, std::string_view password);

/// Client tokens: user `u` proves itself with the password `u:<unix seconds>:<hex of the first 10 bytes of
/// HMAC-SHA256(secret, "u:<unix seconds>")>`.
/// @source mobilecoin 7.0.0 util/grpc/src/auth/token_authenticator.rs
using TokenSecret = std::array<std::uint8_t, 32>;

/// @param issued_s  seconds since 1970
std::string make_token(const TokenSecret& secret, std::string_view user, std::int64_t issued_s);

class TokenVerifier {
public:
    /// Seconds since 1970.
    using Clock = std::function<std::int64_t()>;

    /// @param max_lifetime  of a token, in both directions of time
    explicit TokenVerifier(const TokenSecret& secret,
                           std::chrono::seconds max_lifetime = std::chrono::hours(24));
    TokenVerifier(const TokenSecret& secret, std::chrono::seconds max_lifetime, Clock clock);

    /// @return why the value of the `authorization` header is refused; nothing when it is good
    std::optional<std::string> refuses(const std::optional<std::string>& authorization) const;

private:
    engine::chain::Secret<TokenSecret> secret_;
    std::chrono::seconds max_lifetime_;
    Clock clock_;
};

} // namespace real::grpc
