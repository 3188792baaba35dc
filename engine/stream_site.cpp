#include "engine/stream_site.hpp"

namespace engine {

// Domain and number are part of stored replays: what is here never changes, what is new gets a free number.
const std::array<StreamSiteInfo, stream_site_count>& all_stream_sites() {
    using enum StreamSite;
    static constexpr std::array<StreamSiteInfo, stream_site_count> table{{
        {ready_task, Domain::schedule, 0},
        {resting_poll, Domain::schedule, 1},
        {message_delay, Domain::network, 0},
        {message_fate, Domain::network, 1},
        {block_delay, Domain::network, 2},
        {database_delay, Domain::storage, 0},
        {commit_hold, Domain::storage, 1},
        {replica_read, Domain::storage, 2},
        {process_hold, Domain::pause, 0},
        {weather, Domain::pause, 1},
        {node_bytes, Domain::data, 0},
        {account_bytes, Domain::data, 1},
        {replica_pick, Domain::routing, 0},
        {wallet_death, Domain::fault, 0},
        {look_up_fate, Domain::fault, 1},
        {database_fate, Domain::fault, 2},
    }};
    return table;
}

StreamName name_of(StreamSite site, std::uint16_t actor) {
    const StreamSiteInfo& info = all_stream_sites()[static_cast<std::size_t>(site)];
    return {info.domain, actor, info.number};
}

std::optional<StreamSite> site_of(const StreamName& name) {
    for (const StreamSiteInfo& info : all_stream_sites())
        if (info.domain == name.domain && info.number == name.site) return info.site;
    return std::nullopt;
}

} // namespace engine
