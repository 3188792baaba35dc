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

Cause Network::kept_away_by(const Letter& call) const {
    if (call.lost_by) return call.lost_by;
    if (const Cause pause = core_.treatments.pause(call.to, call.begun)) return pause;
    for (const Letter* next : *awaited_) {
        if (next->from != call.to || next->number <= call.number) continue;
        if (const Cause cause = kept_away_by(*next)) return cause;
    }
    return {};
}

engine::Stream& Network::stream(NodeId from) {
    while (streams_.size() <= from.value)
        streams_.push_back(open_stream(core_.choices, StreamSite::message_delay,
                                       static_cast<std::uint16_t>(streams_.size())));
    return streams_[from.value];
}

engine::Stream& Network::fate(NodeId from) {
    while (fates_.size() <= from.value)
        fates_.push_back(
            open_stream(core_.choices, StreamSite::message_fate, static_cast<std::uint16_t>(fates_.size())));
    return fates_[from.value];
}

} // namespace sim
