#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/check/finding.hpp"
#include "engine/check/records.hpp"
#include "engine/fog/wallet.hpp"
#include "engine/model/chain_model.hpp"
#include "engine/model/recovery_model.hpp"

namespace engine::check {

using model::AccountId;

/// The names are fixed: they appear in output and reports.
enum class CheckId : std::uint8_t {
    balance,
    monotone,
    response,
    liveness,
    final,
    conservation,
    sender,
    crash
};
inline constexpr std::size_t check_count = 8;
const char* name(CheckId check);
const char* holds_when(CheckId check);

/// A broken rule.  What is not about an account leaves these empty.
struct Violation {
    CheckId check = CheckId::balance;
    Finding what{};      ///< engine/tell makes a sentence of it
    bool stated = false; ///< it is what the story itself states, and it does not hold
    std::string place{}; ///< name of the service at which it was seen; empty: it is about no single one
    Instant at{};
    std::uint64_t step = 0; ///< of the scheduler, or of the scenario in the real world
    std::optional<AccountId> account{};
    std::optional<BlockCount> count{};
    std::optional<fog::Value> shown{};
    std::optional<fog::Value> truth{};
};

/// A failure that a cause explains, and that is therefore no violation.
struct Excuse {
    NodeId who{};                       ///< the wallet whose check failed, or the process that ended
    std::optional<AccountId> account{}; ///< of a wallet
    std::string said{};                 ///< by the wallet, or how the process ended
    Cause cause{};
    Instant at{};
};

/// Verdicts of a run.  Every judgement is counted, so that a checker that never judged is noticed.
class Checks {
public:
    void held(CheckId check) { ++judged_[static_cast<std::size_t>(check)]; }
    void violated(Violation violation);

    /// A failure, and why that is no violation.  Stamped like one.
    void excused(Excuse excuse);
    const std::vector<Excuse>& excuses() const { return excuses_; }

    bool any_violation() const { return !violations_.empty(); }
    const std::vector<Violation>& violations() const { return violations_; }
    std::uint64_t judged(CheckId check) const { return judged_[static_cast<std::size_t>(check)]; }
    /// Balances reported and judged: what the result line calls checks.
    std::uint64_t reports_judged() const { return reports_; }
    void count_report() { ++reports_; }
    /// Stamps violations from now on.
    void set_now(Instant now, std::uint64_t step) {
        now_ = now;
        step_ = step;
    }
    /// Asks for the stamp when a violation comes, in the middle of a step too.  @param ask  outlives this
    void stamp_with(std::function<std::pair<Instant, std::uint64_t>()> ask) { ask_ = std::move(ask); }

private:
    std::array<std::uint64_t, check_count> judged_{};
    std::vector<Violation> violations_;
    std::vector<Excuse> excuses_;
    std::uint64_t reports_ = 0;
    Instant now_;
    std::uint64_t step_ = 0;
    std::function<std::pair<Instant, std::uint64_t>()> ask_;
};

/// Judges what wallets report: `balance`, `monotone`, `conservation`, `final`.
class ReportChecker {
public:
    /// @param tokens  those that wallets report; nothing: every token of the chain
    ReportChecker(Checks& checks, const model::ChainModel& chain,
                  std::optional<std::set<std::uint64_t>> tokens = std::nullopt)
        : checks_(checks), chain_(chain), oracle_(chain), tokens_(std::move(tokens)) {}

    /// @param wallet  number of a living wallet; a restarted one has a new number
    void on_report(std::uint32_t wallet, AccountId account, const fog::BalanceReport& report);
    /// At the end: every account shows the truth of the whole chain, and two wallets of one account agree.
    void on_final(std::uint32_t wallet, AccountId account, const fog::BalanceReport& report);

private:
    /// Who owns anything at a block count: computed once, the chain only grows.
    struct Holdings {
        std::vector<AccountId> owners;
        std::map<std::uint64_t, fog::Value> total; ///< by token; filled when it is needed
    };
    void conserve(AccountId account, const fog::BalanceReport& report);
    Holdings& holdings(BlockCount count);

    Checks& checks_;
    const model::ChainModel& chain_;
    model::Oracle oracle_;
    std::optional<std::set<std::uint64_t>> tokens_;
    std::map<std::uint32_t, BlockCount> last_count_; // by wallet
    /// What was shown at each count, of each token.
    std::map<BlockCount, std::map<AccountId, std::map<std::uint64_t, fog::Value>>> at_;
    std::map<BlockCount, Holdings> holdings_;
    std::map<AccountId, fog::Value> final_;
};

/// Judges single answers: `response`.  An answer must be true for its own count.
///
/// What it knows that no service does: the canonical chain, and every commit to the recovery database.
class ResponseChecker {
public:
    ResponseChecker(Checks& checks, const model::ChainModel& chain, const model::RecoveryModel& recovery)
        : checks_(checks), chain_(chain), recovery_(recovery), records_(chain, recovery) {}
    /// What is stored; judged with each answer of fog-view.
    RecordChecker& records() { return records_; }

    void on_view(const std::string& server, const fog::ViewQuery& query, const fog::ViewAnswer& answer,
                 BlockRange range = BlockRange::all());
    /// A declared fault has struck one look-up of a shard: from now on an error may be answered for it, but
    /// not in the place of what another shard has found.
    void look_up_failed(const chain::SearchKey& key, BlockRange shard = BlockRange::all()) {
        failed_keys_[key].push_back(shard);
    }
    void look_up_failed(const chain::KeyImage& image, BlockRange shard = BlockRange::all()) {
        failed_images_[image].push_back(shard);
    }
    /// A declared fault has struck one read of a block: it may be absent from answers about blocks.
    void look_up_failed(BlockIndex block) { failed_blocks_.insert(block); }
    /// The same of an output's status.
    void look_up_failed(const chain::PublicKey& output) { failed_outputs_.insert(output); }
    void on_key_images(const std::string& server, const std::vector<chain::KeyImage>& asked,
                       const fog::KeyImagesAnswer& answer, BlockRange range = BlockRange::all());
    void on_blocks(const std::string& server, const std::vector<BlockRange>& asked,
                   const fog::BlocksAnswer& answer);
    void on_outputs(const std::string& server, const std::vector<GlobalIndex>& asked,
                    const fog::OutputsAnswer& answer);
    void on_tx_outs(const std::string& server, const std::vector<chain::PublicKey>& asked,
                    const fog::TxOutStatusAnswer& answer);
    /// What is judged without an answer, at the end: what has been stored since the last one.
    void on_end();

private:
    void judge(bool held, const std::string& server, const Finding& finding);
    void judge(const std::string& server, const std::optional<Finding>& wrong);
    const model::Coin* uncovered_output(BlockCount count, BlockRange range);
    std::optional<Finding> wrong_database();
    std::optional<Finding> wrong_totals(BlockCount count, std::uint64_t txo_count,
                                        std::optional<std::uint32_t> version) const;
    std::optional<Finding> wrong_time(BlockIndex block, const fog::BlockTime& time) const;
    std::optional<Finding> wrong_blocks(const std::vector<BlockRange>& asked,
                                        const fog::BlocksAnswer& answer) const;
    std::optional<Finding> wrong_outputs(const std::vector<GlobalIndex>& asked,
                                         const fog::OutputsAnswer& answer) const;
    std::optional<Finding> wrong_tx_outs(const std::vector<chain::PublicKey>& asked,
                                         const fog::TxOutStatusAnswer& answer) const;

    Checks& checks_;
    const model::ChainModel& chain_;
    const model::RecoveryModel& recovery_;
    RecordChecker records_;
    std::map<BlockRange, BlockCount> covered_;                        // verified once: committed facts stay
    std::map<chain::SearchKey, std::vector<BlockRange>> failed_keys_; // and the shards that failed
    std::map<chain::KeyImage, std::vector<BlockRange>> failed_images_;
    std::set<BlockIndex> failed_blocks_;
    std::set<chain::PublicKey> failed_outputs_;
};

/// Judges a sender's verdicts: `sender`.
void judge_landing(Checks& checks, const model::ChainModel& chain, const chain::PublicKey& output,
                   BlockIndex tombstone, const fog::Wallet::Landing& landing);

/// 64 bits of a balance for traces and numbers in text.
std::string to_text(fog::Value value);

} // namespace engine::check
