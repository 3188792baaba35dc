#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/choice.hpp"
#include "engine/fault.hpp"
#include "engine/fog/ports.hpp"
#include "engine/fog/wallet.hpp"
#include "engine/host.hpp"
#include "engine/ids.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/time.hpp"

// What happened in a run, as typed facts.  words.hpp makes sentences of them, at the end and nowhere else.

namespace engine::tell {

/// The scenario goes on.
struct Step {
    std::uint64_t number = 0; ///< the first is 1
    std::string text{};       ///< the scenario's own words
};

/// How far everything is that has a block count.
struct Heights {
    struct Store {
        NodeId node;
        std::optional<BlockCount> count; ///< nothing: it is down
        friend bool operator==(const Store&, const Store&) = default;
    };
    BlockCount tip;
    std::vector<BlockCount> copies{}; ///< by number
    std::vector<Store> stores{};      ///< view stores, then key image stores
    friend bool operator==(const Heights&, const Heights&) = default;
};

/// A coin of the chain.
struct Coin {
    model::AccountId account;
    chain::Amount amount;
    BlockIndex block; ///< that pays it
};

/// The chain gets a block.
struct Appended {
    BlockIndex block;
    std::size_t outputs = 0;
    std::vector<Coin> paid{};
    std::vector<Coin> spent{};
};

/// A request ended without an answer.
struct NoAnswer {
    Code code{};
    bool by_fault = false;
};
/// What a wallet asked, and what it was told.
struct ViewAnswered {
    BlockCount count;
    std::size_t found = 0;
    std::vector<chain::SearchKey> not_found{};
    std::size_t rngs = 0;
    std::size_t ended_rngs = 0;
    std::vector<BlockRange> missed{};
};
struct AskedView {
    NodeId server;
    UserEventId events_after;
    std::size_t keys = 0;
    std::variant<NoAnswer, ViewAnswered> answer{};
};
struct ImagesAnswered {
    BlockCount count;
    std::vector<BlockIndex> spent_in{}; ///< of the outputs that are spent
};
struct AskedImages {
    NodeId server;
    std::size_t outputs = 0;
    std::variant<NoAnswer, ImagesAnswered> answer{};
};
struct BlocksAnswered {
    BlockCount count;
    std::vector<BlockIndex> blocks{};
};
struct AskedBlocks {
    NodeId server;
    std::variant<NoAnswer, BlocksAnswered> answer{};
};
/// A sender's question: is an output on the chain?
struct StatusAnswered {
    struct Output {
        fog::TxOutStatus::Code code{};
        BlockIndex block; ///< when it is found
    };
    BlockCount count;
    std::vector<Output> outputs{};
};
struct AskedStatus {
    NodeId server;
    std::variant<NoAnswer, StatusAnswered> answer{};
};

/// A balance check has ended.
struct Shown {
    fog::Value balance = 0; ///< of token 0
    BlockCount count;
};
struct Reported {
    std::variant<NoAnswer, Shown> result{};
};
/// What a sender makes of it.
struct Landing {
    fog::Wallet::Landing verdict;
    BlockIndex tombstone;
};

// ------------------------------------------------------------------------------------ what only a judge sees

/// What the wallet heard last of the service in question; an index into the notes.
using Heard = std::optional<std::size_t>;

/// A coin that the wallet does not have.
struct Missing {
    /// Where the judge finds it.
    enum class Where : std::uint8_t {
        nowhere,      ///< nobody has scanned its block for it, nor reported the block missed
        missed_block, ///< reported missed: only the ledger can show it
        database,     ///< its record is there
    };
    /// What the wallet has done about the record, of those in the database.
    enum class Search : std::uint8_t {
        no_rng,       ///< no RNG that it has been told of leads to it
        told_too_low, ///< last told "not found", at a count that does not include the block
        told_wrongly, ///< last told "not found", at a count that includes it
        never_told,   ///< it has not asked for the record's key, or had no answer about it
    };
    Coin coin;
    Where where = Where::nowhere;
    Search search = Search::no_rng;
    std::size_t rngs = 0; ///< that the wallet knows
    Heard asked{};        ///< the search that search is about
    Heard heard{};
};
struct CountedThoughSpent {
    Coin coin;
    BlockIndex spent_in;
    std::optional<BlockIndex> known_spent_in;
    BlockCount unspent_as_of;
    Heard heard{};
};
struct TakenOff {
    Coin coin;
    BlockIndex known_spent_in;
    Heard heard{};
};
struct Misplaced {
    Coin coin;
    BlockIndex known_block;
};
struct KnowsBeyond {
    Coin coin;                          ///< as the wallet has it
    std::optional<BlockIndex> spent_in; ///< nothing: the coin itself is beyond
    BlockCount count;
};
struct TrueElsewhere {
    fog::Value shown = 0;
    BlockCount there;
    BlockCount claimed;
};
struct WrongSum {};

// ------------------------------------------------------------------------------------------------- decisions

/// What one draw of a stream that decides several things decided about, when it was not the tame case.
struct Decided {
    enum class Strike : std::uint8_t {
        database_call,        ///< it fails
        hole,                 ///< a read does not show a block
        commit_outlives_node, ///< a commit under way arrives although its node has died
    };
    StreamName stream;
    std::uint64_t ordinal = 0;
    std::variant<YieldPoint, Strike> about{};
};

using Fact = std::variant<Step, Heights, Appended, AskedView, AskedImages, AskedBlocks, AskedStatus, Reported,
                          Landing, Missing, CountedThoughSpent, TakenOff, Misplaced, KnowsBeyond,
                          TrueElsewhere, WrongSum, Decided>;

/// A fact, when it was, and whom it is about.  Notes are taken only while events are kept, and change nothing
/// else.
struct Note {
    Instant at{};
    std::uint64_t step = 0; ///< of the scheduler
    NodeId node{};          ///< a wallet, or who was struck
    Fact fact{};

    template <class Kind>
    const Kind* as() const {
        return std::get_if<Kind>(&fact);
    }
    template <class... Kinds>
    bool is_any_of() const {
        return (std::holds_alternative<Kinds>(fact) || ...);
    }
    /// A wallet was answered, or not.
    bool is_answer() const { return is_any_of<AskedView, AskedImages, AskedBlocks, AskedStatus>(); }
    /// Where a wrong number comes from.
    bool is_why() const {
        return is_any_of<Missing, CountedThoughSpent, TakenOff, Misplaced, KnowsBeyond, TrueElsewhere,
                         WrongSum>();
    }
};

} // namespace engine::tell
