#include "real/attest/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/wire.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/attest/ias_report.hpp"
#include "real/attest/simulation_root.hpp"

namespace real::attest {

using engine::chain::as_bytes;
using engine::chain::VerificationReport;
using engine::chain::WireField;

namespace {

// How far the climb from the signing certificate goes.
constexpr int max_climb = 5;

/// @return nothing when the message is malformed
std::optional<VerificationReport> decode(ByteView message) {
    VerificationReport report;
    const bool good = engine::chain::read_fields(message, [&report](const WireField& field) {
        switch (field.number) {
        case 1: {
            const auto signature = field.wrapped();
            if (!signature) return false;
            report.signature.assign(signature->begin(), signature->end());
            return true;
        }
        case 2: {
            const auto certificate = field.bytes();
            if (!certificate) return false;
            report.chain.emplace_back(certificate->begin(), certificate->end());
            return true;
        }
        case 3:
            return engine::chain::take(report.http_body, field.text());
        default:
            return true;
        }
    });
    if (!good) return std::nullopt;
    return report;
}

/// Whether the certificate leads to the simulation root: it or one above it has the root's key, or is issued
/// by the root.
bool leads_to_root(const Certificate& leaf, const std::vector<Certificate>& given) {
    const P256Point anchor = simulation_root().point();
    const NamePtr anchor_name = simulation_root_name();
    const Certificate* at = &leaf;
    for (int climbed = 0; climbed <= max_climb; ++climbed) {
        if (at->has_key(anchor)) return true;
        if (at->is_issued_by(anchor_name.get(), simulation_root().handle())) return true;
        const Certificate* parent = nullptr;
        for (const Certificate& other : given)
            if (&other != at && other.is_authority() && at->is_issued_by(other)) parent = &other;
        if (parent == nullptr) return false;
        at = parent;
    }
    return false;
}

bool is_signed(const VerificationReport& report) {
    std::vector<Certificate> certificates; // those that parse
    for (const Bytes& der : report.chain)
        if (auto certificate = Certificate::parse(der)) certificates.push_back(std::move(*certificate));
    for (const Certificate& certificate : certificates)
        if (verifies(certificate.key(), as_bytes(report.http_body), report.signature) &&
            leads_to_root(certificate, certificates))
            return true;
    return false;
}

std::optional<Vouched> verify_report(const VerificationReport& report,
                                     std::span<const TrustedIdentity> trusted, std::string& why) {
    const auto refused = [&why](std::string reason) {
        why = std::move(reason);
        return std::nullopt;
    };
    if (report.chain.empty()) return refused("there are no certificates");
    if (!is_signed(report))
        return refused("no certificate both verifies the signature and leads to the simulation root");
    const auto said = IasReport::parse(report.http_body, why);
    if (!said) return std::nullopt;
    if (!said->is_tolerable()) return refused(fmt::format("the platform's status is '{}'", said->status));
    const bool known = trusted.empty() || std::ranges::any_of(trusted, [&](const TrustedIdentity& one) {
                           return said->body.matches(one);
                       });
    if (!known)
        return refused(fmt::format("the enclave is another one (product {}, security version {})",
                                   said->body.product_id, said->body.svn));
    Vouched vouched;
    vouched.body = said->body;
    const ByteView data(said->body.report_data);
    vouched.key = X25519Public::from(data.first(X25519Public::size)).value();
    vouched.custom.emplace(data.begin() + X25519Public::size, data.end());
    return vouched;
}

} // namespace

VerificationReport simulated_report(const ReportBody& body) {
    // Its name, dates and signature do not matter: it holds the root's key.
    static const Bytes certificate = [] {
        CertificateMaker maker;
        return maker.make(simulation_root(), simulation_root()).der();
    }();
    VerificationReport report;
    report.http_body = IasReport::of(body);
    report.chain.push_back(certificate);
    report.signature = simulation_root().sign(as_bytes(report.http_body));
    return report;
}

Bytes encode(const VerificationReport& report) {
    engine::chain::WireWriter out;
    out.wrapped(1, report.signature);
    for (const Bytes& certificate : report.chain) out.bytes(2, certificate);
    out.text(3, report.http_body);
    return out.take();
}

std::optional<ByteView> dcap_in(ByteView evidence) {
    std::optional<ByteView> content;
    (void)engine::chain::read_fields(evidence, [&content](const WireField& field) {
        if (field.number == 4) content = field.bytes().value_or(ByteView{});
        return true;
    });
    return content;
}

std::optional<Bytes> claimed_custom_identity(ByteView evidence) {
    if (const auto dcap = dcap_in(evidence)) {
        std::optional<Bytes> identity;
        const auto in_report_data = [&identity](const WireField& field) {
            if (field.number != 3) return true;
            const auto content = field.bytes();
            if (content) identity.emplace(content->begin(), content->end());
            return content.has_value();
        };
        const bool good = engine::chain::read_fields(*dcap, [&in_report_data](const WireField& field) {
            return field.number != 3 ||
                   engine::chain::read_fields(field.bytes().value_or(ByteView{}), in_report_data);
        });
        return good ? identity : std::nullopt;
    }
    const auto report = decode(evidence);
    std::string why;
    const auto said = report ? IasReport::parse(report->http_body, why) : std::nullopt;
    if (!said) return std::nullopt;
    const auto& data = said->body.report_data;
    return Bytes(data.begin() + X25519Public::size, data.end());
}

std::optional<Vouched> verify_evidence(ByteView evidence, std::span<const TrustedIdentity> trusted,
                                       std::string& why) {
    if (dcap_in(evidence)) {
        why = "it is DCAP evidence, which is not understood here";
        return std::nullopt;
    }
    const auto report = decode(evidence);
    if (!report) {
        why = "it does not decode";
        return std::nullopt;
    }
    return verify_report(*report, trusted, why);
}

std::optional<std::string> fault_of_session(ByteView evidence, std::span<const TrustedIdentity> trusted,
                                            const X25519Public& static_key) {
    std::string why;
    const auto vouched = verify_evidence(evidence, trusted, why);
    if (!vouched) return why;
    if (vouched->key != static_key) return "it is for another key than that of the handshake";
    return std::nullopt;
}

} // namespace real::attest
