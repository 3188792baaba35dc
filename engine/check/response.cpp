#include <algorithm>

#include "engine/check/checks.hpp"

namespace engine::check {

using findings::Asked;

void ResponseChecker::judge(bool held, const std::string& server, const Finding& finding) {
    if (held) {
        checks_.held(CheckId::response);
        return;
    }
    Violation v{.check = CheckId::response};
    v.what = finding;
    v.place = server;
    checks_.violated(std::move(v));
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
const model::Credit* ResponseChecker::uncovered_output(BlockCount count, BlockRange range) {
    BlockCount& verified = covered_[range];
    if (verified >= count) return nullptr;
    for (const model::Credit& credit : chain_.credits()) {
        if (credit.block.value == 0 || verified.includes(credit.block) || !count.includes(credit.block))
            continue;
        if (!range.contains(credit.block) || !recovery_.knows_key(credit.hint_key)) continue;
        if (recovery_.has_scanned(credit.hint_key, credit.block) || recovery_.is_missed(credit.block))
            continue;
        return &credit;
    }
    verified = count;
    return nullptr;
}

// A record is made for each output, a stranger's as well: how many there are tells nobody whose they are.
std::optional<findings::Miscounted> ResponseChecker::miscounted_block() {
    for (; counted_ < recovery_.scanned().size(); ++counted_) {
        const model::RecoveryModel::Scanned& scanned = recovery_.scanned()[counted_];
        if (!chain_.height().includes(scanned.block)) continue;
        const std::size_t outputs = chain_.block(scanned.block)->outputs.size();
        if (scanned.rows != outputs) return findings::Miscounted{scanned.block, scanned.rows, outputs};
    }
    return std::nullopt;
}

void ResponseChecker::on_view(const std::string& server, const fog::ViewQuery& query,
                              const fog::ViewAnswer& answer, BlockRange range) {
    if (recovery_.broken_rule()) {
        judge(false, "recovery database", findings::RuleBroken{recovery_.broken_rule()});
        return;
    }
    if (const auto miscounted = miscounted_block()) {
        judge(false, "recovery database", *miscounted);
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
    if (const model::Credit* output = uncovered_output(count, range)) {
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

void ResponseChecker::on_blocks(const std::string& server, const std::vector<BlockRange>& asked,
                                const fog::BlocksAnswer& answer) {
    bool right = answer.count <= chain_.height();
    for (const fog::FoundBlock& found : answer.blocks)
        right = right && chain_.height().includes(found.block->index) &&
                chain_.block(found.block->index) == found.block;
    for (const BlockRange& range : asked)
        for (BlockIndex b = range.start; right && range.contains(b) && answer.count.includes(b); b = b.next())
            right = failed_blocks_.contains(b) ||
                    std::any_of(answer.blocks.begin(), answer.blocks.end(),
                                [&](const fog::FoundBlock& found) { return found.block->index == b; });
    judge(right, server, findings::WrongBlocks{});
}

void ResponseChecker::on_outputs(const std::string& server, const fog::OutputsAnswer& answer) {
    bool right = answer.count <= chain_.height() && answer.global_txo_count == chain_.txo_count(answer.count);
    for (const fog::OutputResult& result : answer.results) {
        const bool exists = result.index.value < answer.global_txo_count;
        right = right && exists == (result.code == fog::OutputResult::Code::exists);
        if (exists && right) {
            const auto place = result.output ? chain_.place_of(result.output->public_key) : std::nullopt;
            right = place && place->index == result.index &&
                    result.proof_highest_index + 1 == answer.global_txo_count;
        }
    }
    judge(right, server, findings::WrongOutputs{});
}

void ResponseChecker::on_tx_outs(const std::string& server, const fog::TxOutStatusAnswer& answer) {
    bool right = answer.count <= chain_.height();
    for (const fog::TxOutStatus& status : answer.results) {
        const auto place = chain_.place_of(status.public_key);
        if (status.code == fog::TxOutStatus::Code::found)
            right =
                right && place && place->index == status.place.index && place->block == status.place.block;
        if (status.code == fog::TxOutStatus::Code::not_found)
            right = right && !(place && answer.count.includes(place->block));
    }
    judge(right, server, findings::WrongStatus{});
}

} // namespace engine::check
