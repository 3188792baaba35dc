#include "tools/known_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/check/checks.hpp"
#include "engine/input_file.hpp"
#include "engine/result.hpp"
#include "tools/markup.hpp"

namespace tools {
namespace {

using Json = nlohmann::ordered_json;

/// Reads one file and says what is wrong with it.
class Reader {
public:
    Reader(const std::string& flag, const std::string& path) : where_(fmt::format("{}: '{}'", flag, path)) {}

    [[noreturn]] void refuse(const std::string& why) const {
        throw engine::UsageError(fmt::format("{}: {}", where_, why));
    }
    std::string text(const Json& from, const char* name, const std::string& place,
                     bool required = true) const {
        if (!from.is_object()) refuse(place + ": is no object");
        if (!from.contains(name)) {
            if (required) refuse(fmt::format("{}: needs \"{}\"", place, name));
            return {};
        }
        if (!from[name].is_string()) refuse(fmt::format("{}: \"{}\" is no text", place, name));
        std::string value = from[name];
        if (required && value.empty()) refuse(fmt::format("{}: \"{}\" is empty", place, name));
        return value;
    }
    std::vector<std::uint64_t> numbers(const Json& from, const char* name, const std::string& place) const {
        std::vector<std::uint64_t> all;
        if (!from.contains(name)) return all;
        if (!from[name].is_array()) refuse(fmt::format("{}: \"{}\" is no list", place, name));
        for (const Json& one : from[name]) {
            if (!one.is_number_unsigned())
                refuse(fmt::format("{}: \"{}\" holds what is no number from 0 on", place, name));
            all.push_back(one.get<std::uint64_t>());
        }
        return all;
    }
    void only(const Json& from, const std::string& place, std::initializer_list<const char*> names) const {
        for (const auto& [name, value] : from.items())
            if (std::find(names.begin(), names.end(), name) == names.end())
                refuse(fmt::format("{}: does not know \"{}\"", place, name));
    }
    static bool is_check(const std::string& name) {
        for (std::size_t i = 0; i < engine::check::check_count; ++i)
            if (name == engine::check::name(static_cast<engine::check::CheckId>(i))) return true;
        return false;
    }

private:
    std::string where_;
};

} // namespace

KnownFaults KnownFaults::read(const std::string& flag, const std::string& path) {
    const std::string bytes = engine::read_input_file(flag, path);
    const Reader reader(flag, path);
    const Json json = Json::parse(bytes, nullptr, false);
    if (json.is_discarded()) reader.refuse("is no JSON");
    KnownFaults known;
    known.release_ = reader.text(json, "release", "the file");
    reader.only(json, "the file", {"schema", "release", "faults"});
    if (!json.contains("schema") || json["schema"] != 1) reader.refuse("needs \"schema\": 1");
    if (!json.contains("faults") || !json["faults"].is_array()) reader.refuse("needs a list \"faults\"");
    for (const Json& entry : json["faults"]) {
        const std::string place = fmt::format("fault {}", known.faults_.size() + 1);
        KnownFault fault;
        fault.name = reader.text(entry, "name", place);
        fault.says = reader.text(entry, "says", place);
        fault.why = reader.text(entry, "why", place);
        fault.since = reader.text(entry, "since", place);
        fault.source = reader.text(entry, "source", place);
        fault.defect = reader.text(entry, "defect", place, false);
        reader.only(entry, place, {"name", "says", "why", "since", "source", "defect", "signs"});
        for (const KnownFault& other : known.faults_)
            if (other.name == fault.name)
                reader.refuse(fmt::format("{}: '{}' is named twice", place, fault.name));
        if (entry.contains("signs") && !entry["signs"].is_array())
            reader.refuse(fmt::format("{}: \"signs\" is no list", place));
        if (entry.contains("signs"))
            for (const Json& sign : entry["signs"]) {
                KnownFault::Sign one;
                one.scenario = reader.text(sign, "scenario", place);
                one.check = reader.text(sign, "check", place);
                one.words = reader.text(sign, "words", place, false);
                one.seeds = reader.numbers(sign, "seeds", place);
                reader.only(sign, place, {"scenario", "check", "words", "seeds"});
                if (!Reader::is_check(one.check))
                    reader.refuse(fmt::format("{}: there is no check '{}'", place, one.check));
                fault.signs.push_back(std::move(one));
            }
        if (fault.defect.empty() && fault.signs.empty())
            reader.refuse(fmt::format("{}: needs a \"defect\" or \"signs\": nothing would show it", place));
        known.faults_.push_back(std::move(fault));
    }
    return known;
}

const KnownFault* KnownFaults::of_defect(const std::string& defect) const {
    for (const KnownFault& fault : faults_)
        if (fault.defect == defect) return &fault;
    return nullptr;
}

bool KnownFault::Sign::is_told_by(const std::string& story, std::uint64_t seed) const {
    return scenario == story && (seeds.empty() || std::find(seeds.begin(), seeds.end(), seed) != seeds.end());
}

const KnownFault* KnownFaults::of_violation(const std::string& scenario, std::uint64_t seed,
                                            const std::string& check, const std::string& text) const {
    for (const KnownFault& fault : faults_)
        for (const KnownFault::Sign& sign : fault.signs)
            if (sign.is_told_by(scenario, seed) && sign.check == check &&
                text.find(sign.words) != std::string::npos)
                return &fault;
    return nullptr;
}

std::vector<const KnownFault*> KnownFaults::of_story(const std::string& scenario, std::uint64_t seed) const {
    std::vector<const KnownFault*> found;
    for (const KnownFault& fault : faults_)
        if (std::any_of(fault.signs.begin(), fault.signs.end(),
                        [&](const KnownFault::Sign& sign) { return sign.is_told_by(scenario, seed); }))
            found.push_back(&fault);
    return found;
}

void KnownFaults::require_stories(const std::string& flag, const std::string& path,
                                  const std::function<bool(const std::string&)>& is_story) const {
    for (const KnownFault& fault : faults_)
        for (const KnownFault::Sign& sign : fault.signs)
            if (!is_story(sign.scenario))
                throw engine::UsageError(fmt::format("{}: '{}': fault {}: there is no story '{}'", flag, path,
                                                     fault.name, sign.scenario));
}

void Sightings::saw(const KnownFault& fault, const std::string& where,
                    const std::vector<std::string>& story) {
    Seen& seen = seen_[fault.name];
    if (seen.runs++ == 0) seen.first = where;
    const bool is_shorter = seen.story.empty() || story.size() < seen.story.size();
    if (!story.empty() && is_shorter) seen.story = story;
}

void Sightings::saw_new(const std::string& where, const std::string& what) { new_.push_back({where, what}); }

const KnownFault& Sightings::named(const std::string& name) const {
    const auto& all = known_.all();
    const auto it =
        std::find_if(all.begin(), all.end(), [&](const auto& fault) { return fault.name == name; });
    ENSURE(it != all.end());
    return *it;
}

std::size_t Sightings::known_count() const {
    std::size_t count = 0;
    for (const auto& [name, seen] : seen_) count += seen.runs > 0 ? 1 : 0;
    return count;
}

std::vector<std::string> Sightings::gone() const {
    std::vector<std::string> names;
    for (const auto& [name, seen] : seen_)
        if (seen.runs == 0) names.push_back(name);
    return names;
}

bool Sightings::has_seen(const KnownFault& fault) const {
    const auto seen = seen_.find(fault.name);
    return seen != seen_.end() && seen->second.runs > 0;
}

std::string Sightings::to_text() const {
    std::string out;
    for (const auto& [name, seen] : seen_) {
        if (seen.runs == 0) continue;
        const KnownFault& fault = named(name);
        out += fmt::format("Known fault {} of {}: {}\n  {} run{}, first {}; since {}; source: {}\n", name,
                           known_.release(), fault.says, seen.runs, seen.runs == 1 ? "" : "s", seen.first,
                           fault.since, fault.source);
        for (const std::string& step : seen.story) out += "    " + step + "\n";
    }
    for (const New& one : new_) out += fmt::format("New, nobody knows it: {}: {}\n", one.where, one.what);
    for (const std::string& name : gone())
        out += fmt::format("Known fault {} did not show: {}\n", name, named(name).says);
    return out;
}

Json Sightings::to_json() const {
    Json out;
    out["release"] = known_.release();
    out["known"] = Json::array();
    for (const auto& [name, seen] : seen_) {
        if (seen.runs == 0) continue;
        Json one;
        one["name"] = name;
        one["says"] = named(name).says;
        one["runs"] = seen.runs;
        one["first"] = seen.first;
        one["story"] = seen.story;
        out["known"].push_back(std::move(one));
    }
    out["new"] = Json::array();
    for (const New& one : new_) out["new"].push_back(Json{{"where", one.where}, {"what", one.what}});
    out["gone"] = gone();
    return out;
}

std::string Sightings::to_junit(const std::string& suite, bool gone_fails) const {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + junit_suite(suite, gone_fails, true);
}

std::string Sightings::junit_suite(const std::string& suite, bool gone_fails, bool with_new) const {
    std::string cases;
    std::size_t failures = 0, skipped = 0, tests = 0;
    const auto one = [&](const std::string& name, const std::string& content) {
        ++tests;
        cases += fmt::format("  <testcase classname=\"{}\" name=\"{}\">{}</testcase>\n", suite, escaped(name),
                             content);
    };
    const auto failure = [&](const std::string& text) {
        ++failures;
        return fmt::format("<failure message=\"{}\"/>", escaped(text));
    };
    for (const auto& [name, seen] : seen_) {
        const std::string& says = named(name).says;
        if (seen.runs > 0) {
            std::string story = says + "\n";
            for (const std::string& step : seen.story) story += step + "\n";
            one("known fault " + name, fmt::format("<system-out>{}</system-out>", escaped(story)));
        } else if (gone_fails) {
            one("known fault " + name, failure("did not show: " + says));
        } else {
            ++skipped;
            one("known fault " + name,
                fmt::format("<skipped message=\"{}\"/>", escaped("did not show: " + says)));
        }
    }
    if (with_new)
        for (const New& fault : new_) one("new: " + fault.where, failure(fault.what));
    return fmt::format("<testsuite name=\"{}\" tests=\"{}\" "
                       "failures=\"{}\" errors=\"0\" skipped=\"{}\">\n{}</testsuite>\n",
                       suite, tests, failures, skipped, cases);
}

} // namespace tools
