#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/chain/test_support.hpp"

// Known answers of MobileCoin's own programs.  testing/facts/ restates a part of those that are plain facts,
// so every checkout judges something; the whole of them is not part of this project: FOG_VECTORS names the
// folder that holds them under their upstream paths, and where it is there, they are judged in addition.

namespace engine::chain::test {

inline std::filesystem::path vectors_folder() {
    // Read once, before any test runs, and only to find files.
    const char* named = std::getenv("FOG_VECTORS");
    return named != nullptr ? std::filesystem::path(named)
                            : std::filesystem::path(FOG_SOURCE_DIR) / "../shared/upstream/vectors";
}

/// Which of the known answers a test reads.
enum class Answers { restated, whole };

inline void PrintTo(Answers answers, std::ostream* out) {
    *out << (answers == Answers::whole ? "the whole" : "the restated part");
}
inline std::string name_of_answers(const testing::TestParamInfo<Answers>& info) {
    return info.param == Answers::whole ? "whole" : "restated";
}
inline bool whole_answers_are_there() { return std::filesystem::is_directory(vectors_folder() / "tx"); }

/// The instances of a suite: the restated part always, the whole where it is there.
inline std::vector<Answers> answers_here() {
    std::vector<Answers> out{Answers::restated};
    if (whole_answers_are_there()) out.push_back(Answers::whole);
    return out;
}

/// Path of a file of facts: `name` is its name in tx/ of the whole, `tx/up_mint.json` say, of which the
/// restated part is facts/mint.json.
inline std::filesystem::path answers_file(Answers answers, const std::string& name) {
    if (answers == Answers::whole) return vectors_folder() / name;
    std::string own = std::filesystem::path(name).filename().string();
    if (own.starts_with("up_")) own.erase(0, 3);
    return std::filesystem::path(FOG_SOURCE_DIR) / "engine/chain/testing/facts" / own;
}

/// Judges the restated part of the known answers, and the whole of them where they are.
class KnownAnswersTest : public testing::TestWithParam<Answers> {
protected:
    bool whole() const { return GetParam() == Answers::whole; }
    Json document(const std::string& name) const {
        return Json::parse(read_file(answers_file(GetParam(), name)));
    }
    /// How many there must be of something, and says which are judged.
    std::size_t expected(std::size_t restated, std::size_t all, const char* what) const {
        if (whole())
            std::printf("judging all %zu %s\n", all, what);
        else
            std::printf("judging the %zu restated %s%s\n", restated, what,
                        whole_answers_are_there() ? "" : ": the whole (FOG_VECTORS) is not there");
        return whole() ? all : restated;
    }
};

#define JUDGE_KNOWN_ANSWERS(Suite)                                                                           \
    INSTANTIATE_TEST_SUITE_P(, Suite, ::testing::ValuesIn(::engine::chain::test::answers_here()),            \
                             ::engine::chain::test::name_of_answers)

/// One check of files that are MobileCoin's own and are never part of this project.
struct CopiedFiles {
    const char* name;
    std::vector<std::string> files;
    void (*check)(const CopiedFiles&);

    bool are_there() const {
        return std::ranges::all_of(
            files, [](const std::string& file) { return std::filesystem::exists(vectors_folder() / file); });
    }
    std::string text(std::size_t file) const { return read_file(vectors_folder() / files.at(file)); }
    Json document(std::size_t file) const { return Json::parse(text(file)); }
    /// One JSON object a line.
    std::vector<Json> rows(std::size_t file) const {
        std::vector<Json> out;
        std::istringstream lines(text(file));
        for (std::string line; std::getline(lines, line);)
            if (!line.empty()) out.push_back(Json::parse(line));
        return out;
    }
};

inline void PrintTo(const CopiedFiles& files, std::ostream* out) { *out << files.name; }

inline std::string name_of_files(const testing::TestParamInfo<CopiedFiles>& info) { return info.param.name; }

/// Those of them whose files are all there.
inline std::vector<CopiedFiles> present(std::vector<CopiedFiles> all) {
    std::erase_if(all, [](const CopiedFiles& files) { return !files.are_there(); });
    return all;
}

/// Says which checks have no files here; no file is absent without being named.
inline void name_absent_files(const std::vector<CopiedFiles>& all) {
    std::size_t absent = 0;
    for (const CopiedFiles& files : all) {
        std::string missing;
        for (const std::string& file : files.files)
            if (!std::filesystem::exists(vectors_folder() / file)) missing += "\n    " + file;
        EXPECT_EQ(missing.empty(), files.are_there()) << files.name;
        if (missing.empty()) continue;
        std::printf("not checked here, %s: absent (FOG_VECTORS)%s\n", files.name, missing.c_str());
        ++absent;
    }
    EXPECT_EQ(absent + present(all).size(), all.size());
    if (absent == 0) std::printf("all files of %zu checks are there\n", all.size());
}

/// Of every so many altered cases one is judged.  The sanitizers make each a hundred times dearer: they see
/// every transaction and proof as it was made and a share of its alterations, the other builds see all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t one_alteration_of = 12;
#else
inline constexpr std::size_t one_alteration_of = 1;
#endif

} // namespace engine::chain::test
