#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace real {

/// Whether the model of engine/model and the checkers of engine/check, which the simulator's runs are judged
/// by, allow what an event log says has happened.
struct Acceptance {
    std::uint64_t lines = 0;   ///< of the file
    std::uint64_t refused = 0; ///< number of the first line that is not accepted, counted from 1; 0: none
    std::string why{};         ///< one sentence; empty when the log is accepted
    std::uint64_t answers_judged = 0; ///< by the check `response`
    bool accepted() const { return why.empty(); }
};

/// Replays a log, line by line.  Nothing is taken from the run but the file.
///
/// What must hold, besides the form: blocks come in order and no key image twice; a chain copy has no more
/// than the chain and never less than before; a process is seen only while it lives, a store's count never
/// falls in one life, is not ahead of what it reads, and leaves no output of an account unaccounted for
/// (`response`); a report server names keys the database has; a wallet's reports are `balance`, `monotone`
/// and `conservation`, and not ahead of the copies; landings are `sender`; what the database holds fits the
/// chain, block by block.  A log that ends without an `end` line is not accepted.
/// @throws engine::UsageError  the file cannot be read
Acceptance accept_log(const std::filesystem::path& path);

} // namespace real
