#include "real/world/answered.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "real/grpc/status.hpp"

namespace real {
namespace {

/// The value of a label of a line, without quotes.
std::string_view label(std::string_view line, std::string_view name) {
    const std::string key = fmt::format("{}=\"", name);
    const std::size_t at = line.find(key);
    if (at == line.npos) return {};
    line.remove_prefix(at + key.size());
    return line.substr(0, line.find('"'));
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc()) return std::nullopt;
    return value;
}

bool is_of_wallets(std::string_view method) {
    for (const char* name :
         {"Auth", "Query", "CheckKeyImages", "GetOutputs", "GetBlocks", "GetTxOuts", "request", "Request"})
        if (method == name) return true;
    return false;
}

} // namespace

Answered Answered::on(std::string_view page) {
    Answered out;
    while (!page.empty()) {
        const std::size_t end = std::min(page.find('\n'), page.size());
        const std::string_view line = page.substr(0, end);
        page.remove_prefix(std::min(end + 1, page.size()));
        if (line.starts_with('#') || line.find("_num_status_code{") == line.npos) continue;
        std::string_view method = label(line, "method");
        method = method.substr(method.find_last_of("./") + 1); // npos + 1 is 0
        const auto status = number(label(line, "status_code"));
        const auto times = number(line.substr(line.find_last_of(' ') + 1));
        if (!is_of_wallets(method) || !status || !times || *times == 0) continue;
        if (*status == 0)
            out.well += *times;
        else
            out.badly[fmt::format("{} with {}", method,
                                  grpc::name(static_cast<grpc::StatusCode>(*status)))] += *times;
    }
    return out;
}

std::string Answered::complaints() const {
    std::string out;
    for (const auto& [what, times] : badly)
        out += fmt::format("{}{} ({} time{})", out.empty() ? "" : ", ", what, times, times == 1 ? "" : "s");
    return out;
}

} // namespace real
