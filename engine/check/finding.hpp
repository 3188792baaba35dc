#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/fog/wallet.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/model/recovery_model.hpp"
#include "engine/result.hpp"

// What a check has found wrong, as typed facts.  engine/tell/violation_words.cpp makes sentences of them.
// What a Violation says itself is not repeated here: the account, count and amounts of a report, the place.

namespace engine::check::findings {

/// In the words of a story, whose own rule it is.
struct Said {
    std::string text;
};

// ------------------------------------------------------------------------------------------ wallets' reports

/// The block count of a report is beyond the chain.
struct ReportBeyondChain {
    BlockCount height;
};
struct WrongBalance {
    std::uint64_t token = 0;
};
/// A living wallet's count fell.
struct WentBack {
    BlockCount before;
};
/// Of all accounts together.
struct WrongTotal {
    std::uint64_t token = 0;
};
/// Two wallets of one account.
struct FinalsDiffer {
    fog::Value other = 0;
};
struct WrongFinal {
    BlockCount height;
};
struct WrongLanding {
    fog::Wallet::Landing told;
    BlockIndex tombstone;
    std::optional<BlockIndex> landed_in; ///< by the chain
    BlockCount height;
};

// --------------------------------------------------------------------------------------------------- answers

enum class Asked : std::uint8_t { search_key, key_image };

/// The database has broken its contract.
struct RuleBroken {
    model::BrokenRule rule;
};
struct Miscounted {
    BlockIndex block;
    std::size_t records = 0;
    std::size_t outputs = 0;
};
/// The count of an answer is beyond the chain.
struct AnswerBeyondChain {
    BlockCount count;
    BlockCount height;
};
struct WrongNumberOfResults {
    Asked what{};
    std::size_t answered = 0;
    std::size_t asked = 0;
};
struct AnotherThanAsked {
    Asked what{};
};
struct ErrorWithoutCause {
    Asked what{};
};
struct RecordNotFound {
    BlockCount count;
    BlockIndex block;
};
struct NeverCommitted {};
/// A promised block holds an output that nobody can find.
struct Uncovered {
    BlockCount count;
    BlockIndex block;
    model::AccountId account;
};
struct RngUntold {
    BlockCount count;
    InvocationId invocation;
};
struct MissedUntold {
    BlockCount count;
    BlockRange range;
};
struct EventSkipped {
    UserEventId from;
    UserEventId to;
    UserEventId event;
};
struct WrongSpend {
    BlockIndex told;
    std::optional<BlockIndex> spent_in; ///< by the chain
};
struct NotSpentThoughSpent {
    BlockCount count;
    BlockIndex spent_in;
};
struct WrongBlocks {};
struct WrongOutputs {};
struct WrongStatus {};

// --------------------------------------------------------------------------------------- calls and processes

/// A balance check failed, and nothing that was done on purpose explains it.
struct CheckFailed {
    Error error;
    std::string said; ///< by the wallet
};
/// An ingest node stops scanning for no reason.
struct GaveUp {
    BlockIndex at;
};
struct NotReached {
    std::string what; ///< in the story's words
    Duration within{};
    std::vector<std::pair<std::string, BlockCount>> stores; ///< where they are
};
/// Nothing more can happen, or too much has.
struct Stuck {
    std::string how;
};
struct Aborted {
    std::string why;
};
struct Escaped {
    std::string what; ///< of the exception
};
struct EndedUnasked {
    std::string how;
    std::vector<std::string> last_lines;
};
struct LogRefused {
    std::uint64_t line = 0;
    std::string why;
};

} // namespace engine::check::findings

namespace engine::check {

using Finding =
    std::variant<findings::Said, findings::ReportBeyondChain, findings::WrongBalance, findings::WentBack,
                 findings::WrongTotal, findings::FinalsDiffer, findings::WrongFinal, findings::WrongLanding,
                 findings::RuleBroken, findings::Miscounted, findings::AnswerBeyondChain,
                 findings::WrongNumberOfResults, findings::AnotherThanAsked, findings::ErrorWithoutCause,
                 findings::RecordNotFound, findings::NeverCommitted, findings::Uncovered, findings::RngUntold,
                 findings::MissedUntold, findings::EventSkipped, findings::WrongSpend,
                 findings::NotSpentThoughSpent, findings::WrongBlocks, findings::WrongOutputs,
                 findings::WrongStatus, findings::CheckFailed, findings::GaveUp, findings::NotReached,
                 findings::Stuck, findings::Aborted, findings::Escaped, findings::EndedUnasked,
                 findings::LogRefused>;

} // namespace engine::check
