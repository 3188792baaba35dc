#include "real/secret/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace real::secret {
namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { (void)close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

private:
    int fd_;
};

bool write_all(int fd, engine::chain::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

std::error_code replace_secret_file(const std::filesystem::path& path, engine::chain::ByteView bytes) {
    const std::filesystem::path staged = path.string() + ".new";
    ::unlink(staged.c_str()); // of a process that died in the middle
    Descriptor file(
        ::open(staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!file) return {errno, std::generic_category()};
    const bool written = ::fchmod(file.get(), S_IRUSR | S_IWUSR) == 0 && write_all(file.get(), bytes) &&
                         ::fsync(file.get()) == 0 && file.close() &&
                         ::rename(staged.c_str(), path.c_str()) == 0;
    if (!written) {
        const int why = errno;
        ::unlink(staged.c_str());
        return {why, std::generic_category()};
    }
    // The rename itself survives a power failure only once the folder is synced; the content is whole either
    // way.
    std::filesystem::path folder = path.parent_path();
    if (folder.empty()) folder = ".";
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) (void)::fsync(directory.get());
    return {};
}

} // namespace real::secret
