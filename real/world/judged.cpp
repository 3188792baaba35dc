#include "real/world/judged.hpp"

#include <algorithm>

namespace real {

using engine::Result;
using namespace engine::fog;

namespace {

constexpr const char* view = "fog-view";
constexpr const char* ledger = "fog-ledger";

// The wire has neither key images nor a version of a block: what it has must be the chain's.
void know_again(BlocksAnswer& answer, const engine::model::ChainModel& chain) {
    for (FoundBlock& found : answer.blocks) {
        if (!chain.height().includes(found.block->index)) continue;
        const BlockPtr known = chain.block(found.block->index);
        const bool is_it =
            std::equal(known->outputs.begin(), known->outputs.end(), found.block->outputs.begin(),
                       found.block->outputs.end(), [](const auto& a, const auto& b) {
                           return a.public_key == b.public_key && a.target_key == b.target_key;
                       });
        if (is_it) found.block = known;
    }
}

} // namespace

Task<Result<ViewAnswer>> JudgedView::query(ViewQuery query) {
    ViewQuery asked = query;
    Result<ViewAnswer> answer = co_await inner_.query(std::move(query));
    if (!answer) co_return answer;
    const std::string unread = co_await judge_.look_at_database();
    if (unread.empty()) judge_.checker.on_view(view, asked, *answer);
    co_return answer;
}

Task<Result<KeyImagesAnswer>> JudgedLedger::key_images(std::vector<engine::chain::KeyImage> images) {
    const std::vector<engine::chain::KeyImage> asked = images;
    Result<KeyImagesAnswer> answer = co_await inner_.key_images(std::move(images));
    if (answer) judge_.checker.on_key_images(ledger, asked, *answer);
    co_return answer;
}

Task<Result<BlocksAnswer>> JudgedLedger::blocks(std::vector<engine::BlockRange> ranges) {
    const std::vector<engine::BlockRange> asked = ranges;
    Result<BlocksAnswer> answer = co_await inner_.blocks(std::move(ranges));
    if (!answer) co_return answer;
    BlocksAnswer known = *answer;
    know_again(known, judge_.chain);
    judge_.checker.on_blocks(ledger, asked, known);
    co_return answer;
}

Task<Result<OutputsAnswer>> JudgedLedger::outputs(std::vector<engine::GlobalIndex> indices) {
    const std::vector<engine::GlobalIndex> asked = indices;
    Result<OutputsAnswer> answer = co_await inner_.outputs(std::move(indices));
    if (answer) judge_.checker.on_outputs(ledger, asked, *answer);
    co_return answer;
}

Task<Result<TxOutStatusAnswer>> JudgedLedger::tx_outs(std::vector<engine::chain::PublicKey> public_keys) {
    const std::vector<engine::chain::PublicKey> asked = public_keys;
    Result<TxOutStatusAnswer> answer = co_await inner_.tx_outs(std::move(public_keys));
    if (answer) judge_.checker.on_tx_outs(ledger, asked, *answer);
    co_return answer;
}

} // namespace real
