#include <fmt/format.h>

#include "engine/fault.hpp"
#include "engine/tell/words.hpp"

namespace engine::tell {

using check::to_text;
using check::Violation;
using namespace check::findings;

namespace {

const char* words_of(Asked what, bool many) {
    if (what == Asked::search_key) return many ? "search keys" : "search key";
    return many ? "key images" : "key image";
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
    std::string operator()(const WrongBlocks&) const {
        return at_place("answers a block request with wrong or missing blocks");
    }
    std::string operator()(const WrongOutputs&) const {
        return at_place("answers an output request against its own block count");
    }
    std::string operator()(const WrongStatus&) const {
        return at_place("answers an output status against its own block count");
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
