#include "scenarios/lag/foreign.hpp"

#include <algorithm>
#include <string_view>

#include "engine/ensure.hpp"
#include "engine/hash.hpp"
#include "scenarios/lag/amounts.hpp"
#include "scenarios/lag/parts.hpp"

namespace scenarios::lag {
namespace {

using engine::FaultKind;

/// Writes the end of a plan, in the numbers of its world.
class Ending {
public:
    explicit Ending(Plan& plan) : plan_(plan), parts_(plan.topology, plan.wallets_per_account) {
        for (const PlannedStep& step : plan.steps)
            for (const PlannedCredit& credit : step.credits) used_ |= credit.amount;
    }

    // The ledger router has not the first block of a missed range, and knows of key images beyond it: a
    // wallet that takes the limit to be one block later shows a balance without the coin in that block.
    void missed_block_the_ledger_has_not() {
        everything_is_well();
        add(Action::hold, number("ledger", parts_.copies));
        for (std::uint32_t n = 0; n < parts_.ingest.size(); ++n) add(Action::report_lost, n, n);
        block(true);
        add(Action::wait, 0, 0, 2000);
        add(Action::activate, static_cast<std::uint32_t>(parts_.ingest.size()) - 1);
        block(false);
        add(Action::wait, 0, 0, 4000);
        polls(2);
        add(Action::heal);
        polls(1);
    }

    // A wallet knows an output as unspent; the look-up that would tell it otherwise fails.
    void spent_output_whose_look_up_fails() {
        everything_is_well();
        block(true);
        add(Action::settle, 0, 0, 5000);
        polls(1);
        block(true).spends = {0, 1};
        add(Action::settle, 0, 0, 5000);
        for (std::uint32_t n = 0; n < parts_.nodes.size(); ++n)
            if (parts_.nodes[n].name.starts_with("images")) fault(FaultKind::failed_look_ups, n, 0, 128);
        polls(3);
        add(Action::heal);
        polls(1);
    }

    // The first question of a check is answered and a later one is not.
    void search_that_breaks_off() {
        everything_is_well();
        block(true);
        add(Action::settle, 0, 0, 5000);
        const std::uint32_t view = number("view_router", parts_.nodes);
        for (std::uint32_t w = 0; w < wallets(); ++w)
            fault(FaultKind::reset_connections, static_cast<std::uint32_t>(parts_.nodes.size()) + w, view,
                  96);
        polls(4);
        add(Action::heal);
        polls(1);
    }

private:
    void everything_is_well() {
        add(Action::join);
        add(Action::heal);
        for (std::uint32_t n = 0; n < parts_.nodes.size(); ++n) add(Action::start, n);
        add(Action::activate);
        add(Action::settle, 0, 0, 5000);
    }
    PlannedStep& add(Action action, std::uint32_t node = 0, std::uint32_t other = 0,
                     std::uint64_t amount = 0) {
        PlannedStep step;
        step.action = action;
        step.node = node;
        step.other = other;
        step.amount = amount;
        plan_.steps.push_back(std::move(step));
        return plan_.steps.back();
    }
    void fault(FaultKind kind, std::uint32_t node, std::uint32_t other, std::uint64_t amount) {
        add(Action::fault, node, other, amount).fault = kind;
    }
    PlannedStep& block(bool pays) {
        PlannedStep& step = add(Action::block);
        for (std::uint32_t a = 0; pays && a < std::min<std::uint32_t>(plan_.topology.accounts, 3); ++a) {
            PlannedCredit credit;
            credit.account = a;
            credit.amount = next_amount();
            step.credits.push_back(credit);
        }
        return step;
    }
    // Powers of two that no other coin has, so that a wrong sum names the missing one.
    std::uint64_t next_amount() {
        std::uint64_t amount = 1;
        while ((used_ & amount) != 0 && amount < std::uint64_t{1} << 40) amount <<= 1;
        used_ |= amount;
        return amount;
    }
    void polls(int times) {
        for (int i = 0; i < times; ++i) {
            for (std::uint32_t w = 0; w < wallets(); ++w) add(Action::poll, w);
            add(Action::join);
        }
    }
    std::uint32_t wallets() const {
        return std::min<std::uint32_t>(static_cast<std::uint32_t>(parts_.wallets.size()), 3);
    }
    static std::uint32_t number(std::string_view name, const std::vector<Part>& in) {
        const auto found =
            std::find_if(in.begin(), in.end(), [name](const Part& p) { return p.name == name; });
        ENSURE(found != in.end());
        return static_cast<std::uint32_t>(found - in.begin());
    }

    Plan& plan_;
    Parts parts_;
    std::uint64_t used_ = 0;
};

} // namespace

Plan generate_for_foreign_wallets(engine::StorySeed seed) {
    Plan plan = generate(seed);
    fit_64_bits(plan);
    switch (engine::mix64(seed.seed) % 8) {
    case 0: {
        engine::Topology own = plan.topology;
        own.own_copies = true;
        plan = in_world(plan, own);
        Ending(plan).missed_block_the_ledger_has_not();
        break;
    }
    case 1:
        Ending(plan).spent_output_whose_look_up_fails();
        break;
    case 2:
        Ending(plan).search_that_breaks_off();
        break;
    default:
        break;
    }
    return plan;
}

} // namespace scenarios::lag
