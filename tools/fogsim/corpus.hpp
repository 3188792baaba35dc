#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search/failure.hpp"

namespace tools::fogsim {

/// A directory of failures, one replay file each, played back before anything else is searched.
class Corpus {
public:
    /// Makes the directory when it is missing.  @throws engine::UsageError  naming flag, directory and reason
    explicit Corpus(std::string directory);

    struct Entry {
        std::string path;
        search::Replay replay;
    };
    /// All that can be read, by file name.  Others are told on stderr, one line each, and left alone.
    std::vector<Entry> entries() const;
    /// Says on stderr that an entry cannot be played, and why.
    static void left_alone(const std::string& path, const std::string& reason);
    /// Keeps a failure, unless one of the same plan and check is there.  @return its file
    std::string keep(const search::Failure& failure) const;

private:
    std::string directory_;
};

} // namespace tools::fogsim
