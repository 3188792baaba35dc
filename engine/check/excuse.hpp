#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/check/checks.hpp"
#include "engine/fault.hpp"
#include "engine/result.hpp"
#include "engine/time.hpp"

namespace engine::check {

/// A balance check that began no longer than this after a cause had ended may still fail by it: clients
/// reconnect after one to two seconds, services retry for about three.
inline constexpr Duration longest_consequence = 6s;

/// What the answer to a wallet's call passes on its way: the routers, their stores, and the database that
/// view stores read.
struct CallPath {
    std::set<NodeId> nodes;                ///< services
    std::function<bool(NodeId)> is_client; ///< one of those that call: the wallet, or all behind one front
    bool reads_database = true;            ///< one of the services

    bool passes(NodeId node) const { return nodes.contains(node) || is_client(node); }
};

/// Whether a fault can make a call along the path fail.  A fault of a link needs both its ends there.
bool lies_on(const CallPath& path, const Fault& fault);

/// Whether an error of a balance check is excused: it says itself what struck it on its way, and that had not
/// been over for long when the check began.  Nothing else excuses it, whatever is wrong elsewhere.
bool excuses(const Error& error, Instant begun);

/// A balance check that came to nothing.
struct FailedCheck {
    NodeId who{}; ///< the wallet; none: one of the harness' own
    AccountId account{};
    Error error{};
    std::string said{}; ///< by the wallet
    Instant begun{};
};
/// Judges it: `crash`, unless its error excuses it.  @return whether it is excused
bool judge_failed_check(Checks& checks, FailedCheck failed);

} // namespace engine::check
