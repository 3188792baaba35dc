#include "engine/chain/aes.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetched once: looking an algorithm up by name costs more than using it on a few bytes.
const EVP_CIPHER* gcm() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return cipher;
}
const EVP_CIPHER* single_blocks() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
    return cipher;
}

/// OpenSSL fails here only when memory is out or the library lacks the algorithm.
void must(int status) {
    if (status != 1) throw std::runtime_error("OpenSSL refused an AES operation");
}

Context new_context() {
    Context context(EVP_CIPHER_CTX_new());
    must(context ? 1 : 0);
    return context;
}

} // namespace

GcmTag aes256_gcm_seal(const AesKey& key, const GcmNonce& nonce, std::span<std::uint8_t> data,
                       ByteView associated) {
    const Context context = new_context();
    GcmTag tag;
    int written = 0;
    must(EVP_EncryptInit_ex2(context.get(), gcm(), key.data(), nonce.data(), nullptr));
    if (!associated.empty())
        must(EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(),
                               static_cast<int>(associated.size())));
    must(EVP_EncryptUpdate(context.get(), data.data(), &written, data.data(), static_cast<int>(data.size())));
    must(EVP_EncryptFinal_ex(context.get(), data.data() + written, &written));
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag.size()), tag.data()));
    return tag;
}

bool aes256_gcm_open(const AesKey& key, const GcmNonce& nonce, const GcmTag& tag,
                     std::span<std::uint8_t> data, ByteView associated) {
    const Context context = new_context();
    GcmTag expected = tag;
    int written = 0;
    must(EVP_DecryptInit_ex2(context.get(), gcm(), key.data(), nonce.data(), nullptr));
    if (!associated.empty())
        must(EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(),
                               static_cast<int>(associated.size())));
    must(EVP_DecryptUpdate(context.get(), data.data(), &written, data.data(), static_cast<int>(data.size())));
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(expected.size()),
                             expected.data()));
    if (EVP_DecryptFinal_ex(context.get(), data.data() + written, &written) == 1) return true;
    wipe(data);
    return false;
}

void aes256_ctr64(const AesKey& key, const AesBlock& counter, std::span<std::uint8_t> data) {
    const Context context = new_context();
    must(EVP_EncryptInit_ex2(context.get(), single_blocks(), key.data(), nullptr, nullptr));
    auto count = load_big_endian<std::uint64_t>(ByteView(counter).subspan(8));
    AesBlock block = counter;
    Secret<AesBlock> pad;
    while (!data.empty()) {
        int written = 0;
        must(EVP_EncryptUpdate(context.get(), pad->data(), &written, block.data(),
                               static_cast<int>(block.size())));
        const std::size_t n = std::min(data.size(), block.size());
        for (std::size_t i = 0; i < n; ++i) data[i] ^= (*pad)[i];
        data = data.subspan(n);
        const auto next = big_endian(++count);
        std::copy(next.begin(), next.end(), block.begin() + 8);
    }
}

} // namespace engine::chain
