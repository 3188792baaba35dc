#include "real/attest/session.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/chain/bytes.hpp"
#include "engine/ensure.hpp"

namespace real::attest {

using engine::chain::as_bytes;

namespace {

ReportBody body_of(Enclave enclave, const Signer& signer) {
    ReportBody body = ReportBody::of(enclave, signer.mr_signer);
    body.svn = std::max(body.svn, signer.least_svn);
    return body;
}

} // namespace

std::optional<Signer> Signer::of_key(std::string_view pem, std::string& why) {
    const auto modulus = modulus_from_pem(pem, why);
    if (!modulus) return std::nullopt;
    return Signer{mr_signer_of(*modulus)};
}

std::optional<Signer> Signer::of_css(ByteView file, std::string& why) {
    const auto css = Css::parse(file, why);
    if (!css) return std::nullopt;
    return Signer{mr_signer_of(css->modulus), css->svn};
}

Bytes ingest_evidence(const Signer& signer, ByteView ingress_key) {
    ReportBody body = body_of(Enclave::ingest, signer);
    ENSURE(ingress_key.size() == body.report_data.size() - X25519Public::size);
    std::ranges::copy(ingress_key, body.report_data.begin() + X25519Public::size);
    return encode(simulated_report(body));
}

std::optional<std::string> fault_of_ingest_evidence(ByteView evidence, const Signer& signer,
                                                    ByteView ingress_key) {
    const std::array trusted{TrustedIdentity::of(Enclave::ingest, signer.mr_signer)};
    std::string why;
    const auto vouched = verify_evidence(evidence, trusted, why);
    if (!vouched) return why;
    if (!vouched->custom || !std::ranges::equal(*vouched->custom, ingress_key))
        return "it is for another ingress key";
    return std::nullopt;
}

Responder::Responder(Enclave enclave, const Signer& signer, std::string responder_id)
    : responder_id_(std::move(responder_id)), keys_(X25519Keys::random()) {
    ReportBody body = body_of(enclave, signer);
    std::ranges::copy(keys_.open.bytes, body.report_data.begin());
    evidence_ = encode(simulated_report(body));
}

std::optional<Accepted> Responder::accept(ByteView message_1) const {
    return respond(as_bytes(responder_id_), keys_, X25519Keys::random(), message_1, evidence_);
}

Expectation Expectation::of(Enclave enclave, const Signer& signer, std::string responder_id) {
    Expectation expectation;
    expectation.responder_id = std::move(responder_id);
    expectation.trusted.push_back(TrustedIdentity::of(enclave, signer.mr_signer));
    return expectation;
}

Greeting::Greeting(const Expectation& expectation)
    : expectation_(expectation), initiator_(as_bytes(expectation.responder_id), X25519Keys::random()),
      message_1_(initiator_.message_1()) {}

std::optional<SecureChannel> Greeting::finish(ByteView message_2, Fault& fault, std::string& why) && {
    auto finished = std::move(initiator_).read_message_2(message_2);
    if (!finished) {
        fault = Fault::damaged;
        why =
            fmt::format("the handshake's answer does not decrypt; the server may call itself something else "
                        "than {}",
                        expectation_.responder_id);
        return std::nullopt;
    }
    if (const auto refusal = fault_of_session(finished->payload, expectation_.trusted, finished->responder)) {
        fault = Fault::refused;
        why = fmt::format("the evidence of {} is refused: {}", expectation_.responder_id, *refusal);
        return std::nullopt;
    }
    return std::move(finished->channel);
}

} // namespace real::attest
