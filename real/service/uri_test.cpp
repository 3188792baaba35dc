#include "real/service/uri.hpp"

#include <gtest/gtest.h>

#include "real/service/remote_wallets.hpp"

namespace real::service {
namespace {

Uri parsed(const UriKind& kind, std::string_view text) {
    std::string why;
    const auto uri = Uri::parse(kind, text, why);
    EXPECT_TRUE(uri) << text << ": " << why;
    return uri.value_or(Uri{});
}

std::string refused(const UriKind& kind, std::string_view text) {
    std::string why;
    EXPECT_FALSE(Uri::parse(kind, text, why)) << text;
    EXPECT_EQ(why.find('\n'), std::string::npos) << "one line";
    return why;
}

TEST(UriTest, EveryKindHasItsOwnSchemesAndPorts) {
    struct Row {
        const UriKind& kind;
        const char* secure;
        std::uint16_t secure_port;
        const char* insecure;
        std::uint16_t insecure_port;
    };
    const Row rows[] = {
        {ingest_uri, "fog-ingest", 443, "insecure-fog-ingest", 3221},
        {ingest_peer_uri, "igp", 8453, "insecure-igp", 8090},
        {view_uri, "fog-view", 443, "insecure-fog-view", 3225},
        {view_router_uri, "fog-view-router", 443, "insecure-fog-view-router", 3225},
        {view_store_uri, "fog-view-store", 443, "insecure-fog-view-store", 3225},
        {ledger_uri, "fog-ledger", 443, "insecure-fog-ledger", 3223},
        {key_image_store_uri, "key-image-store", 443, "insecure-key-image-store", 3223},
        {report_uri, "fog", 443, "insecure-fog", 3225},
        {admin_uri, "mca", 9443, "insecure-mca", 9090},
        {mobilecoind_uri, "mobilecoind", 4443, "insecure-mobilecoind", 4444},
        {remote_wallet_uri, "remote-wallet", 9443, "insecure-remote-wallet", 9090},
    };
    for (const Row& row : rows) {
        const Uri secure = parsed(row.kind, std::string(row.secure) + "://node.example");
        EXPECT_TRUE(secure.is_secure());
        EXPECT_EQ(secure.port(), row.secure_port);
        const Uri insecure = parsed(row.kind, std::string(row.insecure) + "://node.example/");
        EXPECT_FALSE(insecure.is_secure());
        EXPECT_EQ(insecure.port(), row.insecure_port);
        EXPECT_EQ(insecure.display(),
                  std::string(row.insecure) + "://node.example:" + std::to_string(row.insecure_port) + "/");
    }
}

TEST(UriTest, DisplayDropsWhatTheFullTextKeeps) {
    const std::string text =
        "insecure-igp://Node-1.Example:8091/some/path?responder-id=peer1:443&tls-hostname=x";
    const Uri uri = parsed(ingest_peer_uri, text);
    EXPECT_EQ(uri.text(), text);
    EXPECT_EQ(uri.display(), "insecure-igp://node-1.example:8091/");
    EXPECT_EQ(uri.address(), "node-1.example:8091");
    EXPECT_EQ(uri.responder_id(), "peer1:443");
    EXPECT_EQ(uri.parameter("tls-hostname"), "x");
    EXPECT_EQ(uri.parameter("tls-chain"), std::nullopt);
}

TEST(UriTest, WithoutAParameterTheAddressIsTheResponderId) {
    EXPECT_EQ(parsed(view_store_uri, "insecure-fog-view-store://localhost:5600").responder_id(),
              "localhost:5600");
    EXPECT_EQ(parsed(view_store_uri, "insecure-fog-view-store://127.0.0.1:0/").port(), 0);
    EXPECT_EQ(
        parsed(view_store_uri, "fog-view-store://h?sharding_strategy=3-8").parameter("sharding_strategy"),
        "3-8");
    EXPECT_EQ(parsed(view_store_uri, "fog-view-store://h?a=1&a=2&&b").parameter("a"), "2");
    EXPECT_EQ(parsed(view_store_uri, "fog-view-store://h?a=1&a=2&&b").parameter("b"), "");
    EXPECT_EQ(parsed(view_store_uri, "fog-view-store://h?a=%3A%20x+y%25").parameter("a"), ": x y%");
    EXPECT_EQ(parsed(view_store_uri, "fog-view-store://h#?a=1").parameter("a"), std::nullopt);
}

TEST(UriTest, AddressesOfVersionSixKeepTheirBrackets) {
    const Uri uri = parsed(ledger_uri, "insecure-fog-ledger://[::1]:7200");
    EXPECT_EQ(uri.host(), "::1");
    EXPECT_EQ(uri.address(), "[::1]:7200");
    EXPECT_EQ(uri.display(), "insecure-fog-ledger://[::1]:7200/");
    EXPECT_EQ(parsed(ledger_uri, "insecure-fog-ledger://[::1]").port(), 3223);
}

TEST(UriTest, UserAndPasswordStandBeforeTheHostAndAreNeverDisplayed) {
    const Uri uri = parsed(view_uri, "insecure-fog-view://bob:p%40ss:w@localhost:8200/");
    EXPECT_EQ(uri.user(), "bob");
    EXPECT_EQ(uri.password(), "p@ss:w");
    EXPECT_EQ(uri.host(), "localhost");
    EXPECT_EQ(uri.display(), "insecure-fog-view://localhost:8200/");
    const std::string why = refused(view_uri, "insecure-fog-view://bob:secret@localhost:99999");
    EXPECT_EQ(why.find("secret"), std::string::npos) << why;
}

TEST(UriTest, RefusesWhatIsNoAddressOfThisKindAndSaysWhy) {
    EXPECT_EQ(refused(view_uri, "insecure-fog-ledger://localhost"),
              "needs insecure-fog-view:// or fog-view://, followed by host and port");
    EXPECT_EQ(refused(view_uri, "localhost:8200"),
              "needs insecure-fog-view:// or fog-view://, followed by host and port");
    EXPECT_EQ(refused(view_uri, ""), "needs insecure-fog-view:// or fog-view://, followed by host and port");
    EXPECT_EQ(refused(view_uri, "fog-view://"), "has no host");
    EXPECT_EQ(refused(view_uri, "fog-view://:80"), "has no host");
    EXPECT_EQ(refused(view_uri, "fog-view://h:65536"), "'65536' is no port, they go from 0 to 65535");
    EXPECT_EQ(refused(view_uri, "fog-view://h:8x"), "'8x' is no port, they go from 0 to 65535");
    EXPECT_EQ(refused(view_uri, "fog-view://h:-1"), "'-1' is no port, they go from 0 to 65535");
    EXPECT_EQ(refused(view_uri, "fog-view://[::1"), "the bracket of an IPv6 address is not closed");
    EXPECT_EQ(refused(view_uri, "fog-view://h?responder-id=name"),
              "parameter responder-id needs the form host:port");
    EXPECT_EQ(refused(view_uri, "fog-view://h?a=%2"),
              "holds a character that an address writes as % and two hexadecimal digits");
    EXPECT_EQ(refused(view_uri, "fog-view://[::g]:1"),
              "holds a character that an address writes as % and two hexadecimal digits");
    EXPECT_EQ(refused(view_uri, "fog-view://h\nx"), "an address has neither blanks nor control characters");
}

TEST(ShardingStrategyTest, IsAWordOrARange) {
    EXPECT_EQ(parse_sharding_strategy("default"), engine::BlockRange::all());
    const engine::BlockRange range{engine::BlockIndex{3}, engine::BlockIndex{8}};
    EXPECT_EQ(parse_sharding_strategy("3-8"), range);
    EXPECT_EQ(to_text(range), "3-8");
    EXPECT_EQ(to_text(engine::BlockRange::all()), "default");
    for (const char* text :
         {"", "-", "3", "3-", "-8", "8-3", "3-3", "a-b", "3-8-9", "+3-8", "3 -8", "0-18446744073709551616"})
        EXPECT_EQ(parse_sharding_strategy(text), std::nullopt) << text;
}

TEST(FogAddressesTest, OneAddressMeansBothServicesUnlessTheLedgerIsNamed) {
    std::string why;
    const auto one = fog_addresses("insecure-fog://localhost:8200/", why);
    ASSERT_TRUE(one) << why;
    EXPECT_EQ(one->view.address(), "localhost:8200");
    EXPECT_EQ(one->ledger.address(), "localhost:8200");
    const auto two = fog_addresses("insecure-fog://localhost:5200/?ledger=localhost:7200", why);
    ASSERT_TRUE(two) << why;
    EXPECT_EQ(two->view.address(), "localhost:5200");
    EXPECT_EQ(two->ledger.address(), "localhost:7200");
    EXPECT_TRUE(fog_addresses("fog://h/", why)->ledger.is_secure());
    for (const char* wrong : {"", "http://h/", "insecure-fog://", "insecure-fog://h:1/?ledger=x:y"}) {
        why.clear();
        EXPECT_FALSE(fog_addresses(wrong, why)) << wrong;
        EXPECT_NE(why, "") << wrong;
    }
}

} // namespace
} // namespace real::service
