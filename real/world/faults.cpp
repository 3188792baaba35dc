#include "real/world/faults.hpp"

#include <fmt/format.h>

#include "engine/ensure.hpp"
#include "real/world/real_world.hpp"

namespace real {

using engine::Fault;
using engine::FaultId;
using engine::FaultKind;
using engine::NodeId;

namespace {

engine::Duration milliseconds(std::uint64_t amount) {
    return std::chrono::milliseconds(std::min<std::uint64_t>(amount, 600'000));
}
// Wallets come through the front, which is nobody to the proxies.
NodeId seen_by_proxies(NodeId id) { return id.value >= RealWallet::first_id ? NodeId{} : id; }
std::uint32_t of_256(std::uint64_t amount) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(amount, 256));
}

} // namespace

std::string RealFaults::never(FaultKind kind) {
    switch (kind) {
    case FaultKind::stale_reads:
        return "there is one database server and no replica of it";
    case FaultKind::clock_jump:
        return "a process cannot be given a clock of its own";
    case FaultKind::failed_look_ups:
        return "look-ups inside a process cannot be made to fail from outside";
    case FaultKind::flaky_database:
        return "single calls inside a connection cannot be made to fail from outside";
    case FaultKind::holed_reads:
        return "there is one database server and no replica of it";
    case FaultKind::outdated_wallet:
        return "there is one release of the wallet";
    default:
        return "";
    }
}

std::string RealFaults::missing(FaultKind kind) const {
    switch (kind) {
    case FaultKind::partition:
    case FaultKind::cut:
    case FaultKind::isolate:
    case FaultKind::slow_link:
    case FaultKind::drop_requests:
    case FaultKind::drop_answers:
    case FaultKind::reset_connections:
        return world_.can(engine::Capability::message_faults) ? "" : "no fault proxies in this run";
    case FaultKind::db_down:
    case FaultKind::db_down_for:
    case FaultKind::lose_commit_ack:
    case FaultKind::lose_commit:
    case FaultKind::fail_commit:
        return world_.can(engine::Capability::lose_commit_ack) ? "" : "no proxy in front of this database";
    default:
        return never(kind);
    }
}

FaultId RealFaults::begin(Fault fault) {
    if (const std::string why = missing(fault.kind); !why.empty())
        throw engine::UsageError(fmt::format("fault {}: {}", engine::name(fault.kind), why));
    const FaultId id{next_++};
    active_.emplace(id, fault);
    world_.log().fault(true, id.value, engine::describe(fault));
    world_.fault_changed();
    apply(fault, true);
    return id;
}

void RealFaults::heal(FaultId id) {
    const auto it = active_.find(id);
    if (it == active_.end()) return;
    const Fault fault = it->second;
    active_.erase(it);
    world_.log().fault(false, id.value, engine::describe(fault));
    world_.fault_changed();
    apply(fault, false);
}

void RealFaults::heal_all() {
    while (!active_.empty()) heal(active_.begin()->first);
    world_.resume_everything();
}

void RealFaults::apply(const Fault& fault, bool begins) {
    if (fault.kind == FaultKind::watcher_behind)
        world_.hold_times(fault.amount, begins);
    else if (fault.kind == FaultKind::disk_full)
        world_.fill_disk(fault.a, begins);
    else
        world_.weather_changed();
}

LinkWeather RealFaults::weather(NodeId from, NodeId to) const {
    LinkWeather out;
    for (const auto& [id, fault] : active_) {
        const NodeId a = seen_by_proxies(fault.a);
        const NodeId b = seen_by_proxies(fault.b);
        const bool there = a == from && b == to;
        const bool back = a == to && b == from;
        switch (fault.kind) {
        case FaultKind::partition:
            if (there || back) out.hold_there = out.hold_back = true;
            break;
        case FaultKind::isolate:
            if (a == from || a == to) out.hold_there = out.hold_back = true;
            break;
        case FaultKind::cut:
            out.hold_there = out.hold_there || there;
            out.hold_back = out.hold_back || back;
            break;
        case FaultKind::slow_link:
            if (there) out.delay_there += milliseconds(fault.amount);
            if (back) out.delay_back += milliseconds(fault.amount);
            break;
        case FaultKind::drop_requests:
            if (there) out.lose_there_of_256 = of_256(fault.amount);
            break;
        case FaultKind::drop_answers:
            if (there) out.lose_back_of_256 = of_256(fault.amount);
            break;
        case FaultKind::reset_connections:
            if (there) out.reset_of_256 = of_256(fault.amount);
            break;
        default:
            break;
        }
    }
    return out;
}

LinkWeather RealFaults::database_weather(NodeId from) const {
    LinkWeather out;
    for (const auto& [id, fault] : active_)
        if (fault.kind == FaultKind::db_down || (fault.kind == FaultKind::db_down_for && fault.a == from))
            out.refuse = true;
    return out;
}

CommitFate RealFaults::next_commit(NodeId from) {
    for (auto it = active_.begin(); it != active_.end(); ++it) {
        Fault& fault = it->second;
        const bool is_applied = fault.kind == FaultKind::lose_commit_ack;
        const bool is_not = fault.kind == FaultKind::lose_commit || fault.kind == FaultKind::fail_commit;
        if ((!is_applied && !is_not) || fault.a != from) continue;
        if (fault.amount <= 1) {
            world_.log().fault(false, it->first.value, "used up");
            active_.erase(it);
        } else {
            --fault.amount;
        }
        world_.fault_changed();
        return is_applied ? CommitFate::lost_answer : CommitFate::rolled_back;
    }
    return CommitFate::normal;
}

std::string RealFaults::text() const {
    std::string out;
    for (const auto& [id, fault] : active_) out += (out.empty() ? "" : ", ") + engine::describe(fault);
    return out;
}

} // namespace real
