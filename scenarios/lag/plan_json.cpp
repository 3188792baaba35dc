#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "engine/fault.hpp"
#include "engine/json_place.hpp"
#include "engine/known_words.hpp"
#include "scenarios/lag/plan.hpp"

namespace scenarios::lag {

using namespace engine;
using Json = nlohmann::ordered_json;

const char* name(Action action) {
    static constexpr std::array<const char*, action_count> names{
        "block",       "advance",    "hold",       "release",  "poll",       "join",       "restart_wallet",
        "kill_wallet", "activate",   "retire",     "unretire", "new_keys",   "sync_keys",  "report_lost",
        "crash",       "start",      "pause",      "resume",   "lose_state", "save_state", "put_back_state",
        "fault",       "heal",       "clean_up",   "wait",     "settle",     "hold_store", "release_store",
        "end_fault",   "set_window", "make_peers", "prepare",  "submit",     "landing",    "inquire"};
    return names[static_cast<std::size_t>(action)];
}

const char* name(Boundary boundary) {
    static constexpr std::array<const char*, boundary_count> names{
        "none",         "shard-end-1",  "shard-end",  "expiry-1",    "expiry",
        "missed-start", "missed-end-1", "missed-end", "tombstone-1", "tombstone"};
    return names[static_cast<std::size_t>(boundary)];
}

namespace {

constexpr int schema = 1;
constexpr std::size_t most_steps = 100'000;
constexpr std::uint64_t longest_wait_ms = 24 * 60 * 60 * 1000; ///< of one step, in virtual time

[[noreturn]] void refuse(const std::string& place, const std::string& reason) {
    throw UsageError(fmt::format("{}: {}", place, reason));
}

[[noreturn]] void refuse_word(const std::string& place, const char* kind, const Json& json,
                              const std::vector<std::string_view>& known) {
    if (json.is_null()) refuse(place, fmt::format("missing{}", known_words("", known)));
    if (!json.is_string())
        refuse(place, fmt::format("not the name of {} {}", kind[0] == 'a' ? "an" : "a", kind));
    const auto word = json.get<std::string>();
    refuse(place, fmt::format("there is no {} '{}'{}", kind, word, known_words(word, known)));
}

std::uint64_t number(const Json& object, const char* key, const std::string& place, std::uint64_t otherwise,
                     std::uint64_t high = std::numeric_limits<std::uint64_t>::max()) {
    const auto it = object.find(key);
    if (it == object.end()) return otherwise;
    if (!it->is_number_unsigned() || it->get<std::uint64_t>() > high)
        refuse(fmt::format("{}.{}", place, key), fmt::format("not a number from 0 to {}", high));
    return it->get<std::uint64_t>();
}

void only_known(const Json& object, std::initializer_list<const char*> known, const std::string& place) {
    if (!object.is_object()) refuse(place, "not an object");
    for (const auto& [key, value] : object.items())
        if (std::none_of(known.begin(), known.end(), [&](const char* k) { return key == k; }))
            refuse(place,
                   fmt::format("unknown field '{}'{}", key, known_words(key, {known.begin(), known.end()})));
}

bool yes_no(const Json& object, const char* key, const std::string& place) {
    const auto it = object.find(key);
    if (it == object.end()) return false;
    if (!it->is_boolean()) refuse(fmt::format("{}.{}", place, key), "not true or false");
    return it->get<bool>();
}

const Json& array(const Json& object, const char* key, const std::string& place) {
    static const Json empty = Json::array();
    const auto it = object.find(key);
    if (it == object.end()) return empty;
    if (!it->is_array()) refuse(fmt::format("{}.{}", place, key), "not an array");
    return *it;
}

FaultKind fault_of(const Json& json, const std::string& place) {
    if (json.is_string())
        if (const auto kind = engine::fault_named(json.get<std::string>())) return *kind;
    std::vector<std::string_view> known;
    for (const FaultInfo& info : all_faults()) known.push_back(info.name);
    refuse_word(place, "fault", json, known);
}

Boundary boundary_of(const Json& json, const std::string& place) {
    if (json.is_string())
        for (std::size_t b = 0; b < boundary_count; ++b)
            if (json.get<std::string>() == name(static_cast<Boundary>(b))) return static_cast<Boundary>(b);
    std::vector<std::string_view> known;
    for (std::size_t b = 0; b < boundary_count; ++b) known.push_back(name(static_cast<Boundary>(b)));
    refuse_word(place, "boundary", json, known);
}

PlannedStep step_of(const Json& json, const std::string& place) {
    constexpr std::uint64_t max32 = std::numeric_limits<std::uint32_t>::max();
    only_known(json, {"action", "node", "other", "amount", "fault", "at", "credits", "spends"}, place);
    PlannedStep step;
    const auto action = json.find("action");
    bool known = false;
    for (std::size_t a = 0; a < action_count && action != json.end(); ++a) {
        if (*action != name(static_cast<Action>(a))) continue;
        step.action = static_cast<Action>(a);
        known = true;
    }
    if (!known) {
        std::vector<std::string_view> names;
        for (std::size_t a = 0; a < action_count; ++a) names.push_back(name(static_cast<Action>(a)));
        refuse_word(place + ".action", "action", action == json.end() ? Json() : *action, names);
    }
    step.node = static_cast<std::uint32_t>(number(json, "node", place, 0, max32));
    step.other = static_cast<std::uint32_t>(number(json, "other", place, 0, max32));
    const bool is_time = step.action == Action::wait || step.action == Action::settle;
    step.amount =
        is_time ? number(json, "amount", place, 0, longest_wait_ms) : number(json, "amount", place, 0);
    if (const auto fault = json.find("fault"); fault != json.end())
        step.fault = fault_of(*fault, place + ".fault");
    if (const auto at = json.find("at"); at != json.end()) step.at = boundary_of(*at, place + ".at");
    std::size_t i = 0;
    for (const Json& item : array(json, "credits", place)) {
        const std::string here = fmt::format("{}.credits[{}]", place, i++);
        only_known(item, {"account", "amount", "change", "subaddress", "token", "newest_key"}, here);
        PlannedCredit credit;
        credit.account = static_cast<std::uint32_t>(number(item, "account", here, 0, max32));
        credit.amount = number(item, "amount", here, 0);
        credit.change = yes_no(item, "change", here);
        credit.newest_key = yes_no(item, "newest_key", here);
        credit.subaddress = static_cast<std::uint32_t>(number(item, "subaddress", here, 0, 1));
        credit.token = static_cast<std::uint32_t>(number(item, "token", here, 0, max32));
        step.credits.push_back(credit);
    }
    if (step.action == Action::prepare && step.credits.empty())
        refuse(place + ".credits", "a payment needs one");
    i = 0;
    for (const Json& item : array(json, "spends", place)) {
        if (!item.is_number_unsigned() || item.get<std::uint64_t>() > max32)
            refuse(fmt::format("{}.spends[{}]", place, i), "not the number of an output");
        step.spends.push_back(item.get<std::uint32_t>());
        ++i;
    }
    return step;
}

Plan plan_of(const Json& json) {
    only_known(json, {"schema", "topology", "wallets_per_account", "steps"}, "plan");
    if (number(json, "schema", "plan", 0) != schema) refuse("plan.schema", fmt::format("not {}", schema));
    Plan plan;
    if (const auto topology = json.find("topology"); topology != json.end()) {
        if (!topology->is_string()) refuse("plan.topology", "not a text like view-shards=3,copies=own");
        if (const std::string reason = engine::apply(topology->get<std::string>(), plan.topology);
            !reason.empty())
            refuse("plan.topology", reason);
    }
    plan.wallets_per_account = static_cast<std::uint32_t>(number(json, "wallets_per_account", "plan", 2, 16));
    const Json& steps = array(json, "steps", "plan");
    if (steps.size() > most_steps) refuse("plan.steps", fmt::format("more than {} steps", most_steps));
    std::size_t i = 0;
    for (const Json& item : steps) plan.steps.push_back(step_of(item, fmt::format("plan.steps[{}]", i++)));
    if (plan.wallets_per_account == 0) refuse("plan.wallets_per_account", "a plan needs a wallet");
    return plan;
}

// What the parser takes without a word: text behind a zero byte, of two fields of one name the second.
Json parsed(std::string_view text) {
    if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos)
        refuse(fmt::format("line {}, byte {}", line_of_byte(text, zero), zero + 1), "a zero byte");
    std::vector<std::set<std::string>> open; // fields of the objects around
    const auto watch = [&open](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) open.emplace_back();
        if (event == Json::parse_event_t::object_end) open.pop_back();
        if (event == Json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
            refuse("plan", fmt::format("a field '{}' twice in one object", value.get<std::string>()));
        return true;
    };
    try {
        return Json::parse(text, watch);
    } catch (const Json::parse_error& error) {
        refuse(fmt::format("line {}, byte {}", line_of_byte(text, error.byte == 0 ? 0 : error.byte - 1),
                           error.byte),
               "not JSON");
    } catch (const Json::exception&) {
        refuse("plan", "a number that is too large");
    }
}

} // namespace

std::string to_json(const Plan& plan) {
    Json json;
    json["schema"] = schema;
    json["topology"] = engine::describe(plan.topology);
    json["wallets_per_account"] = plan.wallets_per_account;
    json["steps"] = Json::array();
    for (const PlannedStep& step : plan.steps) {
        Json item;
        item["action"] = name(step.action);
        if (step.node != 0) item["node"] = step.node;
        if (step.other != 0) item["other"] = step.other;
        if (step.amount != 0) item["amount"] = step.amount;
        if (step.action == Action::fault) item["fault"] = engine::name(step.fault);
        if (step.at != Boundary::none) item["at"] = name(step.at);
        for (const PlannedCredit& credit : step.credits) {
            Json entry;
            entry["account"] = credit.account;
            entry["amount"] = credit.amount;
            if (credit.change) entry["change"] = true;
            if (credit.subaddress != 0) entry["subaddress"] = credit.subaddress;
            if (credit.token != 0) entry["token"] = credit.token;
            if (credit.newest_key) entry["newest_key"] = true;
            item["credits"].push_back(std::move(entry));
        }
        for (const std::uint32_t spend : step.spends) item["spends"].push_back(spend);
        json["steps"].push_back(std::move(item));
    }
    return json.dump(1) + "\n";
}

Plan from_json(std::string_view text) {
    const Json json = parsed(text);
    try {
        return plan_of(json);
    } catch (const UsageError& error) { // it begins with the place
        const std::string reason = error.what();
        throw UsageError(
            fmt::format("line {}: {}", line_of(text, reason.substr(0, reason.find(':'))), reason));
    }
}

} // namespace scenarios::lag
