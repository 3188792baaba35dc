#include "engine/topology.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/known_words.hpp"
#include "engine/topology_keys.hpp"

namespace engine {
namespace {

struct Field {
    const char* name;
    std::uint32_t Topology::*member;
    std::uint32_t low;
    std::uint32_t high;
    const char* meaning;
};

constexpr Field fields[] = {
    {"accounts", &Topology::accounts, 1, 64, "whose wallets there are"},
    {"ingest", &Topology::ingest_nodes, 1, 5, "ingest nodes"},
    {"view-shards", &Topology::view_shards, 1, 8, "ranges of blocks that view stores share out"},
    {"view-replicas", &Topology::view_replicas, 1, 4, "view stores of each range"},
    {"image-shards", &Topology::image_shards, 1, 8, "ranges of blocks that key image stores share out"},
    {"image-replicas", &Topology::image_replicas, 1, 4, "key image stores of each range"},
    {"shard-blocks", &Topology::shard_blocks, 1, 1'000'000,
     "blocks of every range but the last, which has no end"},
    {"user-capacity", &Topology::user_capacity, 0, 1'000'000,
     "users an egress key serves before it rotates; 0: no limit"},
    {"chunk-outputs", &Topology::chunk_outputs, 1, 1'000'000, "outputs of a block in one enclave call"},
    {"batch-blocks", &Topology::batch_blocks, 1, 1'000'000, "blocks a view store reads at once"},
    {"poll-ms", &Topology::poll_ms, 1, 60'000, "how often ingest nodes and stores look for news, in ms"},
    {"wallet-keys", &Topology::wallet_keys, 1, 10'000, "search keys of one wallet request"},
    {"wallet-images", &Topology::wallet_images, 1, 10'000, "key images of one wallet request"},
    {"wallet-blocks", &Topology::wallet_blocks, 1, 10'000, "missed blocks of one wallet request"},
};

constexpr std::uint32_t longest_window = 1'000'000;

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
        if (!parse(value, 0, longest_window, window))
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
    const std::vector<TopologyKey> keys = topology_keys();
    std::vector<std::string_view> known;
    for (const TopologyKey& k : keys) known.push_back(k.name);
    return fmt::format("no topology key '{}'{}", key, known_words(key, known));
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

std::vector<TopologyKey> topology_keys() {
    const Topology usual;
    std::vector<TopologyKey> keys;
    for (const Field& field : fields)
        keys.push_back({field.name, fmt::format("{} to {}", field.low, field.high),
                        fmt::format("{}", usual.*field.member), field.meaning});
    keys.push_back({"window", fmt::format("0 to {}", longest_window),
                    fmt::format("{}", usual.pubkey_expiry_window),
                    "blocks for which an ingest node publishes its key ahead"});
    keys.push_back(
        {"copies", "own or shared", usual.own_copies ? "own" : "shared",
         "whether every ingest node, key image store and the ledger router has a chain copy of its own, or "
         "ingest and ledger side one each"});
    return keys;
}

std::string describe(const Topology& topology) {
    std::string text;
    for (const Field& field : fields) text += fmt::format("{}={},", field.name, topology.*field.member);
    return text + fmt::format("window={},copies={}", topology.pubkey_expiry_window,
                              topology.own_copies ? "own" : "shared");
}

} // namespace engine
