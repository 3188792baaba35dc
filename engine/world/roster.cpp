#include "engine/world/roster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace engine {
namespace {

constexpr NodeKindInfo kinds[] = {
    {.kind = NodeKind::ingest,
     .described = "ingest node",
     .called = "ingest",
     .count = &Topology::ingest_nodes,
     .replicas = nullptr,
     .place_in_plans = 0,
     .reads = CopySide::ingest,
     .is_commanded = true,
     .uses_database = true},
    {.kind = NodeKind::view_store,
     .described = "view store",
     .called = "view",
     .count = &Topology::view_shards,
     .replicas = &Topology::view_replicas,
     .place_in_plans = 1,
     .is_store = true,
     .uses_database = true,
     .answers = WalletSide::view},
    {.kind = NodeKind::view_router,
     .described = "view router",
     .called = "view_router",
     .count = nullptr,
     .replicas = nullptr,
     .place_in_plans = 3,
     .answers = WalletSide::view},
    {.kind = NodeKind::image_store,
     .described = "key image store",
     .called = "images",
     .count = &Topology::image_shards,
     .replicas = &Topology::image_replicas,
     .place_in_plans = 2,
     .reads = CopySide::ledger,
     .is_store = true,
     .answers = WalletSide::ledger},
    {.kind = NodeKind::ledger_router,
     .described = "ledger router",
     .called = "ledger_router",
     .count = nullptr,
     .replicas = nullptr,
     .place_in_plans = 4,
     .reads = CopySide::ledger,
     .own_copy = "ledger",
     .answers = WalletSide::ledger},
    {.kind = NodeKind::report_server,
     .described = "report server",
     .called = "report_server",
     .count = nullptr,
     .replicas = nullptr,
     .place_in_plans = 5,
     .uses_database = true},
};
static_assert(std::size(kinds) == node_kind_count);

constexpr bool rows_are_in_order() {
    for (std::size_t i = 0; i < node_kind_count; ++i)
        if (static_cast<std::size_t>(kinds[i].kind) != i) return false;
    return true;
}
static_assert(rows_are_in_order());

/// Kinds by their place in plans.
constexpr std::array<NodeKind, node_kind_count> order_of_plans = [] {
    std::array<NodeKind, node_kind_count> order{};
    for (const NodeKindInfo& kind : kinds) order[kind.place_in_plans] = kind.kind;
    return order;
}();

constexpr bool every_place_is_taken() {
    for (std::size_t i = 0; i < node_kind_count; ++i)
        if (kinds[static_cast<std::size_t>(order_of_plans[i])].place_in_plans != i) return false;
    return true;
}
static_assert(every_place_is_taken());

const char* name(CopySide side) { return side == CopySide::ingest ? "ingest" : "ledger"; }

} // namespace

const NodeKindInfo& kind_info(NodeKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

const char* name(NodeKind kind) { return kind_info(kind).described; }

std::uint32_t PlanNumbers::first(NodeKind kind) const {
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < kind_info(kind).place_in_plans; ++i) before += count(order_of_plans[i]);
    return before;
}

std::uint32_t PlanNumbers::stores() const {
    std::uint32_t all = 0;
    for (const NodeKindInfo& kind : kinds)
        if (kind.is_store) all += kind.how_many(topology_);
    return all;
}

std::uint32_t PlanNumbers::services() const {
    std::uint32_t all = 0;
    for (const NodeKindInfo& kind : kinds) all += kind.how_many(topology_);
    return all;
}

std::uint32_t PlanNumbers::copies() const {
    if (!topology_.own_copies) return 2; // one for each side
    std::uint32_t all = 0;
    for (const NodeKindInfo& kind : kinds)
        if (kind.reads) all += kind.how_many(topology_);
    return all;
}

Roster::Roster(const Topology& topology) {
    if (!topology.own_copies)
        for (const CopySide side : {CopySide::ingest, CopySide::ledger})
            copies_.push_back({name(side), side});
    auto copy_of = [&](const NodeKindInfo& kind, const std::string& service) -> std::optional<std::size_t> {
        if (!kind.reads) return std::nullopt;
        if (!topology.own_copies) return static_cast<std::size_t>(*kind.reads);
        copies_.push_back({kind.own_copy != nullptr ? kind.own_copy : service, *kind.reads});
        return copies_.size() - 1;
    };
    auto add = [&](const NodeKindInfo& kind, Service service) {
        service.id = NodeId{static_cast<std::uint32_t>(services_.size() + 1)};
        service.kind = kind.kind;
        service.number = static_cast<std::uint32_t>(counts_[static_cast<std::size_t>(kind.kind)]++);
        service.copy = copy_of(kind, service.name);
        services_.push_back(std::move(service));
    };
    for (const NodeKindInfo& kind : kinds) {
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
    for (const NodeKind kind : order_of_plans)
        for (std::size_t i = 0; i < services_.size(); ++i)
            if (services_[i].kind == kind) {
                in_plans_.push_back(i);
                if (kind_info(kind).is_store) stores_.push_back(i);
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

std::vector<const Roster::Service*> Roster::pointers(const std::vector<std::size_t>& places) const {
    std::vector<const Service*> found;
    found.reserve(places.size());
    for (const std::size_t place : places) found.push_back(&services_[place]);
    return found;
}

std::string Roster::wallet_name(std::uint32_t number, std::uint32_t account) {
    return fmt::format("wallet {} of account {}", number, account);
}

} // namespace engine
