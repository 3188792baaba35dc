#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "engine/chain/test_support.hpp"

// MobileCoin's own known answers.  They are not part of this project: FOG_VECTORS names the folder that holds
// them under their upstream paths.

namespace engine::chain::test {

inline std::filesystem::path vectors_folder() {
    // Read once, before any test runs, and only to find files.
    const char* named = std::getenv("FOG_VECTORS");
    return named != nullptr ? std::filesystem::path(named)
                            : std::filesystem::path(FOG_SOURCE_DIR) / "../shared/upstream/vectors";
}

/// Skips the test, saying so, unless all its files are there.
class UpstreamVectorsTest : public testing::Test {
protected:
    std::vector<std::filesystem::path> files_;

    bool find(const std::vector<std::string>& names) {
        for (const std::string& name : names) files_.push_back(vectors_folder() / name);
        std::size_t absent = 0;
        for (const std::filesystem::path& file : files_) absent += !std::filesystem::exists(file);
        absent_ = absent;
        return absent == 0;
    }
    std::string absent() const {
        return "upstream vector files absent (FOG_VECTORS): " + std::to_string(absent_) +
               " files not checked";
    }
    /// One JSON object a line.
    std::vector<Json> rows(std::size_t file) const {
        std::vector<Json> out;
        std::istringstream lines(read_file(files_.at(file)));
        for (std::string line; std::getline(lines, line);)
            if (!line.empty()) out.push_back(Json::parse(line));
        return out;
    }
    Json document(std::size_t file) const { return Json::parse(read_file(files_.at(file))); }

private:
    std::size_t absent_ = 0;
};

#define NEED_UPSTREAM_FILES(...)                                                                             \
    if (!find({__VA_ARGS__})) GTEST_SKIP() << absent()

/// Of every so many altered cases one is judged.  The sanitizers make each a hundred times dearer: they see
/// every transaction and proof as it was made and a share of its alterations, the other builds see all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t one_alteration_of = 12;
#else
inline constexpr std::size_t one_alteration_of = 1;
#endif

} // namespace engine::chain::test
