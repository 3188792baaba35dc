#include <algorithm>

#include "engine/check/judge.hpp"

namespace engine::check {

using findings::Asked;

void ResponseChecker::judge(bool held, const std::string& server, const Finding& finding) {
    check::judge(checks_, CheckId::response, server, held ? std::nullopt : std::optional<Finding>(finding));
}

void ResponseChecker::judge(const std::string& server, const std::optional<Finding>& wrong) {
    check::judge(checks_, CheckId::response, server, wrong);
}

namespace {

/// Whether a failed look-up excuses an error.  A count that includes the block of what was looked for says
/// that the shard of that block was asked: only its own failure excuses then.
template <class Key>
bool is_excused(const std::map<Key, std::vector<BlockRange>>& failed, const Key& key,
                std::optional<BlockIndex> promised) {
    const auto shards = failed.find(key);
    if (shards == failed.end()) return false;
    return !promised || std::any_of(shards->second.begin(), shards->second.end(),
                                    [&](const BlockRange& shard) { return shard.contains(*promised); });
}

} // namespace

// Every output of an account in a block the count includes must be findable: scanned under the key of its
// hint, or announced as missed.  A hint to a key the database never had can only be found by scanning blocks.
const model::Coin* ResponseChecker::uncovered_output(BlockCount count, BlockRange range) {
    BlockCount& verified = covered_[range];
    if (verified >= count) return nullptr;
    const std::vector<model::Coin>& coins = chain_.coins(); // in the order of the chain
    for (std::size_t at = chain_.coins_of(verified.end()).first; at < coins.size(); ++at) {
        const model::Coin& coin = coins[at];
        if (!count.includes(coin.block)) break;
        if (coin.block.value == 0) continue;
        if (!range.contains(coin.block) || !recovery_.knows_key(coin.hint_key)) continue;
        if (recovery_.has_scanned(coin.hint_key, coin.block) || recovery_.is_missed(coin.block)) continue;
        return &coin;
    }
    verified = count;
    return nullptr;
}

std::optional<Finding> ResponseChecker::wrong_database() {
    if (recovery_.broken_rule()) return findings::RuleBroken{recovery_.broken_rule()};
    return records_.look();
}

void ResponseChecker::on_end() {
    if (const std::optional<Finding> wrong = wrong_database()) judge(false, "recovery database", *wrong);
}

void ResponseChecker::on_view(const std::string& server, const fog::ViewQuery& query,
                              const fog::ViewAnswer& answer, BlockRange range) {
    if (const std::optional<Finding> wrong = wrong_database()) {
        judge(false, "recovery database", *wrong);
        return;
    }
    const BlockCount count = answer.count;
    // A store past the end of the chain's blocks may report the end of its range only when it has seen it.
    if (count > chain_.height()) {
        judge(false, server, findings::AnswerBeyondChain{count, chain_.height()});
        return;
    }
    if (answer.results.size() != query.keys.size()) {
        judge(false, server,
              findings::WrongNumberOfResults{Asked::search_key, answer.results.size(), query.keys.size()});
        return;
    }
    for (std::size_t i = 0; i < query.keys.size(); ++i) {
        const fog::SearchResult& result = answer.results[i];
        if (result.key != query.keys[i]) {
            judge(false, server, findings::AnotherThanAsked{Asked::search_key});
            return;
        }
        const bool is_error =
            result.code != fog::SearchCode::found && result.code != fog::SearchCode::not_found;
        const auto* place = recovery_.place_of(result.key);
        std::optional<BlockIndex> promised;
        if (place && count.includes(place->block) && range.contains(place->block)) promised = place->block;
        if (is_error && !is_excused(failed_keys_, result.key, promised)) {
            judge(false, server, findings::ErrorWithoutCause{Asked::search_key});
            return;
        }
        if (result.code == fog::SearchCode::not_found && place && count.includes(place->block) &&
            range.contains(place->block)) {
            judge(false, server, findings::RecordNotFound{count, place->block});
            return;
        }
        if (result.code == fog::SearchCode::found &&
            (!place || !result.payload || *result.payload != *place->payload)) {
            judge(false, server, findings::NeverCommitted{});
            return;
        }
    }
    if (const model::Coin* output = uncovered_output(count, range)) {
        judge(false, server, findings::Uncovered{count, output->block, output->account});
        return;
    }
    if (query.events_after != UserEventId::none()) {
        const auto announces = [&](UserEventId id, auto&& in_answer) {
            return id <= query.events_after || in_answer();
        };
        for (const auto& invocation : recovery_.invocations()) {
            const bool needed =
                std::any_of(invocation.blocks.begin(), invocation.blocks.end(),
                            [&](BlockIndex b) { return count.includes(b) && range.contains(b); });
            const bool told = announces(invocation.announced, [&] {
                return std::any_of(answer.rngs.begin(), answer.rngs.end(),
                                   [&](const auto& rng) { return rng.invocation == invocation.id; });
            });
            if (needed && !told) {
                judge(false, server, findings::RngUntold{count, invocation.id});
                return;
            }
        }
        for (const auto& missed : recovery_.missed()) {
            const bool needed = missed.range.start < count.end() && range.contains(missed.range.start);
            const bool told = announces(missed.announced, [&] {
                return std::find(answer.missed.begin(), answer.missed.end(), missed.range) !=
                       answer.missed.end();
            });
            if (needed && !told) {
                judge(false, server, findings::MissedUntold{count, missed.range});
                return;
            }
        }
        for (const fog::UserEvent& event : recovery_.events()) {
            if (event.id <= query.events_after || event.id > answer.next_event) continue;
            bool told = false;
            if (const auto* rng = std::get_if<fog::RngRecord>(&event.what))
                told = std::find(answer.rngs.begin(), answer.rngs.end(), *rng) != answer.rngs.end();
            else if (const auto* gone = std::get_if<fog::Decommission>(&event.what))
                told = std::any_of(answer.decommissions.begin(), answer.decommissions.end(),
                                   [&](const auto& d) { return d.invocation == gone->invocation; });
            else
                told = std::find(answer.missed.begin(), answer.missed.end(),
                                 std::get<fog::MissedBlocks>(event.what)) != answer.missed.end();
            if (!told) {
                judge(false, server, findings::EventSkipped{query.events_after, answer.next_event, event.id});
                return;
            }
        }
    }
    checks_.held(CheckId::response);
}

void ResponseChecker::on_key_images(const std::string& server, const std::vector<chain::KeyImage>& asked,
                                    const fog::KeyImagesAnswer& answer, BlockRange range) {
    if (answer.count > chain_.height() && answer.count.end() > range.start) {
        judge(false, server, findings::AnswerBeyondChain{answer.count, chain_.height()});
        return;
    }
    if (answer.results.size() != asked.size()) {
        judge(false, server,
              findings::WrongNumberOfResults{Asked::key_image, answer.results.size(), asked.size()});
        return;
    }
    // A store that has loaded nothing of its range knows of no blocks before it.
    const bool knows_blocks = answer.count.end() > range.start;
    if (knows_blocks || answer.global_txo_count != 0 || answer.latest_block_version != 0) {
        if (const std::optional<Finding> wrong =
                wrong_totals(answer.count, answer.global_txo_count, answer.latest_block_version)) {
            judge(false, server, *wrong);
            return;
        }
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const fog::KeyImageResult& result = answer.results[i];
        const auto spent = chain_.spent_in(asked[i]);
        if (result.image != asked[i]) {
            judge(false, server, findings::AnotherThanAsked{Asked::key_image});
            return;
        }
        std::optional<BlockIndex> promised;
        if (spent && answer.count.includes(*spent) && range.contains(*spent)) promised = spent;
        if (result.code == fog::KeyImageCode::error && !is_excused(failed_images_, result.image, promised)) {
            judge(false, server, findings::ErrorWithoutCause{Asked::key_image});
            return;
        }
        if (result.code == fog::KeyImageCode::spent && spent != result.spent_at) {
            judge(false, server, findings::WrongSpend{result.spent_at, spent});
            return;
        }
        if (result.code == fog::KeyImageCode::not_spent && spent && answer.count.includes(*spent) &&
            range.contains(*spent)) {
            judge(false, server, findings::NotSpentThoughSpent{answer.count, *spent});
            return;
        }
    }
    checks_.held(CheckId::response);
}

} // namespace engine::check
