#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "sim/sim_world.hpp"

// What only the judge can say about a run: how far everything is, and what a wallet has wrong.

namespace sim {

using engine::AccountId;
using engine::GlobalIndex;
using engine::model::Credit;

namespace {

/// An output as a wallet has it.
struct Known {
    BlockIndex block;
    std::uint64_t value = 0;
    std::optional<BlockIndex> spent_at;
    std::uint64_t unspent_as_of = 0;
};

// The wallet's own account of itself: one line an output.
std::map<GlobalIndex, Known> known_outputs(const std::string& debug_text) {
    std::map<GlobalIndex, Known> out;
    std::istringstream lines(debug_text);
    for (std::string line; std::getline(lines, line);) {
        unsigned long long index = 0, block = 0, value = 0, token = 0, at = 0;
        Known known;
        if (std::sscanf(line.c_str(), "output %llu: block %llu value %llu token %llu spent at %llu", &index,
                        &block, &value, &token, &at) == 5)
            known.spent_at = BlockIndex{at};
        else if (std::sscanf(line.c_str(),
                             "output %llu: block %llu value %llu token %llu not spent as of %llu", &index,
                             &block, &value, &token, &at) == 5)
            known.unspent_as_of = at;
        else
            continue;
        known.block = BlockIndex{block};
        known.value = value;
        out.emplace(GlobalIndex{index}, known);
    }
    return out;
}

std::string coin(const Credit& credit) {
    std::string text = fmt::format("the {} of block {}", credit.amount.value, credit.block.value);
    if (credit.amount.token_id != 0) text += fmt::format(" (token {})", credit.amount.token_id);
    return text;
}

bool is_spent(const Credit& credit, BlockCount count) {
    return credit.spent_in && count.includes(*credit.spent_in);
}

} // namespace

std::string SimWallet::described() const {
    return fmt::format("wallet {} of account {}", number_, account_.value);
}

std::string SimWorld::heights() const {
    std::string text = fmt::format("tip {}", chain_.height().value);
    for (const auto& copy : copies_) text += fmt::format(", copy {} {}", copy->name(), copy->count().value);
    for (const auto& store : view_stores_)
        text += store->is_up() ? fmt::format(", {} {}", store->name(), store->count().value)
                               : fmt::format(", {} down", store->name());
    for (const auto& store : image_stores_)
        text += store->is_up() ? fmt::format(", {} {}", store->name(), store->count().value)
                               : fmt::format(", {} down", store->name());
    return text;
}

void SimWorld::explain(NodeId wallet, AccountId account, const engine::fog::Wallet& knows) {
    const auto& violations = checks_.violations();
    const engine::check::Violation& violation = violations.front();
    if (!violation.count || (violation.account && *violation.account != account)) return;
    const BlockCount count = *violation.count;
    const auto known = known_outputs(knows.debug_text());
    const auto last_told = [&](const char* service) -> std::string {
        for (auto note = core_.notes.rbegin(); note != core_.notes.rend(); ++note)
            if (note->kind == Note::Kind::told && note->node == wallet && note->text.starts_with(service))
                return fmt::format("; the last it heard, at {} ms: {}", note->at.ms(), note->text);
        return {};
    };
    std::size_t said = 0;
    const auto say = [&](std::string text) {
        ++said;
        core_.note(Note::Kind::why, wallet, std::move(text));
    };
    for (const Credit& credit : chain_.model().credits()) {
        if (credit.account != account || credit.block.value == 0 || !count.includes(credit.block)) continue;
        const auto mine = known.find(credit.index);
        if (mine == known.end()) {
            if (is_spent(credit, count)) continue; // it would add nothing
            std::string where = "nobody has scanned that block for it, nor reported it missed";
            if (recovery_.is_missed(credit.block))
                where = "that block is reported missed, so only the ledger can show it";
            else if (recovery_.has_scanned(credit.hint_key, credit.block))
                where = "its record is in the database, so fog-view should have found it";
            say(fmt::format("Missing: {}. The wallet has never seen it; {}{}", coin(credit), where,
                            last_told("view_router")));
        } else if (is_spent(credit, count) &&
                   (!mine->second.spent_at || !count.includes(*mine->second.spent_at))) {
            say(fmt::format("Counted though spent: {}, which block {} spends. The wallet knows it {}{}",
                            coin(credit), credit.spent_in->value,
                            mine->second.spent_at
                                ? fmt::format("spent in block {}", mine->second.spent_at->value)
                                : fmt::format("unspent as of block count {}", mine->second.unspent_as_of),
                            last_told("ledger_router")));
        } else if (!is_spent(credit, count) && mine->second.spent_at &&
                   count.includes(*mine->second.spent_at)) {
            say(fmt::format("Taken off though not spent: {}. The wallet has it as spent in block {}{}",
                            coin(credit), mine->second.spent_at->value, last_told("ledger_router")));
        } else if (mine->second.block != credit.block) {
            say(fmt::format("Misplaced: {}. The wallet has it in block {}", coin(credit),
                            mine->second.block.value));
        }
    }
    if (said != 0 || !violation.shown) return;
    // Everything it knows is right up to the count: then it has looked beyond it, or claims another height.
    for (const auto& [index, output] : known) {
        if (!count.includes(output.block))
            say(fmt::format("The wallet also knows the {} of block {}, which block count {} does not include",
                            output.value, output.block.value, count.value));
        else if (output.spent_at && !count.includes(*output.spent_at))
            say(fmt::format(
                "The wallet also knows that block {} spends the {} of block {}: that block is not "
                "included in block count {}",
                output.spent_at->value, output.value, output.block.value, count.value));
    }
    const engine::model::Oracle oracle(chain_.model());
    for (std::uint64_t distance = 1; distance <= chain_.height().value; ++distance)
        for (const std::uint64_t other : {count.value + distance, count.value - distance})
            if (other <= chain_.height().value &&
                oracle.balance(account, BlockCount{other}) == *violation.shown) {
                say(fmt::format("{} is the true balance at block count {}, not at {}",
                                engine::check::to_text(*violation.shown), other, count.value));
                return;
            }
    if (said == 0) say("What the wallet knows of its outputs is right; it is the sum that is not");
}

} // namespace sim
