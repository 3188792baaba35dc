#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/chain/types.hpp"
#include "real/lmdb/environment.hpp"

// For tests: directories that vanish, child processes, and databases as plain lists.

namespace real::lmdb {

/// A new directory, removed with all it holds at the end.
class ScratchDir {
public:
    ScratchDir();
    ScratchDir(const ScratchDir&) = delete;
    ScratchDir& operator=(const ScratchDir&) = delete;
    ~ScratchDir();
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

struct ChildResult {
    int exit_code = -1; ///< 128 + signal when it was killed
    std::string out;
    std::string err;
};
/// Runs a program to its end.  @param directory  its current directory, unchanged when empty
ChildResult run_child(const std::vector<std::string>& command, const std::string& input = {},
                      const std::filesystem::path& directory = {});

/// Pairs in hex, by database, sorted.
using Dump = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;
/// What LMDB's own mdb_dump says.
Dump dump_with_lmdb_tool(const std::filesystem::path& directory);
/// The same through our own reader, for the databases named in `like`.
Dump dump_with_reader(const std::filesystem::path& directory, const Dump& like);
/// @param tables  {name: [[key, value], ...]}
Dump dump_from_json(const nlohmann::json& tables);
/// The first difference in words; empty when there is none.  Databases without records need not be listed.
std::string difference(const Dump& found, const Dump& wanted);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& content);
nlohmann::json test_data(const std::string& name);

} // namespace real::lmdb
