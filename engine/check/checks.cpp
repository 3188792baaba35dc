#include "engine/check/checks.hpp"

#include <algorithm>
#include <set>
#include <tuple>

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

ReportChecker::Holdings& ReportChecker::holdings(BlockCount count) {
    const auto [at, first_time] = holdings_.try_emplace(count);
    if (!first_time) return at->second;
    Holdings& holdings = at->second;
    for (const model::Coin& coin : chain_.coins()) {
        if (!count.includes(coin.block) || coin.block.value == 0) continue;
        if (std::find(holdings.owners.begin(), holdings.owners.end(), coin.account) == holdings.owners.end())
            holdings.owners.push_back(coin.account);
    }
    return holdings;
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
        const auto [total, first_time] = truth.total.try_emplace(token);
        if (first_time) total->second = oracle_.total(report.count, token);
        const fog::Value sum = sums[token];
        if (sum == total->second) continue;
        right = false;
        Violation v{
            .check = CheckId::conservation, .count = report.count, .shown = sum, .truth = total->second};
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
