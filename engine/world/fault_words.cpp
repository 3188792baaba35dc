#include "engine/world/fault_words.hpp"

#include <algorithm>

#include "engine/world/roster.hpp"

namespace engine {

namespace {

std::string name_in(World& world, NodeId id) {
    for (const Node* node : world.nodes())
        if (node->id() == id) return node->name();
    const std::vector<Wallet*> wallets = world.wallets();
    for (std::size_t i = 0; i < wallets.size(); ++i)
        if (wallets[i]->id() == id)
            return Roster::wallet_name(static_cast<std::uint32_t>(i), wallets[i]->account().value);
    return "somebody";
}

} // namespace

std::string in_words(World& world, const Fault& fault) {
    FaultNames names;
    names.node = [&](NodeId id) { return name_in(world, id); };
    names.copy = [&](faults::CopyNumber copy) {
        const std::vector<ChainCopy*> copies = world.copies();
        return copies.empty() ? std::string("?") : copies[copy.value % copies.size()]->name();
    };
    return in_words(fault, names);
}

} // namespace engine
