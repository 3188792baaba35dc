#pragma once

#include <string>

namespace tools {

/// A file that appears whole or not at all: written beside its place and moved there.
///
/// @throws engine::UsageError  naming flag, file and reason when it cannot be written; checked before any
/// work is
///                             done with its content
class OutputFile {
public:
    OutputFile(std::string flag, std::string path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void commit(const std::string& content);

private:
    [[noreturn]] void fail(int error) const;

    std::string flag_;
    std::string path_;
    std::string temporary_;
    int descriptor_ = -1;
};

} // namespace tools
