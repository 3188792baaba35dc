#include "sim/foreign_wallet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "sim/run.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

using namespace sim::testing;
using engine::AccountId;
using engine::Scenario;
using engine::World;
using engine::check::CheckId;
using engine::fog::BalanceReport;

/// A program that asks one question a check, and is right as long as nobody is paid.
class Program final : public ForeignWallets {
public:
    enum class Manner {
        gives_up,          ///< a check fails at the first error
        fails,             ///< whatever it is answered
        asks_wrongly,      ///< for more outputs than anybody may
        gives_up_for_ever, ///< a check fails at the first error, and so does each later one
        leaves,            ///< is not there any more
    };
    explicit Program(Manner manner) : manner_(manner) {}

    const engine::chain::AccountKey& keys(engine::model::AccountId account) override {
        const auto found = keys_.find(account.value);
        if (found != keys_.end()) return found->second;
        std::array<std::uint8_t, 32> entropy{};
        entropy[0] = static_cast<std::uint8_t>(account.value + 1);
        return keys_.emplace(account.value, engine::chain::fast_crypto().account_from_entropy(entropy))
            .first->second;
    }
    void begin_check(std::uint32_t, engine::model::AccountId) override {
        ForeignRequest request;
        request.number = ++requests_;
        if (manner_ == Manner::asks_wrongly) {
            request.question.emplace<3>(std::vector<engine::GlobalIndex>(2001));
        } else {
            engine::fog::ViewQuery query;
            query.events_after = engine::UserEventId{0};
            request.question.emplace<0>(std::move(query));
        }
        events_.emplace_back(std::move(request));
    }
    ForeignEvent next(std::uint32_t) override {
        if (manner_ == Manner::leaves) throw WalletGone("gone");
        ENSURE(!events_.empty());
        ForeignEvent first = std::move(events_.front());
        events_.pop_front();
        return first;
    }
    std::optional<ForeignEvent> look(std::uint32_t wallet) override {
        if (events_.empty()) return std::nullopt;
        return next(wallet);
    }
    void answer(std::uint32_t, std::uint64_t, ForeignAnswer answer) override {
        ForeignCheck check;
        const auto* view = std::get_if<0>(&answer);
        if (view != nullptr && !*view) has_seen_an_error_ = true;
        const bool is_sulking = manner_ == Manner::gives_up_for_ever && has_seen_an_error_;
        if (view != nullptr && *view && manner_ != Manner::fails && !is_sulking) {
            check.report.emplace();
            check.report->count = (*view)->count;
            check.report->by_token[0] = 0;
        }
        events_.emplace_back(std::move(check));
    }
    void end_life(std::uint32_t) noexcept override { events_.clear(); }
    std::string debug(std::uint32_t) override { return "nothing to say"; }

private:
    Manner manner_;
    std::map<std::uint32_t, engine::chain::AccountKey> keys_;
    std::deque<ForeignEvent> events_;
    std::uint64_t requests_ = 0;
    bool has_seen_an_error_ = false;
};

// Snapshots of the database are kept from here on: a node that reads stale reads the oldest.
Task<> activate_and_level(World& world) {
    const engine::FaultId keeps_history =
        world.faults().begin(engine::faults::StaleReads{world.ingest(0).id(), 1ms});
    world.faults().heal(keeps_history);
    const auto active = co_await world.ingest(0).api().activate();
    ENSURE(active && active->mode == engine::fog::IngestMode::active);
    engine::BlockPlan empty;
    const engine::AppendedBlock appended = co_await world.chain().append(std::move(empty));
    ENSURE(appended.credits.empty());
    auto level = [&world] { return world.view_store(0).count() == world.chain().height(); };
    co_await world.until("the chain's height by view", std::move(level), 60s);
}

Task<> one_check(World& world) {
    co_await activate_and_level(world);
    const Result<BalanceReport> report = co_await world.new_wallet(AccountId{0}).poll();
    (void)report; // whoever judges has seen it
}

// Each read is from the node that is behind, or from another one.
Task<> poll_until_it_fails(engine::Wallet& wallet) {
    for (int poll = 0; poll < 64; ++poll) {
        const Result<BalanceReport> report = co_await wallet.poll();
        if (!report) co_return;
    }
    throw engine::InternalError("a replica that is behind is never read");
}

// View's own database node is behind view's own key list: it says `not_ready`, and names nobody.
Task<> a_check_meets_a_replica_that_is_behind(World& world) {
    co_await activate_and_level(world);
    engine::Wallet& alice = world.new_wallet(AccountId{0});
    const engine::FaultId stale =
        world.faults().begin(engine::faults::StaleReads{world.view_store(0).id(), 60'000ms});
    co_await poll_until_it_fails(alice);
    world.faults().heal(stale);
    const Result<BalanceReport> report = co_await alice.poll();
    (void)report;
}

Task<> and_everything_is_healed(World& world) {
    co_await a_check_meets_a_replica_that_is_behind(world);
    co_await engine::close(world);
}

Task<> poll_in_vain(engine::Wallet* wallet) {
    const Result<BalanceReport> report = co_await wallet->poll();
    (void)report;
}

Task<> a_check_beside_the_story(World& world) {
    co_await activate_and_level(world);
    engine::Nursery beside(world.loop(), engine::NodeId{});
    beside.spawn("a check", poll_in_vain(&world.new_wallet(AccountId{0})));
    co_await world.sleep(1h);
}

RunResult judge(Program::Manner manner, Task<> (*story)(World&)) {
    Program program(manner);
    const ForeignWalletsInstalled installed(program);
    Options options = calm();
    options.topology.accounts = 1;
    options.topology.ingest_nodes = 1;
    Scenario scenario;
    scenario.name = "test";
    scenario.story = story;
    scenario.closes = false;
    return run(scenario, options);
}

std::ptrdiff_t violations_of(const RunResult& result, CheckId check) {
    return std::count_if(result.violations.begin(), result.violations.end(),
                         [check](const auto& violation) { return violation.check == check; });
}

using Excused = std::map<std::string, std::uint64_t>;

TEST(ForeignWallet, check_that_fails_over_an_error_of_fogs_own_is_excused_and_counted) {
    const RunResult result = judge(Program::Manner::gives_up, a_check_meets_a_replica_that_is_behind);
    EXPECT_EQ(result.verdict, Verdict::held);
    EXPECT_TRUE(result.violations.empty());
    EXPECT_EQ(result.excused, (Excused{{"answered", 1}}));
}

TEST(ForeignWallet, check_that_fails_though_every_answer_was_good_is_a_crash) {
    const RunResult result = judge(Program::Manner::fails, one_check);
    EXPECT_EQ(violations_of(result, CheckId::crash), 1);
    EXPECT_TRUE(result.excused.empty());
}

TEST(ForeignWallet, answer_to_one_check_excuses_no_other) {
    const RunResult result =
        judge(Program::Manner::gives_up_for_ever, a_check_meets_a_replica_that_is_behind);
    EXPECT_EQ(violations_of(result, CheckId::crash), 1);
    EXPECT_EQ(result.excused, (Excused{{"answered", 1}}));
}

TEST(ForeignWallet, answer_that_a_request_is_wrong_excuses_nothing) {
    const RunResult result = judge(Program::Manner::asks_wrongly, one_check);
    EXPECT_EQ(violations_of(result, CheckId::crash), 1);
    EXPECT_TRUE(result.excused.empty());
}

TEST(ForeignWallet, wallet_whose_checks_fail_when_all_is_healed_is_told) {
    const RunResult right = judge(Program::Manner::gives_up, and_everything_is_healed);
    EXPECT_EQ(right.verdict, Verdict::held);
    const RunResult wrong = judge(Program::Manner::gives_up_for_ever, and_everything_is_healed);
    EXPECT_EQ(wrong.verdict, Verdict::violated);
}

TEST(ForeignWallet, program_that_leaves_ends_the_run_also_in_a_check_nobody_waits_for) {
    EXPECT_THROW(judge(Program::Manner::leaves, a_check_beside_the_story), WalletGone);
}

} // namespace
} // namespace sim
