#include "real/grpc/auth_token.hpp"

#include <gtest/gtest.h>

namespace real::grpc {
namespace {

constexpr std::int64_t now_s = 1'700'000'000;

TokenSecret secret(std::uint8_t value) {
    TokenSecret out{};
    out.fill(value);
    return out;
}

TokenVerifier verifier() {
    return TokenVerifier(secret(7), std::chrono::seconds(100), [] { return now_s; });
}

// Computed with another program: python3 -c 'import hmac; print(hmac.new(bytes([7]*32), b"alice:1700000000",
// "sha256").hexdigest()[:20])'
TEST(AuthTokenTest, IsTheFirstTenBytesOfTheMac) {
    EXPECT_EQ(make_token(secret(7), "alice", now_s), "alice:1700000000:3c282badebf570feabd5");
}

TEST(AuthTokenTest, BasicAuthorization) {
    EXPECT_EQ(basic_authorization("Aladdin", "open sesame"),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); // RFC 7617
}

TEST(AuthTokenTest, GoodTokensPassWithinTheirLifetime) {
    for (const std::int64_t age : {0, 1, 100, -100}) {
        const std::string token = make_token(secret(7), "alice", now_s - age);
        EXPECT_FALSE(verifier().refuses(basic_authorization("alice", token))) << age;
    }
    // Users may have colons nowhere, and otherwise any name.
    EXPECT_FALSE(verifier().refuses(basic_authorization("", make_token(secret(7), "", now_s))));
}

TEST(AuthTokenTest, EverythingElseIsRefused) {
    const std::string good = make_token(secret(7), "alice", now_s);
    const auto refused = [](const std::string& user, const std::string& password) {
        return verifier().refuses(basic_authorization(user, password)).value_or("accepted");
    };
    EXPECT_EQ(verifier().refuses(std::nullopt), "no authorization header");
    EXPECT_EQ(verifier().refuses(""), "authorization is not HTTP Basic");
    EXPECT_EQ(verifier().refuses("Bearer " + good), "authorization is not HTTP Basic");
    EXPECT_EQ(verifier().refuses("Basic ***"), "authorization is not base64");
    EXPECT_EQ(verifier().refuses("Basic YWxpY2U="), "authorization has no password"); // alice
    EXPECT_EQ(refused("alice", ""), "malformed token");
    EXPECT_EQ(refused("bob", good), "token of another user");
    EXPECT_EQ(refused("alic", good), "token of another user");
    EXPECT_EQ(refused("alice", make_token(secret(8), "alice", now_s)), "wrong token");
    EXPECT_EQ(refused("alice", good.substr(0, good.size() - 1)), "wrong token");
    EXPECT_EQ(refused("alice", good + "0"), "wrong token");
    EXPECT_EQ(refused("alice", "alice:x:00000000000000000000"), "malformed token");
    EXPECT_EQ(refused("alice", "alice:-1:00000000000000000000"), "malformed token");
    EXPECT_EQ(refused("alice", make_token(secret(7), "alice", now_s - 101)), "expired token");
    EXPECT_EQ(refused("alice", make_token(secret(7), "alice", now_s + 101)), "expired token");
}

} // namespace
} // namespace real::grpc
