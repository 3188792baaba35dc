// The stock conformance test of MobileCoin Fog: 19 steps, five fresh wallets at each, and follow-ups of all
// earlier ones.  Two copies of the chain decide who is ahead: ingest reads one, the ledger side the other.
//
//      chain --> copy "ingest" --> ingest0, ingest1 --> recovery DB --> view store --> view router --+
//            \-> copy "ledger" --> key image store --------------------> ledger router -------------+-->
//            wallets
//
// Every answer is judged twice: by the table below (which counts may appear at a step, and with which
// amount), and by the checkers, which know nothing of the table. source:
// tools/fog-local-network/fog_conformance_tests.py.  needs: hold_copies, state_files
#include <fmt/format.h>

#include <array>
#include <map>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;

constexpr std::uint32_t accounts = 5;
constexpr int attempts = 10;       // of a call that fails, as the original allows
constexpr Duration patience = 60s; // of one wallet at one step
constexpr Duration polling_pause = 20ms;

struct Acceptable {
    std::map<std::uint64_t, std::uint64_t> amounts; // by block count
    std::vector<std::uint64_t> eventual;            // the counts that end the polling
};

struct Step {
    const char* name;
    /// What view and the key image store settle at; view may have no fixed count (a restart).
    std::uint64_t view;
    std::uint64_t ledger;
    std::array<Acceptable, accounts> answers;
};

const std::vector<Step>& table() {
    static const std::vector<Step> steps = [] {
        const Acceptable nothing_yet{{{0, 0}, {1, 0}}, {0, 1}};
        auto one = [](std::uint64_t count, std::uint64_t amount) {
            return Acceptable{{{count, amount}}, {count}};
        };
        auto two = [](std::uint64_t c0, std::uint64_t a0, std::uint64_t c1, std::uint64_t a1) {
            return Acceptable{{{c0, a0}, {c1, a1}}, {c1}};
        };
        auto either = [](std::uint64_t c0, std::uint64_t a0, std::uint64_t c1, std::uint64_t a1) {
            return Acceptable{{{c0, a0}, {c1, a1}}, {c0, c1}};
        };
        auto from_nothing = [](std::uint64_t count, std::uint64_t amount) {
            return Acceptable{{{0, 0}, {1, 0}, {count, amount}}, {count}};
        };
        auto lost = [](std::uint64_t a11, std::uint64_t a12, std::uint64_t eventual) {
            return Acceptable{{{11, a11}, {12, a12}}, {eventual}};
        };
        return std::vector<Step>{
            {"from1", 0, 1, {nothing_yet, nothing_yet, nothing_yet, nothing_yet, nothing_yet}},
            {"from2",
             2,
             2,
             {from_nothing(2, 19), from_nothing(2, 9), from_nothing(2, 0), from_nothing(2, 17),
              from_nothing(2, 27)}},
            {"from3",
             3,
             3,
             {two(2, 19, 3, 4), two(2, 9, 3, 0), two(2, 0, 3, 0), two(2, 17, 3, 36), two(2, 27, 3, 2)}},
            {"from3a", 4, 3, {one(3, 4), either(3, 0, 4, 1), either(3, 0, 4, 1), one(3, 36), one(3, 2)}},
            {"from4",
             4,
             4,
             {two(3, 4, 4, 5), two(3, 0, 4, 1), two(3, 0, 4, 1), two(3, 36, 4, 20), two(3, 2, 4, 1)}},
            {"from4a", 4, 5, {one(4, 5), one(4, 1), one(4, 1), one(4, 20), one(4, 1)}},
            {"from5",
             5,
             5,
             {two(4, 5, 5, 10), two(4, 1, 5, 6), two(4, 1, 5, 0), two(4, 20, 5, 0), two(4, 1, 5, 0)}},
            {"from5a",
             6,
             5,
             {one(5, 10), one(5, 6), either(5, 0, 6, 9), either(5, 0, 6, 9), either(5, 0, 6, 9)}},
            {"from6a",
             7,
             5,
             {one(5, 10), one(5, 6), either(5, 0, 6, 9), either(5, 0, 6, 9), either(5, 0, 6, 9)}},
            {"from6b",
             7,
             6,
             {two(5, 10, 6, 12), two(5, 6, 6, 11), two(5, 0, 6, 9), two(5, 0, 6, 9), two(5, 0, 6, 9)}},
            {"from7a", 8, 6, {one(6, 12), one(6, 11), one(6, 9), one(6, 9), one(6, 9)}},
            {"from7b",
             8,
             7,
             {two(6, 12, 7, 13), two(6, 11, 7, 10), two(6, 9, 7, 10), two(6, 9, 7, 1), two(6, 9, 7, 10)}},
            {"from7c",
             8,
             8,
             {two(7, 13, 8, 13), two(7, 10, 8, 10), two(7, 10, 8, 1), two(7, 1, 8, 1), two(7, 10, 8, 14)}},
            {"from8",
             9,
             9,
             {two(8, 13, 9, 15), two(8, 10, 9, 12), two(8, 1, 9, 3), two(8, 1, 9, 3), two(8, 14, 9, 12)}},
            {"from9",
             10,
             10,
             {two(9, 15, 10, 14), two(9, 12, 10, 13), two(9, 3, 10, 4), two(9, 3, 10, 4),
              two(9, 12, 10, 13)}},
            {"from10a",
             10,
             10,
             {from_nothing(10, 14), from_nothing(10, 13), from_nothing(10, 4), from_nothing(10, 4),
              from_nothing(10, 13)}},
            {"from10b",
             11,
             11,
             {two(10, 14, 11, 17), two(10, 13, 11, 15), two(10, 4, 11, 7), two(10, 4, 11, 7),
              two(10, 13, 11, 16)}},
            {"from11a",
             11,
             12,
             {lost(17, 19, 11), lost(15, 20, 11), lost(7, 12, 11), lost(7, 12, 11), lost(16, 21, 11)}},
            {"from11b",
             12,
             12,
             {lost(17, 19, 12), lost(15, 20, 12), lost(7, 12, 12), lost(7, 12, 12), lost(16, 21, 12)}},
        };
    }();
    return steps;
}

// The sum may be right for its count all the same: then the wallet claims to know more than it was told.
check::Violation unlisted(World& world, const Step& step, AccountId account,
                          const fog::BalanceReport& report) {
    check::Violation v{.check = CheckId::balance};
    v.what = check::findings::Said{
        fmt::format("{}: account {} shows {} at block count {}, which the table does not list", step.name,
                    account.value, check::to_text(report.value()), report.count.value)};
    v.account = account;
    v.count = report.count;
    v.shown = report.value();
    v.truth =
        model::Oracle(world.chain().model()).balance(account, std::min(report.count, world.chain().height()));
    return v;
}

// Polls one wallet until it shows one of the step's eventual counts.
Task<> drive(World& world, Wallet& wallet, const Step& step) {
    const Acceptable& acceptable = step.answers[wallet.account().value];
    const Instant begun = world.now();
    int failures = 0;
    for (;;) {
        const Result<fog::BalanceReport> report = co_await wallet.poll();
        if (!report) {
            expect(world, CheckId::crash, ++failures < attempts,
                   fmt::format("{}: a balance check failed {} times", step.name, failures));
            co_await world.sleep(1s);
            continue;
        }
        const std::uint64_t count = report->count.value;
        const auto listed = acceptable.amounts.find(count);
        const bool right = listed != acceptable.amounts.end() && report->value() == listed->second;
        if (!right) {
            world.checks().violated(unlisted(world, step, wallet.account(), *report));
            co_return;
        }
        world.checks().held(CheckId::balance);
        if (std::find(acceptable.eventual.begin(), acceptable.eventual.end(), count) !=
            acceptable.eventual.end())
            co_return;
        const bool in_time = world.now() - begun <= patience;
        expect(world, CheckId::liveness, in_time,
               in_time ? ""
                       : fmt::format("{}: account {} stays at block count {}", step.name,
                                     wallet.account().value, count));
        if (!in_time) co_return;
        co_await world.sleep(polling_pause);
    }
}

/// What the run has built up so far.
struct Fixture {
    World& world;
    ChainCopy& ingest_copy;
    ChainCopy& ledger_copy;
    std::vector<Wallet*> wallets;                 // in order of creation; those that are still asked
    std::vector<std::vector<CoinRef>> credits{1}; // by block
    chain::PublicKey hint_key{};
    std::size_t next_step = 0;
};

// The next step of the table: five fresh wallets, then every older one.
Task<> check_step(Fixture& f, bool settle_first) {
    const Step& step = table().at(f.next_step++);
    f.world.step(fmt::format("{}: view {}, ledger {}", step.name, step.view, step.ledger));
    // Settled or not, the table must hold: half of the steps are polled while the services still move.
    Stream patience_draw = f.world.plan(1);
    const bool wait = patience_draw.below(2) == 0;
    if (settle_first || wait) {
        co_await until_view(f.world, BlockCount{step.view});
        co_await until_images(f.world, BlockCount{step.ledger});
    }
    if (!f.world.follows_up()) f.wallets.clear();
    const std::vector<Wallet*> older = f.wallets;
    for (std::uint32_t a = 0; a < accounts; ++a) {
        Wallet& fresh = f.world.new_wallet(AccountId{a});
        f.wallets.push_back(&fresh);
        co_await drive(f.world, fresh, step);
    }
    for (Wallet* wallet : older) co_await drive(f.world, *wallet, step);
    // The next step starts from settled services, as the original's pauses have it.
    co_await until_view(f.world, BlockCount{step.view});
    co_await until_images(f.world, BlockCount{step.ledger});
}

struct Burn {
    std::uint64_t block;
    std::size_t credit;
};

// Appends the next block to the canonical chain; the copies get it when told.
Task<> next_block(Fixture& f, std::vector<std::pair<std::uint32_t, std::uint64_t>> credits,
                  std::vector<Burn> burns) {
    BlockPlan plan;
    for (const auto& [account, amount] : credits) {
        engine::Credit credit;
        credit.to = AccountId{account};
        credit.amount = amount;
        credit.hint_key = f.hint_key;
        plan.credits.push_back(std::move(credit));
    }
    for (const Burn& burn : burns) plan.spends.push_back(f.credits.at(burn.block).at(burn.credit));
    AppendedBlock appended = co_await f.world.chain().append(std::move(plan));
    f.credits.push_back(std::move(appended.credits));
}

void to_ingest(Fixture& f, std::uint64_t block) {
    f.ingest_copy.advance_to(BlockIndex{block}.count_through());
}
void to_ledger(Fixture& f, std::uint64_t block) {
    f.ledger_copy.advance_to(BlockIndex{block}.count_through());
}

using Pays = std::vector<std::pair<std::uint32_t, std::uint64_t>>;
using Burns = std::vector<Burn>;

Pays to_each(std::uint64_t amount) {
    Pays pays;
    for (std::uint32_t a = 0; a < accounts; ++a) pays.push_back({a, amount});
    return pays;
}

Task<> expect_mode(World& world, IngestNode& node, fog::IngestMode mode) {
    const fog::IngestSummary status = co_await command(world, node.api().get_status(), "get-status");
    expect(world, CheckId::crash, status.mode == mode,
           fmt::format("{} is not in the mode the step expects", node.name()));
}

} // namespace

Task<> conformance(World& world) {
    Fixture f{world, world.copy("ingest"), world.copy("ledger"), {}};
    IngestNode& ingest1 = world.ingest(0);
    IngestNode& ingest2 = world.ingest(1);
    f.ingest_copy.hold();
    f.ledger_copy.hold();
    co_await ingest2.stop(); // it starts in step 14

    world.step("set-up: ingest1 gets a window of 1 and is activated");
    const fog::IngestSummary idle =
        co_await command(world, ingest1.api().set_pubkey_expiry_window(1), "set-pubkey-expiry-window");
    expect(world, CheckId::crash, idle.mode == fog::IngestMode::idle && idle.pubkey_expiry_window == 1,
           "the window of an idle node is 1");
    const fog::IngestSummary active = co_await command(world, ingest1.api().activate(), "activate");
    expect(world, CheckId::crash, active.mode == fog::IngestMode::active && active.pubkey_expiry_window == 1,
           "ingest1 is active with window 1");
    f.hint_key = co_await report_key(world);
    const chain::PublicKey p1 = f.hint_key;
    expect(world, CheckId::crash, p1 == active.ingress_key,
           "activate has published the report before it answers");
    co_await check_step(f, true);

    Pays pays;
    Burns burns;

    pays = {{0, 15}, {0, 4}, {1, 9}, {3, 17}, {4, 27}};
    co_await next_block(f, std::move(pays), {});
    to_ingest(f, 1);
    to_ledger(f, 1);
    co_await check_step(f, false); // from2

    pays = {{3, 19}, {4, 2}};
    burns = {{1, 0}, {1, 2}, {1, 4}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 2);
    to_ledger(f, 2);
    co_await check_step(f, false); // from3

    pays = {{0, 1}, {1, 1}, {2, 1}, {3, 3}, {4, 1}};
    burns = {{2, 0}, {2, 1}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 3);
    co_await check_step(f, false); // from3a: view ahead
    to_ledger(f, 3);
    co_await check_step(f, false); // from4

    pays = {{0, 7}, {0, 3}, {1, 2}, {1, 4}};
    burns = {{3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {1, 1}, {1, 3}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ledger(f, 4);
    co_await check_step(f, false); // from4a: ledger ahead
    to_ingest(f, 4);
    co_await check_step(f, false); // from5

    pays = to_each(9);
    burns = {{4, 0}, {4, 3}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 5);
    co_await check_step(f, false); // from5a: view ahead by one

    pays = to_each(1);
    burns = {{4, 2}, {5, 3}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 6);
    co_await check_step(f, false); // from6a: view ahead by two
    to_ledger(f, 5);
    co_await check_step(f, false); // from6b

    pays = {{4, 4}};
    burns = {{5, 2}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 7);
    co_await check_step(f, false); // from7a
    to_ledger(f, 6);
    co_await check_step(f, false); // from7b
    to_ledger(f, 7);
    co_await check_step(f, false); // from7c

    world.step("rotation: ingest2 with a key of its own is activated, ingest1 retires");
    co_await ingest2.start();
    const fog::IngestSummary second = co_await command(world, ingest2.api().activate(), "activate ingest2");
    expect(world, CheckId::crash, second.mode == fog::IngestMode::active, "ingest2 is active");
    const fog::IngestSummary retiring = co_await command(world, ingest1.api().retire(), "retire ingest1");
    expect(world, CheckId::crash, retiring.mode == fog::IngestMode::active, "a retiring node stays active");
    const fog::IngestSummary status = co_await command(world, ingest2.api().get_status(), "get-status");
    const chain::PublicKey p2 = status.ingress_key;
    f.hint_key = p2;
    pays = to_each(2);
    burns = {{7, 0}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 8);
    to_ledger(f, 8);
    co_await check_step(f, false); // from8

    co_await expect_mode(world, ingest1, fog::IngestMode::active);
    co_await expect_mode(world, ingest2, fog::IngestMode::active);
    pays = to_each(1);
    burns = {{8, 0}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 9);
    to_ledger(f, 9);
    co_await check_step(f, false); // from9

    co_await until_mode(world, ingest1, fog::IngestMode::idle); // block 9 is past its key's expiry of 8
    co_await expect_mode(world, ingest1, fog::IngestMode::idle);
    co_await expect_mode(world, ingest2, fog::IngestMode::active);
    co_await world.view_store(0).stop();
    co_await world.view_store(0).start();
    co_await check_step(f, true); // from10a: a store that loads must not be seen half way

    pays = to_each(3);
    burns = {{9, 1}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ingest(f, 10);
    to_ledger(f, 10);
    co_await check_step(f, false); // from10b

    world.step("key loss: ingest2 dies, its state file with it");
    co_await ingest2.stop();
    ingest2.delete_state_file();
    pays = to_each(5);
    burns = {{10, 0}};
    co_await next_block(f, std::move(pays), std::move(burns));
    to_ledger(f, 11);
    co_await check_step(f, false); // from11a: nobody scans

    co_await ingest2.start();
    const fog::IngestSummary third =
        co_await command(world, ingest2.api().activate(), "activate ingest2 again");
    expect(world, CheckId::crash, third.mode == fog::IngestMode::active, "ingest2 is active again");
    const Result<bool> reported = co_await ingest2.api().report_lost_ingress_key(p2);
    expect(world, CheckId::crash, reported.has_value(), "report-lost-ingress-key succeeds");
    const chain::PublicKey p3 = co_await report_key(world);
    expect(world, CheckId::crash, p3 != p2, "the new key differs from the lost one");
    to_ingest(f, 11);              // its outputs have hints for the lost key: wallets must scan it themselves
    co_await check_step(f, false); // from11b
    for (Wallet* wallet : f.wallets) wallet->judge_final();
}

} // namespace scenarios
