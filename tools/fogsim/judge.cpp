#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/ensure.hpp"
#include "tools/fogsim/commands.hpp"

namespace tools::fogsim {

int judge(char** argv) {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::filesystem::path program = self.parent_path() / "fogsim-judge";
    ::execv(program.c_str(), argv);
    throw engine::UsageError(
        fmt::format("judge: cannot start {} ({}): build it with ./run build release fogsim-judge, "
                    "or say ./run fogsim judge",
                    program.string(), std::strerror(errno)));
}

} // namespace tools::fogsim
