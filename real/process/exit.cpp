#include "real/process/exit.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstring>

namespace real {

bool Exit::by_signal() const { return WIFSIGNALED(native); }
int Exit::signal() const { return WTERMSIG(native); }
int Exit::code() const { return WEXITSTATUS(native); }

std::string Exit::text() const {
    if (!by_signal()) return fmt::format("exit code {}", code());
    const char* abbreviation = ::sigabbrev_np(signal());
    return fmt::format("signal {} (SIG{})", signal(), abbreviation == nullptr ? "?" : abbreviation);
}

} // namespace real
