// The clock of the active ingest node is three days slow, so the cleanup tool takes its invocation for
// abandoned and closes it.  Where a process cannot have a clock of its own the tool's is three days fast,
// which it cannot tell from the other.  Closing cannot be undone, and wallets stop searching a closed
// invocation's RNG once they have seen its last block.  The node must go on under a new egress key: bob's
// later coins may not land behind the closed one. source: fog-sql-recovery-db-cleanup; trap "cleanup can
// decommission a live invocation".  needs: nothing
#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

namespace {

// Pays and waits until view has the block.
Task<BlockIndex> pay_and_show(World& world, AccountId to, std::uint64_t amount) {
    engine::Credit credit;
    credit.to = to;
    credit.amount = amount;
    BlockPlan plan;
    plan.credits.push_back(credit);
    const AppendedBlock block = co_await world.chain().append(std::move(plan));
    co_await until_view(world, block.index.count_through());
    co_return block.index;
}

} // namespace

Task<> live_invocation_cleaned_up(World& world) {
    IngestNode& node = world.ingest(0);
    Wallet& bob = world.new_wallet(AccountId{1});
    std::chrono::seconds abandoned = 48h; // for so long without a block
    if (world.can(Capability::clocks)) {
        world.step("ingest0, whose clock is three days slow, scans a block that pays bob 1");
        world.faults().begin(faults::ClockJump{node.id(), std::chrono::hours(-3 * 24)});
    } else {
        world.step("ingest0 scans a block that pays bob 1; the cleanup tool's clock is three days fast");
        abandoned -= 3 * 24h;
    }
    const Result<fog::IngestSummary> active = co_await node.api().activate();
    expect(world, CheckId::crash, active.has_value(), "ingest0 is activated");
    (void)co_await pay_and_show(world, bob.account(), 1);
    (void)co_await bob.poll();

    world.step("the cleanup tool closes its invocation");
    const Result<std::size_t> closed = co_await world.clean_up(abandoned);
    expect(world, CheckId::crash, closed && *closed >= 1, "the tool takes the live invocation for abandoned");
    (void)co_await pay_and_show(world, bob.account(), 2);
    (void)co_await bob.poll(); // sees the closed RNG's end

    world.step("two more blocks pay bob 4 and 8, the tool runs once more between them");
    (void)co_await pay_and_show(world, bob.account(), 4);
    (void)co_await bob.poll();
    (void)co_await world.clean_up(abandoned);
    const BlockIndex last = co_await pay_and_show(world, bob.account(), 8);
    (void)co_await bob.poll();
    const bool whole = bob.last() && (bob.last()->count < last.count_through() || bob.last()->value() == 15);
    expect(world, CheckId::balance, whole, "bob has 15 once he knows all four blocks");
}

} // namespace scenarios
