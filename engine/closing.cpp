#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/scenario.hpp"
#include "engine/world/reached.hpp"

namespace engine {
namespace {

constexpr int closing_rounds = 4;

// A node that comes back with nothing has the whole chain to catch up with.
Duration time_for(BlockCount height) {
    return 300s + std::chrono::milliseconds(250) * static_cast<std::int64_t>(height.value);
}

bool anybody_scans(const std::vector<IngestNode*>& nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [](IngestNode* node) {
        return node->is_up() && node->mode() == fog::IngestMode::active;
    });
}

// What an operator does when nobody scans: activate; with a key that is past use, take new ones first.
Task<> make_somebody_scan(const std::vector<IngestNode*>& nodes) {
    for (IngestNode* node : nodes) {
        for (int attempt = 0; attempt < 3 && !anybody_scans(nodes); ++attempt) {
            const Result<fog::IngestSummary> activated = co_await node->api().activate();
            if (activated) break;
            const Code code = activated.error().code;
            if (code == Code::lost || code == Code::retired) {
                const Result<fog::IngestSummary> renewed = co_await node->api().new_keys();
                (void)renewed; // activate tells
            }
        }
        if (anybody_scans(nodes)) co_return;
    }
}

// A key that promises blocks while no active node has it holds view back for ever.  The operator reports it
// lost.
Task<> give_up_orphan_keys(World& world) {
    IngestNode& any = world.ingest(0);
    const Result<std::vector<fog::IngressKeyRecord>> records =
        co_await any.api().get_ingress_key_records(BlockIndex{}, false, true);
    if (!records) co_return;
    for (const fog::IngressKeyRecord& record : *records) {
        const BlockIndex next = record.last_scanned ? record.last_scanned->next() : record.start;
        if (record.retired && next >= record.expiry) continue; // it has delivered all it owed
        bool scanned = false;
        for (IngestNode* node : world.ingest_nodes()) {
            const Result<fog::IngestSummary> status = co_await node->api().get_status();
            scanned = scanned || !status ||
                      (status->mode == fog::IngestMode::active && status->ingress_key == record.key);
        }
        if (scanned) continue;
        const Result<bool> reported = co_await any.api().report_lost_ingress_key(record.key);
        (void)reported; // an error shows as a stall below
    }
}

/// The copies of the ledger side.
std::vector<ChainCopy*> copies_beside_ingest(World& world) {
    std::vector<ChainCopy*> found = world.copies();
    const std::vector<Roster::Copy>& known = world.roster().copies();
    for (std::size_t i = found.size(); i-- > 0;)
        if (known[i].side != CopySide::ledger) found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
    return found;
}

// One of each account.
Task<> let_living_wallets_look(World& world) {
    std::set<AccountId> seen;
    for (Wallet* wallet : world.wallets()) {
        if (!seen.insert(wallet->account()).second) continue;
        const Result<fog::BalanceReport> report = co_await wallet->poll();
        (void)report; // what it shows is judged
    }
}

} // namespace

std::vector<CheckId> must_judge(const Scenario& scenario) {
    std::vector<CheckId> all{CheckId::balance, CheckId::monotone, CheckId::response, CheckId::crash};
    if (scenario.closes)
        for (const CheckId check : {CheckId::liveness, CheckId::final, CheckId::conservation})
            all.push_back(check);
    for (const CheckId check : scenario.judges) all.push_back(check);
    return all;
}

Task<BlockCount> settle(World& world) {
    world.faults().heal_all();
    for (Node* node : world.nodes())
        if (!node->is_up()) co_await node->start();
    // Nodes that resume from their state file need a moment before they are active again.
    const std::vector<IngestNode*> ingest = world.ingest_nodes();
    auto resumed = [&ingest] { return anybody_scans(ingest); };
    co_await world.sleep_unless(std::move(resumed), 40s);
    // View moves past a lost key's blocks only when another key has delivered a later one.  A retired key may
    // come to its end with that very block; then somebody else has to be found, and the next block is the
    // last.
    BlockCount height;
    const std::vector<ChainCopy*> copies = world.copies();
    const std::vector<ViewStoreNode*> view_stores = world.view_stores();
    const std::vector<StoreNode*> stores = world.stores();
    auto level = [&] { // looked at after every step that changed something
        return std::all_of(copies.begin(), copies.end(),
                           [&](ChainCopy* c) { return c->count() == height; }) &&
               have_reached(stores, height);
    };
    for (int round = 0; round < closing_rounds; ++round) {
        co_await make_somebody_scan(ingest);
        co_await give_up_orphan_keys(world);
        // In every other story the ledger comes last, and wallets look before it does: that must not keep
        // them from asking again when nothing but the ledger has moved.
        const bool ledger_comes_last =
            world.can(Capability::hold_copies) && world.chain().height().value % 2 == 0;
        const std::vector<ChainCopy*> late = copies_beside_ingest(world);
        if (ledger_comes_last)
            for (ChainCopy* copy : late) copy->hold();
        BlockPlan last;
        const AppendedBlock closing = co_await world.chain().append(std::move(last));
        height = closing.index.count_through();
        if (ledger_comes_last) {
            auto viewed = [&, round] {
                return have_reached(view_stores, height) ||
                       (round + 1 < closing_rounds && !anybody_scans(ingest));
            };
            std::string what = fmt::format("block count {} by every view store after healing", height.value);
            co_await world.until(std::move(what), std::move(viewed), time_for(height));
            if (world.checks().any_violation()) break;
            co_await let_living_wallets_look(world);
            for (ChainCopy* copy : late) copy->release();
        }
        auto settled = [&ingest, &level, round] {
            return level() || (round + 1 < closing_rounds && !anybody_scans(ingest));
        };
        std::string what = fmt::format("block count {} by every service after healing", height.value);
        co_await world.until(std::move(what), std::move(settled), time_for(height));
        if (world.checks().any_violation() || level()) break;
    }
    co_return height;
}

Task<> find_report(World& world) {
    std::set<chain::PublicKey> promised;
    for (IngestNode* node : world.ingest_nodes()) {
        const Result<fog::IngestSummary> status = co_await node->api().get_status();
        if (!status) co_return;
        // A report of its ends before the block after its last; an idle node may have published the newest
        // one before it lost a race.
        if (status->pubkey_expiry_window < 2) co_return;
        if (status->mode == fog::IngestMode::active) promised.insert(status->ingress_key);
    }
    const Result<std::vector<fog::IngressKeyRecord>> records =
        co_await world.ingest(0).api().get_ingress_key_records(BlockIndex{}, true, true);
    if (promised.empty() || !records) co_return;
    for (const fog::IngressKeyRecord& record : *records)
        if (promised.contains(record.key) && (record.retired || record.lost)) co_return;
    constexpr std::uint64_t as_long_as_possible = 1'000'000;
    const BlockIndex next = world.chain().height().end();
    const Result<PreparedPayment> payment =
        co_await world.chain().prepare(AccountId{0}, 1, as_long_as_possible);
    std::string why;
    if (!payment)
        why = fmt::format("there is no report ({})", name(payment.error().code));
    else if (payment->tombstone <= next)
        why = fmt::format("the report is good until block {}, block {} is next", payment->tombstone.value,
                          next.value);
    else if (!promised.contains(payment->hint_key))
        why = "the report names a key that nobody scans with";
    expect(world, CheckId::liveness, why.empty(),
           "after everything is healed and somebody scans, no sender can pay: " + why);
}

Task<> close(World& world) {
    world.step("everything is healed");
    const BlockCount height = co_await settle(world);
    if (world.checks().any_violation()) co_return;

    const std::vector<Wallet*> living = world.wallets();
    std::vector<Wallet*> all = living;
    for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
        all.push_back(&world.new_wallet(AccountId{a}));
    for (Wallet* wallet : all) {
        for (int poll = 0; poll < closing_polls; ++poll) {
            const Result<fog::BalanceReport> report = co_await wallet->poll();
            if (report && report->count == height) break;
        }
        const bool arrived = wallet->last() && wallet->last()->count == height;
        std::string text;
        if (!arrived)
            text =
                fmt::format("a wallet of account {} is at block count {} of {} after {} polls; it knows: {}",
                            wallet->account().value, wallet->last() ? wallet->last()->count.value : 0,
                            height.value, closing_polls, wallet->debug_text());
        expect(world, CheckId::liveness, arrived, text);
        wallet->judge_final();
    }
}

} // namespace engine
