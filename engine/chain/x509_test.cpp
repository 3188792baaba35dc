#include <gtest/gtest.h>

#include "engine/chain/ed25519.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/x509.hpp"

namespace engine::chain {
namespace {

// A self-signed certificate made for this test, with an Ed25519 key.
constexpr const char* certificate = R"(-----BEGIN CERTIFICATE-----
MIIBYzCCARWgAwIBAgIUZjErWaIoDqnraJJC2/xNvOLyPJIwBQYDK2VwMCYxFTAT
BgNVBAoMDFRFU1RJTkcgT05MWTENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjMwMzM1
MzRaGA8yMTI2MTAzMDAzMzUzNFowJjEVMBMGA1UECgwMVEVTVElORyBPTkxZMQ0w
CwYDVQQDDARyb290MCowBQYDK2VwAyEAvv33A+/YimSfXOwc2hFuKC8Ou3yaZUi0
/Ex28U4zOy+jUzBRMB0GA1UdDgQWBBSBJUPnhzpWgFQeSII7n1hxyYkg9TAfBgNV
HSMEGDAWgBSBJUPnhzpWgFQeSII7n1hxyYkg9TAPBgNVHRMBAf8EBTADAQH/MAUG
AytlcANBAJUDb8Z18MGnea+5pRZLzn7jgfF+8j+eDpAOPGDZNSk2UQodSRE7J2b6
ZOaMf/5QzVgTkRFfTzXsNW7bhFBUzQQ=
-----END CERTIFICATE-----
)";
constexpr const char* public_key = "befdf703efd88a649f5cec1cda116e282f0ebb7c9a6548b4fc4c76f14e333b2f";

TEST(X509Test, takes_the_key_info_of_the_first_certificate) {
    std::string why;
    const auto spki = spki_of_first_certificate(certificate, why);
    ASSERT_TRUE(spki) << why;
    EXPECT_EQ(*spki, ed25519_spki(test::fixed<Ed25519PublicKey>(test::Json(public_key))));
    EXPECT_EQ(spki_of_first_certificate(std::string(certificate) + "rubbish", why), spki);
}

TEST(X509Test, says_why_not) {
    std::string why;
    EXPECT_FALSE(spki_of_first_certificate("", why));
    EXPECT_EQ(why, "no PEM block");
    EXPECT_FALSE(spki_of_first_certificate(pem("PRIVATE KEY", Bytes(48)) + certificate, why));
    EXPECT_EQ(why, "the first PEM block is a PRIVATE KEY, not a CERTIFICATE");
    EXPECT_FALSE(spki_of_first_certificate(pem("CERTIFICATE", Bytes(48)), why));
    EXPECT_EQ(why, "the first PEM block does not hold an X.509 certificate");
    std::string cut = certificate;
    cut.resize(cut.size() / 2);
    EXPECT_FALSE(spki_of_first_certificate(cut, why));
}

} // namespace
} // namespace engine::chain
