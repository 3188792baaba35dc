#include "real/postgres/cluster_cache.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "engine/chain/sodium.hpp"
#include "real/process/interruption.hpp"

namespace real::postgres {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto lock_limit =
    2s; // a copy takes a tenth of a second; making a database anew takes less than this

/// Reads a whole file.  @throws fs::filesystem_error
std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string out(fs::file_size(file), '\0');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    if (!in) throw fs::filesystem_error("cannot be read", file, std::make_error_code(std::errc::io_error));
    return out;
}

/// Copies a directory, gives the copy to a user, and takes a digest of names and contents on the way.
class TreeCopy {
public:
    TreeCopy(uid_t uid, gid_t gid) : uid_(uid), gid_(gid) {
        crypto_generichash_init(&state_, nullptr, 0, crypto_generichash_BYTES);
    }
    void copy(const fs::path& from, const fs::path& to) {
        fs::create_directory(to);
        give(to, true);
        std::vector<fs::directory_entry> entries(fs::directory_iterator(from), {});
        std::sort(entries.begin(), entries.end());
        for (const fs::directory_entry& entry : entries) {
            const std::string name = entry.path().filename().string();
            add(entry.is_directory() ? 'd' : 'f', name);
            if (entry.is_directory()) {
                copy(entry.path(), to / name);
                add('e', "");
                continue;
            }
            const std::string content = content_of(entry.path());
            add('c', content);
            std::ofstream out(to / name, std::ios::binary);
            out << content;
            out.close();
            if (!out)
                throw fs::filesystem_error("cannot be written", to / name,
                                           std::make_error_code(std::errc::io_error));
            give(to / name, false);
        }
    }
    std::string digest() {
        unsigned char bytes[crypto_generichash_BYTES];
        crypto_generichash_final(&state_, bytes, sizeof bytes);
        std::string out;
        for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
        return out;
    }

private:
    void add(char kind, std::string_view text) {
        const std::string head = fmt::format("{}{}:", kind, text.size());
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(head.data()), head.size());
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    void give(const fs::path& path, bool is_directory) {
        if (::geteuid() == 0 && ::lchown(path.c_str(), uid_, gid_) != 0)
            throw fs::filesystem_error("cannot be given away", path,
                                       std::error_code(errno, std::generic_category()));
        // Postgres insists on privacy.
        fs::permissions(path,
                        is_directory ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write);
    }
    uid_t uid_;
    gid_t gid_;
    crypto_generichash_state state_{};
};

fs::path cache_directory() {
    fs::path base;
    if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/')
        base = xdg;
    else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        base = fs::path(home) / ".cache";
    if (base.empty()) return {};
    std::error_code error;
    fs::create_directories(base / "fogsim", error);
    if (error) return {};
    fs::permissions(base / "fogsim", fs::perms::owner_all, error);
    if (error || ::access((base / "fogsim").c_str(), W_OK) != 0) return {};
    return base / "fogsim";
}

int take_lock(const fs::path& file) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0) return -1;
    const auto due = std::chrono::steady_clock::now() + lock_limit;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() > due || Interruption::requested()) {
            ::close(fd);
            return -1;
        }
        std::this_thread::sleep_for(10ms);
    }
    return fd;
}

} // namespace

ClusterCache::ClusterCache(const fs::path& program, std::function<void(const std::string&)> say)
    : say_(std::move(say)) {
    engine::chain::init_sodium();
    const fs::path place = cache_directory();
    // Size and age of a program tell one from another, and cost no process.
    struct stat status {};
    if (place.empty() || ::stat(program.c_str(), &status) != 0) return;
    lock_ = take_lock(place / "lock");
    if (lock_ < 0) return;
    // The first number changes with the way the copy is made.
    copy_ = place / fmt::format("postgres-2-{}-{}", status.st_size, status.st_mtim.tv_sec);
    digest_ = copy_.string() + ".digest";
}

ClusterCache::~ClusterCache() {
    if (lock_ >= 0) ::close(lock_);
}

bool ClusterCache::take(const fs::path& to, uid_t uid, gid_t gid) {
    std::error_code ignored;
    if (copy_.empty() || !fs::exists(copy_, ignored)) return false;
    std::string why = "it has been changed";
    try {
        TreeCopy tree(uid, gid);
        tree.copy(copy_, to);
        if (tree.digest() == content_of(digest_)) return true;
    } catch (const fs::filesystem_error& error) {
        why = error.what();
    }
    say_(fmt::format("the kept copy of an empty database, {}, is of no use and is removed: {}",
                     copy_.string(), why));
    fs::remove_all(to, ignored);
    fs::remove_all(copy_, ignored);
    fs::remove(digest_, ignored);
    return false;
}

void ClusterCache::keep(const fs::path& from) {
    if (copy_.empty()) return;
    const fs::path half = copy_.string() + ".new";
    std::error_code ignored;
    try {
        fs::remove_all(half);
        fs::remove_all(copy_);
        TreeCopy tree(::geteuid(), ::getegid());
        tree.copy(from, half);
        std::ofstream out(digest_, std::ios::binary | std::ios::trunc);
        out << tree.digest();
        out.close();
        if (out) return fs::rename(half, copy_); // whole or not at all
        throw fs::filesystem_error("cannot be written", digest_, std::make_error_code(std::errc::io_error));
    } catch (const fs::filesystem_error& error) {
        say_(fmt::format("no copy of the empty database is kept: {}", error.what()));
    }
    fs::remove_all(half, ignored);
}

} // namespace real::postgres
