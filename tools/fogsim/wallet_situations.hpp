#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/tell/note.hpp"

namespace tools::fogsim {

/// What a wallet may meet at fog in one balance check, as far as its answers show it: of any wallet, whatever
/// is inside.
enum class Situation : std::uint8_t {
    view_ahead,
    ledger_ahead,
    spent_beyond_view,
    missed_range,
    missed_range_at_an_old_count,
    missed_range_beyond_ledger,
    missed_range_outstanding,
    view_goes_back,
    ledger_goes_back,
    view_answers_differ,
    ledger_answers_differ,
    no_answer,
    three_rounds,
    second_rng,
    ended_rng,
    begins_late,
};
inline constexpr std::size_t situation_count = 16;
/// One sentence for somebody who does not know this project, without a full stop.
const char* meaning(Situation situation);

/// Recognises situations, check by check, from what wallets were told.
class Situations {
public:
    using Met = std::set<Situation>;
    struct Counts {
        std::uint64_t runs = 0;
        std::uint64_t checks = 0;
        std::array<std::uint64_t, situation_count> met{}; ///< in how many of the checks
        Counts& operator+=(const Counts& other);
    };

    /// A fact of the wallet's present check; one that is Reported ends it.
    void take(std::uint32_t wallet, const engine::tell::Fact& fact);
    /// The wallet's next check is that of a new one.
    void forget(std::uint32_t wallet) { wallets_.erase(wallet); }
    /// The run so far has held, and the next one begins.
    void next_run();
    /// Of all runs that have held.  @param last_too  the one that no other has followed is one of them
    Counts counts(bool last_too) const;
    /// What any check of the present run has met.
    const Met& met_in_run() const { return met_in_run_; }

private:
    struct Check {
        Met met{};
        std::vector<engine::BlockCount> view{}; ///< what each answer promised
        std::vector<engine::BlockCount> ledger{};
        std::vector<engine::BlockIndex> spent_in{};
        std::size_t searches = 0;
    };
    struct Wallet {
        Check check{};
        std::optional<engine::BlockCount> view{}; ///< the highest of earlier checks
        std::optional<engine::BlockCount> ledger{};
        std::set<std::uint64_t> missed{}; ///< blocks that were announced and have not come
        std::size_t rngs = 0;
        bool is_new = true;
    };
    void take_view(Wallet& wallet, const engine::tell::AskedView& asked);
    void take_images(Wallet& wallet, const engine::tell::ImagesAnswered& answer);
    void take_blocks(Wallet& wallet, const engine::tell::BlocksAnswered& answer);
    void end_check(Wallet& wallet);

    std::map<std::uint32_t, Wallet> wallets_;
    Counts held_;
    Counts run_;
    Met met_in_run_;
    bool is_first_run_ = true;
};

/// What the wallets of a sweep met while all went well.  @param held  the last runs are among those
using WalletMet = std::function<Situations::Counts(bool held)>;

} // namespace tools::fogsim
