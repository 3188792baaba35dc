#include "engine/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

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
    const auto by_name = [](const FixedChoice& choice, StreamName n) { return choice.stream < n; };
    const auto first = std::lower_bound(fixed_.begin(), fixed_.end(), name, by_name);
    auto last = first;
    while (last != fixed_.end() && last->stream == name) ++last;
    stream.next_fixed = static_cast<std::uint32_t>(first - fixed_.begin());
    stream.end_fixed = static_cast<std::uint32_t>(last - fixed_.begin());
    if (tame_)
        stream.next_special = 0;
    else if (first != last)
        stream.next_special = first->ordinal;
    streams_.push_back(std::move(stream));
    index_[at] = static_cast<std::uint32_t>(streams_.size());
    return index_[at] - 1;
}

void Choices::follow(const Recording& recording) {
    ENSURE(streams_.empty());
    seed_ = recording.seed;
    tame_ = recording.base == Recording::Base::tame;
    fixed_ = recording.fixed;
    std::sort(fixed_.begin(), fixed_.end(), [](const FixedChoice& a, const FixedChoice& b) {
        return std::tie(a.stream, a.ordinal) < std::tie(b.stream, b.ordinal);
    });
}

std::uint32_t Choices::follow_recording(Stream& s, std::uint32_t bound, std::uint32_t otherwise) {
    // A fixed draw that was passed over had nothing to decide this time.
    while (s.next_fixed != s.end_fixed && fixed_[s.next_fixed].ordinal < s.ordinal) ++s.next_fixed;
    std::uint32_t value = tame_ ? 0 : otherwise;
    if (s.next_fixed != s.end_fixed && fixed_[s.next_fixed].ordinal == s.ordinal) {
        const FixedChoice& fixed = fixed_[s.next_fixed++];
        value = fixed.value % bound;
        if (fixed.bound != bound && ++departure_.other_bounds == 1) {
            departure_.kind = Departure::Kind::other_bound;
            departure_.where = fixed;
            departure_.bound = bound;
            departure_.step = step_ != nullptr ? *step_ : 0;
        }
    }
    if (!tame_)
        s.next_special = s.next_fixed == s.end_fixed ? ~std::uint64_t{0} : fixed_[s.next_fixed].ordinal;
    return value;
}

Recording Choices::record() const {
    Recording recording;
    recording.seed = seed_;
    recording.base = tame_ ? Recording::Base::tame : Recording::Base::seed;
    recording.fixed.reserve(sequence_.size());
    std::vector<std::uint64_t> ordinals(streams_.size(), 0);
    for (const Choice& choice : sequence_)
        recording.fixed.push_back(
            {streams_[choice.stream].name, ordinals[choice.stream]++, choice.bound, choice.value});
    return recording;
}

Departure Choices::departure() const {
    Departure found = departure_;
    for (const FixedChoice& fixed : fixed_) {
        const auto same = [&](const Stream& s) { return s.name == fixed.stream; };
        const auto stream = std::find_if(streams_.begin(), streams_.end(), same);
        if (stream != streams_.end() && fixed.ordinal < stream->ordinal) continue;
        ++found.never_decided;
        if (found.kind != Departure::Kind::none) continue;
        found.kind = Departure::Kind::never_decided;
        found.where = fixed;
    }
    return found;
}

std::string describe(const Departure& departure) {
    if (departure.kind == Departure::Kind::none) return {};
    const FixedChoice& where = departure.where;
    std::string text = fmt::format("decision {} of stream {}/{}/{} ", where.ordinal,
                                   name(where.stream.domain), where.stream.actor, where.stream.site);
    if (departure.kind == Departure::Kind::other_bound)
        text += fmt::format("is one of {} at step {}, it was recorded as one of {}", departure.bound,
                            departure.step, where.bound);
    else
        text += "was never asked for";
    const std::size_t others = departure.other_bounds + departure.never_decided - 1;
    if (others > 0) text += fmt::format("; {} more could not be followed as recorded", others);
    return text;
}

void StreamBytes::fill(std::span<std::uint8_t> out) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) word = stream_.bits();
        out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
}

} // namespace engine
