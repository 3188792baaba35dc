#include "engine/check/giving_up.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/check/judge.hpp"

namespace engine::check {

void judge_giving_up(Checks& checks, const model::RecoveryRows& rows, const GivingUp& node,
                     const std::function<bool(InvocationId)>& is_own) {
    const auto row = rows.keys.find(node.key);
    bool has_reason = row == rows.keys.end();
    if (!has_reason) {
        const fog::IngressKeyRecord& key = row->second.record;
        const auto [first, last] = row->second.blocks.equal_range(node.at);
        const bool taken = std::any_of(first, last, [&](const auto& stored) {
            return node.may_have_stored_it || !is_own(stored.second.invocation);
        });
        has_reason = key.lost || (key.retired && node.at > key.expiry) || taken;
    }
    std::optional<Finding> wrong;
    if (!has_reason) wrong = findings::GaveUp{node.at};
    judge(checks, CheckId::liveness, node.node, std::move(wrong));
}

} // namespace engine::check
