#pragma once

#include <filesystem>
#include <string>

#include "real/process/owned_directory.hpp"

namespace real {

/// A directory of one run, readable by this user only.  It goes away with this object unless kept; what runs
/// that died have left in the same place goes away when one is made.
class WorkDirectory {
public:
    /// Makes `<place>/<prefix>XXXXXX`.
    /// @param place  empty: $TMPDIR, else /tmp
    /// @throws engine::UsageError  the place the user named cannot be used
    /// @throws engine::BrokenSurroundings  the default place cannot
    explicit WorkDirectory(const std::string& prefix, const std::filesystem::path& place = {});
    WorkDirectory(const WorkDirectory&) = delete;
    WorkDirectory& operator=(const WorkDirectory&) = delete;
    ~WorkDirectory();

    const std::filesystem::path& path() const { return path_; }
    void keep();
    bool is_kept() const { return kept_; }

private:
    std::filesystem::path path_;
    DirectoryOwner owner_;
    bool kept_ = false;
};

} // namespace real
