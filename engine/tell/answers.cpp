#include "engine/tell/answers.hpp"

#include <utility>

namespace engine::tell {

using namespace fog;

NoAnswer told(const Error& error) { return {error.code, error.injected()}; }

ViewAnswered told(const ViewAnswer& answer) {
    ViewAnswered out;
    out.count = answer.count;
    for (const SearchResult& result : answer.results) {
        if (result.code == SearchCode::found) ++out.found;
        if (result.code == SearchCode::not_found) out.not_found.push_back(result.key);
    }
    out.rngs = answer.rngs.size();
    out.ended_rngs = answer.decommissions.size();
    out.missed = answer.missed;
    return out;
}

ImagesAnswered told(const KeyImagesAnswer& answer) {
    ImagesAnswered out;
    out.count = answer.count;
    for (const KeyImageResult& result : answer.results)
        if (result.code == KeyImageCode::spent) out.spent_in.push_back(result.spent_at);
    return out;
}

BlocksAnswered told(const BlocksAnswer& answer) {
    BlocksAnswered out;
    out.count = answer.count;
    for (const FoundBlock& found : answer.blocks) out.blocks.push_back(found.block->index);
    return out;
}

StatusAnswered told(const TxOutStatusAnswer& answer) {
    StatusAnswered out;
    out.count = answer.count;
    for (const TxOutStatus& status : answer.results) out.outputs.push_back({status.code, status.place.block});
    return out;
}

Task<Result<ViewAnswer>> ToldView::query(ViewQuery query) {
    const AskedView asked{server_, query.events_after, query.keys.size()};
    Result<ViewAnswer> answer = co_await inner_.query(std::move(query));
    tell_(answered(asked, answer));
    co_return answer;
}

Task<Result<KeyImagesAnswer>> ToldLedger::key_images(std::vector<chain::KeyImage> images) {
    const AskedImages asked{server_, images.size()};
    Result<KeyImagesAnswer> answer = co_await inner_.key_images(std::move(images));
    tell_(answered(asked, answer));
    co_return answer;
}

Task<Result<BlocksAnswer>> ToldLedger::blocks(std::vector<BlockRange> ranges) {
    Result<BlocksAnswer> answer = co_await inner_.blocks(std::move(ranges));
    tell_(answered(AskedBlocks{server_}, answer));
    co_return answer;
}

Task<Result<OutputsAnswer>> ToldLedger::outputs(std::vector<GlobalIndex> indices) {
    return inner_.outputs(std::move(indices)); // no balance depends on it
}

Task<Result<TxOutStatusAnswer>> ToldLedger::tx_outs(std::vector<chain::PublicKey> public_keys) {
    Result<TxOutStatusAnswer> answer = co_await inner_.tx_outs(std::move(public_keys));
    tell_(answered(AskedStatus{server_}, answer));
    co_return answer;
}

} // namespace engine::tell
