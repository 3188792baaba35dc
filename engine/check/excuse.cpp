#include "engine/check/excuse.hpp"

#include <utility>
#include <variant>

namespace engine::check {
namespace {

class LiesOn {
public:
    explicit LiesOn(const CallPath& path) : path_(path) {}

    bool operator()(const faults::Partition& f) const { return both(f.one, f.other); }
    bool operator()(const faults::Cut& f) const { return both(f.from, f.to); }
    bool operator()(const faults::Isolate& f) const { return path_.passes(f.node); }
    bool operator()(const faults::SlowLink& f) const { return both(f.from, f.to); }
    bool operator()(const faults::DropRequests& f) const { return both(f.caller, f.server); }
    bool operator()(const faults::DropAnswers& f) const { return both(f.caller, f.server); }
    bool operator()(const faults::ResetConnections& f) const { return both(f.caller, f.server); }
    bool operator()(const faults::DbDown&) const { return path_.reads_database; }
    bool operator()(const faults::DbDownFor& f) const { return path_.passes(f.node); }
    bool operator()(const faults::LoseCommitAck& f) const { return path_.passes(f.node); }
    bool operator()(const faults::FailCommit& f) const { return path_.passes(f.node); }
    bool operator()(const faults::LoseCommit& f) const { return path_.passes(f.node); }
    bool operator()(const faults::StaleReads& f) const { return path_.passes(f.node); }
    bool operator()(const faults::FailedLookUps& f) const { return path_.passes(f.at); }
    bool operator()(const faults::FlakyDatabase& f) const { return path_.passes(f.node); }
    bool operator()(const faults::HoledReads& f) const { return path_.passes(f.node); }
    bool operator()(const faults::OutdatedWallet& f) const { return path_.is_client(f.wallet); }
    // These make nobody's call fail: block times come late, a state file is not written, a clock is wrong.
    bool operator()(const faults::WatcherBehind&) const { return false; }
    bool operator()(const faults::DiskFull&) const { return false; }
    bool operator()(const faults::ClockJump&) const { return false; }

private:
    bool both(NodeId a, NodeId b) const { return path_.passes(a) && path_.passes(b); }
    const CallPath& path_;
};

} // namespace

bool lies_on(const CallPath& path, const Fault& fault) { return std::visit(LiesOn(path), fault.what()); }

bool excuses(const Error& error, Instant begun) {
    return error.injected() && error.cause.until + longest_consequence >= begun;
}

bool judge_failed_check(Checks& checks, FailedCheck failed) {
    if (excuses(failed.error, failed.begun)) {
        Excuse excuse;
        excuse.who = failed.who;
        excuse.account = failed.account;
        excuse.said = std::move(failed.said);
        excuse.cause = failed.error.cause;
        checks.excused(std::move(excuse));
        return true;
    }
    Violation violation;
    violation.check = CheckId::crash;
    violation.account = failed.account;
    violation.what = findings::CheckFailed{std::move(failed.error), std::move(failed.said)};
    checks.violated(std::move(violation));
    return false;
}

} // namespace engine::check
