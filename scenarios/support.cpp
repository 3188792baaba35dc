#include "scenarios/support.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/world/reached.hpp"

namespace scenarios {

using namespace engine;

Task<> until_view(World& world, BlockCount count) {
    auto holds = [&world, count] { return have_reached(world.view_stores(), count); };
    std::string what = fmt::format("block count {} by every view store", count.value);
    co_await world.until(std::move(what), std::move(holds));
}

Task<> until_images(World& world, BlockCount count) {
    auto holds = [&world, count] { return have_reached(world.image_stores(), count); };
    std::string what = fmt::format("block count {} by every key image store", count.value);
    co_await world.until(std::move(what), std::move(holds));
}

Task<> until_copies(World& world, BlockCount count) {
    auto holds = [&world, count] {
        const std::vector<ChainCopy*> copies = world.copies();
        return std::all_of(copies.begin(), copies.end(),
                           [count](ChainCopy* c) { return c->count() >= count; });
    };
    std::string what = fmt::format("block count {} by every chain copy", count.value);
    co_await world.until(std::move(what), std::move(holds));
}

Task<> until_level(World& world, BlockCount count) {
    co_await until_copies(world, count);
    co_await until_view(world, count);
    co_await until_images(world, count);
}

Task<> until_mode(World& world, IngestNode& node, fog::IngestMode mode) {
    auto holds = [&node, mode] { return !node.is_up() || node.mode() == mode; };
    std::string what =
        fmt::format("mode {} by {}", mode == fog::IngestMode::idle ? "idle" : "active", node.name());
    std::string lives = fmt::format("{} lives where {} is waited for", node.name(), what);
    co_await world.until(std::move(what), std::move(holds));
    expect(world, CheckId::crash, node.is_up(), lives);
}

Task<chain::PublicKey> report_key(World& world) {
    const Result<chain::PublicKey> key = co_await world.chain().refresh_hint_key();
    expect(world, CheckId::crash, key.has_value(), "the report server has a report");
    if (!key) co_return chain::PublicKey{};
    co_return *key;
}

Credit coin(AccountId to, std::uint64_t amount) {
    Credit credit;
    credit.to = to;
    credit.amount = amount;
    return credit;
}

Credit coin(AccountId to, std::uint64_t amount, chain::PublicKey hint_key) {
    Credit credit = coin(to, amount);
    credit.hint_key = hint_key;
    return credit;
}

Task<AppendedBlock> pay(World& world, AccountId to, std::uint64_t amount) {
    BlockPlan plan;
    plan.credits.push_back(coin(to, amount));
    return world.chain().append(std::move(plan));
}

Task<AppendedBlock> pay(World& world, AccountId to, std::uint64_t amount, chain::PublicKey hint_key) {
    BlockPlan plan;
    plan.credits.push_back(coin(to, amount, hint_key));
    return world.chain().append(std::move(plan));
}

Task<AppendedBlock> empty_block(World& world) {
    BlockPlan plan;
    return world.chain().append(std::move(plan));
}

Task<fog::IngestSummary> command(World& world, Task<Result<fog::IngestSummary>> call, const char* what) {
    const Result<fog::IngestSummary> answer = co_await std::move(call);
    expect(world, CheckId::crash, answer.has_value(),
           fmt::format("{}: {}", what, answer ? "" : name(answer.error().code)));
    if (!answer) co_return fog::IngestSummary{};
    co_return *answer;
}

Task<chain::PublicKey> activate(World& world, IngestNode& node) {
    const fog::IngestSummary active = co_await command(world, node.api().activate(), "activate");
    co_return active.ingress_key;
}

Task<> make_peers(World& world, std::vector<IngestNode*> nodes) {
    std::vector<std::string> ids;
    for (IngestNode* node : nodes) ids.push_back(node->responder_id());
    for (IngestNode* node : nodes) co_await command(world, node->api().set_peers(ids), "set-peers");
}

Task<chain::PublicKey> take_over(World& world, IngestNode& standby) {
    constexpr int attempts = 30;
    Code last = Code::internal;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::vector<std::string> alone;
        alone.push_back(standby.responder_id());
        const Result<fog::IngestSummary> listed = co_await standby.api().set_peers(std::move(alone));
        if (listed) {
            const Result<fog::IngestSummary> active = co_await standby.api().activate();
            if (active) co_return active->ingress_key;
            last = active.error().code;
        } else {
            last = listed.error().code;
        }
        co_await world.sleep(1s); // an operator's patience, not a wait for anything
    }
    expect(world, CheckId::liveness, false,
           fmt::format("{} cannot take over in {} attempts: {}", standby.name(), attempts, name(last)));
    co_return chain::PublicKey{};
}

Task<> lose_key(IngestNode& node) {
    co_await node.crash();
    node.delete_state_file();
}

Task<> report_lost(World& world, IngestNode& any, chain::PublicKey key) {
    const Result<bool> reported = co_await any.api().report_lost_ingress_key(key);
    expect(world, CheckId::crash, reported.has_value(), "report-lost-ingress-key succeeds");
}

Task<fog::IngressKeyRecord> key_record(World& world, IngestNode& any, chain::PublicKey key) {
    const Result<std::vector<fog::IngressKeyRecord>> records =
        co_await any.api().get_ingress_key_records(BlockIndex{}, true, true);
    if (records)
        for (const fog::IngressKeyRecord& record : *records)
            if (record.key == key) co_return record;
    expect(world, CheckId::crash, false, "the recovery database has a record of the key");
    co_return fog::IngressKeyRecord{};
}

std::vector<Wallet*> new_wallets(World& world) {
    std::vector<Wallet*> wallets;
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        wallets.push_back(&world.new_wallet(AccountId{a}));
    return wallets;
}

Task<> poll_each(std::vector<Wallet*> wallets) {
    for (Wallet* wallet : wallets) {
        const Result<fog::BalanceReport> report = co_await wallet->poll();
        (void)report; // judged already
    }
}

Task<> poll_fresh(World& world) { return poll_each(new_wallets(world)); }

void Pollers::begin(Wallet& wallet, bool doomed) {
    const Stream pace = world_.plan(next_site_++);
    nursery_.spawn("a wallet that keeps checking", go_on(this, &wallet, doomed, pace));
}

Task<> Pollers::go_on(Pollers* self, Wallet* wallet, bool doomed, Stream pace) {
    while (!self->stopping_) {
        const std::uint32_t pause_ms = pace.below(400);
        co_await self->world_.sleep(std::chrono::milliseconds(pause_ms));
        const bool kill = doomed && pace.below(2) != 0;
        if (kill) {
            co_await wallet->poll_and_kill();
        } else {
            const Result<fog::BalanceReport> report = co_await wallet->poll();
            (void)report; // judged already
        }
    }
}

Task<> Pollers::stop() {
    stopping_ = true;
    co_await nursery_.join();
}

} // namespace scenarios
