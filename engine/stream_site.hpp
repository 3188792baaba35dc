#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/choice.hpp"

namespace engine {

/// What a stream of the simulator decides.  Each is one (domain, number) of a stream's name; here is the only
/// place that knows which.  A world's own story draws from `Domain::plan`, under numbers that it chooses.
enum class StreamSite : std::uint8_t {
    ready_task,     ///< which of the ready tasks goes first
    resting_poll,   ///< whether a resting poll is just under way when something happens
    message_delay,  ///< how long a message of a node takes
    message_fate,   ///< whether a fault strikes a message of a node
    block_delay,    ///< how late a block comes to a chain copy
    database_delay, ///< how long a database call of a node takes
    commit_hold,    ///< how long a commit of a node is held before anybody sees it
    replica_read,   ///< whether a read of a node comes from the replica that lags
    process_hold,   ///< how long a process is held at its next yield point
    weather,        ///< how often and how long all that happens in this run
    node_bytes,     ///< what a process, or the chain (0), needs of random bytes
    account_bytes,  ///< entropy of an account
    replica_pick,   ///< which replica a router asks
    wallet_death,   ///< when a wallet dies
    look_up_fate,   ///< whether a fault strikes a look-up at a store or router
    database_fate,  ///< whether a fault strikes a database call of a node, or a commit outlives the node
};
inline constexpr std::size_t stream_site_count = static_cast<std::size_t>(StreamSite::database_fate) + 1;

struct StreamSiteInfo {
    StreamSite site;
    Domain domain;
    std::uint16_t number;
};
/// In the order of StreamSite.
const std::array<StreamSiteInfo, stream_site_count>& all_stream_sites();

StreamName name_of(StreamSite site, std::uint16_t actor);
/// Nothing: it is a stream of a story's own.
std::optional<StreamSite> site_of(const StreamName& name);
inline Stream open_stream(Choices& choices, StreamSite site, std::uint16_t actor) {
    return {choices, name_of(site, actor)};
}

} // namespace engine
