#include "engine/check/checks.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "engine/model/totals.hpp"

namespace engine::check {

const char* name(CheckId check) {
    switch (check) {
    case CheckId::balance:
        return "balance";
    case CheckId::monotone:
        return "monotone";
    case CheckId::response:
        return "response";
    case CheckId::liveness:
        return "liveness";
    case CheckId::final:
        return "final";
    case CheckId::conservation:
        return "conservation";
    case CheckId::sender:
        return "sender";
    case CheckId::crash:
        return "crash";
    }
    return "?";
}

const char* holds_when(CheckId check) {
    switch (check) {
    case CheckId::balance:
        return "every reported balance is the sum over blocks 0..count-1 of the canonical chain";
    case CheckId::monotone:
        return "a living wallet's block count never goes down";
    case CheckId::response:
        return "each single server answer is true for its own block count";
    case CheckId::liveness:
        return "after faults are healed every wallet reaches the chain's height in a few polls";
    case CheckId::final:
        return "and then shows the true amount; two wallets of one account agree";
    case CheckId::conservation:
        return "at any height, for each token, the sum over all accounts equals outputs minus spends";
    case CheckId::sender:
        return "landed and expired verdicts agree with the chain";
    case CheckId::crash:
        return "no node aborts, and no wallet call fails except by a declared fault";
    }
    return "?";
}

std::string to_text(fog::Value value) {
    if (value == 0) return "0";
    std::string digits;
    for (; value != 0; value /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    return digits;
}

void Checks::excused(Excuse excuse) {
    if (ask_) std::tie(now_, step_) = ask_();
    excuse.at = now_;
    excuses_.push_back(std::move(excuse));
}

void Checks::violated(Violation violation) {
    ++judged_[static_cast<std::size_t>(violation.check)];
    if (ask_) std::tie(now_, step_) = ask_();
    violation.at = now_;
    violation.step = step_;
    violations_.push_back(std::move(violation));
}

void ReportChecker::on_report(std::uint32_t wallet, AccountId account, const fog::BalanceReport& report) {
    checks_.count_report();
    if (report.count > chain_.height()) {
        Violation v{.check = CheckId::balance, .account = account, .count = report.count};
        v.what = findings::ReportBeyondChain{chain_.height()};
        v.shown = report.value();
        v.truth = oracle_.balance(account, chain_.height());
        checks_.violated(std::move(v));
        return;
    }
    std::set<std::uint64_t> tokens = tokens_.value_or(chain_.tokens()); // also those it does not mention
    for (const auto& [token, value] : report.by_token) tokens.insert(token);
    bool right = true;
    for (std::uint64_t token : tokens) {
        const fog::Value truth = oracle_.balance(account, report.count, token);
        const fog::Value shown = report.value(token);
        if (shown == truth) continue;
        right = false;
        Violation v{.check = CheckId::balance,
                    .account = account,
                    .count = report.count,
                    .shown = shown,
                    .truth = truth};
        v.what = findings::WrongBalance{token};
        checks_.violated(std::move(v));
    }
    if (right) checks_.held(CheckId::balance);

    const auto [last, first_time] = last_count_.try_emplace(wallet, report.count);
    if (report.count < last->second) {
        Violation v{.check = CheckId::monotone, .account = account, .count = report.count};
        v.what = findings::WentBack{last->second};
        checks_.violated(std::move(v));
    } else {
        checks_.held(CheckId::monotone);
    }
    last->second = report.count;
    conserve(account, report);
}

// From those at the count before, of which the blocks since then are the difference.
ReportChecker::Holdings& ReportChecker::holdings(BlockCount count) {
    const auto next = holdings_.lower_bound(count);
    if (next != holdings_.end() && next->first == count) return next->second;
    BlockCount from;
    Holdings made;
    if (next != holdings_.begin()) {
        from = std::prev(next)->first;
        made = std::prev(next)->second;
    }
    for (BlockIndex b = from.end(); count.includes(b) && b < chain_.height().end(); b = b.next()) {
        if (b.value == 0) continue; // fog never scans the origin block
        const auto [first, end] = chain_.coins_of(b);
        for (std::size_t at = first; at < end; ++at) {
            const AccountId owner = chain_.coins()[at].account;
            if (std::find(made.owners.begin(), made.owners.end(), owner) == made.owners.end())
                made.owners.push_back(owner);
        }
        model::add_block(chain_, b, made.total);
    }
    return holdings_.emplace_hint(next, count, std::move(made))->second;
}

// What `balance` cannot see: it asks who owns what, and believes it.  The total is counted from the outputs
// and key images of the blocks alone, so an output that two accounts own, and both show, is one too many
// here.
void ReportChecker::conserve(AccountId account, const fog::BalanceReport& report) {
    auto& shown = at_[report.count];
    shown[account] = report.by_token;
    Holdings& truth = holdings(report.count);
    for (AccountId owner : truth.owners)
        if (!shown.contains(owner)) return; // somebody has not been asked at this height yet
    std::set<std::uint64_t> tokens = tokens_.value_or(chain_.tokens());
    std::map<std::uint64_t, fog::Value> sums;
    for (const auto& [who, by_token] : shown)
        for (const auto& [token, value] : by_token) {
            // Of other tokens than all wallets report nobody knows the sum, though some may mention them.
            if (!tokens_) tokens.insert(token);
            sums[token] += value;
        }
    bool right = true;
    for (const std::uint64_t token : tokens) {
        const fog::Value total = truth.total[token];
        const fog::Value sum = sums[token];
        if (sum == total) continue;
        right = false;
        Violation v{.check = CheckId::conservation, .count = report.count, .shown = sum, .truth = total};
        v.what = findings::WrongTotal{token};
        checks_.violated(std::move(v));
    }
    if (right) checks_.held(CheckId::conservation);
}

void ReportChecker::on_final(std::uint32_t, AccountId account, const fog::BalanceReport& report) {
    const fog::Value truth = oracle_.balance(account, chain_.height());
    const auto [earlier, first_time] = final_.try_emplace(account, report.value());
    if (report.count == chain_.height() && report.value() == truth && earlier->second == report.value()) {
        checks_.held(CheckId::final);
        return;
    }
    Violation v{.check = CheckId::final,
                .account = account,
                .count = report.count,
                .shown = report.value(),
                .truth = truth};
    if (earlier->second != report.value())
        v.what = findings::FinalsDiffer{earlier->second};
    else
        v.what = findings::WrongFinal{chain_.height()};
    checks_.violated(std::move(v));
}

void judge_landing(Checks& checks, const model::ChainModel& chain, const chain::PublicKey& output,
                   BlockIndex tombstone, const fog::Wallet::Landing& landing) {
    using Verdict = fog::Wallet::Landing::Verdict;
    const auto place = chain.place_of(output);
    bool right = true;
    if (landing.verdict == Verdict::landed) right = place && place->block == landing.block;
    // "Expired" says that it did not land and never will.
    if (landing.verdict == Verdict::expired) right = !place && chain.height().end() >= tombstone;
    if (right) {
        checks.held(CheckId::sender);
        return;
    }
    Violation v{.check = CheckId::sender};
    findings::WrongLanding wrong;
    wrong.told = landing;
    wrong.tombstone = tombstone;
    if (place) wrong.landed_in = place->block;
    wrong.height = chain.height();
    v.what = wrong;
    checks.violated(std::move(v));
}

} // namespace engine::check
