#include "tools/fog_node/attestation.hpp"

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "real/grpc/report.hpp"

namespace fog_node {

using real::attest::Signer;

void AttestationFlags::add_to(Parameters& parameters) {
    parameters
        .text("--attestation", mode,
              "simulated: what wallets built with SGX_MODE=SW speak, no security; clear: readable sessions")
        ->check(CLI::IsMember({"simulated", "clear"}));
    parameters.text("--enclave-key", enclave_key,
                    "PEM file of the RSA key that the enclaves count as signed with, for instance "
                    "Enclave_private.pem; without it nobody's");
    parameters.text("--enclave-css", enclave_css,
                    "Signature structure of an enclave (.css) that names the signer, in place of a key");
}

std::shared_ptr<const Signer> AttestationFlags::signer() const {
    if (!enclave_key.empty() && !enclave_css.empty())
        throw tools::BadInput("--enclave-css: goes without --enclave-key");
    std::optional<Signer> signer{Signer()};
    std::string why;
    if (!enclave_key.empty()) {
        signer = Signer::of_key(tools::read_file("--enclave-key", enclave_key), why);
        if (!signer) throw tools::BadInput(fmt::format("--enclave-key: {}: {}", enclave_key, why));
    }
    if (!enclave_css.empty()) {
        const std::string file = tools::read_file("--enclave-css", enclave_css);
        signer = Signer::of_css(engine::chain::as_bytes(file), why);
        if (!signer) throw tools::BadInput(fmt::format("--enclave-css: {}: {}", enclave_css, why));
    }
    if (mode == "clear") return nullptr;
    return std::make_shared<const Signer>(std::move(*signer));
}

void say_attestation(Log& log, const Signer* signer) {
    if (signer == nullptr) {
        say_clear_text(log);
        return;
    }
    log.warn("simulated attestation, no security: anybody can make this evidence; enclave signer {}",
             engine::chain::to_hex(signer->mr_signer.view()));
}

std::function<engine::chain::Bytes(const engine::chain::PublicKey&)>
report_evidence(std::shared_ptr<const Signer> signer) {
    using engine::chain::Bytes;
    using engine::chain::PublicKey;
    if (!signer) return [](const PublicKey& key) { return real::grpc::clear_text_evidence(key); };
    return [signer = std::move(signer),
            last = std::make_shared<std::pair<PublicKey, Bytes>>()](const PublicKey& key) {
        if (last->second.empty() || last->first != key)
            *last = {key, real::attest::ingest_evidence(*signer, key.view())};
        return last->second;
    };
}

} // namespace fog_node
