#include "real/world/waits.hpp"

#include <fmt/format.h>

#include <chrono>

namespace real {

std::string Waits::text() const {
    std::string out;
    for (const auto& [number, wait] : all_) {
        const auto since = std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - wait.since);
        out += fmt::format("{}{} (since {} s)", out.empty() ? "" : ", ", wait.what, since.count());
    }
    return out;
}

} // namespace real
