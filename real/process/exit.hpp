#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace real {

/// How a process ended.
struct Exit {
    int native = 0; ///< as waitpid gives it
    /// What it wrote last, oldest first.
    std::vector<std::string> last_lines{};
    bool asked_for = false; ///< the harness ended it

    bool by_signal() const;
    /// @pre by_signal()
    int signal() const;
    /// @pre not by_signal()
    int code() const;
    bool ok() const { return native == 0; }
    /// "exit code 13" or "signal 9 (SIGKILL)".
    std::string text() const;
};

} // namespace real
