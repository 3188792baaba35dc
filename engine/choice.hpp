#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/ensure.hpp"
#include "engine/hash.hpp"

namespace engine {

/// What a decision is about.  Part of the name of a choice; order and values are part of stored replays.
enum class Domain : std::uint8_t {
    schedule = 1, ///< which ready task runs next
    network,      ///< latency and fate of messages
    storage,      ///< latency and fate of database operations
    pause,        ///< how long a task is held at a yield point
    data,         ///< keys, amounts and other generated data
    plan,         ///< what a generated scenario does
    fault,        ///< which faults strike when
    routing,      ///< which replica answers
};
const char* name(Domain domain);

/// One decision: the `ordinal`-th draw of its stream gave `value` out of 0..bound-1.
struct Choice {
    std::uint32_t stream;
    std::uint32_t bound;
    std::uint32_t value;
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// The identity of a stream of choices.
struct StreamName {
    Domain domain;
    std::uint16_t actor; ///< node, link or account number; 0 where there is only one
    std::uint16_t site;  ///< which decision of that actor
    friend auto operator<=>(const StreamName&, const StreamName&) = default;
};

/// Every decision of a run, drawn and recorded in one sequence.
///
/// Rules
/// 1. A value depends on (seed, domain, actor, site, ordinal) only: a draw added in one stream moves nothing
/// in
///    another.
/// 2. Draw into a local before using it: GCC and clang evaluate arguments in opposite order.
/// 3. Integers only; no clocks, addresses or hash orders go in.
/// 4. With a recording to follow, the ordinal-th draw of a stream gives the recorded value (modulo the bound
/// when
///    that shrank) as long as the recording lasts, and the seed's value afterwards.
class Choices {
public:
    explicit Choices(std::uint64_t seed) : seed_(seed) {}

    /// Handle to a stream; opening it twice gives the same one.  Valid as long as the Choices.
    std::uint32_t open(StreamName name);

    /// @return a value in 0..bound-1; bound 0 and 1 give 0 without a draw
    std::uint32_t draw(std::uint32_t stream, std::uint32_t bound) {
        if (bound <= 1) return 0;
        Stream& s = streams_[stream];
        std::uint32_t value;
        if (s.ordinal < s.recorded.size()) [[unlikely]] {
            value = s.recorded[s.ordinal] % bound;
        } else {
            const std::uint64_t bits = mix64(s.key + (s.ordinal + 1) * 0x9e3779b97f4a7c15ULL);
            value = static_cast<std::uint32_t>(((bits >> 32) * bound) >> 32);
        }
        ++s.ordinal;
        sequence_.push_back({stream, bound, value});
        return value;
    }

    /// Records a decision that somebody else made, a search strategy for example.  A recording overrules it.
    /// @param value  below the bound
    /// @return       what was decided in the end; bound 0 and 1 give 0 without a record
    std::uint32_t decide(std::uint32_t stream, std::uint32_t bound, std::uint32_t value) {
        if (bound <= 1) return 0;
        Stream& s = streams_[stream];
        if (s.ordinal < s.recorded.size()) [[unlikely]]
            value = s.recorded[s.ordinal] % bound;
        ++s.ordinal;
        sequence_.push_back({stream, bound, value});
        return value;
    }

    /// 64 unrecorded bits that follow from the stream's name and ordinal: key material whose value no
    /// shrinking would ever lower.
    std::uint64_t bits(std::uint32_t stream) {
        Stream& s = streams_[stream];
        return mix64(s.key ^ (0xa0761d6478bd642fULL * ++s.bits_drawn));
    }

    /// Makes this run follow the choices of another, stream by stream.
    void follow(const Choices& recording);

    std::uint64_t seed() const { return seed_; }
    std::span<const Choice> sequence() const { return sequence_; }
    StreamName stream_name(std::uint32_t stream) const { return streams_[stream].name; }
    /// Capacity for about as many choices as the last run made.
    void reserve(std::size_t choices) { sequence_.reserve(choices); }

private:
    struct Stream {
        StreamName name;
        std::uint64_t key = 0;
        std::uint64_t ordinal = 0;
        std::uint64_t bits_drawn = 0;
        std::vector<std::uint32_t> recorded;
    };

    std::uint64_t seed_;
    std::vector<Stream> streams_;
    std::vector<std::uint32_t> index_; // open-addressed by name hash; holds stream + 1, 0 is free
    std::vector<Choice> sequence_;
    std::vector<std::pair<StreamName, std::vector<std::uint32_t>>> to_follow_; // sorted by name

    void grow_index();
};

/// One stream, held by who draws from it.  Cheap to copy; the Choices must outlive it.
class Stream {
public:
    Stream() = default;
    Stream(Choices& choices, Domain domain, std::uint16_t actor, std::uint16_t site)
        : choices_(&choices), stream_(choices.open({domain, actor, site})) {}

    /// Uniform in 0..bound-1.
    std::uint32_t below(std::uint32_t bound) { return choices_->draw(stream_, bound); }
    /// Uniform in low..high, both included.
    std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
    /// True in `of` out of `out_of` cases; 0 is the tame value, so that lowering a choice removes the event.
    bool chance(std::uint32_t of, std::uint32_t out_of) { return of != 0 && below(out_of) + of >= out_of; }
    /// A value chosen by the caller, recorded in place of a draw.
    std::uint32_t decide(std::uint32_t bound, std::uint32_t value) {
        return choices_->decide(stream_, bound, value);
    }
    std::uint64_t bits() { return choices_->bits(stream_); }

private:
    Choices* choices_ = nullptr;
    std::uint32_t stream_ = 0;
};

/// Key material from a stream.
class StreamBytes final : public chain::ByteSource {
public:
    explicit StreamBytes(Stream stream) : stream_(stream) {}
    void fill(std::span<std::uint8_t> out) override;

private:
    Stream stream_;
};

} // namespace engine
