#include "tools/fogsim/exhaustive_parts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/input_file.hpp"
#include "search/exhaustive/position_json.hpp"
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

ExhaustiveTotals totals_of(const std::vector<ExhaustivePart>& parts) {
    ExhaustiveTotals out;
    for (const ExhaustivePart& part : parts) {
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
    for (const ExhaustivePart& part : parts) {
        Json one;
        one["done"] = part.done;
        one["position"] = to_json(part.position);
        one["ends"] = part.ends;
        one["violated"] = part.violated;
        one["violations"] = part.violations;
        one["first_violated"] = part.first_violated;
        state["parts"].push_back(std::move(one));
    }
    return state.dump() + "\n";
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
            const Json& one = state.at("parts").at(i);
            ExhaustivePart& part = parts[i];
            part.done = one.at("done").get<bool>();
            part.position = all::position_from(one.at("position"));
            part.ends = one.at("ends").get<std::set<std::uint64_t>>();
            part.violated = one.at("violated").get<std::uint64_t>();
            part.violations = one.at("violations").get<std::set<std::uint64_t>>();
            part.first_violated = one.at("first_violated").get<std::vector<all::Line>>();
        }
    } catch (const nlohmann::json::exception&) {
        refuse("it is no state of a search");
    } catch (const engine::UsageError& error) {
        refuse(error.what());
    }
}

} // namespace tools::fogsim
