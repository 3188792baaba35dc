#include "scenarios/support.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace scenarios {

using namespace engine;

namespace {

template <class Store>
bool have(const std::vector<Store*>& stores, BlockCount count) {
    return std::all_of(stores.begin(), stores.end(), [count](Store* store) {
        const BlockRange range = store->range();
        if (range.start >= count.end()) return true;
        return store->count() >= std::min(count, BlockCount{range.end.value});
    });
}

} // namespace

Task<> until_view(World& world, BlockCount count) {
    auto holds = [&world, count] { return have(world.view_stores(), count); };
    std::string what = fmt::format("block count {} by every view store", count.value);
    co_await world.until(std::move(what), std::move(holds));
}

Task<> until_images(World& world, BlockCount count) {
    auto holds = [&world, count] { return have(world.image_stores(), count); };
    std::string what = fmt::format("block count {} by every key image store", count.value);
    co_await world.until(std::move(what), std::move(holds));
}

Task<> until_mode(World& world, IngestNode& node, fog::IngestMode mode) {
    auto holds = [&node, mode] { return node.is_up() && node.mode() == mode; };
    std::string what =
        fmt::format("mode {} by {}", mode == fog::IngestMode::idle ? "idle" : "active", node.name());
    co_await world.until(std::move(what), std::move(holds));
}

Task<chain::PublicKey> report_key(World& world) {
    const Result<chain::PublicKey> key = co_await world.chain().refresh_hint_key();
    expect(world, CheckId::crash, key.has_value(), "the report server has a report");
    if (!key) co_return chain::PublicKey{};
    co_return *key;
}

} // namespace scenarios
