#include "tools/fogsim/corpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "engine/tell/words.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {

namespace fs = std::filesystem;

namespace {

// What makes two kept failures the same: the case without its decisions, and the check.
std::uint64_t identity(const search::Replay& replay) {
    search::Replay bare = replay;
    bare.digest = 0;
    bare.what.recording = {};
    bare.what.defects = {};
    std::uint64_t hash = 0;
    for (const char c : search::to_blob(bare)) hash = engine::chain64(hash, static_cast<std::uint8_t>(c));
    return engine::mix64(hash);
}

} // namespace

Corpus::Corpus(std::string directory) : directory_(std::move(directory)) {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error || !fs::is_directory(directory_))
        throw engine::UsageError(fmt::format("--corpus: cannot use '{}': {}", directory_,
                                             error ? error.message() : "not a directory"));
}

std::vector<Corpus::Entry> Corpus::entries() const {
    std::vector<std::string> paths;
    for (const fs::directory_entry& file : fs::directory_iterator(directory_))
        if (file.path().extension() == ".txt") paths.push_back(file.path().string());
    std::sort(paths.begin(), paths.end());
    std::vector<Entry> out;
    for (const std::string& path : paths) {
        try {
            out.push_back({path, search::read_replay(path)});
        } catch (const engine::UsageError& error) {
            left_alone(path, error.what());
        }
    }
    return out;
}

void Corpus::left_alone(const std::string& path, const std::string& reason) {
    const bool named = reason.find(path) != std::string::npos;
    tools::tell("fogsim: --corpus: left alone: {}\n", named ? reason : fmt::format("'{}': {}", path, reason));
}

std::string Corpus::keep(const search::Failure& failure) const {
    const std::string path =
        fmt::format("{}/fogsim-replay-{}-{}.txt", directory_, engine::check::name(failure.replay.check),
                    engine::hex_digest(identity(failure.replay)));
    if (fs::exists(path)) return path;
    OutputFile file("--corpus", path);
    file.commit(
        search::to_file_text(failure.replay, engine::tell::in_words(failure.told.violations.front())));
    return path;
}

} // namespace tools::fogsim
