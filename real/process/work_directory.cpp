#include "real/process/work_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace real {

WorkDirectory::WorkDirectory(const std::string& prefix, const std::filesystem::path& place) {
    std::filesystem::path parent = place;
    if (parent.empty()) {
        const char* temporary = std::getenv("TMPDIR");
        parent = temporary == nullptr || *temporary == '\0' ? "/tmp" : temporary;
    }
    std::string name = (std::filesystem::absolute(parent) / (prefix + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) // mode 0700
        throw std::system_error(errno, std::generic_category(), "making a work directory " + name);
    path_ = name;
}

WorkDirectory::~WorkDirectory() {
    if (kept_) return;
    std::error_code ignored; // what cannot be removed stays, and its name was printed
    std::filesystem::remove_all(path_, ignored);
}

} // namespace real
