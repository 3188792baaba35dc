#include "tools/fogsim/wallet_situations.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace tools::fogsim {

using engine::BlockCount;
using namespace engine::tell;

namespace {

// Nobody announces a longer range that is worth remembering block by block.
constexpr std::uint64_t longest_range = 4096;

BlockCount highest(const std::vector<BlockCount>& counts) { return *std::ranges::max_element(counts); }
bool differ(const std::vector<BlockCount>& counts) {
    return std::ranges::adjacent_find(counts, std::ranges::not_equal_to()) != counts.end();
}

} // namespace

const char* meaning(Situation situation) {
    switch (situation) {
    case Situation::view_ahead:
        return "fog-view is blocks ahead of fog-ledger: outputs are known whose spends are not";
    case Situation::ledger_ahead:
        return "fog-ledger is blocks ahead of fog-view: spends are known before the change they pay";
    case Situation::spent_beyond_view:
        return "an output is already spent, in a block that fog-view has not reached";
    case Situation::missed_range:
        return "fog-view announces blocks that nobody has scanned (missed_block_ranges)";
    case Situation::missed_range_at_an_old_count:
        return "such a range comes in an answer whose block count is no higher than the last one";
    case Situation::missed_range_beyond_ledger:
        return "such a range reaches beyond the blocks that fog-ledger has";
    case Situation::missed_range_outstanding:
        return "a check ends while blocks of such a range have not been had from fog-ledger";
    case Situation::view_goes_back:
        return "fog-view answers a lower block count than in an earlier check";
    case Situation::ledger_goes_back:
        return "fog-ledger answers a lower block count than in an earlier check";
    case Situation::view_answers_differ:
        return "two answers of fog-view in one check have different block counts";
    case Situation::ledger_answers_differ:
        return "two answers of fog-ledger in one check have different block counts";
    case Situation::no_answer:
        return "a request of the check ends with an error, or in silence";
    case Situation::three_rounds:
        return "the search at fog-view takes three questions or more";
    case Situation::second_rng:
        return "the account has a second RNG, because fog's key was exchanged";
    case Situation::ended_rng:
        return "fog-view says that an RNG has come to its end";
    case Situation::begins_late:
        return "a wallet with no memory meets a chain with history";
    }
    return "?";
}

void Situations::take(std::uint32_t number, const Fact& fact) {
    Wallet& wallet = wallets_[number];
    if (const auto* view = std::get_if<AskedView>(&fact)) {
        take_view(wallet, *view);
    } else if (const auto* images = std::get_if<AskedImages>(&fact)) {
        if (const auto* answer = std::get_if<ImagesAnswered>(&images->answer))
            take_images(wallet, *answer);
        else
            wallet.check.met.insert(Situation::no_answer);
    } else if (const auto* blocks = std::get_if<AskedBlocks>(&fact)) {
        if (const auto* answer = std::get_if<BlocksAnswered>(&blocks->answer))
            take_blocks(wallet, *answer);
        else
            wallet.check.met.insert(Situation::no_answer);
    } else if (std::holds_alternative<Reported>(fact)) {
        end_check(wallet);
    }
}

void Situations::take_view(Wallet& wallet, const AskedView& asked) {
    Check& check = wallet.check;
    if (asked.keys > 0 && ++check.searches >= 3) check.met.insert(Situation::three_rounds);
    const auto* answer = std::get_if<ViewAnswered>(&asked.answer);
    if (answer == nullptr) {
        check.met.insert(Situation::no_answer);
        return;
    }
    const bool is_old = wallet.view && answer->count <= *wallet.view;
    if (wallet.view && answer->count < *wallet.view) check.met.insert(Situation::view_goes_back);
    check.view.push_back(answer->count);
    wallet.rngs += answer->rngs;
    if (answer->rngs > 0 && wallet.rngs > 1) check.met.insert(Situation::second_rng);
    if (answer->ended_rngs > 0) check.met.insert(Situation::ended_rng);
    for (const engine::BlockRange& range : answer->missed) {
        check.met.insert(Situation::missed_range);
        if (is_old) check.met.insert(Situation::missed_range_at_an_old_count);
        const std::uint64_t end = std::min(range.end.value, range.start.value + longest_range);
        for (std::uint64_t block = range.start.value; block < end; ++block) wallet.missed.insert(block);
    }
}

void Situations::take_images(Wallet& wallet, const ImagesAnswered& answer) {
    if (wallet.ledger && answer.count < *wallet.ledger) wallet.check.met.insert(Situation::ledger_goes_back);
    wallet.check.ledger.push_back(answer.count);
    for (const engine::BlockIndex block : answer.spent_in) wallet.check.spent_in.push_back(block);
}

void Situations::take_blocks(Wallet& wallet, const BlocksAnswered& answer) {
    if (!wallet.missed.empty() && *wallet.missed.rbegin() >= answer.count.value)
        wallet.check.met.insert(Situation::missed_range_beyond_ledger);
    for (const engine::BlockIndex block : answer.blocks) wallet.missed.erase(block.value);
}

void Situations::end_check(Wallet& wallet) {
    Check check = std::exchange(wallet.check, {});
    if (!check.view.empty()) {
        const BlockCount view = highest(check.view);
        if (!check.ledger.empty()) {
            const BlockCount ledger = highest(check.ledger);
            if (view > ledger) check.met.insert(Situation::view_ahead);
            if (ledger > view) check.met.insert(Situation::ledger_ahead);
        }
        for (const engine::BlockIndex block : check.spent_in)
            if (block.value >= view.value) check.met.insert(Situation::spent_beyond_view);
        if (wallet.is_new && view.value > 2) check.met.insert(Situation::begins_late);
        wallet.view = wallet.view ? std::max(*wallet.view, view) : view;
    }
    if (!check.ledger.empty()) {
        const BlockCount ledger = highest(check.ledger);
        wallet.ledger = wallet.ledger ? std::max(*wallet.ledger, ledger) : ledger;
    }
    if (differ(check.view)) check.met.insert(Situation::view_answers_differ);
    if (differ(check.ledger)) check.met.insert(Situation::ledger_answers_differ);
    if (!wallet.missed.empty()) check.met.insert(Situation::missed_range_outstanding);
    wallet.is_new = false;
    ++run_.checks;
    for (const Situation situation : check.met) ++run_.met[static_cast<std::size_t>(situation)];
    met_in_run_.merge(check.met);
}

void Situations::next_run() {
    held_ = counts(!is_first_run_);
    is_first_run_ = false;
    run_ = {};
    met_in_run_.clear();
    wallets_.clear();
}

Situations::Counts& Situations::Counts::operator+=(const Counts& other) {
    runs += other.runs;
    checks += other.checks;
    for (std::size_t i = 0; i < situation_count; ++i) met[i] += other.met[i];
    return *this;
}

Situations::Counts Situations::counts(bool last_too) const {
    Counts all = held_;
    if (!last_too) return all;
    all += run_;
    ++all.runs;
    return all;
}

} // namespace tools::fogsim
