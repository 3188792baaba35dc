#include "real/process/owned_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace real {

namespace fs = std::filesystem;

namespace {

constexpr const char* owner_file = ".owner";

// A database server in it: the first line of its file is its process, the last word of the seventh its shared
// memory, which a server that was killed leaves.
// @return false when it may still be running
bool remove_shared_memory_of(const fs::path& directory) {
    std::ifstream file(directory / "data" / "postmaster.pid");
    std::string line;
    for (int i = 0; i < 7; ++i) {
        if (!std::getline(file, line)) return true;
        const int server =
            i == 0 ? std::abs(std::atoi(line.c_str())) : 0; // negative: one that makes the database
        if (server != 0 && (::kill(server, 0) == 0 || errno == EPERM)) return false;
    }
    const std::size_t blank = line.rfind(' ');
    if (blank == line.npos) return true;
    const int id = std::atoi(line.c_str() + blank);
    shmid_ds segment{};
    if (::shmctl(id, IPC_STAT, &segment) != 0) return true;
    if (segment.shm_nattch != 0) return false;
    (void)::shmctl(id, IPC_RMID, nullptr);
    return true;
}

} // namespace

DirectoryOwner::DirectoryOwner(const fs::path& directory) : file_(directory / owner_file) {
    // Locked before it has its name: nobody finds it unlocked while we live.
    const fs::path unnamed = directory / ".owner.new";
    fd_ = ::open(unnamed.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) return;
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 || ::rename(unnamed.c_str(), file_.c_str()) != 0) {
        ::unlink(unnamed.c_str());
        ::close(std::exchange(fd_, -1));
    }
}

DirectoryOwner::DirectoryOwner(DirectoryOwner&& other) noexcept
    : file_(std::move(other.file_)), fd_(std::exchange(other.fd_, -1)) {}

DirectoryOwner& DirectoryOwner::operator=(DirectoryOwner&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(fd_, other.fd_);
    return *this;
}

DirectoryOwner::~DirectoryOwner() {
    if (fd_ >= 0) ::close(fd_);
}

void DirectoryOwner::give_up() {
    if (fd_ < 0) return;
    ::unlink(file_.c_str());
    ::close(std::exchange(fd_, -1));
}

std::size_t remove_what_the_dead_left(const fs::path& parent, const std::string& prefix) {
    std::size_t removed = 0;
    std::error_code error;
    std::vector<fs::path> candidates;
    for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.starts_with(prefix) && name.size() == prefix.size() + 6) candidates.push_back(it->path());
    }
    for (const fs::path& directory : candidates) {
        struct stat status {};
        const fs::path file = directory / owner_file;
        if (::lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
        const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0) continue; // kept on purpose, of another user, or not ours at all
        const bool is_own =
            ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
        if (is_own && ::flock(fd, LOCK_EX | LOCK_NB) == 0) {
            std::error_code failed;
            const bool is_dead = remove_shared_memory_of(directory);
            if (is_dead) fs::remove_all(directory, failed);
            if (is_dead && !failed) ++removed;
        }
        ::close(fd);
    }
    return removed;
}

} // namespace real
