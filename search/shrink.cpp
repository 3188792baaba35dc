#include "search/shrink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/stream_site.hpp"
#include "scenarios/catalogue.hpp"
#include "scenarios/lag/parts.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/foreign_wallets.hpp"

namespace search {
namespace {

using Json = nlohmann::ordered_json;
using Path = Json::json_pointer;

// ---------------------------------------------------------------------------------------------- plan as data
//
// A plan is shrunk in its JSON form, so that a field added to plans is shrunk from the day it is added.  What
// is no valid plan is refused by the reader and is no candidate.

Json to_tree(const scenarios::lag::Plan& plan) {
    Json tree = Json::parse(scenarios::lag::to_json(plan));
    tree.erase("topology"); // shrunk on its own
    return tree;
}

bool is_payment(const Json& json) {
    return json.is_object() && json.contains("account") && json.contains("amount");
}

// Distinct powers of two in order: a wrong sum names the missing coin.
void number_amounts(Json& json, unsigned& next) {
    if (is_payment(json)) json["amount"] = std::uint64_t{1} << (next++ % 62);
    if (json.is_structured())
        for (Json& child : json) number_amounts(child, next);
}

std::optional<Case> with_tree(const Case& what, Json tree, bool canonical_amounts) {
    if (canonical_amounts) {
        unsigned next = 0;
        number_amounts(tree, next);
    }
    Case out = what;
    try {
        tree["topology"] = engine::describe(what.plan->topology);
        out.plan = scenarios::lag::from_json(tree.dump());
    } catch (const engine::UsageError&) {
        return std::nullopt;
    }
    return out;
}

bool has_canonical_amounts(const Json& tree) {
    Json numbered = tree;
    unsigned next = 0;
    number_amounts(numbered, next);
    return numbered == tree;
}

void list_arrays(const Json& json, const Path& at, std::vector<Path>& out) {
    if (json.is_array() && !json.empty()) out.push_back(at);
    if (json.is_array())
        for (std::size_t i = 0; i < json.size(); ++i) list_arrays(json[i], at / i, out);
    else if (json.is_object())
        for (const auto& [key, value] : json.items()) list_arrays(value, at / key, out);
}

// Numbers and flags that may be lowered.  Amounts of payments are only ever renumbered.
void list_values(const Json& json, const Path& at, std::vector<Path>& out) {
    if (json.is_number_unsigned() || json.is_boolean()) out.push_back(at);
    if (json.is_array())
        for (std::size_t i = 0; i < json.size(); ++i) list_values(json[i], at / i, out);
    else if (json.is_object())
        for (const auto& [key, value] : json.items())
            if (!(is_payment(json) && key == "amount") && key != "schema") list_values(value, at / key, out);
}

// ------------------------------------------------------------------------------------------------ topology

struct Dimension {
    std::string key;
    std::string value;
    std::string simplest;
};

std::vector<std::pair<std::string, std::string>> items_of(const engine::Topology& topology) {
    std::vector<std::pair<std::string, std::string>> out;
    const std::string text = engine::describe(topology);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        const std::size_t equals = text.find('=', at);
        out.emplace_back(text.substr(at, equals - at), text.substr(equals + 1, comma - equals - 1));
        at = comma + 1;
    }
    return out;
}

// A plan fits every world: fewer of everything that is counted is simpler, and for the rest the default.  A
// catalogued story is written for its own world, and says nothing about fog in a smaller one.
std::vector<Dimension> dimensions(const Case& what) {
    const engine::Scenario* story = what.plan ? nullptr : scenarios::find(what.scenario);
    const auto usual = items_of(story != nullptr ? story->topology : engine::Topology{});
    std::vector<Dimension> out;
    for (const auto& [key, value] : items_of(what.world())) {
        Dimension dimension{key, value, ""};
        const bool counted = story == nullptr && (key == "accounts" || key == "ingest" ||
                                                  key.ends_with("-shards") || key.ends_with("-replicas"));
        if (counted) {
            dimension.simplest = "1";
        } else {
            for (const auto& [usual_key, usual_value] : usual)
                if (usual_key == key) dimension.simplest = usual_value;
        }
        if (dimension.value != dimension.simplest) out.push_back(std::move(dimension));
    }
    return out;
}

std::optional<std::uint64_t> number_in(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// On the way from a value to the simplest one: all of it, half of it, one step.
std::vector<std::uint64_t> lowered(std::uint64_t value, std::uint64_t simplest = 0) {
    std::vector<std::uint64_t> out;
    const bool down = value > simplest;
    const std::uint64_t way = down ? value - simplest : simplest - value;
    for (const std::uint64_t step : {way, way - way / 2, std::uint64_t{1}}) {
        if (way == 0) break;
        const std::uint64_t candidate = down ? value - step : value + step;
        if (std::find(out.begin(), out.end(), candidate) == out.end()) out.push_back(candidate);
    }
    return out;
}

engine::Topology& topology_of(Case& what) { return what.plan ? what.plan->topology : what.topology; }

// The case in another world, with everything done to the same parts: those of its plan, and those whose
// decisions it fixes.  Nothing: it has no plan.
std::optional<Case> with_same_parts(const Case& what, const engine::Topology& topology) {
    using engine::StreamSite;
    if (!what.plan) return std::nullopt;
    const std::uint32_t wallets = what.plan->wallets_per_account;
    const scenarios::lag::Parts from(what.plan->topology, wallets);
    const scenarios::lag::Parts to(topology, wallets);
    Case out = what;
    out.plan = scenarios::lag::in_world(*what.plan, topology);
    std::vector<engine::FixedChoice> kept;
    for (engine::FixedChoice choice : what.recording.fixed) {
        const std::optional<StreamSite> site = site_of(choice.stream);
        const bool of_copy = site == StreamSite::block_delay;
        const bool of_world = !site || site == StreamSite::ready_task || site == StreamSite::resting_poll ||
                              site == StreamSite::weather || site == StreamSite::account_bytes;
        std::uint16_t& actor = choice.stream.actor;
        if (of_copy && actor < from.copies.size()) {
            const auto same = same_part(from.copies[actor], to.copies);
            if (!same) continue; // it is gone, and what it decided with it
            actor = static_cast<std::uint16_t>(*same);
        } else if (!of_copy && !of_world && actor != 0 && actor <= from.by_id.size()) {
            const auto same = same_part(from.by_id[actor - 1], to.by_id);
            if (!same) continue;
            actor = static_cast<std::uint16_t>(*same + 1);
        }
        kept.push_back(choice);
    }
    out.recording.fixed = std::move(kept);
    return out;
}

std::vector<Case> simpler_worlds(const Case& what) {
    std::vector<Case> out;
    for (const Dimension& dimension : dimensions(what)) {
        std::vector<std::string> values;
        const auto value = number_in(dimension.value);
        const auto simplest = number_in(dimension.simplest);
        if (value && simplest)
            for (const std::uint64_t v : lowered(*value, *simplest)) values.push_back(std::to_string(v));
        else
            values.push_back(dimension.simplest);
        for (const std::string& v : values) {
            Case candidate = what;
            if (!engine::apply(dimension.key + "=" + v, topology_of(candidate)).empty()) continue;
            // Fewer stores number everything behind them anew: first what means the same, then what says so.
            if (std::optional<Case> same = with_same_parts(what, topology_of(candidate)); same != candidate)
                if (same) out.push_back(std::move(*same));
            out.push_back(std::move(candidate));
        }
    }
    return out;
}

std::vector<Case> simpler_surroundings(const Case& what) {
    std::vector<Case> out;
    for (const sim::DefectInfo& defect : sim::defect_catalogue()) {
        if (!what.defects.has(defect.defect)) continue;
        out.push_back(what);
        out.back().defects.switch_off(defect.defect);
    }
    if (what.weather != sim::Weather{}) {
        out.push_back(what);
        out.back().weather = {};
    }
    // Somebody else's wallet takes the cheap keys for no points.
    if (what.ristretto && sim::ForeignWalletsInstalled::current() == nullptr) {
        out.push_back(what);
        out.back().ristretto = false;
    }
    return out;
}

Case without_fixed(const Case& what, std::size_t from, std::size_t count) {
    Case out = what;
    const auto begin = out.recording.fixed.begin() + static_cast<std::ptrdiff_t>(from);
    out.recording.fixed.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    return out;
}

Case with_decision(const Case& what, std::size_t at, std::uint64_t value) {
    if (value == 0) return without_fixed(what, at, 1); // a tame decision need not be fixed
    Case out = what;
    out.recording.fixed[at].value = static_cast<std::uint32_t>(value);
    return out;
}

// ------------------------------------------------------------------------------------------------ search

class Shrinker {
public:
    Shrinker(const Case& start, const FailureClass& wanted, const ShrinkOptions& options)
        : wanted_(wanted), options_(options), best_(start) {}

    Shrunk run() {
        make_tame();
        // A failure during the story does not need the long end of the run.  The last pass looks at that,
        // too.
        closes_ = !fails(best_, false);
        const Case tame = best_;
        for (bool more = true; more && !ended_;) {
            more = shrink_surroundings();
            more = shrink_decisions() || more;
            more = shrink_plan() || more;
            more = shrink_world() || more;
            if (more || closes_) continue;
            closes_ = true;
            more = true;
            // What is wrong when a story just stops may be right once it is brought to its end.
            if (!fails(best_, true)) best_ = tame;
        }
        if (!closes_ && !fails(best_, true)) best_ = tame; // ended before that could be looked at
        // The proof: nothing that is one step simpler fails, too.
        while (!ended_ && for_each_simpler(best_, [this](const Case& c) { return accept(c) || ended_; })) {
        }
        Shrunk out;
        out.minimal = !ended_;
        out.result = search::run(best_);
        out.runs = runs_;
        out.smallest = std::move(best_);
        return out;
    }

private:
    bool accept(const Case& candidate) {
        if (ended_ || candidate == best_) return false;
        if (runs_ >= options_.most_runs || steps_ >= options_.most_steps ||
            (options_.stop && options_.stop())) {
            ended_ = true;
            return false;
        }
        ++runs_;
        Manner manner;
        manner.closes = closes_;
        manner.step_budget = longest_run_;
        sim::RunResult result;
        try {
            result = search::run(candidate, manner);
        } catch (const sim::Broken&) { // no failure of what is judged
            return false;
        }
        steps_ += result.steps;
        if (class_of(result) != wanted_) return false;
        if (result.steps >= longest_run_ && !goes_on_) return false;
        best_ = candidate;
        return true;
    }
    bool accept(const std::optional<Case>& candidate) { return candidate && accept(*candidate); }

    bool fails(const Case& what, bool closes) {
        Manner manner;
        manner.closes = closes;
        manner.step_budget = longest_run_;
        ++runs_;
        return class_of(search::run(what, manner)) == wanted_;
    }

    // From "everything as it was" to "everything tame, except": the same run, told the other way round.
    void make_tame() {
        Manner manner;
        manner.choices = true;
        ++runs_;
        sim::RunResult same = search::run(best_, manner);
        // A run that goes on and on is no simpler one, even though a stuck one is in the class `liveness`,
        // too.
        const std::uint64_t most = sim::Options().step_budget;
        goes_on_ = same.steps >= most;
        longest_run_ = std::min(most, 10'000 + 4 * same.steps);
        if (best_.recording.base == engine::Recording::Base::tame) return;
        best_.recording = std::move(same.recording);
        best_.recording.base = engine::Recording::Base::tame;
        std::erase_if(best_.recording.fixed, [](const engine::FixedChoice& c) { return c.value == 0; });
    }

    bool shrink_surroundings() {
        bool any = false;
        for (bool more = true; more;) {
            more = false;
            for (const Case& candidate : simpler_surroundings(best_))
                if (accept(candidate)) {
                    more = any = true;
                    break;
                }
        }
        return any;
    }

    bool shrink_world() {
        bool any = false;
        for (bool more = true; more;) {
            more = false;
            for (const Case& candidate : simpler_worlds(best_))
                if (accept(candidate)) {
                    more = any = true;
                    break;
                }
        }
        return any;
    }

    // Removes chunks of `size()` things, the last first, halves the chunks, and ends with single ones.
    template <class Size, class Without>
    bool remove_chunks(Size size, Without without) {
        bool any = false;
        for (std::size_t chunk = size(); chunk > 0; chunk /= 2) {
            for (std::size_t end = size(); end > 0 && !ended_;) {
                const std::size_t from = end > chunk ? end - chunk : 0;
                if (accept(without(from, std::min(chunk, end - from)))) any = true;
                end = std::min(from, size());
            }
        }
        return any;
    }

    bool shrink_decisions() {
        auto& fixed = best_.recording.fixed;
        if (fixed.empty()) return false;
        bool any = remove_chunks([&] { return fixed.size(); },
                                 [&](std::size_t from, std::size_t count) -> std::optional<Case> {
                                     return without_fixed(best_, from, count);
                                 });
        for (std::size_t i = fixed.size(); i-- > 0;) {
            any = lower(fixed[i].value,
                        [&](std::uint64_t v) -> std::optional<Case> { return with_decision(best_, i, v); }) ||
                  any;
        }
        return any;
    }

    // The smallest value that still fails, found by halving.
    template <class With>
    bool lower(std::uint64_t value, With with) {
        if (value == 0) return false;
        if (accept(with(0))) return true;
        std::uint64_t low = 0; // known to hold
        bool any = false;
        while (value - low > 1 && !ended_) {
            const std::uint64_t middle = low + (value - low) / 2;
            if (accept(with(middle))) {
                value = middle;
                any = true;
            } else {
                low = middle;
            }
        }
        return any;
    }

    bool shrink_plan() {
        if (!best_.plan) return false;
        Json tree = to_tree(*best_.plan);
        if (!has_canonical_amounts(tree)) accept(with_tree(best_, tree, true));
        canonical_ = has_canonical_amounts(to_tree(*best_.plan));
        bool any = shrink_array(Path("/steps"));
        std::vector<Path> arrays;
        list_arrays(to_tree(*best_.plan), Path(), arrays);
        std::reverse(arrays.begin(), arrays.end()); // so that what is removed moves no other path
        for (const Path& path : arrays)
            if (path != Path("/steps")) any = shrink_array(path) || any;
        std::vector<Path> values;
        list_values(to_tree(*best_.plan), Path(), values);
        for (const Path& path : values) any = lower_value(path) || any;
        return any;
    }

    bool shrink_array(const Path& path) {
        const auto size = [&] {
            const Json tree = to_tree(*best_.plan);
            return tree.contains(path) ? tree.at(path).size() : 0;
        };
        return remove_chunks(size, [&](std::size_t from, std::size_t count) {
            Json tree = to_tree(*best_.plan);
            Json& array = tree.at(path);
            const auto begin = array.begin() + static_cast<std::ptrdiff_t>(from);
            array.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            return with_tree(best_, std::move(tree), canonical_);
        });
    }

    bool lower_value(const Path& path) {
        const Json tree = to_tree(*best_.plan);
        if (!tree.contains(path)) return false; // a value that became 0 is not written
        const Json& value = tree.at(path);
        if (value.is_boolean()) {
            Json changed = tree;
            changed.at(path) = false;
            return value.get<bool>() && accept(with_tree(best_, std::move(changed), canonical_));
        }
        return lower(value.get<std::uint64_t>(), [&](std::uint64_t v) {
            Json changed = to_tree(*best_.plan);
            changed.at(path) = v;
            return with_tree(best_, std::move(changed), canonical_);
        });
    }

    const FailureClass wanted_;
    const ShrinkOptions& options_;
    Case best_;
    std::uint64_t runs_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t longest_run_ = 0; // steps of the scheduler that a candidate is given
    bool goes_on_ = false;          // the failure is that it never ends
    bool ended_ = false;
    bool closes_ = true;
    bool canonical_ = false;
};

} // namespace

bool for_each_simpler(const Case& what, const std::function<bool(const Case&)>& visit) {
    for (const Case& candidate : simpler_surroundings(what))
        if (visit(candidate)) return true;
    if (what.plan) {
        const Json tree = to_tree(*what.plan);
        const bool canonical = has_canonical_amounts(tree);
        const auto try_tree = [&](Json changed) {
            const std::optional<Case> candidate = with_tree(what, std::move(changed), canonical);
            return candidate && *candidate != what && visit(*candidate);
        };
        std::vector<Path> paths;
        list_arrays(tree, Path(), paths);
        for (const Path& path : paths)
            for (std::size_t i = 0; i < tree.at(path).size(); ++i) {
                Json changed = tree;
                changed.at(path).erase(i);
                if (try_tree(std::move(changed))) return true;
            }
        paths.clear();
        list_values(tree, Path(), paths);
        for (const Path& path : paths) {
            const Json& value = tree.at(path);
            if (value.is_boolean()) {
                Json changed = tree;
                changed.at(path) = false;
                if (value.get<bool>() && try_tree(std::move(changed))) return true;
                continue;
            }
            for (const std::uint64_t v : lowered(value.get<std::uint64_t>())) {
                Json changed = tree;
                changed.at(path) = v;
                if (try_tree(std::move(changed))) return true;
            }
        }
    }
    for (const Case& candidate : simpler_worlds(what))
        if (visit(candidate)) return true;
    for (std::size_t i = 0; i < what.recording.fixed.size(); ++i)
        for (const std::uint64_t v : lowered(what.recording.fixed[i].value))
            if (visit(with_decision(what, i, v))) return true;
    return false;
}

Shrunk shrink(const Case& start, const FailureClass& wanted, const ShrinkOptions& options) {
    return Shrinker(start, wanted, options).run();
}

std::size_t plan_steps(const Case& what) { return what.plan ? what.plan->steps.size() : 0; }

} // namespace search
