// While one ingress key replaces another, the recovery database fails in every way it can: it is down for
// all or for one node, commits are rolled back, acknowledgements are lost, and view stores read replicas
// that lag, where there are any.
//
// Every write is repeated until its outcome is known, and no promise rests on a list of keys that is older
// than the records beside it: a view store on a lagging replica waits, and never passes a block whose new
// key it has not seen.
//
// source: known-bugs R7, R11, yield point 4, BH-29, BH-30.  needs: lose_commit_ack
#include <fmt/format.h>

#include "engine/world/fault_words.hpp"
#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;

Fault trouble(World& world, Stream& dice) {
    constexpr FaultKind kinds[] = {FaultKind::db_down, FaultKind::db_down_for, FaultKind::fail_commit,
                                   FaultKind::stale_reads, FaultKind::lose_commit_ack};
    FaultKind kind = kinds[dice.below(5)];
    if (kind == FaultKind::stale_reads && !world.can(Capability::stale_reads)) kind = FaultKind::db_down_for;
    const bool reader = kind == FaultKind::stale_reads || kind == FaultKind::db_down_for;
    const std::uint32_t which = dice.below(2);
    FaultNumbers numbers;
    if (reader && dice.below(2) == 0)
        numbers.a = world.view_store(which).id();
    else
        numbers.a = world.ingest(which).id();
    numbers.amount = 1 + dice.below(3);
    if (kind == FaultKind::stale_reads) numbers.amount = 100 + dice.below(4000);
    return Fault::read(kind, numbers);
}

} // namespace

Task<> database_in_trouble_while_keys_rotate(World& world) {
    const AccountId alice{0};
    const AccountId bob{1};
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey k1 = co_await activate(world, world.ingest(0));
    co_await pay(world, alice, amounts.next(), k1);
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    world.step("the second key is activated and the first retired, with the database in trouble");
    std::vector<FaultId> active;
    for (int i = 0; i < 2; ++i) active.push_back(world.faults().begin(trouble(world, dice)));
    // An operator's command may fail now; what it has done so far is the database's secret.
    const Result<fog::IngestSummary> first_try = co_await world.ingest(1).api().activate();
    co_await pay(world, bob, amounts.next(), k1);
    for (FaultId fault : active) world.faults().heal(fault);
    active.clear();
    chain::PublicKey k2;
    if (first_try)
        k2 = first_try->ingress_key;
    else
        k2 = co_await take_over(world, world.ingest(1));
    active.push_back(world.faults().begin(trouble(world, dice)));
    const Result<fog::IngestSummary> retired = co_await world.ingest(0).api().retire();
    (void)retired; // when it failed the old key goes on, which is as good

    while (world.chain().height() < BlockCount{10}) {
        BlockPlan plan;
        plan.credits.push_back(coin(alice, amounts.next(), k2));
        plan.credits.push_back(coin(bob, amounts.next(), k2));
        const AppendedBlock block = co_await world.chain().append(std::move(plan));
        const Fault next = trouble(world, dice);
        world.step(fmt::format("block {}: {}", block.index.value, in_words(world, next)));
        active.push_back(world.faults().begin(next));
        co_await poll_fresh(world);
        if (active.size() > 2) {
            world.faults().heal(active.front());
            active.erase(active.begin());
        }
    }

    world.step("the database is well again");
    world.faults().heal_all();
    co_await until_level(world, world.chain().height());
    co_await pollers.stop();
    co_await poll_fresh(world);
}

} // namespace scenarios
