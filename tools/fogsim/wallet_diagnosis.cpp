#include "tools/fogsim/wallet_diagnosis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace tools::fogsim {

using engine::BlockCount;
using engine::check::CheckId;
using engine::check::Violation;
using namespace engine::tell;

namespace {

enum Kind : std::uint8_t {
    count_is_views,
    spent_later,
    spend_told,
    missed_at_rest,
    missed_limit,
    several_answers,
    beyond_views_count,
    search_too_short,
    output_beyond_count,
    count_goes_back,
    falls_behind,
    gives_up,
};

constexpr std::array<Mistake, 12> catalogue{{
    {"The count is view's alone", "the-count-is-views-alone"},
    {"A spend beyond the count", "a-spend-beyond-the-count"},
    {"A spend that fog-ledger has told", "a-spend-that-fog-ledger-has-told"},
    {"A missed range that comes while the count stands still",
     "a-missed-range-that-comes-while-the-count-stands-still"},
    {"The limit one block too far", "the-limit-one-block-too-far"},
    {"Several answers, one count", "several-answers-one-count"},
    {"A count that fog-view has not told", "a-count-that-fog-view-has-not-told"},
    {"The search ends too early", "the-search-ends-too-early"},
    {"An output beyond the count", "an-output-beyond-the-count"},
    {"The count goes back", "the-count-goes-back"},
    {"The wallet falls behind", "the-wallet-falls-behind"},
    {"A check that fails though fog answered", "a-check-that-fails-though-fog-answered"},
}};

// Told, with the coins of the account in question.
struct KnownCoin {
    Coin coin;
    std::optional<engine::BlockIndex> spent_in{};
};

class Detective {
public:
    Detective(const sim::RunResult& run, const FailedCheck& check)
        : v_(run.violations.front()), check_(check) {
        for (const Note& note : run.notes)
            if (const auto* block = note.as<Appended>()) take(*block);
        for (const auto* list : {&check.earlier, &check.answers})
            for (const Note* note : *list) take(*note);
    }

    Diagnosis find() const {
        switch (v_.check) {
        case CheckId::monotone:
            return named(count_goes_back, "A wallet that is alive reported a lower block count than before.");
        case CheckId::liveness:
            return named(falls_behind, "Nothing was late or broken any more, and the wallet's block count "
                                       "did not reach the chain's.");
        case CheckId::crash:
            return named(gives_up, failed_requests() > 0
                                       ? fmt::format("{} of its requests got no answer or an error, as "
                                                     "happens for a moment; the check as a whole failed.",
                                                     failed_requests())
                                       : "Every request of it was answered, and it failed all the same.");
        case CheckId::balance:
        case CheckId::final:
        case CheckId::conservation:
            return of_balance();
        case CheckId::response:
        case CheckId::sender:
            break;
        }
        return {};
    }

private:
    void take(const Appended& block) {
        const auto mine = [&](const Coin& coin) {
            return (!v_.account || coin.account == *v_.account) && coin.amount.token_id == 0;
        };
        for (const Coin& coin : block.paid)
            if (mine(coin)) coins_.push_back({coin});
        for (const Coin& coin : block.spent)
            for (KnownCoin& known : coins_)
                if (mine(coin) && known.coin.block == coin.block &&
                    known.coin.amount.value == coin.amount.value && !known.spent_in) {
                    known.spent_in = block.block;
                    break;
                }
    }

    void take(const Note& note) {
        if (const auto* view = note.as<AskedView>()) {
            if (const auto* answer = std::get_if<ViewAnswered>(&view->answer)) {
                for (const engine::BlockRange& range : answer->missed)
                    missed_.push_back({range, last_view_ && answer->count <= *last_view_});
                last_view_ = last_view_ ? std::max(*last_view_, answer->count) : answer->count;
            }
        } else if (const auto* blocks = note.as<AskedBlocks>()) {
            if (const auto* answer = std::get_if<BlocksAnswered>(&blocks->answer))
                for (const engine::BlockIndex block : answer->blocks) delivered_.insert(block.value);
        } else if (const auto* images = note.as<AskedImages>()) {
            if (const auto* answer = std::get_if<ImagesAnswered>(&images->answer))
                for (const engine::BlockIndex block : answer->spent_in) told_spent_.insert(block.value);
        }
    }

    static Diagnosis named(Kind kind, std::string because) { return {std::move(because), &catalogue[kind]}; }
    std::size_t failed_requests() const {
        const auto failed = [](const Note* note) {
            const auto none = [](const auto* asked) {
                return asked != nullptr && std::holds_alternative<NoAnswer>(asked->answer);
            };
            return none(note->as<AskedView>()) || none(note->as<AskedImages>()) ||
                   none(note->as<AskedBlocks>());
        };
        return static_cast<std::size_t>(std::ranges::count_if(check_.answers, failed));
    }
    BlockCount ledger() const { return check_.ledger.value_or(check_.ledger_before.value_or(BlockCount{0})); }
    BlockCount view() const { return check_.view.value_or(check_.view_before.value_or(BlockCount{0})); }

    // One coin that makes the difference, where there is one.
    Diagnosis of_balance() const {
        const auto* shown = std::get_if<Shown>(&check_.report->as<Reported>()->result);
        if (shown == nullptr) return {};
        const std::uint64_t count = shown->count.value;
        if (v_.shown && v_.truth) {
            const bool too_much = *v_.shown > *v_.truth;
            const engine::fog::Value apart = too_much ? *v_.shown - *v_.truth : *v_.truth - *v_.shown;
            for (const KnownCoin& known : coins_) {
                if (known.coin.amount.value != apart) continue;
                const bool is_in = known.coin.block.value < count;
                const bool is_spent = known.spent_in && known.spent_in->value < count;
                if (too_much && is_in && is_spent) return counted_though_spent(known, count);
                if (too_much && !is_in)
                    return named(output_beyond_count,
                                 fmt::format("It counts the output of {} picoMOB in block {}, which is not "
                                             "among the first {} blocks.",
                                             known.coin.amount.value, known.coin.block.value, count));
                if (!too_much && is_in && !is_spent) return left_out(known, count);
            }
        }
        if (check_.view && count > check_.view->value) return beyond_view(count);
        return {"No single output makes the difference.", nullptr};
    }

    Diagnosis beyond_view(std::uint64_t count) const {
        return named(beyond_views_count, fmt::format("It reports block count {}, and fog-view has told it "
                                                     "no more than {}.",
                                                     count, view().value));
    }

    Diagnosis counted_though_spent(const KnownCoin& known, std::uint64_t count) const {
        const std::uint64_t spent = known.spent_in->value;
        std::string text = fmt::format("The output of {} picoMOB in block {} was spent in block {}, so it is "
                                       "not in the balance at block count {}; the wallet still counts it.",
                                       known.coin.amount.value, known.coin.block.value, spent, count);
        if (told_spent_.contains(spent))
            return named(spend_told,
                         text + fmt::format(" fog-ledger has told it of the spend in block {}.", spent));
        if (ledger().value <= spent)
            return named(count_is_views,
                         text + fmt::format(" fog-ledger had told it only of the first {} blocks, so nobody "
                                            "has said that the output is unspent as of {}.",
                                            ledger().value, count));
        if (check_.view && count > check_.view->value) return beyond_view(count);
        if (differing(check_.answers)) return named(several_answers, text + several_text());
        return {text, nullptr};
    }

    Diagnosis left_out(const KnownCoin& known, std::uint64_t count) const {
        const std::uint64_t block = known.coin.block.value;
        std::string text =
            fmt::format("The output of {} picoMOB in block {} is in the balance at block count {}, and "
                        "the wallet leaves it out.",
                        known.coin.amount.value, block, count);
        if (known.spent_in && told_spent_.contains(known.spent_in->value))
            return named(spent_later,
                         text + fmt::format(" It is spent in block {}, as fog-ledger has told, which is not "
                                            "among the first {} blocks.",
                                            known.spent_in->value, count));
        for (const auto& [range, at_rest] : missed_) {
            if (block < range.start.value || block >= range.end.value) continue;
            text += fmt::format(" fog-view has announced the blocks from {} to {} as missed: only fog-ledger "
                                "has what is in them",
                                range.start.value, range.end.value - 1);
            text += delivered_.contains(block) ? ", and has given that block."
                                               : ", and has not given that block yet.";
            if (delivered_.contains(block)) return named(missed_at_rest, text);
            if (at_rest)
                return named(missed_at_rest,
                             text + " The announcement came in an answer whose block count was not new.");
            return named(missed_limit,
                         text + fmt::format(" Until then the block count is at most {}.", range.start.value));
        }
        if (count > view().value) return beyond_view(count);
        if (differing(check_.answers)) return named(several_answers, text + several_text());
        return named(
            search_too_short,
            text + " fog-view has a record of it, under a search key that the wallet has not asked for, or "
                   "whose answer it has not taken.");
    }

    static std::string several_text() {
        return " Two answers of this check have different block counts; the lower one is what the check "
               "knows.";
    }
    static bool differing(const std::vector<const Note*>& answers) {
        std::set<BlockCount> view;
        std::set<BlockCount> ledger;
        for (const Note* note : answers) {
            if (const auto* asked = note->as<AskedView>())
                if (const auto* answer = std::get_if<ViewAnswered>(&asked->answer))
                    view.insert(answer->count);
            if (const auto* asked = note->as<AskedImages>())
                if (const auto* answer = std::get_if<ImagesAnswered>(&asked->answer))
                    ledger.insert(answer->count);
        }
        return view.size() > 1 || ledger.size() > 1;
    }

    struct Missed {
        engine::BlockRange range;
        bool at_rest; ///< in an answer whose count was not new
    };
    const Violation& v_;
    const FailedCheck& check_;
    std::vector<KnownCoin> coins_;
    std::vector<Missed> missed_;
    std::set<std::uint64_t> delivered_;
    std::set<std::uint64_t> told_spent_;
    std::optional<BlockCount> last_view_;
};

void raise(std::optional<BlockCount>& highest, BlockCount count) {
    highest = highest ? std::max(*highest, count) : count;
}

void take_counts(const Note& note, std::optional<BlockCount>& view, std::optional<BlockCount>& ledger) {
    if (const auto* asked = note.as<AskedView>())
        if (const auto* answer = std::get_if<ViewAnswered>(&asked->answer)) raise(view, answer->count);
    if (const auto* asked = note.as<AskedImages>())
        if (const auto* answer = std::get_if<ImagesAnswered>(&asked->answer)) raise(ledger, answer->count);
}

} // namespace

std::span<const Mistake> mistakes() { return catalogue; }

std::optional<FailedCheck> failed_check_of(const sim::RunResult& run) {
    if (run.violations.empty()) return std::nullopt;
    const Violation& v = run.violations.front();
    const auto is_it = [&v](const Note& note) {
        const auto* shown = std::get_if<Shown>(&note.as<Reported>()->result);
        return v.shown && v.count && shown != nullptr && shown->balance == *v.shown &&
               shown->count == *v.count;
    };
    FailedCheck check;
    for (auto note = run.notes.rbegin(); note != run.notes.rend(); ++note) {
        if (note->as<Reported>() == nullptr) continue;
        if (check.report == nullptr) check.report = &*note;
        if (!is_it(*note)) continue;
        check.report = &*note;
        break;
    }
    if (check.report == nullptr) return std::nullopt;
    for (const Note& note : run.notes) {
        if (&note == check.report) break;
        if (const auto* block = note.as<Appended>()) check.tip = BlockCount{block->block.value + 1};
        if (note.node != check.report->node) continue;
        if (note.as<Reported>() != nullptr) {
            for (const Note* answer : check.answers)
                take_counts(*answer, check.view_before, check.ledger_before);
            check.earlier.insert(check.earlier.end(), check.answers.begin(), check.answers.end());
            check.answers.clear();
        } else if (note.is_answer()) {
            check.answers.push_back(&note);
        }
    }
    for (const Note* answer : check.answers) take_counts(*answer, check.view, check.ledger);
    return check;
}

Diagnosis diagnose(const sim::RunResult& run, const FailedCheck& check) {
    return Detective(run, check).find();
}

} // namespace tools::fogsim
