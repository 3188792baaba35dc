// A run in the trace event format, which Perfetto and chrome://tracing read: what each process does as
// slices, calls with arrows from caller to server, block counts as counters, everything else as instants.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/fault.hpp"
#include "engine/tell/words.hpp"
#include "sim/network.hpp"
#include "tools/fogsim/report.hpp"

namespace tools::fogsim {
namespace {

using engine::Event;
using engine::EventKind;
using engine::Instant;
using Json = nlohmann::ordered_json;

// Numbers of processes: the story's, then those of the nodes, then those of the chain copies.
constexpr std::uint32_t story_pid = 1;
constexpr std::uint32_t first_node_pid = 10; // of node 0: the recovery database
constexpr std::uint32_t first_copy_pid = 100'000;

// Numbers of threads.
constexpr std::uint32_t state_tid = 1;   // what the process is: down, paused, active, under a fault
constexpr std::uint32_t checks_tid = 2;  // a wallet's balance checks
constexpr std::uint32_t serves_tid = 10; // calls that it serves, as many lanes as it serves at once
constexpr std::uint32_t calls_tid = 1000;
constexpr std::uint32_t faults_tid = 2000;

/// Rows for slices that overlap: the lowest that is free.
class Rows {
public:
    std::uint32_t take() {
        const auto free = std::find(taken_.begin(), taken_.end(), false);
        const auto row = static_cast<std::uint32_t>(free - taken_.begin());
        if (free == taken_.end())
            taken_.push_back(true);
        else
            *free = true;
        return row;
    }
    void give_back(std::uint32_t row) { taken_.at(row) = false; }
    std::size_t most() const { return taken_.size(); }

private:
    std::vector<bool> taken_;
};

struct Slice {
    std::uint32_t pid = 0;
    std::uint32_t tid = 0;
    std::uint32_t row = 0;
    std::string name{};
    const char* category = "";
    Instant from{};
    Json args = Json::object();
};

class Writer {
public:
    explicit Writer(const sim::RunResult& run) : run_(run) {}

    std::string text() {
        name_processes();
        for (const Event& event : run_.events) take(event);
        end_what_is_open();
        add_steps();
        for (const auto& violation : run_.violations) add(violation);
        name_threads();
        std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
        for (std::size_t i = 0; i < lines_.size(); ++i)
            out += lines_[i] + (i + 1 < lines_.size() ? ",\n" : "\n");
        return out + "]}\n";
    }

private:
    // ------------------------------------------------------------------------------------------ lines

    static std::uint32_t pid_of(engine::NodeId node) { return first_node_pid + node.value; }

    // Microseconds with three digits: as exact as virtual time is, which a double is not.
    void put(Json line, Instant at, std::optional<std::int64_t> duration_ns = std::nullopt) {
        std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace);
        text.pop_back();
        text += fmt::format(",\"ts\":{}.{:03}", at.ns / 1000, at.ns % 1000);
        if (duration_ns) text += fmt::format(",\"dur\":{}.{:03}", *duration_ns / 1000, *duration_ns % 1000);
        lines_.push_back(text + "}");
    }
    static Json line(const char* phase, std::uint32_t pid, std::uint32_t tid, const std::string& name,
                     const char* category) {
        Json out;
        out["ph"] = phase;
        out["pid"] = pid;
        out["tid"] = tid;
        out["name"] = name;
        out["cat"] = category;
        return out;
    }
    void name_it(const char* what, std::uint32_t pid, std::uint32_t tid, const std::string& name,
                 std::uint32_t sort) {
        const bool process = std::string_view(what) == "process";
        for (const char* field : {"name", "sort_index"}) {
            Json out;
            out["ph"] = "M";
            out["pid"] = pid;
            if (!process) out["tid"] = tid;
            out["name"] = fmt::format("{}_{}", what, field);
            if (std::string_view(field) == "name")
                out["args"]["name"] = name;
            else
                out["args"]["sort_index"] = sort;
            lines_.push_back(out.dump(-1, ' ', false, Json::error_handler_t::replace));
        }
    }
    void count(std::uint32_t pid, const char* name, const char* unit, std::uint64_t value, Instant at) {
        Json out = line("C", pid, 0, name, "block counts");
        out["args"][unit] = value;
        put(std::move(out), at);
    }
    void instant(std::uint32_t pid, std::uint32_t tid, const std::string& name, const char* category,
                 Instant at, Json args, const char* scope = "t") {
        Json out = line("i", pid, tid, name, category);
        out["s"] = scope;
        if (!args.empty()) out["args"] = std::move(args);
        put(std::move(out), at);
    }
    void slice(const Slice& slice, Instant to) {
        Json out = line("X", slice.pid, slice.tid + slice.row, slice.name, slice.category);
        if (!slice.args.empty()) out["args"] = slice.args;
        put(std::move(out), slice.from, to.ns - slice.from.ns);
        threads_.emplace(slice.pid, slice.tid + slice.row);
    }
    void flow(const char* phase, std::uint64_t id, const Slice& at, Instant when) {
        Json out = line(phase, at.pid, at.tid + at.row, "call", "calls");
        out["id"] = id;
        if (*phase == 'f') out["bp"] = "e";
        put(std::move(out), when);
    }

    // ------------------------------------------------------------------------------------------ names

    std::string name_of(std::uint32_t node) const {
        return node == 0 || node >= run_.node_names.size() ? "the scenario" : run_.node_names[node];
    }
    static bool is_wallet(const std::string& name) { return name.starts_with("wallet"); }

    void name_processes() {
        name_it("process", story_pid, 0, "story", 0);
        name_it("process", first_node_pid, 0, "chain, recovery database and operator", 1);
        for (std::size_t c = 0; c < run_.copy_names.size(); ++c)
            name_it("process", first_copy_pid + static_cast<std::uint32_t>(c), 0,
                    "chain copy " + run_.copy_names[c], static_cast<std::uint32_t>(2 + c));
        for (std::uint32_t n = 1; n < run_.node_names.size(); ++n)
            name_it("process", first_node_pid + n, 0, run_.node_names[n], 100 + n);
    }
    void name_threads() {
        for (const auto& [pid, tid] : threads_) {
            std::string name = "state";
            if (pid == story_pid) name = tid == state_tid ? "steps and checks" : "faults";
            if (tid == checks_tid) name = "balance checks";
            if (tid >= serves_tid && tid < calls_tid) name = fmt::format("serves {}", tid - serves_tid + 1);
            if (tid >= calls_tid && tid < faults_tid) name = fmt::format("calls {}", tid - calls_tid + 1);
            name_it("thread", pid, tid, name, tid);
        }
    }

    // ------------------------------------------------------------------------------------------ events

    void take(const Event& e) {
        end_ = std::max(end_, e.at);
        const std::uint32_t pid = pid_of(e.node);
        switch (e.kind) {
        case EventKind::resumed: // a step of the scheduler: thousands that say little
        case EventKind::checked:
        case EventKind::step: // with its words, from the notes
            break;
        case EventKind::block_appended:
            count(first_node_pid, "chain height", "blocks", e.a + 1, e.at);
            instant(first_node_pid, state_tid, fmt::format("block {}", e.a), "chain", e.at,
                    {{"outputs", e.b}});
            threads_.emplace(first_node_pid, state_tid);
            break;
        case EventKind::copy_advanced:
            count(first_copy_pid + e.object, "block count", "blocks", e.a, e.at);
            break;
        case EventKind::view_published:
        case EventKind::images_published:
            count(pid, "block count", "blocks", e.a, e.at);
            break;
        case EventKind::ingested:
            count(pid, "block count", "blocks", e.a + 1, e.at);
            count(pid, "rows of the block", "rows", e.b, e.at);
            break;
        case EventKind::reported:
            count(pid, "block count", "blocks", e.a, e.at);
            count(pid, "balance", "amount", e.b, e.at);
            break;
        case EventKind::ingest_mode:
            end_state(pid, "active", e.at);
            if (e.a == 1) begin_state(pid, "active", e.at, {{"next_block", e.b}});
            break;
        case EventKind::node_started:
            end_state(pid, "down", e.at);
            state_instant(pid, "starts", e.at, {{"times_started", e.a}});
            break;
        case EventKind::node_stopped:
            for (const char* name : {"active", "paused"}) end_state(pid, name, e.at);
            end_calls_of(e.node.value, e.at);
            begin_state(pid, "down", e.at,
                        {{"why", e.a == 0   ? "stopped"
                                 : e.a == 1 ? "crashed"
                                            : "aborted itself"}});
            break;
        case EventKind::node_paused:
            begin_state(pid, "paused", e.at, Json::object());
            break;
        case EventKind::node_resumed:
            end_state(pid, "paused", e.at);
            break;
        case EventKind::fault_began:
            begin_fault(e);
            break;
        case EventKind::fault_ended:
            end_fault(e.object, e.at);
            break;
        case EventKind::db_committed:
            state_instant(pid, "commit", e.at, {{"operation", e.object}, {"first", e.a}, {"second", e.b}});
            break;
        case EventKind::db_failed:
            state_instant(pid, "commit fails", e.at,
                          {{"operation", e.object}, {"error", engine::name(static_cast<engine::Code>(e.a))}});
            break;
        case EventKind::request:
            begin_call(e);
            break;
        case EventKind::delivered:
            begin_serving(e);
            break;
        case EventKind::answered:
            end_serving(e);
            break;
        case EventKind::lost:
            lose(e);
            break;
        case EventKind::wallet_polled:
            end_check(e);
            break;
        }
    }

    // ------------------------------------------------------------------------------------------ states

    void state_instant(std::uint32_t pid, const char* name, Instant at, Json args) {
        instant(pid, state_tid, name, "process", at, std::move(args));
        threads_.emplace(pid, state_tid);
    }
    void begin_state(std::uint32_t pid, const char* name, Instant at, Json args) {
        if (states_.contains({pid, name})) return;
        // Each kind has a row of its own, for they overlap.
        const std::uint32_t row = std::string_view(name) == "active" ? 0
                                  : std::string_view(name) == "down" ? 2
                                                                     : 3;
        states_[{pid, name}] = {pid, state_tid, row, name, "process", at, std::move(args)};
    }
    void end_state(std::uint32_t pid, const char* name, Instant at) {
        const auto found = states_.find({pid, name});
        if (found == states_.end()) return;
        slice(found->second, at);
        states_.erase(found);
    }

    void begin_fault(const Event& e) {
        const auto kind = static_cast<engine::FaultKind>(e.a);
        Slice slice{story_pid, faults_tid, fault_rows_.take(), engine::name(kind), "faults", e.at};
        slice.args["at"] = name_of(e.node.value);
        slice.args["effect"] = engine::fault_info(kind).effect;
        slice.args["amount"] = e.b;
        faults_[e.object] = std::move(slice);
    }
    void end_fault(std::uint32_t id, Instant at) {
        const auto found = faults_.find(id);
        if (found == faults_.end()) return;
        slice(found->second, at);
        fault_rows_.give_back(found->second.row);
        faults_.erase(found);
    }

    // ------------------------------------------------------------------------------------------ calls

    /// One that is under way.
    struct Call {
        std::uint64_t number = 0;
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        std::uint64_t method = 0;
        Slice calls{};
        std::optional<Slice> serves{};
    };

    static std::string method_name(std::uint64_t method) {
        return sim::name(static_cast<sim::Method>(method));
    }

    void begin_call(const Event& e) {
        if (is_wallet(name_of(e.node.value))) begin_check(e);
        Call call;
        call.number = e.b;
        call.from = e.node.value;
        call.to = e.object;
        call.method = e.a;
        call.calls = {pid_of(e.node),
                      calls_tid,
                      call_rows_[e.node.value].take(),
                      fmt::format("{} of {}", method_name(e.a), name_of(e.object)),
                      "calls",
                      e.at};
        call.calls.args["call"] = e.b;
        call.calls.args["server"] = name_of(e.object);
        flow("s", call.number, call.calls, e.at);
        calls_.push_back(std::move(call));
    }
    void begin_serving(const Event& e) {
        for (Call& call : calls_) {
            if (call.number != e.b) continue;
            call.serves = {pid_of(e.node),
                           serves_tid,
                           serve_rows_[e.node.value].take(),
                           fmt::format("{} for {}", method_name(e.a), name_of(e.object)),
                           "calls",
                           e.at};
            call.serves->args["call"] = e.b;
            call.serves->args["caller"] = name_of(e.object);
            flow("f", call.number, *call.serves, e.at);
            return;
        }
    }
    void finish(Call& call, const std::string& result, Instant at) {
        if (call.serves) {
            call.serves->args["result"] = result;
            slice(*call.serves, at);
            serve_rows_[call.to].give_back(call.serves->row);
        }
        call.calls.args["result"] = result;
        slice(call.calls, at);
        call_rows_[call.from].give_back(call.calls.row);
    }
    // An answer does not say to which call: it is to the oldest of its kind.
    template <class Which>
    void finish_first(Which which, const std::string& result, Instant at) {
        const auto call = std::find_if(calls_.begin(), calls_.end(), which);
        if (call == calls_.end()) return;
        finish(*call, result, at);
        calls_.erase(call);
    }
    void end_serving(const Event& e) {
        const std::string result =
            e.b == 0 ? "answered" : std::string(engine::name(static_cast<engine::Code>(e.b - 1)));
        finish_first(
            [&e](const Call& call) {
                return call.serves && call.to == e.node.value && call.from == e.object && call.method == e.a;
            },
            result, e.at);
    }
    void lose(const Event& e) {
        const bool request = e.b == 0;
        const std::uint32_t pid = pid_of(e.node);
        instant(pid, state_tid,
                fmt::format("{} is lost: {}", request ? "request" : "answer", method_name(e.a)), "calls",
                e.at, {{request ? "to" : "for", name_of(e.object)}});
        threads_.emplace(pid, state_tid);
        if (!request) return; // the call ended when it was answered
        for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
            if (call->from != e.node.value || call->to != e.object || call->method != e.a) continue;
            finish(*call, "the request was lost", e.at);
            calls_.erase(std::next(call).base());
            return;
        }
    }
    void end_calls_of(std::uint32_t node, Instant at) {
        for (auto call = calls_.begin(); call != calls_.end();) {
            if (call->from != node && call->to != node) {
                ++call;
                continue;
            }
            finish(*call, fmt::format("{} went down", name_of(node)), at);
            call = calls_.erase(call);
        }
    }

    void begin_check(const Event& e) {
        checks_.try_emplace(e.node.value,
                            Slice{pid_of(e.node), checks_tid, 0, "balance check", "wallets", e.at});
    }
    void end_check(const Event& e) {
        const auto found = checks_.find(e.node.value);
        if (found == checks_.end()) return;
        found->second.args["result"] =
            e.a == 0 ? "shown" : std::string(engine::name(static_cast<engine::Code>(e.a - 1)));
        slice(found->second, e.at);
        checks_.erase(found);
    }

    // ------------------------------------------------------------------------------------------ the end

    void end_what_is_open() {
        for (const auto& note : run_.notes) end_ = std::max(end_, note.at);
        for (const auto& [key, state] : states_) slice(state, end_);
        for (const auto& [id, fault] : faults_) slice(fault, end_);
        for (Call& call : calls_) finish(call, "under way when the run ended", end_);
        for (const auto& [wallet, check] : checks_) slice(check, end_);
    }
    void add_steps() {
        threads_.emplace(story_pid, state_tid);
        for (const auto& note : run_.notes)
            if (const auto* step = note.as<engine::tell::Step>())
                instant(story_pid, state_tid, fmt::format("{}. {}", step->number, step->text), "steps",
                        note.at, {{"step", step->number}}, "p");
    }
    void add(const engine::check::Violation& violation) {
        Json args;
        args["text"] = engine::tell::in_words(violation);
        if (violation.account) args["account"] = violation.account->value;
        if (violation.count) args["block_count"] = violation.count->value;
        if (violation.shown) args["shown"] = engine::check::to_text(*violation.shown);
        if (violation.truth) args["true"] = engine::check::to_text(*violation.truth);
        instant(story_pid, state_tid, fmt::format("{} fails", engine::check::name(violation.check)), "checks",
                violation.at, std::move(args), "g");
    }

    const sim::RunResult& run_;
    std::vector<std::string> lines_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> threads_; // that have something on them: pid, tid
    std::map<std::pair<std::uint32_t, std::string>, Slice> states_;
    std::map<std::uint32_t, Slice> faults_;
    Rows fault_rows_;
    std::vector<Call> calls_; // in order of their beginning
    std::map<std::uint32_t, Rows> call_rows_;
    std::map<std::uint32_t, Rows> serve_rows_;
    std::map<std::uint32_t, Slice> checks_; // by wallet
    Instant end_{};
};

} // namespace

std::string to_trace(const sim::RunResult& run) { return Writer(run).text(); }

} // namespace tools::fogsim
