#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/consensus/quorum.hpp"

// What nodes say to each other while they agree on a slot, and what each message states.
// @source mobilecoin 7.0.0 consensus/scp/src/msg.rs, consensus/scp/types/src/ballot.rs

namespace engine::consensus {

/// One thing that may become part of a block, by name.  Its content is kept beside: transactions are large,
/// and a node that lacks one asks the peer that named it.
struct Value {
    enum class Kind : std::uint8_t { transaction, mint_config, mint };
    Kind kind = Kind::transaction;
    chain::Hash32 hash;
    friend auto operator<=>(const Value&, const Value&) = default;
};
/// Sorted where it stands for a set.
using Values = std::vector<Value>;

inline constexpr std::uint32_t infinite = std::numeric_limits<std::uint32_t>::max();

/// An attempt to agree on `values`.  Higher counters supersede; of equal ones the greater values do.
struct Ballot {
    std::uint32_t counter = 0;
    Values values;
    friend auto operator<=>(const Ballot&, const Ballot&) = default;
};
inline bool is_compatible(const Ballot& a, const Ballot& b) { return a.values == b.values; }
inline bool is_below_and_compatible(const Ballot& a, const Ballot& b) {
    return a.counter <= b.counter && is_compatible(a, b);
}
inline bool is_below_and_incompatible(const Ballot& a, const Ballot& b) {
    return a <= b && !is_compatible(a, b);
}

struct Nominate {
    Values voted;    ///< without the accepted ones
    Values accepted; ///< accepted as nominated
    friend bool operator==(const Nominate&, const Nominate&) = default;
    friend std::strong_ordering operator<=>(const Nominate& a, const Nominate& b);
};

struct Prepare {
    Ballot ballot;                        ///< votes to prepare it
    std::optional<Ballot> prepared;       ///< the highest accepted as prepared
    std::optional<Ballot> prepared_prime; ///< the highest such that is incompatible with `prepared`
    std::uint32_t commit_counter = 0;     ///< 0: no vote to commit; else the lowest counter voted for
    std::uint32_t high_counter = 0;       ///< highest confirmed as prepared, of the ballot's values
    friend bool operator==(const Prepare&, const Prepare&) = default;
    /// The commit counter does not count.
    friend std::strong_ordering operator<=>(const Prepare& a, const Prepare& b);
};

/// Both at once, while nomination goes on beside a first ballot.
struct NominatePrepare {
    Nominate nominate;
    Prepare prepare;
    friend bool operator==(const NominatePrepare&, const NominatePrepare&) = default;
    friend std::strong_ordering operator<=>(const NominatePrepare& a, const NominatePrepare& b);
};

/// Accepted as committed: counters `commit_counter` to `high_counter` of the ballot's values.
struct Commit {
    Ballot ballot;
    std::uint32_t prepared_counter = 0;
    std::uint32_t commit_counter = 0;
    std::uint32_t high_counter = 0;
    friend bool operator==(const Commit&, const Commit&) = default;
    friend std::strong_ordering operator<=>(const Commit& a, const Commit& b);
};

/// Decided: nothing about it can change.
struct Externalize {
    Ballot commit; ///< the lowest confirmed as committed
    std::uint32_t high_counter = 0;
    friend bool operator==(const Externalize&, const Externalize&) = default;
    friend std::strong_ordering operator<=>(const Externalize& a, const Externalize& b);
};

/// In ascending order: a later alternative supersedes an earlier one of the same sender.
using Topic = std::variant<Nominate, NominatePrepare, Prepare, Commit, Externalize>;
std::strong_ordering compare(const Topic& a, const Topic& b);

struct Message {
    QuorumNode sender;
    std::uint64_t slot = 0;                      ///< block index that is to be agreed on
    std::shared_ptr<const QuorumSet> quorum_set; ///< never null
    Topic topic;
};
bool operator==(const Message& a, const Message& b);

/// What is wrong with a message whoever reads it: one line, or nothing.
std::optional<std::string> fault_of(const Message& message);

/// All values it names, each once, sorted.
Values values_of(const Topic& topic);

const Nominate* nominate_of(const Topic& topic);
const Prepare* prepare_of(const Topic& topic);
/// 0 for Nominate, `infinite` for Externalize.
std::uint32_t ballot_counter_of(const Topic& topic);
/// All ballots it mentions in connection with being prepared.
std::vector<Ballot> ballots_of(const Topic& topic);

bool votes_nominated(const Topic& topic, const Value& value); ///< or accepts
bool accepts_nominated(const Topic& topic, const Value& value);
bool votes_prepared(const Topic& topic, const Ballot& ballot); ///< or accepts
bool accepts_prepared(const Topic& topic, const Ballot& ballot);

/// Counters, both ends included.
struct Range {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    friend bool operator==(const Range&, const Range&) = default;
};
bool votes_committed(const Topic& topic, const Values& values, Range range); ///< or accepts
bool accepts_committed(const Topic& topic, const Values& values, Range range);

/// Content of minting values, for digests as upstream's.  Without it their names stand for them, which is
/// what nodes here sign: a signature can be judged before the content is there.
struct ValueContents {
    std::function<const chain::MintConfigTx*(const chain::Hash32&)> mint_config;
    std::function<const chain::MintTx*(const chain::Hash32&)> mint;
};

/// Digest of a message alone, under `context`.
chain::Hash32 digest(const Message& message, const ValueContents& contents, std::string_view context = "");
/// What the sender signs: the message, and the chain it is about.
/// @source peers/src/consensus_msg.rs
chain::Hash32 signed_digest(const Message& message, const chain::BlockId& previous,
                            const ValueContents& contents);

} // namespace engine::consensus
