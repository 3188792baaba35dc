#include "engine/fault_table.hpp"

#include <algorithm>

namespace engine {

FaultId FaultTable::add(Fault fault) {
    const FaultId id{next_id_++};
    active_.push_back({id, fault, loop_.now()});
    return id;
}

std::optional<Fault> FaultTable::remove(FaultId id) {
    const auto it = std::find_if(active_.begin(), active_.end(), [&](const Active& a) { return a.id == id; });
    if (it == active_.end()) return std::nullopt;
    const Fault fault = it->fault;
    end(it);
    return fault;
}

void FaultTable::end(std::vector<Active>::iterator entry) {
    ended_.push_back({entry->fault, entry->since, loop_.now()});
    active_.erase(entry);
}

const FaultTable::Active* FaultTable::cutting(NodeId from, NodeId to) const {
    const auto it = std::find_if(active_.begin(), active_.end(), [&](const Active& entry) {
        if (const auto* partition = entry.fault.as<faults::Partition>())
            return is_at(*partition, from, to) || is_at(*partition, to, from);
        if (const auto* cut = entry.fault.as<faults::Cut>()) return is_at(*cut, from, to);
        if (const auto* isolate = entry.fault.as<faults::Isolate>())
            return is_at(*isolate, from) || is_at(*isolate, to);
        return false;
    });
    return it == active_.end() ? nullptr : &*it;
}

Cause FaultTable::cause_of(const Active& entry) const {
    return engine::cause_of(entry.fault, entry.since, loop_.now());
}

namespace {

/// Null: the fault does not strike commits of that node.
faults::Commits* struck_commits(Fault& fault, NodeId node) {
    const auto of = [&](auto* kind) -> faults::Commits* {
        return kind != nullptr && kind->node == node ? &kind->commits : nullptr;
    };
    if (faults::Commits* commits = of(fault.as<faults::LoseCommitAck>())) return commits;
    if (faults::Commits* commits = of(fault.as<faults::LoseCommit>())) return commits;
    return of(fault.as<faults::FailCommit>());
}

} // namespace

std::optional<FaultTable::StruckCommit> FaultTable::take_commit(NodeId node) {
    for (auto it = active_.begin(); it != active_.end(); ++it) {
        faults::Commits* commits = struck_commits(it->fault, node);
        if (commits == nullptr) continue;
        StruckCommit struck;
        struck.fault = it->id;
        struck.kind = it->fault.kind();
        struck.was_its_last = --commits->left == 0;
        if (struck.was_its_last) end(it);
        return struck;
    }
    return std::nullopt;
}

Cause FaultTable::cause(const std::function<bool(const Fault&)>& counts, Instant begun,
                        Duration lingers) const {
    for (const Active& entry : active_)
        if (counts(entry.fault)) return cause_of(entry);
    for (auto it = ended_.rbegin(); it != ended_.rend(); ++it)
        if (it->until + lingers >= begun && counts(it->fault))
            return engine::cause_of(it->fault, it->since, it->until);
    return {};
}

} // namespace engine
