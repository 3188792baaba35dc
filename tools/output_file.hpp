#pragma once

#include <string>

namespace tools {

/// A file that appears whole or not at all: written without a name and then moved to its place.
///
/// Rules
/// 1. A symbolic link to a file is followed; one to nothing is refused.  A pipe or terminal is written in
/// place.  "-" and /dev/stdout are stdout; what the program has to say itself goes to stderr then.
/// 2. A new file gets the mode that the umask leaves of 0666; one that is replaced passes its own on.
/// 3. No two that live at once may stand for one file.
/// 4. A process that is killed leaves nothing beside the file, where the file system can write without a
/// name.
class OutputFile {
public:
    /// @throws engine::UsageError  naming flag, file and reason when it cannot be written, before any work is
    /// done
    ///                             with its content
    OutputFile(std::string flag, std::string path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    /// @throws engine::UsageError  what stood there before is as it was
    void commit(const std::string& content);
    /// For a result that counts even when its file is lost: tells on stderr why it was.  @return whether it
    /// is there
    bool try_commit(const char* program, const std::string& content) noexcept;

private:
    [[noreturn]] void fail(int error) const;
    void claim(const std::string& name);
    void open_beside();

    std::string flag_;
    std::string path_;      ///< as given
    std::string target_;    ///< what a link leads to
    std::string claim_{};   ///< among the files that are being made
    std::string temporary_; ///< empty while the new file has no name
    int descriptor_ = -1;
    bool in_place_ = false;
    unsigned mode_ = 0; ///< of the file that is replaced; 0: there is none
};

} // namespace tools
