#pragma once

#include <functional>
#include <string>

#include "engine/check/checks.hpp"
#include "engine/model/recovery_rows.hpp"

namespace engine::check {

/// An ingest node that has ended being active, and nobody told it to.
struct GivingUp {
    std::string node;     ///< its name
    chain::PublicKey key; ///< its ingress key
    BlockIndex at;        ///< the block it was about to store
    /// Whether it may be at a block that it has stored itself: it has read a stale replica, or forgotten an
    /// invocation together with its state file.
    bool may_have_stored_it = false;
};

/// Judges one node, of either world: `liveness`.  An active node goes on until its key is lost or past its
/// end, or somebody else has stored the block it is at.
/// @param rows    committed, read after the node gave up: facts are only ever added
/// @param is_own  whether an invocation is the node's
void judge_giving_up(Checks& checks, const model::RecoveryRows& rows, const GivingUp& node,
                     const std::function<bool(InvocationId)>& is_own);

} // namespace engine::check
