#include "engine/trace.hpp"

#include <fmt/format.h>

namespace engine {

const char* name(EventKind kind) {
    switch (kind) {
    case EventKind::resumed:
        return "resumed";
    case EventKind::node_started:
        return "node_started";
    case EventKind::node_stopped:
        return "node_stopped";
    case EventKind::node_paused:
        return "node_paused";
    case EventKind::node_resumed:
        return "node_resumed";
    case EventKind::fault_began:
        return "fault_began";
    case EventKind::fault_ended:
        return "fault_ended";
    case EventKind::request:
        return "request";
    case EventKind::delivered:
        return "delivered";
    case EventKind::answered:
        return "answered";
    case EventKind::lost:
        return "lost";
    case EventKind::block_appended:
        return "block_appended";
    case EventKind::copy_advanced:
        return "copy_advanced";
    case EventKind::db_committed:
        return "db_committed";
    case EventKind::db_failed:
        return "db_failed";
    case EventKind::view_published:
        return "view_published";
    case EventKind::images_published:
        return "images_published";
    case EventKind::ingest_mode:
        return "ingest_mode";
    case EventKind::ingested:
        return "ingested";
    case EventKind::wallet_polled:
        return "wallet_polled";
    case EventKind::reported:
        return "reported";
    case EventKind::checked:
        return "checked";
    case EventKind::step:
        return "step";
    }
    return "?";
}

std::string hex_digest(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

std::string describe(const Event& event) {
    return fmt::format("{:>12} us node {} {} object={} a={} b={}", event.at.ns / 1000, event.node.value,
                       name(event.kind), event.object, event.a, event.b);
}

} // namespace engine
