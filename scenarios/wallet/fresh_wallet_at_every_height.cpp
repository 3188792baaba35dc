// At every height of the chain each account is checked from scratch by a new wallet, and by one whose
// process is killed in the middle of a check and starts again with nothing.  The two sides of fog lag by a
// drawn number of blocks, so most checks meet services that are apart.
//
// Whatever a dead wallet had seen is forgotten; the next one must find every coin again, those of earlier
// blocks included, and must not take a half loaded answer for the whole.
//
// source: fog testing README, "recomputes balances from scratch".  needs: hold_copies, kill_wallet
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

Task<> fresh_wallet_at_every_height(World& world) {
    constexpr int blocks = 8;
    ChainCopy& ingest = world.copy("ingest");
    ChainCopy& ledger = world.copy("ledger");
    co_await activate(world, world.ingest(0));
    ingest.hold();
    ledger.hold();
    const std::vector<ChainCopy*> sides{&ingest, &ledger};
    Stream lag = world.plan(1);
    Stream deaths = world.plan(2);
    Amounts amounts;
    std::vector<CoinRef> unspent;
    std::vector<Wallet*> old = new_wallets(world);
    std::vector<Wallet*> doomed = new_wallets(world);

    for (int b = 0; b < blocks; ++b) {
        BlockPlan plan;
        for (std::uint32_t a = 0; a < world.topology().accounts; ++a)
            plan.credits.push_back(coin(AccountId{a}, amounts.next()));
        if (!unspent.empty()) {
            const std::uint32_t chosen = lag.below(static_cast<std::uint32_t>(unspent.size()));
            plan.spends.push_back(unspent[chosen]);
            unspent.erase(unspent.begin() + chosen);
        }
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        unspent.insert(unspent.end(), block.credits.begin(), block.credits.end());
        world.step(fmt::format("block {}: {} coins are unspent", block.index.value, unspent.size()));

        // Each side is at the tip, or up to two blocks behind.
        for (ChainCopy* copy : sides) {
            const std::uint64_t behind = lag.below(3);
            const std::uint64_t height = world.chain().height().value;
            if (height > behind) copy->advance_to(std::max(copy->count(), BlockCount{height - behind}));
        }
        for (std::size_t a = 0; a < doomed.size(); ++a) {
            const std::uint32_t times = deaths.below(3);
            for (std::uint32_t i = 0; i < times; ++i) co_await doomed[a]->poll_and_kill();
        }
        co_await poll_each(doomed);
        co_await poll_fresh(world);
        co_await poll_each(old);
    }
}

} // namespace scenarios
