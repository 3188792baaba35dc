#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/fault.hpp"
#include "engine/result.hpp"
#include "engine/time.hpp"

namespace engine::check {

/// How long after a fault has ended, or a process was started again, a call along its path may still fail by
/// it: clients reconnect after one to two seconds, services retry for about three.
inline constexpr Duration longest_consequence = 6s;

/// What the answer to a wallet's call passes on its way: the routers, their stores, and the database that
/// view stores read.
struct CallPath {
    std::set<NodeId> nodes;                ///< services
    std::function<bool(NodeId)> is_client; ///< one of those that call: the wallet, or all behind one front

    bool passes(NodeId node) const { return nodes.contains(node) || is_client(node); }
};

/// Whether a fault can make a call along the path fail.  A fault of a link needs both its ends there.
bool lies_on(const CallPath& path, const Fault& fault);

/// The cause that excuses a failed call, where the device that struck it says so in the error: it was struck
/// on the way of that very call.  Empty: nothing excuses it, whatever else is wrong elsewhere.
std::string cause_of(const Error& error);

} // namespace engine::check
