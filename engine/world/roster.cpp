#include "engine/world/roster.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ensure.hpp"

namespace engine {
namespace {

/// All that a world has to know of a kind of service before there is one.
struct Kind {
    NodeKind kind;
    const char* described;
    const char* called;                // its name, or what comes before the numbers
    std::uint32_t Topology::*count;    // null: there is one, and its name has no number
    std::uint32_t Topology::*replicas; // of each of `count` shards; null: not sharded
    std::optional<CopySide> reads{};   // blocks of which chain copy
    const char* own_copy = nullptr;    // name of the copy it has for itself; null: as the service
};

constexpr Kind kinds[] = {
    {NodeKind::ingest, "ingest node", "ingest", &Topology::ingest_nodes, nullptr, CopySide::ingest},
    {NodeKind::view_store, "view store", "view", &Topology::view_shards, &Topology::view_replicas},
    {NodeKind::view_router, "view router", "view_router", nullptr, nullptr},
    {NodeKind::image_store, "key image store", "images", &Topology::image_shards, &Topology::image_replicas,
     CopySide::ledger},
    {NodeKind::ledger_router, "ledger router", "ledger_router", nullptr, nullptr, CopySide::ledger, "ledger"},
    {NodeKind::report_server, "report server", "report_server", nullptr, nullptr},
};

constexpr NodeKind order_of_plans[] = {
    NodeKind::ingest,      NodeKind::view_store,    NodeKind::image_store,
    NodeKind::view_router, NodeKind::ledger_router, NodeKind::report_server,
};

static_assert(std::size(kinds) == node_kind_count && std::size(order_of_plans) == node_kind_count);

constexpr bool rows_are_in_order() {
    for (std::size_t i = 0; i < node_kind_count; ++i)
        if (static_cast<std::size_t>(kinds[i].kind) != i) return false;
    return true;
}
static_assert(rows_are_in_order());

const char* name(CopySide side) { return side == CopySide::ingest ? "ingest" : "ledger"; }

} // namespace

const char* name(NodeKind kind) { return kinds[static_cast<std::size_t>(kind)].described; }

Roster::Roster(const Topology& topology) {
    if (!topology.own_copies)
        for (const CopySide side : {CopySide::ingest, CopySide::ledger})
            copies_.push_back({name(side), side});
    auto copy_of = [&](const Kind& kind, const std::string& service) -> std::optional<std::size_t> {
        if (!kind.reads) return std::nullopt;
        if (!topology.own_copies) return static_cast<std::size_t>(*kind.reads);
        copies_.push_back({kind.own_copy != nullptr ? kind.own_copy : service, *kind.reads});
        return copies_.size() - 1;
    };
    auto add = [&](const Kind& kind, Service service) {
        service.id = NodeId{static_cast<std::uint32_t>(services_.size() + 1)};
        service.kind = kind.kind;
        service.number = static_cast<std::uint32_t>(counts_[static_cast<std::size_t>(kind.kind)]++);
        service.copy = copy_of(kind, service.name);
        services_.push_back(std::move(service));
    };
    for (const Kind& kind : kinds) {
        const std::uint32_t count = kind.count != nullptr ? topology.*kind.count : 1;
        if (kind.replicas != nullptr) {
            const std::vector<BlockRange> ranges = topology.ranges(count);
            for (std::uint32_t shard = 0; shard < count; ++shard)
                for (std::uint32_t replica = 0; replica < topology.*kind.replicas; ++replica) {
                    Service service;
                    service.name = fmt::format("{}{}.{}", kind.called, shard, replica);
                    service.shard = shard;
                    service.replica = replica;
                    service.range = ranges[shard];
                    add(kind, std::move(service));
                }
            continue;
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            Service service;
            service.name = kind.count != nullptr ? fmt::format("{}{}", kind.called, i) : kind.called;
            add(kind, std::move(service));
        }
    }
}

const Roster::Service* Roster::find(NodeId node) const {
    if (node.value == 0 || node.value > services_.size()) return nullptr;
    return &services_[node.value - 1];
}

std::vector<const Roster::Service*> Roster::of(NodeKind kind) const {
    std::vector<const Service*> found;
    for (const Service& service : services_)
        if (service.kind == kind) found.push_back(&service);
    return found;
}

std::vector<const Roster::Service*> Roster::stores() const {
    std::vector<const Service*> found = in_plans();
    std::erase_if(found, [](const Service* service) { return !is_store(service->kind); });
    return found;
}

std::vector<const Roster::Service*> Roster::in_plans() const {
    std::vector<const Service*> ordered;
    ordered.reserve(services_.size());
    for (const NodeKind kind : order_of_plans)
        for (const Service& service : services_)
            if (service.kind == kind) ordered.push_back(&service);
    return ordered;
}

std::string Roster::wallet_name(std::uint32_t number, std::uint32_t account) {
    return fmt::format("wallet {} of account {}", number, account);
}

} // namespace engine
