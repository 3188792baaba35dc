#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/aes.hpp"
#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/test_support.hpp"

namespace engine::chain {
namespace {

using test::hex;

TEST(HashTest, blake2b_of_abc) {
    // RFC 7693 appendix A for the long form.
    EXPECT_EQ(to_hex(blake2b_512({as_bytes("a"), as_bytes("bc")})),
              "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
              "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    EXPECT_EQ(to_hex(blake2b_256({as_bytes("abc")})),
              "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(HashTest, hmac_sha512_of_rfc_4231) {
    EXPECT_EQ(to_hex(hmac_sha512(as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    // Case 6: a key longer than the block is hashed first.
    EXPECT_EQ(to_hex(hmac_sha512(Bytes(131, 0xaa),
                                 {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
              "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
              "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

TEST(HashTest, hkdf_spans_several_hashes_and_starts_alike) {
    const auto derive = [](auto hkdf, std::size_t n) {
        Bytes out(n);
        hkdf(as_bytes("salt"), as_bytes("key"), as_bytes("info"), out);
        return out;
    };
    for (auto* hkdf : {hkdf_sha512, hkdf_blake2b_512, hkdf_blake2b_256}) {
        const Bytes longest = derive(hkdf, 200);
        for (const std::size_t n : {1u, 31u, 32u, 33u, 64u, 65u, 128u})
            EXPECT_EQ(derive(hkdf, n),
                      Bytes(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(n)));
    }
    EXPECT_NE(derive(hkdf_sha512, 32), derive(hkdf_blake2b_512, 32));
    EXPECT_NE(derive(hkdf_blake2b_256, 32), derive(hkdf_blake2b_512, 32));
}

TEST(HashTest, crc32_check_value) { EXPECT_EQ(crc32_iso(as_bytes("123456789")), 0xcbf43926u); }

TEST(AesTest, gcm_of_the_zero_key) {
    // Test case 14 of the GCM specification: zero key, nonce and block.
    Bytes data(16);
    const GcmTag tag = aes256_gcm_seal({}, {}, data);
    EXPECT_EQ(to_hex(data), "cea7403d4d606b6e074ec5d3baf39d18");
    EXPECT_EQ(to_hex(tag), "d0d1c8a799996bf0265b98b5d48ab919");
    Bytes changed = data;
    EXPECT_TRUE(aes256_gcm_open({}, {}, tag, data));
    EXPECT_EQ(data, Bytes(16));
    changed[3] ^= 1;
    EXPECT_FALSE(aes256_gcm_open({}, {}, tag, changed));
    EXPECT_EQ(changed, Bytes(16)) << "what did not open is wiped";
    Bytes nothing;
    EXPECT_TRUE(aes256_gcm_open({}, {}, aes256_gcm_seal({}, {}, nothing), nothing));
}

TEST(AesTest, counter_mode_of_sp_800_38a) {
    AesKey key;
    const Bytes key_bytes = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    std::copy(key_bytes.begin(), key_bytes.end(), key.begin());
    AesBlock counter;
    const Bytes counter_bytes = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    std::copy(counter_bytes.begin(), counter_bytes.end(), counter.begin());
    Bytes data = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    aes256_ctr64(key, counter, data);
    EXPECT_EQ(to_hex(data), "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
}

TEST(AesTest, counter_wraps_within_its_low_half) {
    // The second block after ff..ff must use the low half 0 and leave the high half alone.
    AesBlock at_end{};
    std::fill(at_end.begin() + 8, at_end.end(), std::uint8_t{0xff});
    Bytes two(32);
    aes256_ctr64({}, at_end, two);
    Bytes one(16);
    aes256_ctr64({}, AesBlock{}, one);
    EXPECT_EQ(Bytes(two.begin() + 16, two.end()), one);
}

TEST(Base64Test, is_strict) {
    EXPECT_EQ(to_base64(as_bytes("fooba")), "Zm9vYmE=");
    EXPECT_EQ(from_base64("Zm9vYmE="), Bytes({'f', 'o', 'o', 'b', 'a'}));
    EXPECT_EQ(from_base64(""), Bytes{});
    for (const char* bad :
         {"Zm9vYmE", "Zm9vYmE= ", " Zm9vYmE=", "Zm9v\nYmE=", "Zm9vYm-=", "====", "Z", "s\xfei\xd6"})
        EXPECT_FALSE(from_base64(bad)) << bad;
}

RC_GTEST_PROP(Base64Test, text_and_bytes_are_inverse, (const Bytes& bytes)) {
    RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
}

} // namespace
} // namespace engine::chain
