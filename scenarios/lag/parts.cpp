#include "scenarios/lag/parts.hpp"

#include <algorithm>

#include "engine/world/roster.hpp"

namespace scenarios::lag {

Parts::Parts(const engine::Topology& topology, std::uint32_t wallets_per_account) {
    using Service = engine::Roster::Service;
    const engine::Roster roster(topology);
    const auto part = [](const Service& service) {
        return Part{service.name, static_cast<std::uint32_t>(service.kind)};
    };
    for (const Service* service : roster.of(engine::NodeKind::ingest)) ingest.push_back(part(*service));
    for (const Service* service : roster.stores()) stores.push_back(part(*service));
    for (const Service* service : roster.in_plans()) nodes.push_back(part(*service));
    for (const Service& service : roster.services()) by_id.push_back(part(service));
    for (const engine::Roster::Copy& copy : roster.copies())
        copies.push_back({copy.name, static_cast<std::uint32_t>(copy.side)});
    for (std::uint32_t w = 0; w < topology.accounts * wallets_per_account; ++w)
        wallets.push_back({engine::Roster::wallet_name(w, w / wallets_per_account),
                           static_cast<std::uint32_t>(engine::node_kind_count)});
    ends = nodes;
    ends.insert(ends.end(), wallets.begin(), wallets.end());
    by_id.insert(by_id.end(), wallets.begin(), wallets.end());
}

std::optional<std::uint32_t> same_part(const Part& part, const std::vector<Part>& in) {
    const auto it = std::find_if(in.begin(), in.end(), [&](const Part& p) { return p.name == part.name; });
    if (it == in.end()) return std::nullopt;
    return static_cast<std::uint32_t>(it - in.begin());
}

std::uint32_t renumbered(std::uint64_t at, const std::vector<Part>& from, const std::vector<Part>& to) {
    const Part& part = from.at(at % from.size());
    if (const auto same = same_part(part, to)) return *same;
    const auto kin = std::find_if(to.begin(), to.end(), [&](const Part& p) { return p.kin == part.kin; });
    return kin == to.end() ? 0 : static_cast<std::uint32_t>(kin - to.begin());
}

Plan in_world(const Plan& plan, const engine::Topology& topology) {
    const Parts from(plan.topology, plan.wallets_per_account);
    const Parts to(topology, plan.wallets_per_account);
    Plan out = plan;
    out.topology = topology;
    for (PlannedStep& step : out.steps) {
        const auto renumber = [&](std::vector<Part> Parts::*list, std::uint32_t& number) {
            number = renumbered(number, from.*list, to.*list);
        };
        switch (step.action) {
        case Action::advance:
        case Action::hold:
        case Action::release:
            renumber(&Parts::copies, step.node);
            break;
        case Action::hold_store:
        case Action::release_store:
            renumber(&Parts::stores, step.node);
            break;
        case Action::crash:
        case Action::start:
        case Action::pause:
        case Action::resume:
            renumber(&Parts::nodes, step.node);
            break;
        case Action::fault:
            renumber(&Parts::ends, step.node);
            renumber(&Parts::ends, step.other);
            if (step.fault == engine::FaultKind::watcher_behind)
                step.amount = renumbered(step.amount, from.copies, to.copies);
            break;
        default: // ingest nodes and wallets keep their numbers
            break;
        }
    }
    return out;
}

} // namespace scenarios::lag
