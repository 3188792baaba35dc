// What the ledger router answers by itself, of its own chain copy: blocks, outputs with their proofs, and
// what became of an output.  Every value in an answer is judged, and that there are as many as were asked
// for.
#include <algorithm>

#include "engine/check/checks.hpp"

namespace engine::check {

using findings::Asked;

namespace {

// What an answer says of a block: its outputs, and how many there are up to it.
bool is_same(const fog::LedgerBlock& block, const fog::LedgerBlock& answered) {
    return &block == &answered ||
           (block.cumulative_txo_count == answered.cumulative_txo_count && block.outputs == answered.outputs);
}

} // namespace

// @param version  of the last block; nothing: the answer has none
std::optional<Finding> ResponseChecker::wrong_totals(BlockCount count, std::uint64_t txo_count,
                                                     std::optional<std::uint32_t> version) const {
    if (count > chain_.height()) return findings::AnswerBeyondChain{count, chain_.height()};
    if (const std::uint64_t right = chain_.txo_count(count); txo_count != right)
        return findings::WrongOutputCount{count, txo_count, right};
    const std::uint32_t right = count.value == 0 ? 0 : chain_.block(BlockIndex{count.value - 1})->version;
    if (version && *version != right) return findings::WrongBlockVersion{count, *version, right};
    return std::nullopt;
}

// Not to know a time is no mistake; to know a wrong one is.
std::optional<Finding> ResponseChecker::wrong_time(BlockIndex block, const fog::BlockTime& time) const {
    if (time.code != fog::BlockTime::Code::found) {
        if (time.timestamp_s == fog::unknown_timestamp) return std::nullopt;
        return findings::TimeOfNoBlock{block};
    }
    if (!chain_.height().includes(block)) return std::nullopt;
    const std::optional<std::uint64_t>& right = chain_.block(block)->signed_at_s;
    if (!right || time.timestamp_s == *right) return std::nullopt;
    return findings::WrongBlockTime{block, time.timestamp_s, *right};
}

std::optional<Finding> ResponseChecker::wrong_blocks(const std::vector<BlockRange>& asked,
                                                     const fog::BlocksAnswer& answer) const {
    if (std::optional<Finding> wrong = wrong_totals(answer.count, answer.global_txo_count, std::nullopt))
        return wrong;
    std::set<BlockIndex> seen;
    for (const fog::FoundBlock& found : answer.blocks) {
        if (!found.block) return findings::NoBlock{};
        const BlockIndex index = found.block->index;
        if (!chain_.height().includes(index) || !is_same(*chain_.block(index), *found.block))
            return findings::BlockNotOfChain{index};
        if (!seen.insert(index).second) return findings::BlockTwice{index};
        if (seen.upper_bound(index) != seen.end()) return findings::BlockOutOfOrder{index};
        if (std::none_of(asked.begin(), asked.end(),
                         [index](const BlockRange& range) { return range.contains(index); }))
            return findings::BlockUnasked{index};
        if (std::optional<Finding> wrong = wrong_time(index, found.time)) return wrong;
    }
    for (const BlockRange& range : asked)
        for (BlockIndex b = range.start; range.contains(b) && answer.count.includes(b); b = b.next())
            if (!seen.contains(b) && !failed_blocks_.contains(b))
                return findings::BlockLeftOut{b, answer.count};
    return std::nullopt;
}

void ResponseChecker::on_blocks(const std::string& server, const std::vector<BlockRange>& asked,
                                const fog::BlocksAnswer& answer) {
    judge(server, wrong_blocks(asked, answer));
}

std::optional<Finding> ResponseChecker::wrong_outputs(const std::vector<GlobalIndex>& asked,
                                                      const fog::OutputsAnswer& answer) const {
    using Code = fog::OutputResult::Code;
    if (std::optional<Finding> wrong =
            wrong_totals(answer.count, answer.global_txo_count, answer.latest_block_version))
        return wrong;
    if (answer.results.size() != asked.size())
        return findings::WrongNumberOfResults{Asked::output, answer.results.size(), asked.size()};
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const fog::OutputResult& result = answer.results[i];
        const std::uint64_t index = asked[i].value;
        if (result.index != asked[i]) return findings::OutputOfOtherIndex{result.index, asked[i]};
        const bool exists = index < answer.global_txo_count;
        if (exists != (result.code == Code::exists))
            return findings::WrongExistence{asked[i], result.code == Code::exists, answer.global_txo_count};
        if (!exists) {
            if (result.output) return findings::OutputOfNothing{asked[i]};
            continue;
        }
        const auto place = result.output ? chain_.place_of(result.output->public_key) : std::nullopt;
        if (!place || place->index != asked[i]) return findings::AnotherOutput{asked[i]};
        const fog::LedgerBlock& block = *chain_.block(place->block);
        if (!(block.outputs[index - block.first_output().value] == *result.output))
            return findings::OutputDiffers{asked[i]};
        if (result.proof_highest_index + 1 != answer.global_txo_count)
            return findings::ProofOfOtherCount{asked[i], result.proof_highest_index + 1,
                                               answer.global_txo_count};
    }
    return std::nullopt;
}

void ResponseChecker::on_outputs(const std::string& server, const std::vector<GlobalIndex>& asked,
                                 const fog::OutputsAnswer& answer) {
    judge(server, wrong_outputs(asked, answer));
}

std::optional<Finding> ResponseChecker::wrong_tx_outs(const std::vector<chain::PublicKey>& asked,
                                                      const fog::TxOutStatusAnswer& answer) const {
    using Code = fog::TxOutStatus::Code;
    if (std::optional<Finding> wrong = wrong_totals(answer.count, answer.global_txo_count, std::nullopt))
        return wrong;
    if (answer.results.size() != asked.size())
        return findings::WrongNumberOfResults{Asked::output_status, answer.results.size(), asked.size()};
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const fog::TxOutStatus& status = answer.results[i];
        if (status.public_key != asked[i]) return findings::AnotherThanAsked{Asked::output_status};
        const auto place = chain_.place_of(asked[i]);
        switch (status.code) {
        case Code::found:
            if (!place || place->index != status.place.index || place->block != status.place.block)
                return findings::FoundElsewhere{
                    status.place.block, place ? std::optional<BlockIndex>(place->block) : std::nullopt};
            if (std::optional<Finding> wrong = wrong_time(place->block, status.time)) return wrong;
            break;
        case Code::not_found:
            if (place && answer.count.includes(place->block))
                return findings::NotFoundThoughThere{place->block, answer.count};
            break;
        case Code::malformed:
            if (place) return findings::MalformedThoughThere{};
            break;
        case Code::database_error:
            if (!failed_outputs_.contains(asked[i])) return findings::ErrorWithoutCause{Asked::output_status};
            break;
        }
    }
    return std::nullopt;
}

void ResponseChecker::on_tx_outs(const std::string& server, const std::vector<chain::PublicKey>& asked,
                                 const fog::TxOutStatusAnswer& answer) {
    judge(server, wrong_tx_outs(asked, answer));
}

} // namespace engine::check
