#include "engine/chain/mnemonic.hpp"

#include <algorithm>

#include <openssl/evp.h>
#include <sodium.h>

#include "engine/chain/bip39_words.hpp"
#include "engine/chain/bytes.hpp"

namespace engine::chain {
namespace {

constexpr std::size_t bits_per_word = 11;

bool is_entropy_size(std::size_t n) { return n >= 16 && n <= 32 && n % 4 == 0; }

/// The bit `at` of `bytes`, counted from the top of the first byte.
unsigned bit(ByteView bytes, std::size_t at) { return (bytes[at / 8] >> (7 - at % 8)) & 1u; }

std::uint8_t checksum_byte(ByteView entropy) {
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash;
    crypto_hash_sha256(hash.data(), entropy.data(), entropy.size());
    return hash[0];
}

std::vector<std::string_view> split(std::string_view phrase) {
    std::vector<std::string_view> words;
    constexpr std::string_view blanks = " \t\r\n\f\v";
    for (std::size_t at = phrase.find_first_not_of(blanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(phrase.find_first_of(blanks, at), phrase.size());
        words.push_back(phrase.substr(at, end - at));
        at = phrase.find_first_not_of(blanks, end);
    }
    return words;
}

} // namespace

std::optional<std::string> mnemonic_from_entropy(ByteView entropy) {
    if (!is_entropy_size(entropy.size())) return std::nullopt;
    Bytes bits(entropy.begin(), entropy.end());
    bits.push_back(checksum_byte(entropy)); // of which entropy.size()/4 bits are used
    const WipeAtExit wipe_bits(bits);
    const std::size_t word_count = entropy.size() * 3 / 4;
    std::string out;
    out.reserve(word_count * 9);
    for (std::size_t word = 0; word < word_count; ++word) {
        std::size_t value = 0;
        for (std::size_t i = 0; i < bits_per_word; ++i)
            value = value << 1 | bit(bits, word * bits_per_word + i);
        if (word != 0) out += ' ';
        out += bip39_words()[value];
    }
    return out;
}

std::optional<Bytes> entropy_from_mnemonic(std::string_view phrase) {
    const std::vector<std::string_view> words = split(phrase);
    if (words.size() % 3 != 0 || !is_entropy_size(words.size() / 3 * 4)) return std::nullopt;
    const std::size_t entropy_size = words.size() / 3 * 4;
    Bytes bits(entropy_size + 1);
    std::size_t at = 0;
    for (const std::string_view word : words) {
        const auto& list = bip39_words();
        const auto found = std::lower_bound(list.begin(), list.end(), word);
        if (found == list.end() || *found != word) return std::nullopt;
        const auto value = static_cast<unsigned>(found - list.begin());
        for (std::size_t i = 0; i < bits_per_word; ++i, ++at)
            if ((value >> (bits_per_word - 1 - i)) & 1u)
                bits[at / 8] = static_cast<std::uint8_t>(bits[at / 8] | 0x80u >> (at % 8));
    }
    const std::uint8_t written = bits.back();
    bits.pop_back();
    const auto used = static_cast<std::uint8_t>(0xff00u >> (entropy_size / 4));
    if ((checksum_byte(bits) & used) != written) return std::nullopt;
    return bits;
}

std::optional<Secret<Digest32>> slip10_key(std::string_view phrase, std::uint32_t account_index) {
    auto entropy = entropy_from_mnemonic(phrase);
    if (!entropy) return std::nullopt;
    std::string password = *mnemonic_from_entropy(*entropy); // one blank between words
    wipe(*entropy);

    Secret<Digest64> node;
    constexpr std::string_view salt = "mnemonic";
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), as_bytes(salt).data(),
                      static_cast<int>(salt.size()), 2048, EVP_sha512(), static_cast<int>(node->size()),
                      node->data());
    wipe(password.data(), password.size());

    *node = hmac_sha512(as_bytes("ed25519 seed"), {*node});
    constexpr std::uint32_t hardened = 0x8000'0000u;
    for (const std::uint32_t child : {44u, 866u, account_index & ~hardened}) {
        // Left half: key.  Right half: chain code.
        const ByteView whole(*node);
        const std::uint8_t zero = 0;
        *node = hmac_sha512(whole.subspan(32),
                            {ByteView(&zero, 1), whole.first(32), big_endian(child | hardened)});
    }
    Secret<Digest32> out;
    std::copy_n(node->begin(), 32, out->begin());
    return out;
}

} // namespace engine::chain
