#include "real/grpc/auth_token.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>

#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"

namespace real::grpc {
namespace {

constexpr std::size_t proof_bytes = 10;

std::string proof(const TokenSecret& secret, std::string_view claim) {
    std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac{};
    crypto_auth_hmacsha256(mac.data(), reinterpret_cast<const unsigned char*>(claim.data()), claim.size(),
                           secret.data());
    return engine::chain::to_hex({mac.data(), proof_bytes});
}

std::int64_t system_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

std::string basic_authorization(std::string_view user, std::string_view password) {
    const std::string joined = fmt::format("{}:{}", user, password);
    return "Basic " + engine::chain::to_base64(engine::chain::as_bytes(joined));
}

std::string make_token(const TokenSecret& secret, std::string_view user, std::int64_t issued_s) {
    const std::string claim = fmt::format("{}:{}", user, issued_s);
    return fmt::format("{}:{}", claim, proof(secret, claim));
}

TokenVerifier::TokenVerifier(const TokenSecret& secret, std::chrono::seconds max_lifetime)
    : TokenVerifier(secret, max_lifetime, system_seconds) {}

TokenVerifier::TokenVerifier(const TokenSecret& secret, std::chrono::seconds max_lifetime, Clock clock)
    : secret_(secret), max_lifetime_(max_lifetime), clock_(std::move(clock)) {}

std::optional<std::string> TokenVerifier::refuses(const std::optional<std::string>& authorization) const {
    constexpr std::string_view scheme = "Basic ";
    if (!authorization) return "no authorization header";
    if (!authorization->starts_with(scheme)) return "authorization is not HTTP Basic";
    const auto decoded = engine::chain::from_base64(std::string_view(*authorization).substr(scheme.size()));
    if (!decoded) return "authorization is not base64";
    const std::string_view text(reinterpret_cast<const char*>(decoded->data()), decoded->size());
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return "authorization has no password";
    const std::string_view user = text.substr(0, colon);
    const std::string_view token = text.substr(colon + 1);
    const auto last = token.rfind(':');
    if (last == std::string_view::npos) return "malformed token";
    const std::string_view claim = token.substr(0, last);
    const std::string_view given = token.substr(last + 1);
    if (claim.size() <= user.size() + 1 || !claim.starts_with(user) || claim[user.size()] != ':')
        return "token of another user";
    const std::string_view digits = claim.substr(user.size() + 1);
    std::int64_t issued_s = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), issued_s);
    if (error != std::errc{} || end != digits.data() + digits.size() || issued_s < 0)
        return "malformed token";
    const std::string expected = proof(*secret_, claim);
    if (given.size() != expected.size() || sodium_memcmp(given.data(), expected.data(), given.size()) != 0)
        return "wrong token";
    const std::int64_t age_s = clock_() - issued_s;
    if (age_s > max_lifetime_.count() || age_s < -max_lifetime_.count()) return "expired token";
    return std::nullopt;
}

} // namespace real::grpc
