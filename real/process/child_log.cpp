#include "real/process/child_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace real {

ChildLog::ChildLog(std::filesystem::path path, Limits limits) : path_(std::move(path)), limits_(limits) {
    open();
}

ChildLog::~ChildLog() {
    if (file_ >= 0) ::close(file_);
}

void ChildLog::open() {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status {};
    size_ = file_ >= 0 && ::fstat(file_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void ChildLog::rotate() {
    if (file_ >= 0) ::close(file_);
    auto older = [this](unsigned n) {
        return n == 0 ? path_ : std::filesystem::path(fmt::format("{}.{}", path_.string(), n));
    };
    std::error_code ignored; // a log that cannot be moved goes on growing
    std::filesystem::remove(older(limits_.older_files), ignored);
    for (unsigned n = limits_.older_files; n > 0; --n)
        std::filesystem::rename(older(n - 1), older(n), ignored);
    open();
}

void ChildLog::to_file(std::string_view bytes) {
    while (file_ >= 0 && !bytes.empty()) {
        const ssize_t written = ::write(file_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void ChildLog::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::string_view part = bytes.substr(0, end == bytes.npos ? bytes.size() : end + 1);
        const bool at_line_start = line_.empty();
        if (size_ >= limits_.file_bytes || (at_line_start && size_ + part.size() > limits_.file_bytes))
            rotate();
        to_file(part);
        bytes.remove_prefix(part.size());

        const std::string_view text = end == part.npos ? part : part.substr(0, part.size() - 1);
        if (line_.size() < limits_.line_bytes)
            line_.append(text.substr(0, limits_.line_bytes - line_.size()));
        if (end == std::string_view::npos) continue;
        lines_.push_back(std::move(line_));
        line_.clear();
        if (lines_.size() > limits_.lines_in_memory) lines_.pop_front();
    }
}

std::vector<std::string> ChildLog::last_lines(std::size_t count) const {
    std::vector<std::string> out(lines_.begin(), lines_.end());
    if (!line_.empty()) out.push_back(line_);
    if (out.size() > count) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(count));
    return out;
}

void ChildLog::forget_lines() {
    lines_.clear();
    line_.clear();
}

} // namespace real
