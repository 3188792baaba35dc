#include "real/attest/enclave.hpp"

#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include "engine/chain/bytes.hpp"
#include "real/attest/openssl.hpp"
#include "real/attest/test_support.hpp"

namespace real::attest {
namespace {

using test::hex;

std::string rsa_pem(unsigned bits) {
    const KeyPtr key(EVP_RSA_gen(bits));
    const BioPtr out(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

TEST(EnclaveTest, ProductsAndVersionsAreUpstreams) {
    EXPECT_EQ(product_id(Enclave::consensus), 1);
    EXPECT_EQ(product_id(Enclave::ledger), 2);
    EXPECT_EQ(product_id(Enclave::view), 3);
    EXPECT_EQ(product_id(Enclave::ingest), 4);
    EXPECT_EQ(minimum_svn(Enclave::consensus), 10);
    EXPECT_EQ(minimum_svn(Enclave::view), 9);
}

TEST(CssTest, HasUpstreamsLayout) {
    Css css = Css::of(Enclave::view, default_modulus());
    const Bytes bytes = css.encode();
    ASSERT_EQ(bytes.size(), 1808u);
    const auto at = [&](std::size_t from, std::size_t n) {
        return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                     bytes.begin() + static_cast<std::ptrdiff_t>(from + n));
    };
    EXPECT_EQ(at(0, 16), hex("06000000e10000000000010000000000"));
    EXPECT_EQ(at(16, 4), hex("00000000"));
    EXPECT_EQ(at(20, 4), hex("01012620")); // 2026-01-01
    EXPECT_EQ(at(24, 16), hex("01010000600000006000000001000000"));
    EXPECT_EQ(at(128, 384), Bytes(css.modulus.bytes.begin(), css.modulus.bytes.end()));
    EXPECT_EQ(at(960, 32), Bytes(css.mr_enclave.bytes.begin(), css.mr_enclave.bytes.end()));
    EXPECT_EQ(at(1024, 4), hex("03000900"));
}

TEST(CssTest, IsReadBackAndRefusedWithAReason) {
    const Css css = Css::of(Enclave::ledger, default_modulus());
    Bytes bytes = css.encode();
    std::string why;
    const auto read = [&why](const Bytes& file) { return Css::parse(file, why); };
    bytes.push_back(0); // longer files are taken
    const auto back = read(bytes);
    ASSERT_TRUE(back) << why;
    EXPECT_EQ(back->encode(), css.encode());
    EXPECT_EQ(mr_signer_of(back->modulus), mr_signer_of(css.modulus));
    EXPECT_EQ(back->product_id, 2);
    bytes.resize(1807);
    EXPECT_FALSE(read(bytes));
    EXPECT_EQ(why, "is 1807 bytes long, an enclave's signature structure has 1808");
    bytes = css.encode();
    bytes[4] ^= 1;
    EXPECT_FALSE(read(bytes));
    EXPECT_EQ(why, "does not begin as an enclave's signature structure does");
    Css old = css;
    old.date = 0x20170119;
    EXPECT_FALSE(read(old.encode()));
    EXPECT_EQ(why, "is dated 20170119, before the structure existed");
}

TEST(ModulusTest, ComesFromAKeyOfTheRightSize) {
    std::string why;
    const std::string pem = rsa_pem(3072);
    const auto modulus = modulus_from_pem(pem, why);
    ASSERT_TRUE(modulus) << why;
    EXPECT_EQ(modulus->bytes.front() & 1, 1); // little endian: the odd end comes first
    EXPECT_GE(modulus->bytes.back(), 0x80);
    // The digest of the bytes as they are.
    std::array<std::uint8_t, 32> digest{};
    crypto_hash_sha256(digest.data(), modulus->bytes.data(), modulus->bytes.size());
    EXPECT_EQ(mr_signer_of(*modulus).bytes, digest);
    EXPECT_FALSE(modulus_from_pem(rsa_pem(2048), why));
    EXPECT_EQ(why, "holds an RSA key of 2048 bits, enclaves are signed with 3072");
    EXPECT_FALSE(modulus_from_pem("nonsense", why));
    EXPECT_EQ(why, "holds no RSA key in PEM");
}

TEST(ModulusTest, TheDefaultStaysWhatItIs) {
    // Clients are built against it.
    EXPECT_EQ(engine::chain::to_hex(mr_signer_of(default_modulus()).view()),
              "9c3a8269b5eeb98882c7485f89d2cbd5397333c0e9537d6d82f17f001d482854");
}

TEST(ReportBodyTest, IsReadBackFromItsPlaces) {
    ReportBody body = ReportBody::of(Enclave::ingest, mr_signer_of(default_modulus()));
    body.report_data.fill(8);
    const auto bytes = body.encode();
    EXPECT_EQ(bytes[256], 4);
    EXPECT_EQ(bytes[258], 9);
    EXPECT_EQ(bytes[320], 8);
    EXPECT_TRUE(std::equal(body.mr_signer.bytes.begin(), body.mr_signer.bytes.end(), bytes.begin() + 128));
    EXPECT_EQ(ReportBody::parse(bytes).encode(), bytes);
}

} // namespace
} // namespace real::attest
