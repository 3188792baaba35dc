// Four payments and their tombstones: one lands at once, one in the last block its tombstone allows, one
// is submitted a block too late, and one never.  The sender asks about all four at every height while the
// ledger's copy, which answers, lags behind the chain by a drawn number of blocks, and may gain a block
// between reading its height and looking.
//
//      height     h      h+1     h+2     h+3 = tombstone     h+4
//      lands     early            last    (late: refused)
//
// "Expired" may be said only once the answering copy has all blocks below the tombstone, and never of a
// payment that landed; "landed" only with the right block.
//
// source: fog/ledger untrusted_tx_out_service, known-bugs C-STATUS.  needs: hold_copies
#include <fmt/format.h>

#include "scenarios/stories.hpp"
#include "scenarios/support.hpp"

namespace scenarios {
namespace {

using namespace engine;
using Verdict = fog::Wallet::Landing::Verdict;

Task<> ask_about(World& world, Wallet& sender, ChainCopy& ledger, std::vector<PreparedPayment> payments) {
    for (const PreparedPayment& payment : payments) {
        const BlockCount before = ledger.count();
        const Result<fog::Wallet::Landing> landing = co_await sender.landing(payment);
        if (!landing) continue;
        const bool too_early =
            landing->verdict == Verdict::expired && ledger.count().end() < payment.tombstone;
        expect(world, CheckId::sender, !too_early,
               "the ledger's copy does not have all blocks below the tombstone, but the payment is called "
               "expired");
        const auto place = world.chain().model().place_of(payment.output.public_key);
        const bool sees_it = place && before.includes(place->block);
        expect(world, CheckId::sender, !sees_it || landing->verdict == Verdict::landed,
               "a payment in a block the ledger's copy has is not called landed");
    }
}

} // namespace

Task<> sender_around_the_tombstone(World& world) {
    const AccountId alice{0};
    ChainCopy& ledger = world.copy("ledger");
    co_await activate(world, world.ingest(0));
    co_await until_copies(world, world.chain().height());
    Wallet& sender = world.new_wallet(AccountId{1});
    Stream lag = world.plan(1);

    world.step("four payments are prepared, with three blocks to land in");
    std::vector<PreparedPayment> payments;
    Amounts amounts;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t amount = amounts.next();
        const Result<PreparedPayment> prepared = co_await world.chain().prepare(alice, amount, 3);
        expect(world, CheckId::crash, prepared.has_value(), "a payment can be prepared");
        if (!prepared) co_return;
        payments.push_back(*prepared);
    }
    const BlockIndex tombstone = payments[0].tombstone;
    ledger.hold();
    Wallet& old = world.new_wallet(alice);

    for (int block = 0; block < 6; ++block) {
        std::vector<PreparedPayment> in_this_block;
        if (block == 0) in_this_block.push_back(payments[0]);
        if (world.chain().height().end().next() == tombstone) in_this_block.push_back(payments[1]);
        const bool too_late = world.chain().height().end() == tombstone;
        if (too_late) in_this_block.push_back(payments[2]);
        const std::vector<CoinRef> landed = co_await world.chain().submit(std::move(in_this_block));
        expect(world, CheckId::sender, !too_late || landed.empty(), "a payment lands at its tombstone block");
        world.step(fmt::format("block {}; the ledger's copy has {}", world.chain().height().value - 1,
                               ledger.count().value));
        co_await ask_about(world, sender, ledger, payments);

        // The copy moves by a drawn number of blocks while the sender asks.
        Nursery asking(world.loop(), NodeId{});
        asking.spawn("a sender", ask_about(world, sender, ledger, payments));
        const std::uint32_t steps = lag.below(3);
        for (std::uint32_t i = 0; i < steps && ledger.count() < world.chain().height(); ++i) {
            co_await world.sleep(1ms); // one request takes about as long
            ledger.advance_to(ledger.count().end().count_through());
        }
        co_await asking.join();
        const Result<fog::BalanceReport> report = co_await old.poll();
        (void)report; // judged already
    }

    world.step("the ledger's copy is level");
    ledger.release();
    co_await until_level(world, world.chain().height());
    const Verdict truth[] = {Verdict::landed, Verdict::landed, Verdict::expired, Verdict::expired};
    for (std::size_t i = 0; i < payments.size(); ++i) {
        const Result<fog::Wallet::Landing> landing = co_await sender.landing(payments[i]);
        const bool right = landing && landing->verdict == truth[i];
        expect(world, CheckId::sender, right,
               right ? "" : fmt::format("payment {} has another verdict in the end", i));
    }
}

} // namespace scenarios
