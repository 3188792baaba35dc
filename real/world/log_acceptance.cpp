#include "real/world/log_acceptance.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/chain/hex.hpp"
#include "engine/check/checks.hpp"
#include "engine/ensure.hpp"
#include "engine/tell/words.hpp"

namespace real {

namespace {

using namespace engine;
using chain::PublicKey;
using check::CheckId;
using nlohmann::json;

/// Why a line is not accepted.
struct Refusal {
    std::string why;
};
[[noreturn]] void refuse(std::string why) { throw Refusal{std::move(why)}; }
void demand(bool holds, const std::string& why) {
    if (!holds) refuse(why);
}

// ------------------------------------------------------------------------------------------------ fields

const json& field(const json& line, const char* name) {
    const auto it = line.find(name);
    if (it == line.end()) refuse(fmt::format("has no field '{}'", name));
    return *it;
}
std::uint64_t number(const json& line, const char* name) {
    const json& value = field(line, name);
    demand(value.is_number_unsigned(), fmt::format("'{}' is no number", name));
    return value.get<std::uint64_t>();
}
std::uint32_t small(const json& line, const char* name) {
    const std::uint64_t value = number(line, name);
    demand(value <= std::numeric_limits<std::uint32_t>::max(), fmt::format("'{}' is too large", name));
    return static_cast<std::uint32_t>(value);
}
std::string text(const json& line, const char* name) {
    const json& value = field(line, name);
    demand(value.is_string(), fmt::format("'{}' is no text", name));
    return value.get<std::string>();
}
bool yes_no(const json& line, const char* name) {
    const json& value = field(line, name);
    demand(value.is_boolean(), fmt::format("'{}' is neither true nor false", name));
    return value.get<bool>();
}
const json& list(const json& line, const char* name) {
    const json& value = field(line, name);
    demand(value.is_array(), fmt::format("'{}' is no list", name));
    return value;
}
template <class Fixed>
Fixed bytes(const std::string& hex, const char* name) {
    const std::optional<Fixed> value = chain::fixed_from_hex<Fixed>(hex);
    if (!value) refuse(fmt::format("'{}' is not the bytes of a key", name));
    return *value;
}
template <class Fixed>
Fixed bytes(const json& line, const char* name) {
    return bytes<Fixed>(text(line, name), name);
}
/// A balance: up to 128 bits in decimal.
fog::Value value_of(const json& line, const char* name) {
    const std::string digits = text(line, name);
    fog::Value value = 0;
    demand(!digits.empty() && digits.size() < 39, fmt::format("'{}' is no amount", name));
    for (const char c : digits) {
        demand(c >= '0' && c <= '9', fmt::format("'{}' is no amount", name));
        value = value * 10 + static_cast<fog::Value>(c - '0');
    }
    return value;
}
std::uint64_t amount_of(const json& line, const char* name) {
    const fog::Value value = value_of(line, name);
    demand(value <= std::numeric_limits<std::uint64_t>::max(), fmt::format("'{}' is no amount", name));
    return static_cast<std::uint64_t>(value);
}

// ------------------------------------------------------------------------------------------------ replay

struct StoreSeen {
    unsigned life = 0;
    BlockCount count;
};

/// The model, led through the log.
class Replay {
public:
    Replay()
        : reports_(checks_, chain_, std::set<std::uint64_t>{0}), responses_(checks_, chain_, recovery_),
          committed_responses_(checks_, chain_, committed_) {}

    /// What the recovery database held at the end is known to the judge from the beginning: facts are only
    /// ever added, so what a store promised earlier must be among them.
    void learn(const json& line) {
        const std::string event = text(line, "event");
        if (event == "key") {
            fog::IngressKeyRecord record;
            record.key = bytes<PublicKey>(line, "key");
            record.start = BlockIndex{number(line, "start")};
            record.expiry = BlockIndex{number(line, "expiry")};
            record.lost = yes_no(line, "lost");
            if (line.contains("last_scanned")) record.last_scanned = BlockIndex{number(line, "last_scanned")};
            recovery_.key_added(record.key);
            keys_[record.key] = record;
        } else if (event == "rng") {
            fog::RngRecord rng;
            rng.invocation = InvocationId{static_cast<std::int64_t>(number(line, "invocation"))};
            recovery_.event_added({UserEventId{static_cast<std::int64_t>(number(line, "id"))}, rng});
        } else if (event == "missed") {
            const fog::MissedBlocks range{BlockIndex{number(line, "start")}, BlockIndex{number(line, "end")}};
            recovery_.event_added({UserEventId{static_cast<std::int64_t>(number(line, "id"))}, range});
        } else if (event == "scanned") {
            const InvocationId invocation{static_cast<std::int64_t>(number(line, "invocation"))};
            recovery_.block_known(bytes<PublicKey>(line, "key"), invocation,
                                  BlockIndex{number(line, "block")});
        } else if (event == "end") {
            database_known_ = !line.contains("database");
        }
    }

    void take(const json& line) {
        demand(line.is_object(), "is no JSON object");
        demand(number(line, "n") == next_,
               fmt::format("has number {}, {} is next", number(line, "n"), next_));
        ++next_;
        demand(!ended_, "comes after the end");
        const std::string event = text(line, "event");
        demand((event == "run") == (next_ == 1), "is not the place of the run's line");
        judge(event, line);
        if (!checks_.any_violation()) return;
        const check::Violation& violation = checks_.violations().front();
        refuse(fmt::format("{}: {}", check::name(violation.check), tell::in_words(violation)));
    }

    bool ended() const { return ended_; }
    std::uint64_t answers_judged() const { return checks_.judged(CheckId::response); }

private:
    void judge(const std::string& event, const json& line) {
        if (event == "run") return on_run(line);
        if (event == "block") return on_block(line);
        if (event == "copy") return on_copy(line);
        if (event == "start" || event == "end_of_process") return on_process(event == "start", line);
        if (event == "store") return on_store(line);
        if (event == "hint") return on_hint(line);
        if (event == "report" || event == "final") return on_report(event == "final", line);
        if (event == "landing") return on_landing(line);
        if (event == "fault" || event == "fault_ended") return on_fault(event == "fault", line);
        if (event == "key") return on_key(line);
        if (event == "rng" || event == "closed" || event == "missed") return on_event(event, line);
        if (event == "scanned") return on_scanned(line);
        if (event == "looked") return on_look(line);
        if (event == "end") {
            ended_ = true;
            return;
        }
        demand(event == "step", fmt::format("tells of '{}', which nobody knows", event));
    }

    void on_run(const json& line) {
        demand(number(line, "schema") == 1, "has a schema other than 1");
        for (const json& name : list(line, "ingest_copies")) ingest_copies_.insert(name.get<std::string>());
    }

    void on_block(const json& line) {
        auto block = std::make_shared<fog::LedgerBlock>();
        block->index = BlockIndex{number(line, "index")};
        demand(block->index == chain_.height().end(),
               fmt::format("is block {}, block {} is next", block->index.value, chain_.height().value));
        const std::uint64_t outputs = number(line, "outputs");
        const std::uint64_t before = chain_.txo_count(chain_.height());
        block->cumulative_txo_count = number(line, "cumulative");
        demand(block->cumulative_txo_count == before + outputs,
               fmt::format("counts {} outputs in all, {} and {} are {}", block->cumulative_txo_count, before,
                           outputs, before + outputs));
        demand(outputs < 1'000'000, "has more outputs than a block can have");
        block->outputs.resize(outputs); // those of others have no key here
        for (const json& image : list(line, "key_images")) {
            block->key_images.push_back(bytes<chain::KeyImage>(image.get<std::string>(), "key_images"));
            demand(!chain_.spent_in(block->key_images.back()), "spends an output again");
        }
        std::vector<model::Coin> coins;
        for (const json& one : list(line, "credits")) {
            model::Coin coin;
            coin.account = model::AccountId{small(one, "account")};
            coin.amount = {amount_of(one, "value"), number(one, "token")};
            coin.block = block->index;
            coin.index = GlobalIndex{number(one, "index")};
            coin.public_key = bytes<PublicKey>(one, "public_key");
            coin.image = bytes<chain::KeyImage>(one, "image");
            coin.hint_key = bytes<PublicKey>(one, "hint_key");
            demand(coin.index.value >= before && coin.index.value - before < outputs,
                   fmt::format("pays output {}, which is not in it", coin.index.value));
            demand(!chain_.place_of(coin.public_key), "has an output that was there before");
            block->outputs[coin.index.value - before].public_key = coin.public_key;
            coins.push_back(coin);
        }
        chain_.append(std::move(block), std::move(coins));
    }

    void on_copy(const json& line) {
        const BlockCount count{number(line, "count")};
        BlockCount& known = copies_[text(line, "name")];
        demand(count <= chain_.height(),
               fmt::format("has {} blocks of a chain of {}", count.value, chain_.height().value));
        demand(count >= known, fmt::format("has {} blocks after it had {}", count.value, known.value));
        known = count;
    }

    void on_process(bool starts, const json& line) {
        const std::string name = text(line, "name");
        const auto at = alive_.find(name);
        if (starts) {
            demand(at == alive_.end(), name + " starts while it runs");
            alive_[name] = small(line, "life");
        } else {
            demand(at != alive_.end(), name + " ends without having started");
            alive_.erase(at);
        }
    }

    void on_store(const json& line) {
        const std::string name = text(line, "name");
        const BlockCount count{number(line, "count")};
        const BlockRange range{BlockIndex{number(line, "start")}, BlockIndex{number(line, "end")}};
        const unsigned life = small(line, "life");
        const auto alive = alive_.find(name);
        demand(alive != alive_.end() && alive->second == life, name + " is seen in a life it does not have");
        StoreSeen& before = stores_[name];
        demand(before.life != life || count >= before.count,
               fmt::format("{} falls from block count {} to {}", name, before.count.value, count.value));
        before = {life, count};
        const std::string copy = text(line, "copy");
        if (!copy.empty()) {
            const BlockCount known = copies_[copy];
            demand(count <= known || count.value <= range.start.value,
                   fmt::format("{} answers for {} blocks, its copy has {}", name, count.value, known.value));
            return;
        }
        demand(count <= known_to_ingest(),
               fmt::format("{} answers for {} blocks, nobody can have scanned more than {}", name,
                           count.value, known_to_ingest().value));
        promises_.push_back({name, count, range});
        if (!database_known_) return;
        fog::ViewQuery query;
        query.events_after = UserEventId::none();
        fog::ViewAnswer answer;
        answer.count = count;
        responses_.on_view(name, query, answer, range);
    }

    /// What was promised before a look at the database must be among what had been found by its end.
    void on_look(const json& line) {
        const std::uint64_t views = number(line, "views");
        demand(views <= promises_.size(), "counts more looks at view stores than there were");
        for (; promises_looked_up_ < views; ++promises_looked_up_) {
            const Promise& promise = promises_[promises_looked_up_];
            fog::ViewQuery query;
            query.events_after = UserEventId::none();
            fog::ViewAnswer answer;
            answer.count = promise.count;
            committed_responses_.on_view(promise.store, query, answer, promise.range);
        }
    }

    BlockCount known_to_ingest() const {
        BlockCount most;
        for (const auto& [name, count] : copies_)
            if (ingest_copies_.contains(name)) most = std::max(most, count);
        return most;
    }

    void on_hint(const json& line) {
        if (!database_known_) return;
        const auto key = keys_.find(bytes<PublicKey>(line, "key"));
        demand(key != keys_.end(), "names a key that the database does not have");
        demand(BlockIndex{number(line, "expiry")} <= key->second.expiry,
               fmt::format("promises the key until block {}, the database only until {}",
                           number(line, "expiry"), key->second.expiry.value));
    }

    void on_report(bool is_final, const json& line) {
        const std::uint32_t wallet = small(line, "wallet");
        const model::AccountId account{small(line, "account")};
        fog::BalanceReport report;
        report.count = BlockCount{number(line, "count")};
        report.by_token[0] = value_of(line, "value");
        demand(report.count <= known_to_ingest(),
               fmt::format("shows block count {}, nobody can have scanned more than {}", report.count.value,
                           known_to_ingest().value));
        if (is_final) {
            demand(faults_.empty(), "is the end of the story under a fault");
            reports_.on_final(wallet, account, report);
            return;
        }
        const auto [owner, first] = owners_.try_emplace(wallet, account);
        demand(first || owner->second == account, "is of a wallet of another account");
        reports_.on_report(wallet, account, report);
    }

    void on_landing(const json& line) {
        using Verdict = fog::Wallet::Landing::Verdict;
        fog::Wallet::Landing landing;
        const std::string verdict = text(line, "verdict");
        demand(verdict == "landed" || verdict == "expired" || verdict == "unknown", "is no verdict");
        if (verdict == "landed") landing.verdict = Verdict::landed;
        if (verdict == "expired") landing.verdict = Verdict::expired;
        landing.block = BlockIndex{number(line, "block")};
        check::judge_landing(checks_, chain_, bytes<PublicKey>(line, "output"),
                             BlockIndex{number(line, "tombstone")}, landing);
    }

    void on_fault(bool begins, const json& line) {
        const std::uint32_t id = small(line, "id");
        demand(faults_.contains(id) != begins, begins ? "begins twice" : "ends a fault that is not in force");
        if (begins)
            faults_.insert(id);
        else
            faults_.erase(id);
    }

    void on_key(const json& line) {
        const auto at = keys_.find(bytes<PublicKey>(line, "key"));
        demand(at != keys_.end(), "is no whole record of a key");
        const fog::IngressKeyRecord& record = at->second;
        demand(record.start <= chain_.height().end(),
               fmt::format("starts at block {} of a chain of {}", record.start.value, chain_.height().value));
        demand(!line.contains("last_scanned") ||
                   BlockIndex{number(line, "last_scanned")} < chain_.height().end(),
               "has scanned a block that the chain does not have");
        // Each look tells of a key anew when it has changed.
        const BlockIndex expiry{number(line, "expiry")};
        const BlockIndex start{number(line, "start")};
        const bool is_lost = yes_no(line, "lost");
        const auto [known, is_new] = told_.try_emplace(record.key);
        KeyTold& before = known->second;
        if (!is_new) {
            demand(start == before.start, fmt::format("starts at block {}, after it started at {}",
                                                      start.value, before.start.value));
            demand(expiry >= before.expiry,
                   fmt::format("promises blocks below {}, after it promised those below {}", expiry.value,
                               before.expiry.value));
            demand(is_lost || !before.is_lost, "is no longer lost");
        }
        before = {start, expiry, is_lost};
        committed_.key_added(record.key);
        if (expiry != BlockIndex{}) committed_.key_promised(record.key, expiry);
    }

    void on_event(const std::string& event, const json& line) {
        const std::uint64_t id = number(line, "id");
        demand(id > last_event_, fmt::format("has event id {} after {}", id, last_event_));
        last_event_ = id;
        if (event == "rng") {
            demand(invocations_.insert(number(line, "invocation")).second, "announces an invocation twice");
        } else if (event == "closed") {
            demand(invocations_.contains(number(line, "invocation")),
                   "closes an invocation that was never opened");
        } else {
            demand(number(line, "start") < number(line, "end"), "misses no block");
            const fog::MissedBlocks range{BlockIndex{number(line, "start")}, BlockIndex{number(line, "end")}};
            committed_.event_added({UserEventId{static_cast<std::int64_t>(id)}, range});
        }
    }

    void on_scanned(const json& line) {
        const BlockIndex index{number(line, "block")};
        demand(!recovery_.broken_rule(), "recovery database " + tell::in_words(recovery_.broken_rule()));
        demand(index < chain_.height().end(),
               fmt::format("is of block {}, the chain has {}", index.value, chain_.height().value));
        const auto key = keys_.find(bytes<PublicKey>(line, "key"));
        demand(key != keys_.end(), "is under a key that the database does not have");
        demand(index >= key->second.start, "lies before its key's start");
        demand(key->second.last_scanned && index <= *key->second.last_scanned,
               "lies behind what its key has scanned");
        demand(invocations_.contains(number(line, "invocation")),
               "is of an invocation that was never announced");
        const std::uint64_t outputs = chain_.block(index)->outputs.size();
        demand(number(line, "rows") == outputs, fmt::format("has {} records, block {} has {} outputs",
                                                            number(line, "rows"), index.value, outputs));
        const std::uint64_t all = chain_.txo_count(index.count_through());
        demand(number(line, "cumulative") == all,
               fmt::format("counts {} outputs in all, the chain has {}", number(line, "cumulative"), all));
        committed_.block_known(key->second.key,
                               InvocationId{static_cast<std::int64_t>(number(line, "invocation"))}, index);
    }

    check::Checks checks_;
    model::ChainModel chain_;
    model::RecoveryModel recovery_;  // all that the log has of the database
    model::RecoveryModel committed_; // what of it had been found so far
    check::ReportChecker reports_;
    check::ResponseChecker responses_;
    check::ResponseChecker committed_responses_;
    struct Promise {
        std::string store;
        BlockCount count;
        BlockRange range;
    };
    struct KeyTold {
        BlockIndex start;
        BlockIndex expiry;
        bool is_lost = false;
    };
    std::map<PublicKey, KeyTold> told_; // by the last line about it
    std::vector<Promise> promises_;     // of view stores, in the order they were seen
    std::size_t promises_looked_up_ = 0;
    bool database_known_ = false;
    bool ended_ = false;
    std::uint64_t next_ = 0;
    std::uint64_t last_event_ = 0;
    std::set<std::string> ingest_copies_;
    std::map<std::string, BlockCount> copies_;
    std::map<std::string, unsigned> alive_; // processes, and which life
    std::map<std::string, StoreSeen> stores_;
    std::map<std::uint32_t, model::AccountId> owners_; // of wallets
    std::map<PublicKey, fog::IngressKeyRecord> keys_;
    std::set<std::uint64_t> invocations_;
    std::set<std::uint32_t> faults_;
};

/// Runs one step of a replay.  @return why the line is refused; empty when it is accepted
template <class Step>
std::string tried(const Step& step) {
    try {
        step();
        return {};
    } catch (const Refusal& refusal) {
        return refusal.why;
    } catch (const json::exception& error) {
        return fmt::format("is not of the form it should be: {}", error.what());
    }
}

} // namespace

Acceptance accept_log(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<json> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line, nullptr, false));
    if (!in.eof()) throw UsageError(fmt::format("{}: cannot be read", path.string()));
    Acceptance out;
    out.lines = lines.size();
    Replay replay;
    auto refused = [&out](std::size_t at, std::string why) {
        out.refused = at + 1;
        out.why = std::move(why);
        return out;
    };
    for (const json& line : lines)
        if (line.is_object()) (void)tried([&] { replay.learn(line); }); // what is wrong is told in its turn
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string why = tried([&] { replay.take(lines[i]); });
        out.answers_judged = replay.answers_judged();
        if (!why.empty()) return refused(i, std::move(why));
    }
    if (!replay.ended()) return refused(lines.size(), "is missing: the log ends without an end");
    return out;
}

} // namespace real
