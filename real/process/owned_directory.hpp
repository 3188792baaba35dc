#pragma once

#include <filesystem>
#include <string>

namespace real {

/// Says of a directory that a living process uses it, so that a later run can tell it from what a dead one
/// left.
///
/// A file `.owner` in it is locked for as long as this object lives; the kernel lets go of the lock however
/// the process dies.  A directory without that file belongs to nobody who would clean up: it is never
/// touched.
class DirectoryOwner {
public:
    DirectoryOwner() = default;
    /// Where the file cannot be made, the directory is simply never cleared away by others.
    explicit DirectoryOwner(const std::filesystem::path& directory);
    DirectoryOwner(DirectoryOwner&& other) noexcept;
    DirectoryOwner& operator=(DirectoryOwner&& other) noexcept;
    ~DirectoryOwner();

    /// The directory stays: nobody is to clear it away.
    void give_up();

private:
    std::filesystem::path file_;
    int fd_ = -1;
};

/// Removes directories `<parent>/<prefix>XXXXXX` of this user whose owner has died.
/// @return how many
std::size_t remove_what_the_dead_left(const std::filesystem::path& parent, const std::string& prefix);

} // namespace real
