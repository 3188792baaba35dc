#include "real/world/faults.hpp"

#include <fmt/format.h>

#include "engine/ensure.hpp"
#include "engine/world/fault_words.hpp"
#include "real/world/real_world.hpp"

namespace real {

using engine::Fault;
using engine::FaultId;
using engine::FaultKind;
using engine::NodeId;
namespace faults = engine::faults;

namespace {

// Wallets come through the front, which is nobody to the proxies.
NodeId seen_by_proxies(const engine::Roster& roster, NodeId id) {
    return roster.is_wallet(id) ? NodeId{} : id;
}

} // namespace

std::string RealFaults::never(FaultKind kind) {
    const std::optional<engine::Capability> need = engine::fault_info(kind).needs;
    return need ? RealWorld::never(*need) : "";
}

std::string RealFaults::missing(FaultKind kind) const {
    const std::optional<engine::Capability> need = engine::fault_info(kind).needs;
    if (!need || world_.can(*need)) return "";
    if (*need == engine::Capability::message_faults) return "no fault proxies in this run";
    if (*need == engine::Capability::lose_commit_ack) return "no proxy in front of this database";
    return RealWorld::never(*need);
}

FaultId RealFaults::begin(Fault fault) {
    if (const std::string why = missing(fault.kind()); !why.empty())
        throw engine::UsageError(fmt::format("fault {}: {}", engine::name(fault.kind()), why));
    const FaultId id{next_++};
    active_.emplace(id, Active{fault, world_.now()});
    world_.log().fault(true, id.value, in_words(world_, fault));
    apply(fault, true);
    return id;
}

void RealFaults::heal(FaultId id) {
    const auto it = active_.find(id);
    if (it == active_.end()) return;
    const Active ended = it->second;
    const Fault& fault = ended.fault;
    active_.erase(it);
    ended_.push_back({fault, ended.since, world_.now()});
    world_.log().fault(false, id.value, in_words(world_, fault));
    apply(fault, false);
}

void RealFaults::heal_all() {
    while (!active_.empty()) heal(active_.begin()->first);
    world_.resume_everything();
}

void RealFaults::apply(const Fault& fault, bool begins) {
    if (const auto* behind = fault.as<faults::WatcherBehind>())
        world_.hold_times(behind->copy.value, begins);
    else if (const auto* full = fault.as<faults::DiskFull>())
        world_.fill_disk(full->node, begins);
    else
        world_.weather_changed();
}

namespace {

/// What one fault does to a link, seen from its first node.
class Suffers {
public:
    Suffers(const engine::Roster& roster, NodeId from, NodeId to, LinkWeather& out)
        : roster_(roster), from_(from), to_(to), out_(out) {}

    void operator()(const faults::Partition& f) {
        if (is_there(f.one, f.other) || is_there(f.other, f.one)) out_.hold_there = out_.hold_back = true;
    }
    void operator()(const faults::Isolate& f) {
        const NodeId node = seen_by_proxies(roster_, f.node);
        if (node == from_ || node == to_) out_.hold_there = out_.hold_back = true;
    }
    void operator()(const faults::Cut& f) {
        if (is_there(f.from, f.to)) out_.hold_there = true;
        if (is_there(f.to, f.from)) out_.hold_back = true;
    }
    void operator()(const faults::SlowLink& f) {
        constexpr std::chrono::milliseconds longest{600'000};
        if (is_there(f.from, f.to)) out_.delay_there += std::min(f.extra, longest);
        if (is_there(f.to, f.from)) out_.delay_back += std::min(f.extra, longest);
    }
    void operator()(const faults::DropRequests& f) {
        if (is_there(f.caller, f.server)) out_.lose_there_of_256 = f.share.of_256;
    }
    void operator()(const faults::DropAnswers& f) {
        if (is_there(f.caller, f.server)) out_.lose_back_of_256 = f.share.of_256;
    }
    void operator()(const faults::ResetConnections& f) {
        if (is_there(f.caller, f.server)) out_.reset_of_256 = f.share.of_256;
    }
    void operator()(const auto&) {} // nothing to links

private:
    bool is_there(NodeId a, NodeId b) const {
        return seen_by_proxies(roster_, a) == from_ && seen_by_proxies(roster_, b) == to_;
    }

    const engine::Roster& roster_;
    NodeId from_;
    NodeId to_;
    LinkWeather& out_;
};

} // namespace

LinkWeather RealFaults::weather(NodeId from, NodeId to) const {
    LinkWeather out;
    for (const auto& [id, active] : active_)
        std::visit(Suffers(world_.roster(), from, to, out), active.fault.what());
    return out;
}

LinkWeather RealFaults::database_weather(NodeId from) const {
    LinkWeather out;
    for (const auto& [id, active] : active_) {
        const auto* for_one = active.fault.as<faults::DbDownFor>();
        if (active.fault.as<faults::DbDown>() != nullptr || (for_one != nullptr && for_one->node == from))
            out.refuse = true;
    }
    return out;
}

namespace {

// Null: the fault does not strike commits of that node.
faults::Commits* struck_commits(Fault& fault, NodeId node) {
    const auto of = [&](auto* kind) -> faults::Commits* {
        return kind != nullptr && kind->node == node ? &kind->commits : nullptr;
    };
    if (faults::Commits* commits = of(fault.as<faults::LoseCommitAck>())) return commits;
    if (faults::Commits* commits = of(fault.as<faults::LoseCommit>())) return commits;
    return of(fault.as<faults::FailCommit>());
}

} // namespace

CommitFate RealFaults::next_commit(NodeId from) {
    for (auto it = active_.begin(); it != active_.end(); ++it) {
        faults::Commits* commits = struck_commits(it->second.fault, from);
        if (commits == nullptr) continue;
        const bool is_applied = it->second.fault.kind() == FaultKind::lose_commit_ack;
        if (--commits->left == 0) {
            world_.log().fault(false, it->first.value, "used up");
            ended_.push_back({it->second.fault, it->second.since, world_.now()});
            active_.erase(it);
        }
        return is_applied ? CommitFate::lost_answer : CommitFate::rolled_back;
    }
    return CommitFate::normal;
}

engine::Cause RealFaults::find(const std::function<bool(const Fault&)>& counts, engine::Instant begun) const {
    for (const auto& [id, active] : active_)
        if (counts(active.fault)) return engine::cause_of(active.fault, active.since, world_.now());
    for (auto it = ended_.rbegin(); it != ended_.rend(); ++it)
        if (it->until + engine::check::longest_consequence >= begun && counts(it->fault))
            return engine::cause_of(it->fault, it->since, it->until);
    return {};
}

engine::Cause RealFaults::cause_on(const engine::check::CallPath& path, engine::Instant begun) const {
    return find([&path](const Fault& fault) { return engine::check::lies_on(path, fault); }, begun);
}

engine::Cause RealFaults::cause_at(NodeId service, engine::Instant begun) const {
    const auto concerns = [service](const Fault& fault) {
        const engine::FaultNumbers& at = fault.written();
        return at.a == service || at.b == service || fault.kind() == FaultKind::db_down;
    };
    return find(concerns, begun);
}

} // namespace real
