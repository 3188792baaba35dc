#include "engine/world/world_body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/world/reached.hpp"

namespace engine {

WorldBody::WorldBody(const Topology& topology, Parts parts)
    : topology_(topology), roster_(topology_), loop_(parts.loop), choices_(parts.choices),
      store_(parts.store), faults_(*this, parts.faults),
      chain_(
          accounts_, parts.crypto, choices_, store_, [this] { return ask_report(); }, parts.probe),
      reports_(checks_, chain_.model(), std::move(parts.reported_tokens)) {
    checks_.stamp_with([this] { return std::pair(now(), step_number()); });
}

ChainCopy& WorldBody::copy(const std::string& name) {
    for (ChainCopy* copy : copies())
        if (copy->name() == name) return *copy;
    throw UsageError("the scenario needs a chain copy '" + name + "', which this topology has not");
}

std::string WorldBody::why_no_fault(FaultKind kind) const {
    const std::optional<Capability> need = fault_info(kind).needs;
    if (!need || can(*need)) return "";
    return "this world cannot: " + std::string(name(*need));
}

Task<Result<std::size_t>> WorldBody::clean_up(std::chrono::seconds age) {
    // The tool itself knows no age but two days, so this is what it does, with another.
    const std::shared_ptr<fog::RecoveryDb> db = operator_db();
    const std::int64_t before_s = wall_clock_s() - age.count();
    const Result<std::vector<InvocationId>> expired = co_await db->expired_invocations(before_s);
    if (!expired) co_return expired.error();
    std::size_t closed = 0;
    for (const InvocationId invocation : *expired) {
        const Result<void> done = co_await db->decommission_ingest_invocation(invocation);
        if (done) ++closed;
    }
    co_return closed;
}

Wallet& WorldBody::new_wallet(AccountId account) {
    const auto number = static_cast<std::uint32_t>(wallets_.size());
    wallets_.push_back(std::make_unique<JudgedWallet>(*this, account, number));
    return *wallets_.back();
}

std::vector<Wallet*> WorldBody::wallets() {
    std::vector<Wallet*> all;
    for (const auto& wallet : wallets_) all.push_back(wallet.get());
    return all;
}

Task<> WorldBody::until(std::string what, std::function<bool()> holds, Duration budget) {
    if (holds()) co_return;
    const bool reached = co_await wait_for(std::move(holds), now() + budget);
    if (reached) co_return;
    check::Violation violation;
    violation.check = CheckId::liveness;
    check::findings::NotReached missed;
    missed.what = std::move(what);
    for (const Node* node : nodes()) // who is down may be why
        if (!node->is_up()) missed.what += fmt::format(" ({} is down)", node->name());
    missed.within = budget;
    for (const StoreNode* store : stores()) missed.stores.emplace_back(store->name(), store->count());
    violation.what = std::move(missed);
    checks_.violated(std::move(violation));
}

void WorldBody::step(std::string text) {
    steps_.push_back(std::move(text));
    on_step(steps_.back());
}

std::string WorldBody::node_name(NodeId node) const {
    if (const Roster::Service* service = roster_.find(node)) return service->name;
    for (const auto& wallet : wallets_)
        if (wallet->id() == node) return wallet->described();
    return "the scenario";
}

tell::Names WorldBody::names() {
    tell::Names names;
    names.nodes.push_back(node_name(NodeId{}));
    for (const Roster::Service& service : roster_.services()) names.nodes.push_back(service.name);
    for (const auto& wallet : wallets_) names.nodes.push_back(wallet->described());
    for (const ChainCopy* copy : copies()) names.copies.push_back(copy->name());
    return names;
}

tell::Heights WorldBody::heights() {
    tell::Heights now;
    now.tip = chain_.height();
    for (const ChainCopy* copy : copies()) now.copies.push_back(copy->count());
    for (const StoreNode* store : stores()) {
        now.stores.push_back({store->id(), std::nullopt});
        if (store->is_up()) now.stores.back().count = store->count();
    }
    return now;
}

bool WorldBody::is_level() { return have_reached(stores(), chain_.height()); }

Task<> WorldBody::tell(Task<> story, Telling& telling) {
    try {
        co_await std::move(story);
    } catch (...) {
        telling.error = std::current_exception();
    }
    telling.ended = true;
}

} // namespace engine
