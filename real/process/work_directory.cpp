#include "real/process/work_directory.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/ensure.hpp"

namespace real {

WorkDirectory::WorkDirectory(const std::string& prefix, const std::filesystem::path& place) {
    std::filesystem::path parent = place;
    if (parent.empty()) {
        const char* temporary = std::getenv("TMPDIR");
        parent = temporary == nullptr || *temporary == '\0' ? "/tmp" : temporary;
    }
    parent = std::filesystem::absolute(parent);
    (void)remove_what_the_dead_left(parent, prefix);
    std::string name = (parent / (prefix + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) { // mode 0700
        const std::string why =
            fmt::format("no work directory can be made in '{}': {}", parent.string(), std::strerror(errno));
        if (!place.empty()) throw engine::UsageError(why);
        throw engine::BrokenSurroundings(why);
    }
    path_ = name;
    owner_ = DirectoryOwner(path_);
}

void WorkDirectory::keep() {
    kept_ = true;
    owner_.give_up();
}

WorkDirectory::~WorkDirectory() {
    if (kept_) return;
    std::error_code ignored; // what cannot be removed stays, and its name was printed
    std::filesystem::remove_all(path_, ignored);
}

} // namespace real
