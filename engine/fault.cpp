#include "engine/fault.hpp"

#include <fmt/format.h>

namespace engine {

const char* name(FaultKind kind) {
    switch (kind) {
    case FaultKind::partition:
        return "partition";
    case FaultKind::cut:
        return "cut";
    case FaultKind::isolate:
        return "isolate";
    case FaultKind::slow_link:
        return "slow_link";
    case FaultKind::drop_requests:
        return "drop_requests";
    case FaultKind::drop_answers:
        return "drop_answers";
    case FaultKind::reset_connections:
        return "reset_connections";
    case FaultKind::db_down:
        return "db_down";
    case FaultKind::db_down_for:
        return "db_down_for";
    case FaultKind::lose_commit_ack:
        return "lose_commit_ack";
    case FaultKind::fail_commit:
        return "fail_commit";
    case FaultKind::stale_reads:
        return "stale_reads";
    case FaultKind::watcher_behind:
        return "watcher_behind";
    case FaultKind::disk_full:
        return "disk_full";
    case FaultKind::clock_jump:
        return "clock_jump";
    case FaultKind::flaky_database:
        return "flaky_database";
    case FaultKind::failed_look_ups:
        return "failed_look_ups";
    case FaultKind::holed_reads:
        return "holed_reads";
    case FaultKind::lose_commit:
        return "lose_commit";
    case FaultKind::outdated_wallet:
        return "outdated_wallet";
    }
    return "?";
}

std::string describe(const Fault& fault) {
    return fmt::format("{} a={} b={} amount={}", name(fault.kind), fault.a.value, fault.b.value,
                       fault.amount);
}

} // namespace engine
