#include "real/world/event_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/chain/hex.hpp"
#include "engine/check/checks.hpp"
#include "engine/ensure.hpp"

namespace real {

using engine::BlockCount;
using engine::BlockIndex;
using engine::chain::to_hex;

struct EventLog::Line {
    explicit Line(const char* event) { json["event"] = event; }
    template <class T>
    Line& with(const char* name, T value) {
        json[name] = std::move(value);
        return *this;
    }
    nlohmann::ordered_json json;
};

EventLog::EventLog(std::filesystem::path path, Clock clock)
    : path_(std::move(path)), clock_(std::move(clock)) {
    out_.open(path_, std::ios::binary | std::ios::trunc);
    if (!out_) throw engine::BrokenSurroundings(fmt::format("{}: cannot be written", path_.string()));
}

void EventLog::write(Line line) {
    nlohmann::ordered_json whole;
    whole["n"] = lines_++;
    whole["at_ms"] = clock_().ms();
    whole.update(line.json);
    out_ << whole.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n'
         << std::flush;
}

void EventLog::run(const std::string& scenario, std::uint64_t seed,
                   const std::vector<std::string>& ingest_copies) {
    Line line("run");
    line.with("schema", 1).with("scenario", scenario).with("seed", seed).with("ingest_copies", ingest_copies);
    write(std::move(line));
}

void EventLog::step(const std::string& text) { write(std::move(Line("step").with("text", text))); }

void EventLog::block(const engine::fog::LedgerBlock& block, const std::vector<engine::model::Coin>& coins) {
    nlohmann::ordered_json owned = nlohmann::ordered_json::array();
    for (const engine::model::Coin& coin : coins) {
        nlohmann::ordered_json one;
        one["account"] = coin.account.value;
        one["value"] = std::to_string(coin.amount.value);
        one["token"] = coin.amount.token_id;
        one["index"] = coin.index.value;
        one["public_key"] = to_hex(coin.public_key.bytes);
        one["image"] = to_hex(coin.image.bytes);
        one["hint_key"] = to_hex(coin.hint_key.bytes);
        owned.push_back(std::move(one));
    }
    std::vector<std::string> images;
    for (const engine::chain::KeyImage& image : block.key_images) images.push_back(to_hex(image.bytes));
    Line line("block");
    line.with("index", block.index.value)
        .with("outputs", block.outputs.size())
        .with("cumulative", block.cumulative_txo_count)
        .with("credits", std::move(owned))
        .with("key_images", std::move(images));
    write(std::move(line));
}

void EventLog::copy(const std::string& name, BlockCount count) {
    write(std::move(Line("copy").with("name", name).with("count", count.value)));
}

void EventLog::node_started(const std::string& name, unsigned life) {
    write(std::move(Line("start").with("name", name).with("life", life)));
}

void EventLog::node_ended(const std::string& name, const std::string& how) {
    write(std::move(Line("end_of_process").with("name", name).with("how", how)));
}

void EventLog::fault(bool begins, std::uint32_t id, const std::string& text) {
    write(std::move(Line(begins ? "fault" : "fault_ended").with("id", id).with("text", text)));
}

void EventLog::store(const std::string& name, unsigned life, engine::BlockRange range,
                     const std::string& copy, BlockCount count) {
    const std::pair<unsigned, BlockCount> now{life, count};
    if (const auto [at, is_new] = seen_.try_emplace(name, now); !is_new) {
        if (at->second == now) return;
        at->second = now;
    }
    if (copy.empty()) ++view_counts_;
    Line line("store");
    line.with("name", name)
        .with("life", life)
        .with("start", range.start.value)
        .with("end", range.end.value)
        .with("copy", copy)
        .with("count", count.value);
    write(std::move(line));
}

void EventLog::hint(const engine::chain::PublicKey& key, BlockIndex expiry) {
    write(std::move(Line("hint").with("key", to_hex(key.bytes)).with("expiry", expiry.value)));
}

void EventLog::balance(const char* event, std::uint32_t wallet, engine::model::AccountId account,
                       const engine::fog::BalanceReport& report) {
    Line line(event);
    line.with("wallet", wallet)
        .with("account", account.value)
        .with("count", report.count.value)
        .with("value", engine::check::to_text(report.value()));
    write(std::move(line));
}

void EventLog::report(std::uint32_t wallet, engine::model::AccountId account,
                      const engine::fog::BalanceReport& report) {
    balance("report", wallet, account, report);
}

void EventLog::final_report(std::uint32_t wallet, engine::model::AccountId account,
                            const engine::fog::BalanceReport& report) {
    balance("final", wallet, account, report);
}

void EventLog::landing(const engine::chain::PublicKey& output, BlockIndex tombstone,
                       const engine::fog::Wallet::Landing& landing) {
    using Verdict = engine::fog::Wallet::Landing::Verdict;
    const char* verdict = landing.verdict == Verdict::landed    ? "landed"
                          : landing.verdict == Verdict::expired ? "expired"
                                                                : "unknown";
    Line line("landing");
    line.with("output", to_hex(output.bytes))
        .with("tombstone", tombstone.value)
        .with("verdict", verdict)
        .with("block", landing.block.value);
    write(std::move(line));
}

void EventLog::key(const engine::fog::IngressKeyRecord& record) {
    Line line("key");
    line.with("key", to_hex(record.key.bytes))
        .with("start", record.start.value)
        .with("expiry", record.expiry.value)
        .with("retired", record.retired)
        .with("lost", record.lost);
    if (record.last_scanned) line.with("last_scanned", record.last_scanned->value);
    write(std::move(line));
}

void EventLog::event(const engine::fog::UserEvent& event) {
    if (const auto* rng = std::get_if<engine::fog::RngRecord>(&event.what)) {
        Line line("rng");
        line.with("id", event.id.value)
            .with("invocation", rng->invocation.value)
            .with("egress_key", to_hex(rng->egress_key.bytes))
            .with("start", rng->start.value);
        write(std::move(line));
    } else if (const auto* closed = std::get_if<engine::fog::Decommission>(&event.what)) {
        Line line("closed");
        line.with("id", event.id.value)
            .with("invocation", closed->invocation.value)
            .with("last", closed->last_ingested.value);
        write(std::move(line));
    } else {
        const auto& missed = std::get<engine::fog::MissedBlocks>(event.what);
        Line line("missed");
        line.with("id", event.id.value).with("start", missed.start.value).with("end", missed.end.value);
        write(std::move(line));
    }
}

void EventLog::scanned(const engine::chain::PublicKey& key, const engine::fog::IngestedBlock& block) {
    Line line("scanned");
    line.with("key", to_hex(key.bytes))
        .with("invocation", block.invocation.value)
        .with("block", block.block.value)
        .with("cumulative", block.cumulative_txo_count)
        .with("rows", block.rows->size());
    write(std::move(line));
}

void EventLog::looked(std::uint64_t views) { write(std::move(Line("looked").with("views", views))); }

void EventLog::end(const std::string& database) {
    Line line("end");
    if (!database.empty()) line.with("database", "not in this log: " + database);
    write(std::move(line));
}

} // namespace real
