#include "engine/fog/key_image_store.hpp"

#include <algorithm>
#include <cstring>

namespace engine::fog {

std::size_t KeyImageStore::ImageHash::operator()(const chain::KeyImage& image) const noexcept {
    std::size_t h;
    std::memcpy(&h, image.bytes.data(), sizeof h); // key images are points chosen by hashing
    return h;
}

KeyImageStore::KeyImageStore(Host& host, const BlockSource& source, KeyImageStoreConfig config)
    : host_(host), source_(source), config_(config) {
    published_.processed = {config.range.start, config.range.start};
}

// Upstream waits for the watcher without limit; so does this one.  The count stays where it is meanwhile,
// which is true, only late.
Task<> KeyImageStore::wait_for_time(BlockIndex block) {
    for (;;) {
        const BlockTime time = source_.time(block);
        if (time.code == BlockTime::Code::found) co_return;
        host_.mark(Mark::images_wait_for_a_block_time);
        Duration pause = 1s;
        if (time.code == BlockTime::Code::behind) pause = 10ms;
        co_await host_.until_next_poll(Polling::looks, pause, "a block's timestamp");
    }
}

Task<> KeyImageStore::run() {
    for (BlockIndex next = config_.range.start; config_.range.contains(next);) {
        const BlockPtr block = source_.block(next);
        if (!block) {
            co_await host_.until_next_poll(Polling::looks, config_.poll_interval,
                                           "the next block of its chain copy");
            continue;
        }
        co_await wait_for_time(next);
        for (const chain::KeyImage& image : block->key_images) spent_.try_emplace(image, block->index);
        inserting_ = true;
        co_await host_.yield(YieldPoint::images_inserted);
        inserting_ = false;
        next = next.next();
        host_.mark_if(next == config_.range.end, Mark::images_complete_their_range);
        published_.processed.end = next;
        published_.global_txo_count = block->cumulative_txo_count;
        published_.block_version = block->version;
        host_.record(EventKind::images_published, 0, next.value);
    }
}

Task<Result<KeyImageStoreAnswer>> KeyImageStore::key_images(std::vector<chain::KeyImage> images) {
    co_await host_.yield(YieldPoint::images_query_begun);
    const Published published = published_;
    co_await host_.yield(YieldPoint::images_query_counted);
    host_.mark_if(published.processed != published_.processed, Mark::images_query_overtaken_by_a_block);
    host_.mark_if(inserting_, Mark::images_query_between_images_and_count);
    host_.mark_if(config_.range.contains(published.processed.end) &&
                      source_.count().includes(published.processed.end),
                  Mark::images_behind_their_copy);
    KeyImageStoreAnswer answer;
    answer.processed = published.processed;
    answer.images.count = BlockCount{published.processed.end.value};
    answer.images.global_txo_count = published.global_txo_count;
    answer.images.latest_block_version = published.block_version;
    answer.images.results.reserve(images.size());
    for (const chain::KeyImage& image : images) {
        KeyImageResult result;
        result.image = image;
        const auto spent = spent_.find(image);
        if (spent != spent_.end()) {
            result.code = KeyImageCode::spent;
            result.spent_at = spent->second;
        }
        answer.images.results.push_back(result);
    }
    co_return answer;
}

} // namespace engine::fog
