#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace real {

/// What a process writes: kept in a file of limited size, the last lines also in memory.
///
/// Rules
/// 1. `path` is the newest file, `path.1` the one before it, and so on up to `older_files`.
/// 2. A file is changed between lines only, so no line is torn unless it is longer than a file may be.
/// 3. A disk that takes no more costs the log, not the run: writing stops silently, the last lines stay.
class ChildLog {
public:
    struct Limits {
        std::uint64_t file_bytes = 8U << 20;
        unsigned older_files = 2;
        std::size_t lines_in_memory = 40;
        std::size_t line_bytes = 2000; ///< longer ones are cut in memory, not in the file
    };

    /// Appends to what is there.  @param path  its directory exists
    ChildLog(std::filesystem::path path, Limits limits);
    explicit ChildLog(std::filesystem::path path) : ChildLog(std::move(path), Limits()) {}
    ChildLog(const ChildLog&) = delete;
    ChildLog& operator=(const ChildLog&) = delete;
    ~ChildLog();

    void write(std::string_view bytes);
    /// The newest lines, oldest first; an unfinished one counts.
    std::vector<std::string> last_lines(std::size_t count) const;
    void forget_lines();
    const std::filesystem::path& path() const { return path_; }

private:
    void open();
    void rotate();
    void to_file(std::string_view bytes);

    std::filesystem::path path_;
    Limits limits_;
    int file_ = -1;
    std::uint64_t size_ = 0;
    std::deque<std::string> lines_; // complete ones
    std::string line_;              // the one being written
};

} // namespace real
