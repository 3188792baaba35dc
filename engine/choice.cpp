#include "engine/choice.hpp"

#include <algorithm>

namespace engine {
namespace {

std::uint64_t key_of(StreamName name) {
    return mix64((static_cast<std::uint64_t>(name.domain) << 32) |
                 (static_cast<std::uint64_t>(name.actor) << 16) | name.site);
}

} // namespace

const char* name(Domain domain) {
    switch (domain) {
    case Domain::schedule:
        return "schedule";
    case Domain::network:
        return "network";
    case Domain::storage:
        return "storage";
    case Domain::pause:
        return "pause";
    case Domain::data:
        return "data";
    case Domain::plan:
        return "plan";
    case Domain::fault:
        return "fault";
    case Domain::routing:
        return "routing";
    }
    return "?";
}

void Choices::grow_index() {
    index_.assign(std::max<std::size_t>(64, index_.size() * 2), 0);
    const std::size_t mask = index_.size() - 1;
    for (std::uint32_t i = 0; i < streams_.size(); ++i) {
        std::size_t at = key_of(streams_[i].name) & mask;
        while (index_[at] != 0) at = (at + 1) & mask;
        index_[at] = i + 1;
    }
}

std::uint32_t Choices::open(StreamName name) {
    if (streams_.size() * 2 >= index_.size()) grow_index();
    const std::size_t mask = index_.size() - 1;
    std::size_t at = key_of(name) & mask;
    while (index_[at] != 0) {
        if (streams_[index_[at] - 1].name == name) return index_[at] - 1;
        at = (at + 1) & mask;
    }
    Stream stream;
    stream.name = name;
    stream.key = mix64(seed_ ^ key_of(name));
    const auto recorded = std::lower_bound(to_follow_.begin(), to_follow_.end(), name,
                                           [](const auto& entry, StreamName n) { return entry.first < n; });
    if (recorded != to_follow_.end() && recorded->first == name) stream.recorded = recorded->second;
    streams_.push_back(std::move(stream));
    index_[at] = static_cast<std::uint32_t>(streams_.size());
    return index_[at] - 1;
}

void Choices::follow(const Choices& recording) {
    ENSURE(streams_.empty());
    for (const Stream& s : recording.streams_) to_follow_.push_back({s.name, {}});
    for (const Choice& choice : recording.sequence_) to_follow_[choice.stream].second.push_back(choice.value);
    std::sort(to_follow_.begin(), to_follow_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
}

void StreamBytes::fill(std::span<std::uint8_t> out) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) word = stream_.bits();
        out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
}

} // namespace engine
