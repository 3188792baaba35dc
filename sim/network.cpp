#include "sim/network.hpp"

namespace sim {

const char* name(Method method) {
    switch (method) {
    case Method::view_query:
        return "view query";
    case Method::view_store_query:
        return "view store query";
    case Method::key_images:
        return "check key images";
    case Method::key_image_store_query:
        return "key image store query";
    case Method::get_blocks:
        return "get blocks";
    case Method::get_outputs:
        return "get outputs";
    case Method::get_tx_outs:
        return "get tx outs";
    case Method::get_reports:
        return "get reports";
    case Method::ingest_command:
        return "ingest command";
    case Method::peer_call:
        return "peer call";
    }
    return "?";
}

engine::Stream& Network::stream(NodeId from) {
    while (streams_.size() <= from.value)
        streams_.emplace_back(core_.choices, engine::Domain::network,
                              static_cast<std::uint16_t>(streams_.size()), std::uint16_t{0});
    return streams_[from.value];
}

bool Network::strikes(FaultKind kind, NodeId a, NodeId b, NodeId drawn_by) {
    const std::uint64_t of_256 = core_.faults.amount(kind, a, b);
    if (of_256 == 0) return false;
    while (fates_.size() <= drawn_by.value)
        fates_.emplace_back(core_.choices, engine::Domain::network, static_cast<std::uint16_t>(fates_.size()),
                            std::uint16_t{1});
    return fates_[drawn_by.value].chance(static_cast<std::uint32_t>(of_256), 256);
}

} // namespace sim
