#include <array>
#include <string_view>

#include "engine/chain/fuzz/target.hpp"
#include "real/attest/evidence.hpp"
#include "real/attest/ias_report.hpp"

// Hostile evidence: as a message, as the text inside it, and as a signature structure.

using namespace real::attest;
using engine::chain::must_hold;

FOG_FUZZ_TARGET(evidence);
FOG_FUZZ_TARGET(evidence) {
    const ByteView bytes(data, size);
    std::string why;
    const std::array trusted{TrustedIdentity::of(Enclave::view, MrSigner{})};
    (void)verify_evidence(bytes, trusted, why);
    const auto report = IasReport::parse({reinterpret_cast<const char*>(data), size}, why);
    if (report) (void)report->is_tolerable();
    if (const auto css = Css::parse(bytes, why)) must_hold(Css::parse(css->encode(), why).has_value());
    (void)modulus_from_pem({reinterpret_cast<const char*>(data), size}, why);
    return 0;
}
