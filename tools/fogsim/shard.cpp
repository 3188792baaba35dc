#include "tools/fogsim/shard.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "tools/build_facts.hpp"
#include "tools/fogsim/arguments.hpp"

namespace tools::fogsim {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "fogsim-shard/1";
constexpr std::uint64_t most_parts = 1'000'000;
constexpr const char* no_part = "it is no result of --shard-out";

Part read_part(const std::string& file) {
    Part part;
    part.file = file;
    part.json = Json::parse(engine::read_input_file("merge", file), nullptr, false);
    if (part.json.is_discarded() || !part.json.is_object()) part.refuse(no_part);
    part.read([&part] {
        const Json& json = part.json;
        if (json.at("schema").get<std::string>() != schema) part.refuse(no_part);
        part.shard.number = json.at("shard").get<std::uint64_t>();
        part.shard.of = json.at("of").get<std::uint64_t>();
        if (part.shard.number < 1 || part.shard.number > part.shard.of || part.shard.of > most_parts)
            part.refuse(no_part);
        (void)part.kind();
        (void)part.arguments();
        (void)part.result();
        const std::string commit = json.at("commit").get<std::string>();
        if (commit != build_facts().commit)
            part.refuse(
                fmt::format("made by commit {}, and this program is of {}", commit, build_facts().commit));
    });
    return part;
}

// "2, 5, 6": as many as a line takes.
std::string missing_of(const std::vector<Part>& parts) {
    std::string missing;
    std::size_t at = 0;
    for (std::uint64_t n = 1; n <= parts.front().shard.of; ++n) {
        if (at < parts.size() && parts[at].shard.number == n) {
            ++at;
            continue;
        }
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", n);
        if (missing.size() > 60) return missing + ", ...";
    }
    return missing;
}

} // namespace

Shard parse_shard(const std::string& text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos) throw engine::UsageError(fmt::format("--shard: '{}' is not I/N", text));
    Shard shard;
    shard.of = number("--shard", text.substr(slash + 1), 1, most_parts);
    shard.number = number("--shard", text.substr(0, slash), 1, shard.of);
    return shard;
}

std::string Part::kind() const { return json.at("kind").get<std::string>(); }

void Part::refuse(const std::string& why) const {
    throw engine::UsageError(fmt::format("merge: '{}': {}", file, why));
}

void Part::read(const std::function<void()>& reader) const {
    try {
        reader();
        return;
    } catch (const nlohmann::json::exception&) {
    }
    refuse(no_part);
}

std::string part_text(const char* kind, Shard shard, const Json& arguments, const Json& result) {
    Json out;
    out["schema"] = schema;
    out["kind"] = kind;
    out["commit"] = build_facts().commit;
    out["shard"] = shard.number;
    out["of"] = shard.of;
    out["arguments"] = arguments;
    out["result"] = result;
    // The name of a file may have bytes that are not UTF-8.
    return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<Part> read_parts(const std::vector<std::string>& files) {
    std::vector<Part> parts;
    for (const std::string& file : files) parts.push_back(read_part(file));
    for (const Part& part : parts)
        if (part.kind() != parts.front().kind() || part.arguments() != parts.front().arguments() ||
            part.shard.of != parts.front().shard.of)
            part.refuse(fmt::format("it is part of something else than '{}'", parts.front().file));
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part& a, const Part& b) { return a.shard.number < b.shard.number; });
    for (std::size_t i = 1; i < parts.size(); ++i)
        if (parts[i].shard.number == parts[i - 1].shard.number)
            parts[i].refuse(fmt::format("part {}/{} is there already, in '{}'", parts[i].shard.number,
                                        parts[i].shard.of, parts[i - 1].file));
    if (const std::string missing = missing_of(parts); !missing.empty())
        throw engine::UsageError(
            fmt::format("merge: of {} parts, there is none with number {}", parts.front().shard.of, missing));
    return parts;
}

} // namespace tools::fogsim
