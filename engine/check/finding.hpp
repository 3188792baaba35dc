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

enum class Asked : std::uint8_t { search_key, key_image, output, output_status };

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
/// Outputs of the first `count` blocks.
struct WrongOutputCount {
    BlockCount count;
    std::uint64_t told = 0;
    std::uint64_t right = 0;
};
/// Of the last of `count` blocks.
struct WrongBlockVersion {
    BlockCount count;
    std::uint32_t told = 0;
    std::uint32_t right = 0;
};
/// By an answer, or by the database.  Times are seconds since 1970.
struct WrongBlockTime {
    BlockIndex block;
    std::uint64_t told_s = 0;
    std::uint64_t right_s = 0;
};
/// A time, and with it that none is known.
struct TimeOfNoBlock {
    BlockIndex block;
};
struct NoBlock {};
struct BlockNotOfChain {
    BlockIndex block;
};
struct BlockTwice {
    BlockIndex block;
};
struct BlockOutOfOrder {
    BlockIndex block;
};
struct BlockUnasked {
    BlockIndex block;
};
struct BlockLeftOut {
    BlockIndex block;
    BlockCount count;
};
struct OutputOfOtherIndex {
    GlobalIndex told;
    GlobalIndex asked;
};
/// Whether an output exists.
struct WrongExistence {
    GlobalIndex output;
    bool exists = false; ///< as told
    std::uint64_t outputs = 0;
};
struct OutputOfNothing {
    GlobalIndex output;
};
struct AnotherOutput {
    GlobalIndex asked;
};
struct OutputDiffers {
    GlobalIndex output;
};
struct ProofOfOtherCount {
    GlobalIndex output;
    std::uint64_t proven_among = 0;
    std::uint64_t outputs = 0;
};
struct FoundElsewhere {
    BlockIndex told;
    std::optional<BlockIndex> right; ///< by the chain
};
struct NotFoundThoughThere {
    BlockIndex block;
    BlockCount count;
};
struct MalformedThoughThere {};

// -------------------------------------------------------------------------------------- stored and published

/// What the database counts up to a block.
struct MiscountedOutputs {
    BlockIndex block;
    std::uint64_t counted = 0;
    std::uint64_t outputs = 0;
};
struct UnannouncedInvocation {
    BlockIndex block;
    InvocationId invocation;
};
struct AnnouncedFromElsewhere {
    InvocationId invocation;
    BlockIndex announced;
    BlockIndex first;
};
/// One of the records 0, 1, 2 ... of an account under an invocation.
struct RecordNumber {
    std::uint64_t number = 0;
    model::AccountId account;
    InvocationId invocation;
};
struct RecordLeftOut {
    RecordNumber record;
    BlockIndex block;
    std::uint64_t goes_on_with = 0;
};
struct RecordRepeated {
    RecordNumber record;
    BlockIndex block;
};
struct RecordMissing {
    RecordNumber record;
    BlockIndex block;
};
/// A stranger's record stands under it.
struct RecordOutOfPlace {
    RecordNumber record;
    BlockIndex block;
};
struct RecordUnreadable {
    BlockIndex block;
    model::AccountId account;
};
struct WrongRecordTime {
    BlockIndex block;
    std::uint64_t told_s = 0;
    std::uint64_t right_s = 0;
};
struct RecordDiffers {
    GlobalIndex output;
    BlockIndex block;
};
/// A store's published state, over all its lives.
struct CountWentBack {
    BlockCount before;
    BlockCount now;
};
struct KnownWentBack {
    BlockCount before;
    BlockCount now;
};
struct KeyListWentBack {
    fog::DbPosition before;
    fog::DbPosition now;
};
struct CountBeyondKnown {
    BlockCount count;
    BlockCount known;
};

// ------------------------------------------------------------------------------------------------- operators

/// What an ingest node says that it has done, and has not.
enum class Promise : std::uint8_t {
    active,      ///< and is idle
    active_key,  ///< active, and the database has no such key
    retired,     ///< and is not
    unretired,   ///< and is retired
    peers,       ///< and has others
    key_is_kept, ///< active, and its key is not in its state file
    new_key_is_kept,
    peers_are_kept,
};
struct BrokenPromise {
    Promise promise{};
};
struct WindowNotTaken {
    std::uint64_t asked = 0;
    std::uint64_t has = 0;
};
struct WindowNotKept {
    std::uint64_t asked = 0;
};
/// An ingest node that was active comes back and stays idle for no reason.
struct NotResuming {};
/// It does not decide at all.
struct Undecided {
    Instant since;
};

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

using Finding = std::variant<
    findings::Said, findings::ReportBeyondChain, findings::WrongBalance, findings::WentBack,
    findings::WrongTotal, findings::FinalsDiffer, findings::WrongFinal, findings::WrongLanding,
    findings::RuleBroken, findings::Miscounted, findings::AnswerBeyondChain, findings::WrongNumberOfResults,
    findings::AnotherThanAsked, findings::ErrorWithoutCause, findings::RecordNotFound,
    findings::NeverCommitted, findings::Uncovered, findings::RngUntold, findings::MissedUntold,
    findings::EventSkipped, findings::WrongSpend, findings::NotSpentThoughSpent, findings::WrongOutputCount,
    findings::WrongBlockVersion, findings::WrongBlockTime, findings::TimeOfNoBlock, findings::NoBlock,
    findings::BlockNotOfChain, findings::BlockTwice, findings::BlockOutOfOrder, findings::BlockUnasked,
    findings::BlockLeftOut, findings::OutputOfOtherIndex, findings::WrongExistence, findings::OutputOfNothing,
    findings::AnotherOutput, findings::OutputDiffers, findings::ProofOfOtherCount, findings::FoundElsewhere,
    findings::NotFoundThoughThere, findings::MalformedThoughThere, findings::MiscountedOutputs,
    findings::UnannouncedInvocation, findings::AnnouncedFromElsewhere, findings::RecordLeftOut,
    findings::RecordRepeated, findings::RecordMissing, findings::RecordOutOfPlace, findings::RecordUnreadable,
    findings::WrongRecordTime, findings::RecordDiffers, findings::CountWentBack, findings::KnownWentBack,
    findings::KeyListWentBack, findings::CountBeyondKnown, findings::BrokenPromise, findings::WindowNotTaken,
    findings::WindowNotKept, findings::NotResuming, findings::Undecided, findings::CheckFailed,
    findings::GaveUp, findings::NotReached, findings::Stuck, findings::Aborted, findings::Escaped,
    findings::EndedUnasked, findings::LogRefused>;

} // namespace engine::check
