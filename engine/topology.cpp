#include "engine/topology.hpp"

#include <fmt/format.h>

#include <charconv>

namespace engine {
namespace {

struct Field {
    const char* name;
    std::uint32_t Topology::*member;
    std::uint32_t low;
    std::uint32_t high;
};

constexpr Field fields[] = {
    {"accounts", &Topology::accounts, 1, 64},
    {"ingest", &Topology::ingest_nodes, 1, 5},
    {"view-shards", &Topology::view_shards, 1, 8},
    {"view-replicas", &Topology::view_replicas, 1, 4},
    {"image-shards", &Topology::image_shards, 1, 8},
    {"image-replicas", &Topology::image_replicas, 1, 4},
    {"shard-blocks", &Topology::shard_blocks, 1, 1'000'000},
    {"user-capacity", &Topology::user_capacity, 0, 1'000'000},
    {"chunk-outputs", &Topology::chunk_outputs, 1, 1'000'000},
    {"batch-blocks", &Topology::batch_blocks, 1, 1'000'000},
    {"poll-ms", &Topology::poll_ms, 1, 60'000},
    {"wallet-keys", &Topology::wallet_keys, 1, 10'000},
    {"wallet-images", &Topology::wallet_images, 1, 10'000},
    {"wallet-blocks", &Topology::wallet_blocks, 1, 10'000},
};

bool parse(std::string_view text, std::uint32_t low, std::uint32_t high, std::uint32_t& out) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) return false;
    out = value;
    return true;
}

std::string apply_one(std::string_view item, Topology& topology) {
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) return fmt::format("'{}' is not of the form key=value", item);
    const std::string_view key = item.substr(0, equals);
    const std::string_view value = item.substr(equals + 1);
    if (key == "copies") {
        if (value != "own" && value != "shared")
            return fmt::format("copies is own or shared, not '{}'", value);
        topology.own_copies = value == "own";
        return {};
    }
    if (key == "window") {
        std::uint32_t window = 0;
        if (!parse(value, 0, 1'000'000, window))
            return fmt::format("window is a number of blocks, not '{}'", value);
        topology.pubkey_expiry_window = window;
        return {};
    }
    for (const Field& field : fields) {
        if (key != field.name) continue;
        if (!parse(value, field.low, field.high, topology.*field.member))
            return fmt::format("{} is a number from {} to {}, not '{}'", key, field.low, field.high, value);
        return {};
    }
    std::string known = "copies, window";
    for (const Field& field : fields) known += fmt::format(", {}", field.name);
    return fmt::format("no topology key '{}' (known: {})", key, known);
}

} // namespace

std::vector<BlockRange> Topology::ranges(std::uint32_t count) const {
    std::vector<BlockRange> out;
    for (std::uint32_t i = 0; i < count; ++i) {
        BlockRange range = BlockRange::all();
        range.start = BlockIndex{std::uint64_t{i} * shard_blocks};
        if (i + 1 < count) range.end = BlockIndex{std::uint64_t{i + 1} * shard_blocks};
        out.push_back(range);
    }
    return out;
}

std::string apply(std::string_view text, Topology& topology) {
    Topology changed = topology;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (std::string reason = apply_one(text.substr(0, comma), changed); !reason.empty()) return reason;
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
        if (text.empty()) return "a key=value is missing after the last comma";
    }
    topology = changed;
    return {};
}

std::string describe(const Topology& topology) {
    std::string text;
    for (const Field& field : fields) text += fmt::format("{}={},", field.name, topology.*field.member);
    return text + fmt::format("window={},copies={}", topology.pubkey_expiry_window,
                              topology.own_copies ? "own" : "shared");
}

} // namespace engine
