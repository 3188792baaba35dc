#include "engine/check/operators.hpp"

#include <optional>
#include <utility>

#include "engine/check/judge.hpp"

namespace engine::check {
namespace {

using Command = ToldOperator::Command;

std::optional<Finding> wrong_in(const ToldOperator& told) {
    using findings::BrokenPromise;
    using findings::Promise;
    const fog::IngestSummary& answer = told.answer;
    const auto keeps_its_key = [&] {
        return !told.file || told.file->ingress_key.open == answer.ingress_key;
    };
    switch (told.command) {
    case Command::activate:
        if (answer.mode != fog::IngestMode::active) return BrokenPromise{Promise::active};
        if (!told.row) return BrokenPromise{Promise::active_key};
        if (!keeps_its_key()) return BrokenPromise{Promise::key_is_kept};
        return std::nullopt;
    case Command::retire:
    case Command::unretire: {
        if (told.key_is_shared || !told.row || told.row->lost) return std::nullopt;
        const bool retired = told.command == Command::retire;
        if (told.row->retired == retired) return std::nullopt;
        return BrokenPromise{retired ? Promise::retired : Promise::unretired};
    }
    case Command::set_window:
        if (answer.pubkey_expiry_window != told.window)
            return findings::WindowNotTaken{told.window, answer.pubkey_expiry_window};
        if (told.file && told.file->pubkey_expiry_window != told.window)
            return findings::WindowNotKept{told.window};
        return std::nullopt;
    case Command::set_peers:
        if (answer.peers != told.peers) return BrokenPromise{Promise::peers};
        if (told.file && told.file->peers != told.peers) return BrokenPromise{Promise::peers_are_kept};
        return std::nullopt;
    case Command::new_keys:
    case Command::sync_keys:
        if (!keeps_its_key()) return BrokenPromise{Promise::new_key_is_kept};
        return std::nullopt;
    }
    return std::nullopt;
}

} // namespace

void judge_told(Checks& checks, const ToldOperator& told) {
    judge(checks, CheckId::response, told.node, wrong_in(told));
}

void judge_not_resuming(Checks& checks, const model::RecoveryRows& rows, const NotResuming& node) {
    const auto row = rows.keys.find(node.key);
    bool has_reason = node.has_met_its_key || row == rows.keys.end();
    if (!has_reason) {
        const fog::IngressKeyRecord& key = row->second.record;
        const BlockIndex next = key.last_scanned ? key.last_scanned->next() : key.start;
        has_reason = key.lost || (key.retired && next > key.expiry);
    }
    std::optional<Finding> wrong;
    if (!has_reason) wrong = findings::NotResuming{};
    judge(checks, CheckId::liveness, node.node, std::move(wrong));
}

} // namespace engine::check
