#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "real/attest/enclave.hpp"

// The text of an attestation report of the older (EPID) kind, as Intel's service wrote it: one JSON object.

namespace real::attest {

struct IasReport {
    std::string status;                  ///< isvEnclaveQuoteStatus
    ReportBody body;                     ///< of isvEnclaveQuoteBody
    std::vector<std::string> advisories; ///< advisoryIDs
    std::optional<std::string> advisory_url;

    /// Reads with upstream's habits, which are not JSON's: ASCII only, a comma may trail, of a member given
    /// twice the last counts, and nothing but white space may follow.  Members that are there must have the
    /// right type and length, also where they do not matter.
    /// @param why  set to the reason when nothing is returned
    static std::optional<IasReport> parse(std::string_view text, std::string& why);
    /// What a stand-in says.
    static std::string of(const ReportBody& body);

    /// Whether the platform's state is acceptable.  Advisories count only where the state is not OK.
    bool is_tolerable() const;
};

} // namespace real::attest
