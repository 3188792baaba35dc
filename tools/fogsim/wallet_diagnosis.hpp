#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/run.hpp"

namespace tools::fogsim {

/// A balance check of somebody else's wallet that went wrong, as the wallet saw it.
struct FailedCheck {
    const engine::tell::Note* report = nullptr;       ///< how it ended
    std::vector<const engine::tell::Note*> answers{}; ///< to its requests, in order
    std::vector<const engine::tell::Note*> earlier{}; ///< to those of the wallet's checks before
    std::optional<engine::BlockCount> view{};         ///< the highest that fog-view has told in this check
    std::optional<engine::BlockCount> ledger{};       ///< the same of fog-ledger, asked about spends
    std::optional<engine::BlockCount> view_before{};  ///< likewise, in the wallet's checks before
    std::optional<engine::BlockCount> ledger_before{};
    engine::BlockCount tip{}; ///< of the chain, at its end
};

/// @param run  with its events; outlives what is returned
/// @return     nothing when no wallet has reported anything before the first violation
std::optional<FailedCheck> failed_check_of(const sim::RunResult& run);

/// One of the mistakes that wallets make: a heading of docs/your-wallet.md, "Mistakes to expect".
struct Mistake {
    const char* heading;
    const char* anchor;
};
/// All that a diagnosis may name.
std::span<const Mistake> mistakes();

/// What a wallet probably does wrong, told from outside: what it was told, and what it made of it.
struct Diagnosis {
    std::string because{};
    const Mistake* mistake = nullptr; ///< null: none of the usual ones explains it
};
Diagnosis diagnose(const sim::RunResult& run, const FailedCheck& check);

} // namespace tools::fogsim
