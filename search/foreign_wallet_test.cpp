#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "engine/fault.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/amounts.hpp"
#include "scenarios/lag/foreign.hpp"
#include "search/case.hpp"
#include "search/shrink.hpp"
#include "sim/foreign_wallets.hpp"

namespace search {
namespace {

/// Answers every check at once with one balance, true or not.
class Parrot final : public sim::ForeignWallets {
public:
    const engine::chain::AccountKey& keys(engine::model::AccountId account) override {
        const auto found = keys_.find(account.value);
        if (found != keys_.end()) return found->second;
        std::array<std::uint8_t, 32> entropy{};
        entropy[0] = static_cast<std::uint8_t>(account.value + 1);
        return keys_.emplace(account.value, engine::chain::ristretto_crypto().account_from_entropy(entropy))
            .first->second;
    }
    void begin_check(std::uint32_t, engine::model::AccountId) override {}
    sim::ForeignEvent next(std::uint32_t) override {
        sim::ForeignCheck check;
        check.report.emplace();
        check.report->count = engine::BlockCount{1};
        check.report->by_token[0] = 77;
        return check;
    }
    std::optional<sim::ForeignEvent> look(std::uint32_t wallet) override { return next(wallet); }
    void answer(std::uint32_t, std::uint64_t, sim::ForeignAnswer) override {}
    void end_life(std::uint32_t) noexcept override {}
    std::string debug(std::uint32_t) override { return {}; }

private:
    std::map<std::uint32_t, engine::chain::AccountKey> keys_;
};

bool tries_the_cheap_keys(const Case& what) {
    return for_each_simpler(what, [](const Case& candidate) { return !candidate.ristretto; });
}

Case conformance_with_real_keys() {
    Case what;
    what.scenario = "conformance";
    what.topology = scenarios::find("conformance")->topology;
    what.ristretto = true;
    return what;
}

TEST(ForeignWalletCase, story_of_somebody_elses_wallet_is_never_told_with_cheap_keys) {
    const Case what = conformance_with_real_keys();
    EXPECT_TRUE(tries_the_cheap_keys(what)) << "of a wallet of the simulator's own";
    Parrot parrot;
    const sim::ForeignWalletsInstalled installed(parrot);
    EXPECT_FALSE(tries_the_cheap_keys(what));
}

TEST(ForeignWalletCase, story_that_was_found_with_cheap_keys_is_told_with_real_ones) {
    Case cheap = conformance_with_real_keys();
    cheap.ristretto = false;
    Parrot parrot;
    const sim::ForeignWalletsInstalled installed(parrot);
    const sim::RunResult told = run(cheap);
    EXPECT_EQ(told.digest, run(conformance_with_real_keys()).digest);
    ASSERT_FALSE(told.violations.empty());
    EXPECT_EQ(told.violations.front().check, engine::check::CheckId::balance);
}

TEST(ForeignWalletCase, plans_for_it_fit_64_bits_and_some_end_in_what_others_hardly_come_to) {
    using scenarios::lag::Action;
    std::set<std::size_t> added;
    for (std::uint64_t seed = 1; seed <= 64; ++seed) {
        const scenarios::lag::Plan usual = scenarios::lag::generate(engine::StorySeed{seed, false});
        const scenarios::lag::Plan plan =
            scenarios::lag::generate_for_foreign_wallets(engine::StorySeed{seed, false});
        EXPECT_TRUE(scenarios::lag::fits_64_bits(plan)) << seed;
        EXPECT_EQ(scenarios::lag::from_json(scenarios::lag::to_json(plan)), plan) << seed;
        ASSERT_GE(plan.steps.size(), usual.steps.size()) << seed;
        for (std::size_t i = usual.steps.size(); i < plan.steps.size(); ++i) {
            const scenarios::lag::PlannedStep& step = plan.steps[i];
            if (step.action == Action::report_lost) added.insert(0);
            if (step.action != Action::fault) continue;
            added.insert(1 + static_cast<std::size_t>(step.fault == engine::FaultKind::failed_look_ups));
        }
    }
    EXPECT_EQ(added.size(), 3u);
}

} // namespace
} // namespace search
