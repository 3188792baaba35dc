#include "tools/fogsim/exhaustive_parts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/input_file.hpp"
#include "search/exhaustive/position_json.hpp"
#include "sim/defect_catalogue.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {

using Json = nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* state_schema = "fogsim-exhaustive-state/1";

// Without reduction the orderings are shared out by how they begin; parts do not depend on who works on them.
void add_parts(std::size_t length, std::vector<all::Line>& prefix, std::vector<std::uint32_t>& left,
               std::vector<ExhaustivePart>& parts) {
    if (prefix.size() == length) {
        parts.emplace_back();
        parts.back().prefix = prefix;
        return;
    }
    for (all::Line line = 0; line < left.size(); ++line) {
        if (left[line] == 0) continue;
        --left[line];
        prefix.push_back(line);
        add_parts(length, prefix, left, parts);
        prefix.pop_back();
        ++left[line];
    }
}

class Work {
public:
    Work(const ExhaustiveWish& wish, std::vector<ExhaustivePart>& parts, sim::SweepProgress& progress)
        : wish_(wish), parts_(parts), progress_(progress) {
        for (const ExhaustivePart& part : parts) runs_ += part.position.counts.runs;
    }

    void run() {
        const std::jthread shower([this](std::stop_token stop) { show(stop); });
        std::vector<std::jthread> others;
        for (unsigned j = 1; j < wish_.jobs && j < parts_.size(); ++j)
            others.emplace_back([this] { work(); });
        work();
        others.clear();
        if (error_) std::rethrow_exception(error_);
    }
    const all::Lines::Work& work_done() const { return work_done_; }

private:
    void work() {
        try {
            all::Lines lines(wish_.bounds, wish_.defects);
            for (std::size_t i; (i = next_.fetch_add(1)) < parts_.size();)
                if (!parts_[i].done && !wants_stop(i)) one(lines, i);
            const all::Lines::Work work = lines.work();
            const std::lock_guard lock(mutex_);
            work_done_.points += work.points;
            work_done_.worlds += work.worlds;
            work_done_.events += work.events;
            work_done_.checks += work.checks;
            work_done_.judgements += work.judgements;
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!error_) error_ = std::current_exception();
            progress_.stop = true;
        }
    }

    // Parts before the first violated one are always finished: what is found does not depend on who was
    // quick.
    bool wants_stop(std::size_t part) const {
        return progress_.stop.load() || part > lowest_violated_.load();
    }

    void one(all::Lines& lines, std::size_t number) {
        ExhaustivePart& part = parts_[number];
        all::ExploreOptions options;
        options.reduce = wish_.reduce;
        options.preemptions = wish_.preemptions;
        options.prefix = part.prefix;
        std::uint64_t runs = 0;
        bool enough = false;
        options.stop = [&] {
            if ((runs & 255) != 0) return enough;
            if (wish_.limit && Clock::now() >= begun_ + *wish_.limit) progress_.stop = true;
            return enough || wants_stop(number);
        };
        all::Explorer* at = nullptr;
        all::Explorer explorer(lines, options, [&] {
            if ((++runs & 1023) == 0) {
                runs_ += 1024;
                if (parts_.size() == 1) estimate_ = at->estimate();
            }
            part.ends.insert(lines.outcome());
            if (lines.violation() == nullptr) return;
            if (part.violated++ == 0) part.first_violated = at->ordering();
            part.violations.insert(lines.outcome());
            if (wish_.keep_going) return;
            enough = true;
            for (std::size_t lowest = lowest_violated_; number < lowest;)
                if (lowest_violated_.compare_exchange_weak(lowest, number)) break;
        });
        at = &explorer;
        explorer.go_on_from(std::move(part.position));
        part.done = explorer.explore();
        part.position = explorer.position();
    }

    void show(std::stop_token stop) {
        if (isatty(STDERR_FILENO) == 0) return;
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            if (++ticks_ % 10 != 0) continue;
            std::string text = fmt::format("\r\033[K{} runs", runs_.load());
            if (estimate_ > 0) text += fmt::format(" of about {:.0f}", estimate_.load());
            tools::tell_text(text);
        }
        tools::tell_text("\r\033[K");
    }

    const ExhaustiveWish& wish_;
    std::vector<ExhaustivePart>& parts_;
    sim::SweepProgress& progress_;
    const Clock::time_point begun_ = Clock::now();
    std::atomic<std::size_t> next_{0};
    std::atomic<std::size_t> lowest_violated_{~std::size_t{0}};
    std::atomic<std::uint64_t> runs_{0};
    std::atomic<double> estimate_{0};
    unsigned ticks_ = 0;
    std::mutex mutex_; // guards what follows
    all::Lines::Work work_done_;
    std::exception_ptr error_;
};

} // namespace

ExhaustiveTotals totals_of(const std::vector<ExhaustivePart>& parts, bool keeps_going) {
    ExhaustiveTotals out;
    for (const ExhaustivePart& part : parts) {
        if (out.first_violated != nullptr && !keeps_going) break;
        out.counts.runs += part.position.counts.runs;
        out.counts.events += part.position.counts.events;
        out.counts.blocked += part.position.counts.blocked;
        out.ends.insert(part.ends.begin(), part.ends.end());
        out.violations.insert(part.violations.begin(), part.violations.end());
        out.violated += part.violated;
        out.complete = out.complete && part.done;
        if (part.violated != 0 && out.first_violated == nullptr) out.first_violated = &part;
    }
    return out;
}

std::vector<ExhaustivePart> parts_of(const ExhaustiveWish& wish, const all::Lines& lines) {
    std::vector<ExhaustivePart> parts;
    std::size_t events = 0;
    for (const std::uint32_t length : lines.lengths()) events += length;
    std::vector<all::Line> prefix;
    std::vector<std::uint32_t> left = lines.lengths();
    // A longer beginning may have more holds than there may be.
    const std::size_t longest = wish.reduce ? 0 : wish.preemptions ? 1 : 4;
    add_parts(std::min(longest, events), prefix, left, parts);
    if (wish.shards == 1) return parts;
    std::vector<ExhaustivePart> own;
    for (std::size_t i = wish.shard; i < parts.size(); i += wish.shards) own.push_back(std::move(parts[i]));
    return own;
}

all::Lines::Work search_parts(const ExhaustiveWish& wish, std::vector<ExhaustivePart>& parts,
                              sim::SweepProgress& progress) {
    Work work(wish, parts, progress);
    work.run();
    return work.work_done();
}

// ------------------------------------------------------------------------------------------------ resuming

namespace {

Json json_of(const ExhaustivePart& part) {
    Json one;
    one["done"] = part.done;
    one["position"] = to_json(part.position);
    one["ends"] = part.ends;
    one["violated"] = part.violated;
    one["violations"] = part.violations;
    one["first_violated"] = part.first_violated;
    return one;
}

// @throws nlohmann::json::exception, engine::UsageError
void read(const Json& one, ExhaustivePart& part) {
    part.done = one.at("done").get<bool>();
    part.position = all::position_from(one.at("position"));
    part.ends = one.at("ends").get<std::set<std::uint64_t>>();
    part.violated = one.at("violated").get<std::uint64_t>();
    part.violations = one.at("violations").get<std::set<std::uint64_t>>();
    part.first_violated = one.at("first_violated").get<std::vector<all::Line>>();
}

// What shards of one search have in common.
Json whole_key_of(const ExhaustiveWish& wish) {
    Json key = key_of(wish);
    key.erase("shard");
    key["shrink"] = wish.shrink;
    key["keep_going"] = wish.keep_going;
    return key;
}

} // namespace

Json key_of(const ExhaustiveWish& wish) {
    Json key;
    key["view"] = wish.bounds.view;
    key["ledger"] = wish.bounds.ledger;
    key["polls"] = wish.bounds.polls;
    key["shards"] = wish.bounds.shards;
    key["reduction"] = wish.reduce;
    key["preemptions"] = wish.preemptions ? Json(*wish.preemptions) : Json(nullptr);
    key["defects"] = wish.defect_names;
    key["shard"] = fmt::format("{}/{}", wish.shard + 1, wish.shards);
    return key;
}

std::string state_of(const ExhaustiveWish& wish, const std::vector<ExhaustivePart>& parts) {
    Json state;
    state["schema"] = state_schema;
    state["search"] = key_of(wish);
    state["parts"] = Json::array();
    for (const ExhaustivePart& part : parts) state["parts"].push_back(json_of(part));
    return state.dump() + "\n";
}

std::string shard_text_of(const ExhaustiveWish& wish, const std::vector<ExhaustivePart>& parts,
                          const all::Lines::Work& work) {
    Json result;
    result["parts"] = Json::array();
    for (const ExhaustivePart& part : parts) result["parts"].push_back(json_of(part));
    result["work"] = {work.points, work.worlds, work.events, work.checks, work.judgements};
    return part_text("exhaustive", {wish.shard + 1, wish.shards}, whole_key_of(wish), result);
}

MergedExhaustive merged_exhaustive(const std::vector<Part>& shards) {
    MergedExhaustive made;
    ExhaustiveWish& wish = made.wish;
    const Part& first = shards.front();
    first.read([&] {
        const Json& key = first.arguments();
        wish.bounds.view = key.at("view").get<std::uint32_t>();
        wish.bounds.ledger = key.at("ledger").get<std::uint32_t>();
        wish.bounds.polls = key.at("polls").get<std::uint32_t>();
        wish.bounds.shards = key.at("shards").get<std::uint32_t>();
        wish.reduce = key.at("reduction").get<bool>();
        if (!key.at("preemptions").is_null()) wish.preemptions = key.at("preemptions").get<std::uint32_t>();
        wish.defect_names = key.at("defects").get<std::vector<std::string>>();
        wish.shrink = key.at("shrink").get<bool>();
        wish.keep_going = key.at("keep_going").get<bool>();
    });
    for (const std::string& name : wish.defect_names) {
        const sim::DefectInfo* defect = sim::find_defect(name);
        if (defect == nullptr) first.refuse("a defect of it is not known here");
        wish.defects.switch_on(defect->defect);
    }
    const all::Lines lines(wish.bounds, wish.defects);
    made.parts = parts_of(wish, lines);
    // As they were dealt out: one to each shard in turn.
    for (std::size_t i = 0; i < made.parts.size(); ++i) {
        const Part& shard = shards[i % shards.size()];
        shard.read([&] { read(shard.result().at("parts").at(i / shards.size()), made.parts[i]); });
    }
    for (const Part& shard : shards)
        shard.read([&] {
            const auto work = shard.result().at("work").get<std::array<std::uint64_t, 5>>();
            made.work.points += work[0];
            made.work.worlds += work[1];
            made.work.events += work[2];
            made.work.checks += work[3];
            made.work.judgements += work[4];
        });
    return made;
}

void take_up(const ExhaustiveWish& wish, std::vector<ExhaustivePart>& parts) {
    const auto refuse = [&wish](const std::string& why) {
        throw engine::UsageError(fmt::format("--resume: '{}': {}", wish.resume, why));
    };
    const std::string text = engine::read_input_file("--resume", wish.resume);
    const Json state = Json::parse(text, nullptr, false);
    if (state.is_discarded() || !state.is_object() || state.value("schema", "") != state_schema)
        refuse("it is no state of a search");
    if (state.value("search", Json()) != key_of(wish)) refuse("it is the state of another search");
    try {
        if (state.at("parts").size() != parts.size()) refuse("it is the state of another search");
        for (std::size_t i = 0; i < parts.size(); ++i) {
            read(state.at("parts").at(i), parts[i]);
        }
    } catch (const nlohmann::json::exception&) {
        refuse("it is no state of a search");
    } catch (const engine::UsageError& error) {
        refuse(error.what());
    }
}

} // namespace tools::fogsim
