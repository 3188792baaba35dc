#include "engine/world/faults.hpp"

#include "engine/world/world_body.hpp"

namespace engine {

FaultId WorldFaults::begin(Fault fault) {
    if (const std::string why = world_.why_no_fault(fault.kind()); !why.empty())
        throw UsageError("fault " + std::string(name(fault.kind())) + ": " + why);
    const FaultId id = table_.add(fault);
    world_.on_fault(id, fault, true);
    return id;
}

void WorldFaults::heal(FaultId id) {
    const std::optional<Fault> fault = table_.remove(id);
    if (fault) world_.on_fault(id, *fault, false);
}

void WorldFaults::heal_all() {
    while (!table_.empty()) heal(table_.active().front().id);
    for (Node* node : world_.nodes()) node->resume();
    for (ChainCopy* copy : world_.copies()) copy->release();
    for (StoreNode* store : world_.stores()) store->release();
}

} // namespace engine
