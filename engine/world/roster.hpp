#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ids.hpp"
#include "engine/topology.hpp"

namespace engine {

/// What a service of the world is.  Services are numbered kind by kind, in this order.
enum class NodeKind : std::uint8_t {
    ingest,
    view_store,
    view_router,
    image_store,
    ledger_router,
    report_server
};
inline constexpr std::size_t node_kind_count = static_cast<std::size_t>(NodeKind::report_server) + 1;
/// For whom a chain copy is there.
enum class CopySide : std::uint8_t { ingest, ledger };

/// Which half of fog answers a wallet.
enum class WalletSide : std::uint8_t { view, ledger };

/// All that anybody has to know of a kind of service before there is one.
struct NodeKindInfo {
    NodeKind kind;
    const char* described;             ///< "ingest node", "key image store"
    const char* called;                ///< the name of a service, or what comes before its numbers
    std::uint32_t Topology::*count;    ///< null: there is one, and its name has no number
    std::uint32_t Topology::*replicas; ///< of each of `count` shards; null: not sharded
    std::size_t place_in_plans;        ///< of the kind, from 0 on without a gap: stores before routers
    std::optional<CopySide> reads{};   ///< blocks of which chain copy
    const char* own_copy = nullptr;    ///< name of the copy it has for itself; null: as the service
    // What it can do.
    bool is_store = false;      ///< a replica of a shard: loads what it can get, and answers for its range
    bool is_commanded = false;  ///< by operators; has peers and a state file, scans blocks
    bool uses_database = false; ///< of which outages are its own
    std::optional<WalletSide> answers{}; ///< which calls of a wallet pass it; nothing: none

    /// There is a block that it has come to.
    bool has_height() const { return is_store || is_commanded; }
    std::uint32_t how_many(const Topology& topology) const {
        return (count == nullptr ? 1 : topology.*count) * (replicas == nullptr ? 1 : topology.*replicas);
    }
};
const NodeKindInfo& kind_info(NodeKind kind);
/// "ingest node", "key image store"
const char* name(NodeKind kind);

/// How plans number the services of a topology, without the cost of a roster.
class PlanNumbers {
public:
    explicit PlanNumbers(const Topology& topology) : topology_(topology) {}

    std::uint32_t count(NodeKind kind) const { return kind_info(kind).how_many(topology_); }
    /// The number of the first of a kind.
    std::uint32_t first(NodeKind kind) const;
    std::uint32_t stores() const;
    std::uint32_t services() const;
    std::uint32_t copies() const;

private:
    const Topology& topology_;
};

/// Who is who in a world of some topology: numbers, names, shards and chain copies of all services, the same
/// in every world.  Nobody else makes such names, and nobody reads a kind out of one.
///
/// Rules
/// 1. The scenario is node 0, services are numbered from 1 on without a gap, and wallets after them in the
///    order in which they are made.
/// 2. A new kind is one row of the table in roster.cpp.
class Roster {
public:
    struct Service {
        NodeId id;
        NodeKind kind{};
        std::string name{};
        std::uint32_t number = 0; ///< among its kind
        std::uint32_t shard = 0;  ///< of a store
        std::uint32_t replica = 0;
        BlockRange range = BlockRange::all();
        std::optional<std::size_t> copy{}; ///< number of the chain copy that it reads
    };
    struct Copy {
        std::string name{};
        CopySide side{};
    };

    explicit Roster(const Topology& topology);

    /// All services by number: the first one has number 1.
    const std::vector<Service>& services() const { return services_; }
    const std::vector<Copy>& copies() const { return copies_; }
    /// @return null for the scenario and for wallets
    const Service* find(NodeId node) const;
    std::vector<const Service*> of(NodeKind kind) const;
    std::size_t count(NodeKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
    /// View stores and then key image stores, shard by shard, replica by replica.
    std::vector<const Service*> stores() const { return pointers(stores_); }
    /// All services in the order in which plans number them: stores before routers.
    std::vector<const Service*> in_plans() const { return pointers(in_plans_); }

    NodeId wallet(std::uint32_t number) const {
        return NodeId{static_cast<std::uint32_t>(services_.size()) + 1 + number};
    }
    bool is_wallet(NodeId node) const { return node.value > services_.size(); }
    /// "wallet 1 of account 0"
    static std::string wallet_name(std::uint32_t number, std::uint32_t account);

private:
    std::vector<const Service*> pointers(const std::vector<std::size_t>& places) const;

    std::vector<Service> services_;
    std::vector<std::size_t> in_plans_; // places in services_
    std::vector<std::size_t> stores_;
    std::vector<Copy> copies_;
    std::size_t counts_[node_kind_count]{};
};

} // namespace engine
