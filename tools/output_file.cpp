#include "tools/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "engine/ensure.hpp"
#include "tools/program.hpp"

namespace tools {
namespace {

// Files that are being made, and for which flag.
std::map<std::string, std::string>& claimed() {
    static std::map<std::string, std::string> files;
    return files;
}

// The standard stream that a name stands for; -1: none.
int standard_descriptor(const std::string& path) {
    for (const char* name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
        if (path == name) return STDOUT_FILENO;
    for (const char* name : {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"})
        if (path == name) return STDERR_FILENO;
    return -1;
}

mode_t umask_now() {
    const mode_t mask = ::umask(077);
    ::umask(mask);
    return mask;
}

} // namespace

OutputFile::OutputFile(std::string flag, std::string path)
    : flag_(std::move(flag)), path_(std::move(path)), target_(path_) {
    if (const int standard = standard_descriptor(path_); standard >= 0) {
        in_place_ = true;
        claim(standard == STDOUT_FILENO ? "stdout" : "stderr");
        descriptor_ = ::fcntl(standard, F_DUPFD_CLOEXEC, 3);
        if (descriptor_ < 0) fail(errno);
        if (standard == STDOUT_FILENO) say_on_stderr();
        return;
    }
    struct stat existing {};
    const bool leads_somewhere = ::stat(path_.c_str(), &existing) == 0;
    if (::lstat(path_.c_str(), &existing) == 0 && S_ISLNK(existing.st_mode)) {
        char* resolved = ::realpath(path_.c_str(), nullptr);
        if (resolved == nullptr && !leads_somewhere)
            throw engine::UsageError(
                fmt::format("{}: '{}' is a symbolic link to nothing that can be written", flag_, path_));
        if (resolved != nullptr) target_ = resolved; // else a pipe of a shell, /dev/fd/63
        ::free(resolved);
    }
    if (::stat(target_.c_str(), &existing) == 0) {
        if (S_ISDIR(existing.st_mode)) fail(EISDIR);
        in_place_ = !S_ISREG(existing.st_mode);
        mode_ = existing.st_mode & 0777U;
    }
    if (in_place_) {
        descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) fail(errno);
        return;
    }
    // One name for a file, however it is written.
    std::error_code ignored;
    const std::filesystem::path full =
        std::filesystem::weakly_canonical(std::filesystem::absolute(target_), ignored);
    if (!ignored && !full.empty()) target_ = full.string();
    claim(target_);
    try {
        open_beside();
    } catch (...) {
        claimed().erase(claim_);
        throw;
    }
}

void OutputFile::claim(const std::string& name) {
    const auto [other, is_new] = claimed().emplace(name, flag_);
    if (!is_new)
        throw engine::UsageError(
            fmt::format("{}: '{}' is already the file of {}", flag_, path_, other->second));
    claim_ = name;
}

void OutputFile::open_beside() {
    const std::filesystem::path folder = std::filesystem::path(target_).parent_path();
    descriptor_ = ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) fail(errno);
        temporary_ = target_ + ".XXXXXX"; // a file system that knows no file without a name
        descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
        if (descriptor_ < 0) {
            temporary_.clear();
            fail(errno);
        }
        ::fchmod(descriptor_, 0666 & ~umask_now());
    }
    if (mode_ != 0) ::fchmod(descriptor_, mode_);
}

OutputFile::~OutputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    if (!claim_.empty()) claimed().erase(claim_);
}

void OutputFile::commit(const std::string& content) {
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t n = ::write(descriptor_, content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(errno);
        done += static_cast<std::size_t>(n);
    }
    if (in_place_) return;
    if (temporary_.empty()) { // a name first, for a link replaces nothing
        const std::string self = fmt::format("/proc/self/fd/{}", descriptor_);
        std::string name = fmt::format("{}.{}.new", target_, ::getpid());
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) fail(errno);
        temporary_ = std::move(name);
    }
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
    temporary_.clear();
}

bool OutputFile::try_commit(const char* program, const std::string& content) noexcept {
    try {
        commit(content);
        return true;
    } catch (const std::exception& error) {
        tell("{}: {}\n", program, error.what());
        return false;
    }
}

void OutputFile::fail(int error) const {
    throw engine::UsageError(flag_ + ": cannot write '" + path_ + "': " + std::strerror(error));
}

} // namespace tools
