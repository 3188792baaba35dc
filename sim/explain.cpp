#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/sim_world.hpp"

// What only the judge can say about a run: how far everything is, and what a wallet has wrong.

namespace sim {

using engine::AccountId;
using engine::GlobalIndex;
using engine::chain::SearchKey;
using engine::fog::WalletKnowledge;
using namespace engine::tell;

namespace {

bool is_spent(const engine::model::Coin& coin, BlockCount count) {
    return coin.spent_in && count.includes(*coin.spent_in);
}

Coin coin_of(const engine::model::Coin& coin) { return {coin.account, coin.amount, coin.block}; }

Coin coin_of(AccountId account, const WalletKnowledge::Output& output) {
    return {account, output.amount, output.block};
}

/// What a wallet was told in the course of a run.
class Told {
public:
    Told(const std::vector<Note>& notes, NodeId wallet) : notes_(notes), wallet_(wallet) {}

    template <class Asked>
    Heard last() const {
        return last_where([](const Note& note) { return note.as<Asked>() != nullptr; });
    }
    /// The last answer that there is nothing under a search key.
    Heard last_not_found(const SearchKey& key) const {
        return last_where([&](const Note& note) {
            const auto* asked = note.as<AskedView>();
            const auto* answer = asked == nullptr ? nullptr : std::get_if<ViewAnswered>(&asked->answer);
            return answer != nullptr && std::find(answer->not_found.begin(), answer->not_found.end(), key) !=
                                            answer->not_found.end();
        });
    }
    BlockCount count_of(std::size_t asked) const {
        return std::get<ViewAnswered>(notes_.at(asked).as<AskedView>()->answer).count;
    }

private:
    template <class Is>
    Heard last_where(Is is) const {
        for (std::size_t i = notes_.size(); i-- > 0;)
            if (notes_[i].node == wallet_ && is(notes_[i])) return i;
        return std::nullopt;
    }

    const std::vector<Note>& notes_;
    NodeId wallet_;
};

// Which of the wallet's RNGs is just before a record of that block; what comes later is behind that one.
const WalletKnowledge::Rng* before_record(const WalletKnowledge& knows,
                                          const engine::model::RecoveryModel& db, BlockIndex block) {
    for (const WalletKnowledge::Rng& rng : knows.rngs)
        if (const auto* place = db.place_of(rng.next); place != nullptr && place->block <= block) return &rng;
    return nullptr;
}

void say_what_was_searched(Missing& missing, const WalletKnowledge& knows,
                           const engine::model::RecoveryModel& db, const Told& told) {
    missing.rngs = knows.rngs.size();
    const WalletKnowledge::Rng* rng = before_record(knows, db, missing.coin.block);
    if (rng == nullptr) return;
    missing.asked = told.last_not_found(rng->next);
    if (missing.asked) {
        const bool includes = told.count_of(*missing.asked).includes(db.place_of(rng->next)->block);
        missing.search = includes ? Missing::Search::told_wrongly : Missing::Search::told_too_low;
    } else {
        missing.search = Missing::Search::never_told;
    }
}

} // namespace

void SimWorld::explain(NodeId wallet, AccountId account, const WalletKnowledge& knows) {
    const auto& violations = checks().violations();
    const engine::check::Violation& violation = violations.front();
    if (!violation.count || (violation.account && *violation.account != account)) return;
    const BlockCount count = *violation.count;
    const Told told(core_.notes, wallet);
    std::map<GlobalIndex, const WalletKnowledge::Output*> known;
    for (const WalletKnowledge::Output& output : knows.outputs) known.emplace(output.index, &output);
    std::size_t said = 0;
    const auto say = [&](Fact fact) {
        ++said;
        core_.note(wallet, std::move(fact));
    };
    const Heard heard_of_view = told.last<AskedView>();
    const Heard heard_of_images = told.last<AskedImages>();
    for (const engine::model::Coin& coin : chain().model().coins()) {
        if (coin.account != account || coin.block.value == 0 || !count.includes(coin.block)) continue;
        const auto at = known.find(coin.index);
        if (at == known.end()) {
            if (is_spent(coin, count)) continue; // it would add nothing
            Missing missing;
            missing.coin = coin_of(coin);
            if (recovery_.is_missed(coin.block)) {
                missing.where = Missing::Where::missed_block;
            } else if (recovery_.has_scanned(coin.hint_key, coin.block)) {
                missing.where = Missing::Where::database;
                say_what_was_searched(missing, knows, recovery_, told);
            }
            missing.heard = heard_of_view;
            say(missing);
            continue;
        }
        const WalletKnowledge::Output& mine = *at->second;
        const bool known_spent = mine.spent_at && count.includes(*mine.spent_at);
        if (is_spent(coin, count) && !known_spent)
            say(CountedThoughSpent{coin_of(coin), *coin.spent_in, mine.spent_at, mine.not_spent_as_of,
                                   heard_of_images});
        else if (!is_spent(coin, count) && known_spent)
            say(TakenOff{coin_of(coin), *mine.spent_at, heard_of_images});
        else if (mine.block != coin.block)
            say(Misplaced{coin_of(coin), mine.block});
    }
    if (said != 0 || !violation.shown) return;
    // Everything it knows is right up to the count: then it has looked beyond it, or claims another height.
    for (const WalletKnowledge::Output& output : knows.outputs) {
        if (!count.includes(output.block))
            say(KnowsBeyond{coin_of(account, output), std::nullopt, count});
        else if (output.spent_at && !count.includes(*output.spent_at))
            say(KnowsBeyond{coin_of(account, output), output.spent_at, count});
    }
    const engine::model::Oracle oracle(chain().model());
    for (std::uint64_t distance = 1; distance <= chain().height().value; ++distance)
        for (const std::uint64_t other : {count.value + distance, count.value - distance})
            if (other <= chain().height().value &&
                oracle.balance(account, BlockCount{other}) == *violation.shown) {
                say(TrueElsewhere{*violation.shown, BlockCount{other}, count});
                return;
            }
    if (said == 0) say(WrongSum{});
}

} // namespace sim
