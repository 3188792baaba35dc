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
inline constexpr std::uint32_t domain_count = 8; ///< numbers 1..8
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

/// A decision that a recording fixes: the `ordinal`-th draw of a stream, counted from 0.
struct FixedChoice {
    StreamName stream;
    std::uint64_t ordinal = 0;
    std::uint32_t bound = 0; ///< when it was recorded: another one shows that the code has changed
    std::uint32_t value = 0; ///< below the bound
    friend bool operator==(const FixedChoice&, const FixedChoice&) = default;
};

/// What another run needs to decide alike, whatever strategy the first one had: some decisions are fixed, all
/// others follow from the base.
struct Recording {
    enum class Base : std::uint8_t {
        seed, ///< what is not fixed is drawn from the seed
        tame, ///< what is not fixed is 0: nothing is late, held or lost
    };
    std::uint64_t seed = 1; ///< also of key material, which is no decision
    Base base = Base::seed;
    std::vector<FixedChoice> fixed{}; ///< in any order, no draw twice
    friend bool operator==(const Recording&, const Recording&) = default;
};

/// How far a run could follow its recording.
struct Departure {
    enum class Kind : std::uint8_t {
        none,          ///< every fixed decision was asked for, as recorded
        other_bound,   ///< there were more or fewer possibilities than when it was recorded
        never_decided, ///< the run ended without asking
    };
    Kind kind = Kind::none;
    FixedChoice where{};          ///< the first that could not be followed
    std::uint32_t bound = 0;      ///< of Kind::other_bound: what was found
    std::uint64_t step = 0;       ///< of Kind::other_bound: of the scheduler
    std::size_t other_bounds = 0; ///< how many in all
    std::size_t never_decided = 0;
};

/// One line: where a run left its recording; empty when it did not.
std::string describe(const Departure& departure);

/// Every decision of a run, drawn and recorded in one sequence.
///
/// Rules
/// 1. A value depends on (seed, domain, actor, site, ordinal) only: a draw added in one stream moves
///    nothing in another.
/// 2. Draw into a local before using it: GCC and clang evaluate arguments in opposite order.
/// 3. Integers only; no clocks, addresses or hash orders go in.
/// 4. With a recording to follow, a draw that it fixes gives the recorded value (modulo the bound, when
///    that shrank); every other draw gives what the recording's base says.
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
        if (s.ordinal >= s.next_special) [[unlikely]]
            value = follow_recording(s, bound, drawn(s, bound));
        else
            value = drawn(s, bound);
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
        if (s.ordinal >= s.next_special) [[unlikely]]
            value = follow_recording(s, bound, value);
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

    /// Makes this run follow another.  @pre no stream has been opened
    void follow(const Recording& recording);
    /// Counts the steps of the run, to tell when it left its recording.  @param step  outlives this
    void count_steps(const std::uint64_t* step) { step_ = step; }
    /// Everything decided so far, each decision fixed.
    Recording record() const;
    /// Where this run has left what it follows, taking the run as ended.
    Departure departure() const;

    std::uint64_t seed() const { return seed_; }
    std::span<const Choice> sequence() const { return sequence_; }
    StreamName stream_name(std::uint32_t stream) const { return streams_[stream].name; }
    /// How many draws of a stream there have been: the ordinal of the next one.
    std::uint64_t drawn_of(std::uint32_t stream) const { return streams_[stream].ordinal; }
    /// Capacity for about as many choices as the last run made.
    void reserve(std::size_t choices) { sequence_.reserve(choices); }

private:
    struct Stream {
        StreamName name;
        std::uint64_t key = 0;
        std::uint64_t ordinal = 0;
        std::uint64_t bits_drawn = 0;
        std::uint64_t next_special = ~std::uint64_t{0}; // ordinal from which a draw may not be the seed's own
        std::uint32_t next_fixed = 0;                   // in fixed_: what of this stream comes next
        std::uint32_t end_fixed = 0;
    };

    static std::uint32_t drawn(const Stream& s, std::uint32_t bound) {
        const std::uint64_t bits = mix64(s.key + (s.ordinal + 1) * 0x9e3779b97f4a7c15ULL);
        return static_cast<std::uint32_t>(((bits >> 32) * bound) >> 32);
    }
    std::uint32_t follow_recording(Stream& s, std::uint32_t bound, std::uint32_t otherwise);

    std::uint64_t seed_;
    std::vector<Stream> streams_;
    std::vector<std::uint32_t> index_; // open-addressed by name hash; holds stream + 1, 0 is free
    std::vector<Choice> sequence_;
    bool tame_ = false;
    std::vector<FixedChoice> fixed_; // sorted by stream and ordinal
    const std::uint64_t* step_ = nullptr;
    Departure departure_; // bounds only

    void grow_index();
};

/// One stream, held by who draws from it.  Cheap to copy; the Choices must outlive it.
class Stream {
public:
    Stream() = default;
    Stream(Choices& choices, Domain domain, std::uint16_t actor, std::uint16_t site)
        : Stream(choices, StreamName{domain, actor, site}) {}
    Stream(Choices& choices, StreamName name) : choices_(&choices), stream_(choices.open(name)) {}

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

    StreamName name() const { return choices_->stream_name(stream_); }
    /// The ordinal of the next draw.
    std::uint64_t next() const { return choices_->drawn_of(stream_); }

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
