#include "tools/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/ensure.hpp"

namespace tools {

OutputFile::OutputFile(std::string flag, std::string path) : flag_(std::move(flag)), path_(std::move(path)) {
    struct stat existing {};
    if (stat(path_.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode)) {
        if (S_ISDIR(existing.st_mode)) fail(EISDIR);
        temporary_ = path_; // a pipe or terminal: written in place
        descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) fail(errno);
        return;
    }
    temporary_ = path_ + ".XXXXXX";
    descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail(errno);
}

OutputFile::~OutputFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!temporary_.empty() && temporary_ != path_) unlink(temporary_.c_str());
}

void OutputFile::commit(const std::string& content) {
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t n = write(descriptor_, content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(errno);
        done += static_cast<std::size_t>(n);
    }
    if (temporary_ == path_) return;
    fchmod(descriptor_, 0644);
    if (rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
    temporary_.clear();
}

void OutputFile::fail(int error) const {
    throw engine::UsageError(flag_ + ": cannot write '" + path_ + "': " + std::strerror(error));
}

} // namespace tools
