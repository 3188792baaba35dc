#include "sim/chain.hpp"

#include <algorithm>

namespace sim {

using namespace engine::fog;

SimCopy::SimCopy(Core& core, const engine::model::ChainModel& chain, std::string name, std::uint16_t number)
    : core_(core), chain_(chain), name_(std::move(name)), number_(number),
      delays_(open_stream(core.choices, StreamSite::block_delay, number)), moved_(core.scheduler) {}

void SimCopy::release() {
    held_ = false;
    moved_.notify_all();
}

void SimCopy::move(BlockCount count) {
    if (timed_ == count_ && !core_.faults.has<faults::WatcherBehind>(faults::CopyNumber{number_}))
        timed_ = count;
    count_ = count;
    core_.scheduler.touch({Footprint::chain, Footprint::copy(number_)});
    core_.record(NodeId{}, EventKind::copy_advanced, number_, count.value);
}

void SimCopy::release_times() {
    if (core_.probe().has(engine::Defect::watcher_stays_behind)) return;
    if (!core_.faults.has<faults::WatcherBehind>(faults::CopyNumber{number_})) timed_ = count_;
}

void SimCopy::advance_to(BlockCount count) {
    ENSURE(count <= chain_.height());
    if (count > count_) move(count);
}

Task<> SimCopy::follow() {
    for (;;) {
        while (held_ || count_ >= chain_.height()) co_await moved_.wait("the chain to grow");
        const std::uint32_t delay_ms = 1 + core_.draw_wait(delays_, 64, 0);
        co_await engine::sleep_until(core_.scheduler.now() + std::chrono::milliseconds(delay_ms),
                                     "the next block");
        if (!held_ && count_ < chain_.height()) move(count_.end().count_through());
    }
}

void SimCopy::touch() const { core_.scheduler.touch({Footprint::copy(number_), 0}); }

BlockPtr SimCopy::block(BlockIndex index) const {
    touch();
    if (!count_.includes(index)) return nullptr;
    return chain_.block(index);
}

BlockTime SimCopy::time(BlockIndex index) const {
    touch();
    BlockTime time;
    if (index.value == 0) {
        time.code = BlockTime::Code::found;
    } else if (timed_.includes(index)) {
        time.code = BlockTime::Code::found;
        time.timestamp_s = 1'600'000'000 + 10 * index.value; // a fixed function: arrival is the event
    }
    return time;
}

std::optional<OutputPlace> SimCopy::find_output(const engine::chain::PublicKey& public_key) const {
    touch();
    const auto place = chain_.place_of(public_key);
    if (!place || !count_.includes(place->block)) return std::nullopt;
    return place;
}

BlockPtr SimCopy::block_of_output(engine::GlobalIndex index) const {
    touch();
    for (BlockIndex b; count_.includes(b); b = b.next())
        if (index.value < chain_.block(b)->cumulative_txo_count) return chain_.block(b);
    return nullptr;
}

} // namespace sim
