#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

// How a service has answered so far, read off the numbers on its metrics page.

namespace real {

/// Answers to wallets: handshakes, queries, whatever is not about the service's own health.
struct Answered {
    std::uint64_t well = 0;
    std::map<std::string, std::uint64_t> badly; ///< "Auth with PERMISSION_DENIED": how often

    /// `..._num_status_code{method="Auth",status_code="7"} 3`; the method may come with its package and
    /// service, the status with its name.
    static Answered on(std::string_view page);
    bool nothing() const { return well == 0 && badly.empty(); }
    bool only_badly() const { return well == 0 && !badly.empty(); }
    /// "Auth with PERMISSION_DENIED (4 times)"
    std::string complaints() const;
};

} // namespace real
