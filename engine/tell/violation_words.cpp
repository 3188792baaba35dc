#include <fmt/format.h>

#include "engine/fault.hpp"
#include "engine/tell/words.hpp"

namespace engine::tell {

using check::to_text;
using check::Violation;
using namespace check::findings;

namespace {

const char* words_of(Asked what, bool many) {
    switch (what) {
    case Asked::search_key:
        return many ? "search keys" : "search key";
    case Asked::key_image:
        return many ? "key images" : "key image";
    case Asked::output:
        return many ? "outputs" : "output";
    case Asked::output_status:
        return many ? "outputs' status" : "output's status";
    }
    return "?";
}

const char* words_of(Promise broken) {
    switch (broken) {
    case Promise::active:
        return "says that it is activated, and is idle";
    case Promise::active_key:
        return "says that it is activated, and the database has no such key";
    case Promise::retired:
        return "says that its key is retired, and it is not";
    case Promise::unretired:
        return "says that its key is not retired any more, and it is";
    case Promise::peers:
        return "says that it has taken a list of peers, and has another";
    case Promise::key_is_kept:
        return "says that it is activated, and its key would not survive a restart";
    case Promise::new_key_is_kept:
        return "says that it has another key, which would not survive a restart";
    case Promise::peers_are_kept:
        return "says that it has taken a list of peers, which would not survive a restart";
    }
    return "?";
}

std::string records_of(const RecordNumber& record) {
    return fmt::format("the records of account {} under invocation {}", record.account.value,
                       record.invocation.value);
}

/// What is wrong, without a full stop.
class Wrong {
public:
    explicit Wrong(const Violation& violation) : v_(violation) {}

    std::string operator()(const Said& f) const { return f.text; }

    std::string operator()(const ReportBeyondChain& f) const {
        return fmt::format("account {} reports block count {}, the chain has {}", account(), count(),
                           f.height.value);
    }
    std::string operator()(const WrongBalance& f) const {
        return fmt::format("account {} shows {} of token {} at block count {}, true is {}", account(),
                           shown(), f.token, count(), truth());
    }
    std::string operator()(const WentBack& f) const {
        return fmt::format("a wallet of account {} went from block count {} back to {}", account(),
                           f.before.value, count());
    }
    std::string operator()(const WrongTotal& f) const {
        return fmt::format(
            "all accounts together show {} of token {} at block count {}, outputs minus spends "
            "are {}",
            shown(), f.token, count(), truth());
    }
    std::string operator()(const FinalsDiffer& f) const {
        return fmt::format("two wallets of account {} end with {} and {}", account(), to_text(f.other),
                           shown());
    }
    std::string operator()(const WrongFinal& f) const {
        return fmt::format("account {} ends with {} at block count {}, true is {} at {}", account(), shown(),
                           count(), truth(), f.height.value);
    }
    std::string operator()(const WrongLanding& f) const {
        const std::string has =
            f.landed_in ? fmt::format("block {}", f.landed_in->value) : std::string("nothing");
        if (f.told.verdict == fog::Wallet::Landing::Verdict::landed)
            return fmt::format("a sender was told block {}, the chain has {}", f.told.block.value, has);
        return fmt::format(
            "a sender was told 'expired' at tombstone block {}, the chain has {} and height {}",
            f.tombstone.value, has, f.height.value);
    }

    std::string operator()(const RuleBroken& f) const { return at_place(in_words(f.rule)); }
    std::string operator()(const Miscounted& f) const {
        return at_place(fmt::format("holds {} records of block {}, which has {} outputs", f.records,
                                    f.block.value, f.outputs));
    }
    std::string operator()(const AnswerBeyondChain& f) const {
        return at_place(
            fmt::format("promises block count {}, the chain has {}", f.count.value, f.height.value));
    }
    std::string operator()(const WrongNumberOfResults& f) const {
        return at_place(fmt::format("answers {} of {} {}", f.answered, f.asked, words_of(f.what, true)));
    }
    std::string operator()(const AnotherThanAsked& f) const {
        return at_place(fmt::format("answers another {} than was asked", words_of(f.what, false)));
    }
    std::string operator()(const ErrorWithoutCause& f) const {
        return at_place(
            fmt::format("answers a {} with an error that nothing has caused", words_of(f.what, false)));
    }
    std::string operator()(const RecordNotFound& f) const {
        return at_place(fmt::format("does not find a record of block {} at block count {}", f.block.value,
                                    f.count.value));
    }
    std::string operator()(const NeverCommitted&) const {
        return at_place("finds a record that was never committed");
    }
    std::string operator()(const Uncovered& f) const {
        return at_place(fmt::format("promises block count {}, but block {} with an output of account {} was "
                                    "neither scanned nor reported missed",
                                    f.count.value, f.block.value, f.account.value));
    }
    std::string operator()(const RngUntold& f) const {
        return at_place(fmt::format("promises block count {} without the RNG of invocation {}", f.count.value,
                                    f.invocation.value));
    }
    std::string operator()(const MissedUntold& f) const {
        return at_place(fmt::format("promises block count {} without the missed range [{}, {})",
                                    f.count.value, f.range.start.value, f.range.end.value));
    }
    std::string operator()(const EventSkipped& f) const {
        return at_place(fmt::format("moves the event cursor from {} to {} without event {}", f.from.value,
                                    f.to.value, f.event.value));
    }
    std::string operator()(const WrongSpend& f) const {
        return at_place(fmt::format("says spent in block {}, the chain says {}", f.told.value,
                                    f.spent_in ? std::to_string(f.spent_in->value) : "never"));
    }
    std::string operator()(const NotSpentThoughSpent& f) const {
        return at_place(fmt::format("says not spent as of {}, the image was spent in block {}", f.count.value,
                                    f.spent_in.value));
    }

    std::string operator()(const WrongOutputCount& f) const {
        return at_place(fmt::format("says that {} outputs are in the first {} blocks, there are {}", f.told,
                                    f.count.value, f.right));
    }
    std::string operator()(const WrongBlockVersion& f) const {
        return at_place(fmt::format("says that the last of {} blocks has version {}, it has {}",
                                    f.count.value, f.told, f.right));
    }
    std::string operator()(const WrongBlockTime& f) const {
        return at_place(fmt::format("says that block {} is of second {}, it is of {}", f.block.value,
                                    f.told_s, f.right_s));
    }
    std::string operator()(const TimeOfNoBlock& f) const {
        return at_place(fmt::format("gives block {} a time and says that it knows none", f.block.value));
    }
    std::string operator()(const NoBlock&) const { return at_place("answers a block request with no block"); }
    std::string operator()(const BlockNotOfChain& f) const {
        return at_place(fmt::format("answers a block {} that the chain does not have", f.block.value));
    }
    std::string operator()(const BlockTwice& f) const {
        return at_place(fmt::format("answers block {} twice", f.block.value));
    }
    std::string operator()(const BlockOutOfOrder& f) const {
        return at_place(fmt::format("answers block {} after a later one", f.block.value));
    }
    std::string operator()(const BlockUnasked& f) const {
        return at_place(fmt::format("answers block {}, which nobody has asked for", f.block.value));
    }
    std::string operator()(const BlockLeftOut& f) const {
        return at_place(fmt::format("leaves out block {}, which it has been asked for, at block count {}",
                                    f.block.value, f.count.value));
    }
    std::string operator()(const OutputOfOtherIndex& f) const {
        return at_place(fmt::format("answers output {}, asked for {}", f.told.value, f.asked.value));
    }
    std::string operator()(const WrongExistence& f) const {
        return at_place(fmt::format("says of output {} that it {}, of {} outputs", f.output.value,
                                    f.exists ? "exists" : "does not exist", f.outputs));
    }
    std::string operator()(const OutputOfNothing& f) const {
        return at_place(fmt::format("answers an output {} that does not exist", f.output.value));
    }
    std::string operator()(const AnotherOutput& f) const {
        return at_place(fmt::format("answers another output than {}", f.asked.value));
    }
    std::string operator()(const OutputDiffers& f) const {
        return at_place(fmt::format("answers output {} with other contents", f.output.value));
    }
    std::string operator()(const ProofOfOtherCount& f) const {
        return at_place(fmt::format("proves output {} among the first {} outputs, its count is {}",
                                    f.output.value, f.proven_among, f.outputs));
    }
    std::string operator()(const FoundElsewhere& f) const {
        return at_place(fmt::format("finds an output in block {}, the chain has it {}", f.told.value,
                                    f.right ? fmt::format("in block {}", f.right->value) : "nowhere"));
    }
    std::string operator()(const NotFoundThoughThere& f) const {
        return at_place(fmt::format("does not find an output of block {} at block count {}", f.block.value,
                                    f.count.value));
    }
    std::string operator()(const MalformedThoughThere&) const {
        return at_place("calls an output malformed that the chain has");
    }

    std::string operator()(const MiscountedOutputs& f) const {
        return at_place(fmt::format("counts {} outputs up to block {}, the chain has {}", f.counted,
                                    f.block.value, f.outputs));
    }
    std::string operator()(const UnannouncedInvocation& f) const {
        return at_place(fmt::format("holds block {} of invocation {}, whose RNG was never announced",
                                    f.block.value, f.invocation.value));
    }
    std::string operator()(const AnnouncedFromElsewhere& f) const {
        return at_place(
            fmt::format("announces the RNG of invocation {} from block {} on, its first block is {}",
                        f.invocation.value, f.announced.value, f.first.value));
    }
    std::string operator()(const RecordLeftOut& f) const {
        return at_place(fmt::format("leaves number {} of {} out: block {} goes on with number {}",
                                    f.record.number, records_of(f.record), f.block.value, f.goes_on_with));
    }
    std::string operator()(const RecordRepeated& f) const {
        return at_place(fmt::format("has number {} of {} again in block {}", f.record.number,
                                    records_of(f.record), f.block.value));
    }
    std::string operator()(const RecordMissing& f) const {
        return at_place(fmt::format("has no number {} of {}, which block {} must have", f.record.number,
                                    records_of(f.record), f.block.value));
    }
    std::string operator()(const RecordOutOfPlace& f) const {
        return at_place(fmt::format("has number {} of {} in block {}, where the chain has no such output",
                                    f.record.number, records_of(f.record), f.block.value));
    }
    std::string operator()(const RecordUnreadable& f) const {
        return at_place(fmt::format("has a record of block {} that account {} cannot open", f.block.value,
                                    f.account.value));
    }
    std::string operator()(const WrongRecordTime& f) const {
        return at_place(fmt::format("has a record of block {} with the time {}, the block is of {}",
                                    f.block.value, f.told_s, f.right_s));
    }
    std::string operator()(const RecordDiffers& f) const {
        return at_place(fmt::format("has a record of output {} in block {} that says otherwise",
                                    f.output.value, f.block.value));
    }
    std::string operator()(const CountWentBack& f) const {
        return at_place(fmt::format("goes back from block count {} to {}", f.before.value, f.now.value));
    }
    std::string operator()(const KnownWentBack& f) const {
        return at_place(fmt::format("knew of {} blocks, and knows of {}", f.before.value, f.now.value));
    }
    std::string operator()(const KeyListWentBack& f) const {
        return at_place(fmt::format("rests on a key list of database position {}, after one of {}",
                                    f.now.value, f.before.value));
    }
    std::string operator()(const CountBeyondKnown& f) const {
        return at_place(
            fmt::format("has block count {} and knows of {} blocks", f.count.value, f.known.value));
    }

    std::string operator()(const BrokenPromise& f) const { return at_place(words_of(f.promise)); }
    std::string operator()(const WindowNotTaken& f) const {
        return at_place(
            fmt::format("says that it has taken a window of {} blocks, and has {}", f.asked, f.has));
    }
    std::string operator()(const WindowNotKept& f) const {
        return at_place(fmt::format(
            "says that it has taken a window of {} blocks, which would not survive a restart", f.asked));
    }
    std::string operator()(const NotResuming&) const {
        return at_place("was active, comes back and stays idle, although its key is neither lost nor at its "
                        "end, and nobody else has taken over");
    }
    std::string operator()(const Undecided& f) const {
        return at_place(fmt::format("was active, and has not decided to go on since it came back at {} ms",
                                    f.since.ms()));
    }

    std::string operator()(const CheckFailed& f) const {
        return fmt::format("a balance check of account {} fails, and nothing on its way has caused that: {}",
                           account(), f.said);
    }
    std::string operator()(const GaveUp& f) const {
        return at_place(fmt::format("stops scanning at block {}, although its key is neither lost nor at its "
                                    "end, and nobody else has stored that block",
                                    f.at.value));
    }
    std::string operator()(const NotReached& f) const {
        std::string text = fmt::format("{} not reached within {} s", f.what,
                                       std::chrono::duration_cast<std::chrono::seconds>(f.within).count());
        for (const auto& [name, at] : f.stores) text += fmt::format("; {} at {}", name, at.value);
        return text;
    }
    std::string operator()(const Stuck& f) const { return f.how; }
    std::string operator()(const Aborted& f) const { return at_place("aborts: " + f.why); }
    std::string operator()(const Escaped& f) const {
        return fmt::format("an exception leaves {}: {}", v_.place, f.what);
    }
    std::string operator()(const EndedUnasked& f) const {
        std::string text = at_place(fmt::format("has ended with {}, and nobody asked for it", f.how));
        text += "; its last lines:";
        for (const std::string& line : f.last_lines) text += "\n    " + line;
        return text;
    }
    std::string operator()(const LogRefused& f) const {
        return fmt::format("line {} of the event log is not what the model allows: it {}", f.line, f.why);
    }

private:
    std::string at_place(const std::string& what) const { return v_.place + " " + what; }
    std::uint32_t account() const { return v_.account ? v_.account->value : 0; }
    std::uint64_t count() const { return v_.count ? v_.count->value : 0; }
    std::string shown() const { return v_.shown ? to_text(*v_.shown) : "?"; }
    std::string truth() const { return v_.truth ? to_text(*v_.truth) : "?"; }

    const Violation& v_;
};

} // namespace

std::string in_words(const Violation& violation) { return std::visit(Wrong(violation), violation.what); }

std::string in_words(const model::BrokenRule& rule) {
    using Kind = model::BrokenRule::Kind;
    switch (rule.kind) {
    case Kind::none:
        return {};
    case Kind::key_starts_behind:
        return fmt::format("lets a key start at block {}, although block {} is known", rule.block.value,
                           rule.known.value);
    case Kind::unretires_behind:
        return fmt::format("unretires a key with expiry {}, although block {} is known", rule.block.value,
                           rule.known.value);
    case Kind::stores_twice:
        return fmt::format("stores block {} of one key twice", rule.block.value);
    case Kind::stores_of_lost_key:
        return fmt::format("stores block {} of a lost key", rule.block.value);
    case Kind::stores_of_closed_invocation:
        return fmt::format("stores block {} of a closed invocation", rule.block.value);
    case Kind::start_moved:
        return fmt::format("moves the start of a key from block {} to block {}", rule.block.value,
                           rule.known.value);
    case Kind::promise_taken_back:
        return fmt::format("takes a promise back: a key that was good until block {} is good until block {}",
                           rule.block.value, rule.known.value);
    case Kind::lost_forgotten:
        return "forgets that a key is lost";
    case Kind::scan_forgotten:
        return fmt::format("forgets that block {} of a key is scanned", rule.block.value);
    case Kind::key_forgotten:
        return "forgets a key";
    case Kind::event_forgotten:
        return "forgets a user event";
    case Kind::told_beyond_promise:
        return fmt::format("tells senders that a key is good until block {}, its row says {}",
                           rule.block.value, rule.known.value);
    case Kind::first_is_not_start:
        return fmt::format("stores block {} as the first of a key that starts at block {}", rule.block.value,
                           rule.known.value);
    case Kind::hole:
        return fmt::format("stores block {} of a key whose block {} is not there", rule.block.value,
                           rule.known.value);
    case Kind::search_key_twice:
        return fmt::format("stores two records under one search key, in block {} and in block {}",
                           rule.block.value, rule.known.value);
    }
    return {};
}

std::string in_words(const Cause& cause, const Names& names) {
    using What = Cause::What;
    std::string text;
    const std::string node = names.of(cause.to);
    switch (cause.what) {
    case What::nothing:
        return "nothing";
    case What::fault:
        text = name(cause.fault);
        if (cause.place == Cause::Place::link)
            text += fmt::format(" between {} and {}", names.of(cause.from), node);
        else if (cause.place == Cause::Place::node)
            text += " at " + node;
        else if (cause.from == NodeId{})
            text += " at the recovery database";
        else
            text += fmt::format(" at the recovery database, for {}", names.of(cause.from));
        break;
    case What::down:
        text = node + " is down";
        break;
    case What::ended:
        text = node + " was ended";
        break;
    case What::paused:
        text = node + " is paused";
        break;
    case What::started:
        text = node + " was started or resumed";
        break;
    case What::answered:
        text = node + " has answered it with an error of its own";
        break;
    }
    text += fmt::format(", since {} ms", cause.since.ms());
    if (cause.until > cause.since) text += fmt::format(", last at {} ms", cause.until.ms());
    return text;
}

std::string in_words(const check::Excuse& excuse, const Names& names) {
    const std::string why = in_words(excuse.cause, names);
    if (excuse.account)
        return fmt::format("a balance check of account {} fails: {} ({})", excuse.account->value, excuse.said,
                           why);
    return fmt::format("{} has ended with {}, and nobody asked for it ({})", names.of(excuse.who),
                       excuse.said, why);
}

} // namespace engine::tell
