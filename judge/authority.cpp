#include "judge/authority.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fmt/format.h>

#include <memory>
#include <string>

#include "engine/ensure.hpp"
#include "real/service/report_signer.hpp"

namespace judge {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Text = std::unique_ptr<BIO, Free>;

constexpr long a_day_s = 86'400;

Certificate certificate_of(EVP_PKEY* key) {
    Certificate made(X509_new());
    X509* const it = made.get();
    X509_set_version(it, 2); // counts from 0
    ASN1_INTEGER_set(X509_get_serialNumber(it), 1);
    X509_gmtime_adj(X509_getm_notBefore(it), -a_day_s);
    X509_gmtime_adj(X509_getm_notAfter(it), 365 * a_day_s);
    X509_set_pubkey(it, key);
    X509_NAME* const name = X509_get_subject_name(it);
    constexpr unsigned char text[] = "simulated fog authority, no security";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(it, name);
    if (X509_sign(it, key, nullptr) == 0) return nullptr;
    return made;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

real::service::ReportSigner make_signer() {
    const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Certificate certificate = key ? certificate_of(key.get()) : nullptr;
    const Text chain(BIO_new(BIO_s_mem()));
    const Text secret(BIO_new(BIO_s_mem()));
    if (!certificate || PEM_write_bio_X509(chain.get(), certificate.get()) != 1 ||
        PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw engine::BrokenSurroundings("no authority for fog reports can be made");
    std::string why;
    auto signer = real::service::ReportSigner::from_pem(text_of(chain.get()), text_of(secret.get()), why);
    if (!signer) throw engine::BrokenSurroundings(fmt::format("the authority for fog reports: {}", why));
    return std::move(*signer);
}

} // namespace

real::grpc::SealReports simulated_authority() {
    const auto signer = std::make_shared<const real::service::ReportSigner>(make_signer());
    return [signer](const std::vector<engine::fog::ReportRow>& rows) {
        const auto signature = signer->sign(real::service::signed_reports(rows));
        real::grpc::ReportSeal seal;
        seal.chain = signer->chain();
        seal.signature.assign(signature.bytes.begin(), signature.bytes.end());
        return seal;
    };
}

} // namespace judge
