#pragma once

#include <filesystem>
#include <string>

namespace real {

/// A directory of one run, readable by this user only.  It goes away with this object unless kept.
class WorkDirectory {
public:
    /// Makes `<place>/<prefix>XXXXXX`.
    /// @param place  empty: $TMPDIR, else /tmp
    /// @throws std::system_error
    explicit WorkDirectory(const std::string& prefix, const std::filesystem::path& place = {});
    WorkDirectory(const WorkDirectory&) = delete;
    WorkDirectory& operator=(const WorkDirectory&) = delete;
    ~WorkDirectory();

    const std::filesystem::path& path() const { return path_; }
    void keep() { kept_ = true; }
    bool is_kept() const { return kept_; }

private:
    std::filesystem::path path_;
    bool kept_ = false;
};

} // namespace real
