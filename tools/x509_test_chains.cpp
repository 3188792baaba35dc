#include "tools/x509_test_chains.hpp"

#include <array>
#include <fstream>
#include <future>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret_buffer.hpp"
#include "real/secret/secret_file.hpp"

namespace tools {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct FreeWith {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;
using Memory = std::unique_ptr<BIO, FreeWith<BIO_free>>;

constexpr int authority_days = 18262; // fifty years
constexpr int server_days = 3650;
constexpr long first_serial = 0x1000;

void must(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL could not ") + what);
}

Key rsa_key(unsigned bits) {
    const Key key(EVP_RSA_gen(bits), EVP_PKEY_free);
    must(key != nullptr, "make an RSA key");
    return key;
}

Key ed25519_key() {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    must(key != nullptr, "make an Ed25519 key");
    return key;
}

/// Extensions as {name, value} in OpenSSL's configuration syntax.
using Extensions = std::initializer_list<std::array<const char*, 2>>;

constexpr const char* authority_usage = "critical,digitalSignature,cRLSign,keyCertSign";
const Extensions authority_extensions{{"subjectKeyIdentifier", "hash"},
                                      {"authorityKeyIdentifier", "keyid:always,issuer"},
                                      {"basicConstraints", "critical,CA:true"},
                                      {"keyUsage", authority_usage}};
const Extensions penultimate_extensions{{"subjectKeyIdentifier", "hash"},
                                        {"authorityKeyIdentifier", "keyid:always,issuer"},
                                        {"basicConstraints", "critical,CA:true,pathlen:0"},
                                        {"keyUsage", authority_usage}};
const Extensions leaf_extensions{{"basicConstraints", "CA:FALSE"},
                                 {"subjectKeyIdentifier", "hash"},
                                 {"authorityKeyIdentifier", "keyid,issuer"},
                                 {"keyUsage", "critical,nonRepudiation,digitalSignature,keyEncipherment"},
                                 {"extendedKeyUsage", "emailProtection"}};

/// From when to when: either days from now, or two times of the form YYYYMMDDHHMMSSZ.
struct Validity {
    int days = authority_days;
    const char* from = nullptr;
    const char* until = nullptr;
};

/// One certified party.  The next serial belongs to the certificates it issues.
struct Party {
    Key key;
    Certificate certificate;
    long next_serial = first_serial;
};

void set_name(X509_NAME* name, const std::string& common_name) {
    const std::array<std::array<const char*, 2>, 5> constant_parts{{{"C", "US"},
                                                                    {"ST", "California"},
                                                                    {"L", "San Francisco"},
                                                                    {"O", "TESTING ONLY"},
                                                                    {"OU", "TESTING"}}};
    const auto add = [name](const char* field, const char* value) {
        must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(value), -1, -1, 0) == 1,
             "set a name");
    };
    for (const auto& part : constant_parts) add(part[0], part[1]);
    add("CN", common_name.c_str());
}

/// @param issuer  nothing for a certificate that signs itself
Party certify(Key key, const std::string& common_name, Party* issuer, const Extensions& extensions,
              const Validity& validity = {}) {
    Party party{std::move(key), Certificate(X509_new(), X509_free)};
    X509* certificate = party.certificate.get();
    must(certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1, "make a certificate");
    set_name(X509_get_subject_name(certificate), common_name);
    X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
    long& serial = issuer != nullptr ? issuer->next_serial : party.next_serial;
    must(X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1, "name the issuer");
    must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++) == 1, "set a serial number");
    must(X509_set_pubkey(certificate, party.key.get()) == 1, "set a public key");
    if (validity.from != nullptr) {
        must(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), validity.from) == 1 &&
                 ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), validity.until) == 1,
             "set a validity");
    } else {
        must(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != nullptr &&
                 X509_time_adj_ex(X509_getm_notAfter(certificate), validity.days, 0, nullptr) != nullptr,
             "set a validity");
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, certificate, nullptr, nullptr, 0);
    for (const auto& extension : extensions) {
        const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> made(
            X509V3_EXT_conf(nullptr, &context, extension[0], extension[1]));
        must(made && X509_add_ext(certificate, made.get(), -1) == 1, "add an extension");
    }
    EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.get() : party.key.get();
    must(X509_sign(certificate, signing_key, EVP_sha256()) > 0, "sign a certificate");
    return party;
}

std::string text_of(const Memory& memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(std::initializer_list<const Party*> parties) {
    const Memory memory(BIO_new(BIO_s_mem()));
    for (const Party* party : parties)
        must(memory && PEM_write_bio_X509(memory.get(), party->certificate.get()) == 1,
             "write a certificate");
    return text_of(memory);
}

engine::chain::SecretText key_pem_of(const Party& party) {
    const Memory memory(BIO_new(BIO_s_secmem()));
    must(memory && PEM_write_bio_PrivateKey(memory.get(), party.key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1,
         "write a private key");
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

void write(const fs::path& path, const std::string& content) {
    std::ofstream out(path, std::ios::binary);
    out << content;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
}

void fill_folder(const fs::path& folder) {
    // The slow keys first, on another thread.
    auto root_key = std::async(std::launch::async, rsa_key, 4096u);
    auto server_key_1 = std::async(std::launch::async, rsa_key, 4096u);
    Key server_key_2 = rsa_key(4096);

    //  root +- penultimate 1 - leaf 1, expired leaf, too-soon leaf
    //       +- intermediate 1 - intermediate 2 - ... - intermediate 7 - penultimate 8 - leaf 9
    Party root = certify(root_key.get(), "Test Root Authority", nullptr, authority_extensions);
    Party penultimate = certify(rsa_key(2048), "Test Penultimate Authority 1", &root, penultimate_extensions);
    const Party leaf = certify(ed25519_key(), "Test Leaf Certificate 1", &penultimate, leaf_extensions);
    const Party expired = certify(ed25519_key(), "Test Expired Leaf Certificate", &penultimate,
                                  leaf_extensions, {.from = "20010101000000Z", .until = "20100101000001Z"});
    const Party too_soon = certify(ed25519_key(), "Test Too Soon Leaf Certificate", &penultimate,
                                   leaf_extensions, {.from = "20590101000000Z", .until = "20770101000001Z"});
    std::array<Party, 7> intermediates;
    for (std::size_t i = 0; i < intermediates.size(); ++i)
        intermediates[i] = certify(rsa_key(2048), "Test Intermediate Authority " + std::to_string(i + 1),
                                   i == 0 ? &root : &intermediates[i - 1], authority_extensions);
    Party penultimate_8 =
        certify(rsa_key(2048), "Test Penultimate Authority 8", &intermediates[6], penultimate_extensions);
    const Party leaf_9 = certify(ed25519_key(), "Test Leaf Certificate 9", &penultimate_8, leaf_extensions);
    const Party server_1 =
        certify(server_key_1.get(), "www.server1.com", nullptr, authority_extensions, {.days = server_days});
    const Party server_2 =
        certify(server_key_2, "www.server2.com", nullptr, authority_extensions, {.days = server_days});

    const auto chain = [&folder](const char* name, std::initializer_list<const Party*> parties,
                                 const Party* key) {
        write(folder / (std::string(name) + ".pem"), pem_of(parties));
        if (key == nullptr) return;
        const fs::path file = folder / (std::string(name) + ".key");
        if (const auto why =
                real::secret::replace_secret_file(file, engine::chain::as_bytes(key_pem_of(*key))))
            throw std::runtime_error("cannot write " + file.string() + ": " + why.message());
    };
    auto& between = intermediates;
    chain("ok_rsa_head", {&root}, nullptr);
    chain("ok_rsa_chain_25519_leaf", {&leaf, &penultimate, &root}, &leaf);
    chain("ok_rsa_out_of_order", {&root, &penultimate, &leaf}, &leaf);
    chain("ok_rsa_chain_depth_10",
          {&leaf_9, &penultimate_8, &between[6], &between[5], &between[4], &between[3], &between[2],
           &between[1], &between[0], &root},
          &leaf_9);
    chain("ok_rsa_tree", {&leaf, &between[0], &between[1], &penultimate, &root}, &leaf);
    chain("fail_missing_head", {&leaf, &penultimate}, &leaf);
    chain("fail_missing_link", {&leaf, &root}, &leaf);
    // Upstream ships the valid leaf's key beside the expired certificate; tests that read both rely on it.
    chain("fail_leaf_expired", {&expired, &penultimate, &root}, &leaf);
    chain("fail_leaf_too_soon", {&too_soon, &penultimate, &root}, &too_soon);
    chain("ok_self_signed_1", {&server_1}, &server_1);
    chain("ok_self_signed_2", {&server_2}, &server_2);
}

} // namespace

const std::vector<TestChain>& test_chains() {
    static const std::vector<TestChain> chains{
        {"ok_rsa_head", false, "root"},
        {"ok_rsa_chain_25519_leaf", true, "leaf, penultimate, root"},
        {"ok_rsa_out_of_order", true, "root, penultimate, leaf"},
        {"ok_rsa_chain_depth_10", true, "leaf, penultimate, seven intermediates, root"},
        {"ok_rsa_tree", true, "leaf, two intermediates of another branch, penultimate, root"},
        {"fail_missing_head", true, "leaf, penultimate"},
        {"fail_missing_link", true, "leaf, root"},
        {"fail_leaf_expired", true, "expired leaf, penultimate, root; the key is another leaf's"},
        {"fail_leaf_too_soon", true, "leaf valid from 2059, penultimate, root"},
        {"ok_self_signed_1", true, "self-signed www.server1.com"},
        {"ok_self_signed_2", true, "self-signed www.server2.com"},
    };
    return chains;
}

void write_test_chains(const fs::path& folder) {
    const fs::path draft = fs::path(folder) += ".draft-" + std::to_string(::getpid());
    fs::create_directories(draft);
    try {
        fill_folder(draft);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(draft, ignored);
        throw;
    }
    std::error_code error;
    fs::rename(draft, folder, error);
    if (!error) return;
    // Somebody else was first: theirs is as good.
    std::error_code ignored;
    fs::remove_all(draft, ignored);
    if (!fs::is_directory(folder))
        throw std::runtime_error("cannot create " + folder.string() + ": " + error.message());
}

} // namespace tools
