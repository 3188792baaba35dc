#include "engine/chain/x509.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace engine::chain {
namespace {

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
struct FreeOpensslMemory {
    void operator()(void* memory) const { OPENSSL_free(memory); }
};

} // namespace

std::optional<Bytes> spki_of_first_certificate(std::string_view pem, std::string& why) {
    // As MobileCoin's parser: blanks in front of a line do not matter.
    std::string text;
    for (bool at_begin = true; const char c : pem) {
        if (at_begin && (c == ' ' || c == '\t')) continue;
        text.push_back(c);
        at_begin = c == '\n';
    }
    const std::unique_ptr<BIO, FreeWith<BIO_free>> in(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* der = nullptr;
    long size = 0;
    const bool found = in && PEM_read_bio(in.get(), &name, &header, &der, &size) == 1;
    const std::unique_ptr<char, FreeOpensslMemory> free_name(name);
    const std::unique_ptr<char, FreeOpensslMemory> free_header(header);
    const std::unique_ptr<unsigned char, FreeOpensslMemory> free_der(der);
    ERR_clear_error();
    if (!found) {
        why = "no PEM block";
        return std::nullopt;
    }
    const std::string_view label = name;
    if (label != "CERTIFICATE" && label != "X509 CERTIFICATE" && label != "TRUSTED CERTIFICATE") {
        why = "the first PEM block is a " + std::string(name) + ", not a CERTIFICATE";
        return std::nullopt;
    }
    const unsigned char* at = der;
    const std::unique_ptr<X509, FreeWith<X509_free>> certificate(d2i_X509(nullptr, &at, size));
    unsigned char* spki = nullptr;
    const int spki_size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki) : -1;
    const std::unique_ptr<unsigned char, FreeOpensslMemory> free_spki(spki);
    ERR_clear_error();
    if (spki_size <= 0) {
        why = "the first PEM block does not hold an X.509 certificate";
        return std::nullopt;
    }
    return Bytes(spki, spki + spki_size);
}

} // namespace engine::chain
