#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Work in parts, each done by a program of its own: what all result files have in common.

namespace tools::fogsim {

/// One of so many parts.
struct Shard {
    std::uint64_t number = 1; ///< 1..of
    std::uint64_t of = 1;
};
/// @param text  `I/N`.  @throws engine::UsageError  naming --shard
Shard parse_shard(const std::string& text);

/// A result file, schema `fogsim-shard/1`.
struct Part {
    std::string file{}; ///< that it was read from
    nlohmann::ordered_json json{};
    Shard shard{};

    std::string kind() const; ///< of the work: `sweep`, `exhaustive` or `mutants`
    const nlohmann::ordered_json& arguments() const { return json.at("arguments"); }
    const nlohmann::ordered_json& result() const { return json.at("result"); }
    /// @throws engine::UsageError  naming the file and the reason
    [[noreturn]] void refuse(const std::string& why) const;
    /// Reads what is in it.  @throws engine::UsageError  something is missing, or is no such thing
    void read(const std::function<void()>& reader) const;
};

/// The text of a result file.
/// @param arguments  everything that decides what is done and what is said of it: what makes parts belong
/// together
std::string part_text(const char* kind, Shard shard, const nlohmann::ordered_json& arguments,
                      const nlohmann::ordered_json& result);

/// All parts of one piece of work, in their order.
/// @param files  in any order
/// @throws engine::UsageError  naming the file that is no part, is there twice, belongs to other work or was
///                             made by another commit, or the parts that are missing
std::vector<Part> read_parts(const std::vector<std::string>& files);

} // namespace tools::fogsim
