#include "scenarios/lag/words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tell/words.hpp"

namespace scenarios::lag {

using engine::tell::counted;

namespace {

const std::string& pick(const std::vector<Part>& parts, std::uint64_t number) {
    return parts.at(number % parts.size()).name;
}

const char* block_at(Boundary at) {
    switch (at) {
    case Boundary::none:
        return "";
    case Boundary::before_shard_end:
        return "the last block of a shard";
    case Boundary::shard_end:
        return "the first block of the next shard";
    case Boundary::before_expiry:
        return "the last block in which the reported key may be used";
    case Boundary::expiry:
        return "the first block in which the reported key may not be used";
    case Boundary::missed_start:
        return "the first block of a missed range";
    case Boundary::before_missed_end:
        return "the last block of a missed range";
    case Boundary::missed_end:
        return "the first block behind a missed range";
    case Boundary::before_tombstone:
        return "the last block that may have the payment";
    case Boundary::tombstone:
        return "the first block that may not have the payment";
    }
    return name(at);
}

// Only what has come about: up to a boundary that does not exist nothing is appended.
std::string boundary_text(Boundary at, std::optional<std::size_t> empty_blocks) {
    if (at == Boundary::none || empty_blocks == std::size_t{0}) return {};
    if (empty_blocks)
        return fmt::format(", after {} up to {}", counted(*empty_blocks, "empty block"), block_at(at));
    return fmt::format(", as {} if that is near", block_at(at));
}

} // namespace

// What holds from that step on.
std::string Words::fault(const PlannedStep& step) const {
    const std::vector<Part>& ends = parts_.ends; // numbered as a plan's faults number them
    const auto end = [&](std::uint32_t number) {
        return engine::NodeId{static_cast<std::uint32_t>(number % ends.size())};
    };
    engine::FaultNames called;
    called.node = [&](engine::NodeId node) { return ends.at(node.value).name; };
    called.copy = [&](engine::faults::CopyNumber copy) { return pick(parts_.copies, copy.value); };
    return in_words(engine::Fault::read(step.fault, {end(step.node), end(step.other), step.amount}), called);
}

// Where no chain tells what a block has.
std::string Words::payments(const PlannedStep& step) const {
    std::string text;
    for (const PlannedCredit& credit : step.credits) {
        text += fmt::format("{}account {} gets {}", text.empty() ? ": " : ", ",
                            credit.account % std::max<std::size_t>(accounts_, 1),
                            engine::tell::in_words(engine::chain::Amount{credit.amount, credit.token}));
        if (credit.change) text += " as change";
        if (credit.subaddress != 0) text += fmt::format(" at subaddress {}", credit.subaddress);
        if (credit.newest_key) text += " with the newest key";
    }
    if (!step.spends.empty())
        text += (text.empty() ? ": " : ", ") + counted(step.spends.size(), "coin") + " of those unspent " +
                (step.spends.size() == 1 ? "is" : "are") + " spent";
    return text;
}

// Whether there is an earlier content to put back.
bool Words::was_kept(std::size_t at) const {
    const auto of = [this](const PlannedStep& step) { return step.node % parts_.ingest.size(); };
    return std::any_of(plan_.steps.begin(), plan_.steps.begin() + static_cast<std::ptrdiff_t>(at),
                       [&](const PlannedStep& step) {
                           return step.action == Action::save_state && of(step) == of(plan_.steps[at]);
                       });
}

std::string Words::of(std::size_t at, std::optional<std::size_t> empty_blocks) const {
    const PlannedStep& step = plan_.steps.at(at);
    const std::string& node = pick(parts_.nodes, step.node);
    const std::string& ingest = pick(parts_.ingest, step.node);
    const std::string& other = pick(parts_.ingest, step.other);
    const std::string& wallet = pick(parts_.wallets, step.node);
    const std::string& copy = pick(parts_.copies, step.node);
    const std::string& store = pick(parts_.stores, step.node);
    switch (step.action) {
    case Action::block:
        return "a block is appended" + boundary_text(step.at, empty_blocks) +
               (empty_blocks ? "" : payments(step));
    case Action::advance:
        return fmt::format("the chain copy {} moves on by {}", copy, counted(step.amount, "block"));
    case Action::hold:
        return fmt::format("the chain copy {} stays where it is", copy);
    case Action::release:
        return fmt::format("the chain copy {} follows the tip again", copy);
    case Action::poll:
        return fmt::format("{} begins a balance check", wallet);
    case Action::join:
        return "all running balance checks come to an end";
    case Action::restart_wallet:
        return fmt::format("{} is restarted and has forgotten everything", wallet);
    case Action::kill_wallet:
        return fmt::format("{} begins a balance check and dies in it", wallet);
    case Action::activate:
        return fmt::format("the operator activates {}", ingest);
    case Action::retire:
        return fmt::format("the operator retires the key of {}", ingest);
    case Action::unretire:
        return fmt::format("the operator takes back the retirement of the key of {}", ingest);
    case Action::new_keys:
        return fmt::format("the operator gives {} new keys", ingest);
    case Action::sync_keys:
        return fmt::format("the operator has {} take over the key of {}", ingest, other);
    case Action::report_lost:
        return fmt::format("the operator reports the key of {} lost, through {}", other, ingest);
    case Action::crash:
        return fmt::format("{} crashes", node);
    case Action::start:
        return fmt::format("{} is started", node);
    case Action::pause:
        return fmt::format("{} is stopped in its tracks", node);
    case Action::resume:
        return fmt::format("{} goes on", node);
    case Action::lose_state:
        return fmt::format("the state file of {} is lost", ingest);
    case Action::save_state:
        return fmt::format("somebody keeps a copy of the state file of {}", ingest);
    case Action::put_back_state:
        if (!was_kept(at))
            return fmt::format("{} would get an old state file back, but none was kept", ingest);
        return fmt::format("the kept state file of {} is put back", ingest);
    case Action::fault:
        return fault(step);
    case Action::heal:
        return "every fault is healed";
    case Action::end_fault:
        return "one of the faults ends";
    case Action::clean_up:
        return fmt::format("invocations older than {} s are cleaned up", step.amount);
    case Action::wait:
        return fmt::format("{} ms go by", step.amount);
    case Action::settle:
        return fmt::format("everything that can catches up, for {} ms at most", step.amount);
    case Action::hold_store:
        return fmt::format("{} loads no further than {} above what it has", store,
                           counted(step.amount, "block"));
    case Action::release_store:
        return fmt::format("{} loads on", store);
    case Action::set_window:
        return fmt::format("{} publishes its key for {} ahead", ingest, counted(step.amount, "block"));
    case Action::make_peers:
        return fmt::format("{} hears that all ingest nodes are its peers", ingest);
    case Action::prepare:
        return "a sender builds a payment" + (empty_blocks ? "" : payments(step));
    case Action::submit:
        return "a prepared payment goes into a block" + boundary_text(step.at, empty_blocks);
    case Action::landing:
        return fmt::format("{} asks what became of a payment", wallet);
    case Action::inquire:
        return fmt::format("{} asks the ledger about several outputs, blocks and key images at once", wallet);
    }
    return name(step.action);
}

} // namespace scenarios::lag
