// The disk of the active ingest node is full: it scans on, but its state file stays at an early block.
// Then the node dies and starts again from that file, more than once, with the disk still full.
//
// The file is stale in the same way as a restored one; nothing but the ingress key may depend on its
// freshness.  What would change the key is refused while it cannot be written.
//
// source: fog/ingest/server state file; known-bugs BH-42.  needs: crash, state_files
#include <fmt/format.h>

#include "engine/world/reached.hpp"
#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {

using namespace engine;

namespace {

// View has the chain, or the node that should see to it has ended: nobody brings that one back.
Task<> until_scanned(World& world, IngestNode& node) {
    const BlockCount height = world.chain().height();
    auto holds = [&world, &node, height] {
        return !node.is_up() || have_reached(world.view_stores(), height);
    };
    std::string what = fmt::format("block count {} by every view store", height.value);
    co_await world.until(std::move(what), std::move(holds));
}

void expect_alive(World& world, IngestNode& node) {
    expect(world, CheckId::crash, node.is_up(), fmt::format("{} lives while its disk is full", node.name()));
}

} // namespace

Task<> state_file_on_a_full_disk(World& world) {
    const AccountId alice{0};
    IngestNode& node = world.ingest(0);
    Stream dice = world.plan(1);
    Amounts amounts;
    const chain::PublicKey key = co_await activate(world, node);
    co_await pay(world, alice, amounts.next());
    co_await until_level(world, world.chain().height());
    Pollers pollers(world);
    pollers.add_each();

    world.step("the disk is full");
    world.faults().begin(faults::DiskFull{node.id()});
    for (int life = 0; life < 3; ++life) {
        const std::uint32_t blocks = 1 + dice.below(2);
        for (std::uint32_t b = 0; b < blocks; ++b) co_await pay(world, alice, amounts.next());
        if (dice.below(2) == 0) co_await until_scanned(world, node);
        const std::uint32_t moment_ms = dice.below(300);
        co_await world.sleep(std::chrono::milliseconds(moment_ms));
        expect_alive(world, node);
        world.step("the node dies and resumes from the old file");
        co_await node.crash();
        co_await node.start();
        co_await until_mode(world, node, fog::IngestMode::active);
    }
    co_await until_scanned(world, node);
    expect_alive(world, node);
    const fog::IngestSummary status = co_await command(world, node.api().get_status(), "get-status");
    expect(world, CheckId::crash, status.ingress_key == key, "the node still has its ingress key");
    co_await node.crash();

    world.step("an idle node on a full disk keeps the key it has");
    IngestNode& other = world.ingest(1);
    world.faults().begin(faults::DiskFull{other.id()});
    const fog::IngestSummary before = co_await command(world, other.api().get_status(), "get-status");
    const Result<fog::IngestSummary> refused = co_await other.api().new_keys();
    expect(world, CheckId::crash, !refused && refused.error().code == Code::disk_full,
           "new keys on a full disk");
    const fog::IngestSummary after = co_await command(world, other.api().get_status(), "get-status");
    expect(world, CheckId::crash, before.ingress_key == after.ingress_key, "a key that was refused is used");
    co_await pollers.stop();
}

} // namespace scenarios
