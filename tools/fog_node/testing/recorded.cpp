#include "tools/fog_node/testing/recorded.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

namespace fog_node::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* nothing = "nothing";

fs::path vectors_folder() {
    const char* named = std::getenv("FOG_VECTORS");
    return named != nullptr ? fs::path(named) : fs::path(FOG_SOURCE_DIR) / "../shared/upstream/vectors";
}

/// Names are texts that begin with K (ingress key), E (egress key), I (invocation) or V (event), and a sign
/// that nothing else has there: a digit, or ':' before one of ours.
bool is_name(const Json& value) {
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    return text.size() > 1 && std::string_view("KEIV").find(text[0]) != std::string_view::npos &&
           (text[1] == ':' || (text[1] >= '0' && text[1] <= '9'));
}

/// A number that names something: its kind is put before it.
void name_number(Json& value, char kind) {
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text != "-1" && text != "0") value = fmt::format("{}:{}", kind, text);
}

/// Says of the numbers in an answer what they name, the same on both sides.
Json with_names(const std::string& call, Json answer) {
    if (answer.is_object() && answer.contains("iid")) name_number(answer["iid"], 'I');
    const auto column = [&](const char* table, std::size_t place, char kind) {
        if (answer.contains(table))
            for (Json& row : answer[table]) name_number(row[place], kind);
    };
    if (call == "DB") {
        column("iids", 0, 'I');
        column("blocks", 0, 'I');
        column("events", 0, 'V');
        column("events", 2, 'I');
        column("events", 3, 'I');
        column("reports", 1, 'I');
    }
    if (call == "view" && answer.is_object()) {
        column("rngs", 0, 'I');
        column("decom", 0, 'I');
    }
    return answer;
}

bool is_unordered(const std::string& call, const std::string& path) {
    return call == "DB" || path == "rngs" || call.ends_with("GetIngressKeyRecords");
}

} // namespace

std::optional<std::vector<RecordedRow>> recorded_rows(const std::string& file) {
    std::ifstream in(vectors_folder() / "fog" / file);
    if (!in) return std::nullopt;
    std::vector<RecordedRow> rows;
    const Json file_content = Json::parse(in);
    for (const Json& row : file_content["rows"])
        rows.push_back({row["step"], row["call"], row["status"], row["answer"]});
    return rows;
}

std::string Difference::to_line() const {
    return fmt::format("- `{}` at `{}`: `{}`: upstream `{}`, ours `{}`", call, step, field, upstream, ours);
}

bool Comparison::bind(const std::string& theirs, const std::string& ours) {
    if (theirs[0] != ours[0]) return false;
    const auto known = to_ours_.find(theirs);
    if (known != to_ours_.end()) return known->second == ours;
    if (to_theirs_.contains(ours)) return false;
    to_ours_[theirs] = ours;
    to_theirs_[ours] = theirs;
    return true;
}

std::optional<std::string> Comparison::ours_for(const std::string& name) const {
    const auto known = to_ours_.find(name);
    if (known == to_ours_.end()) return std::nullopt;
    return known->second;
}

/// Whether two values are equal.  What that binds stays bound only if they are.
bool Comparison::same(const Json& theirs, const Json& ours) {
    if (is_name(theirs) && is_name(ours)) return bind(theirs, ours);
    if (theirs.is_array() && ours.is_array()) {
        if (theirs.size() != ours.size()) return false;
        const auto before = std::make_pair(to_ours_, to_theirs_);
        for (std::size_t i = 0; i < theirs.size(); ++i)
            if (!same(theirs[i], ours[i])) {
                std::tie(to_ours_, to_theirs_) = before;
                return false;
            }
        return true;
    }
    return theirs == ours;
}

/// For people: with their names.
std::string Comparison::shown(Json ours) const {
    if (ours.is_array())
        for (Json& value : ours) value = Json::parse(shown(value));
    if (is_name(ours)) {
        const auto known = to_theirs_.find(ours);
        ours = known == to_theirs_.end() ? std::string(1, ours.get<std::string>()[0]) + "?" : known->second;
    }
    return ours.dump();
}

void Comparison::note(const RecordedRow& row, const std::string& path, const Json* theirs, const Json* ours) {
    differences_.push_back({row.call, row.step, path, theirs != nullptr ? theirs->dump() : nothing,
                            ours != nullptr ? shown(*ours) : nothing});
}

void Comparison::rows(const RecordedRow& row, const std::string& path, const Json& theirs, const Json& ours) {
    std::vector<bool> taken(ours.size());
    for (const Json& one : theirs) {
        bool found = false;
        for (std::size_t i = 0; i < ours.size() && !found; ++i) {
            if (taken[i] || !same(one, ours[i])) continue;
            taken[i] = true;
            found = true;
        }
        if (!found) note(row, path, &one, nullptr);
    }
    for (std::size_t i = 0; i < ours.size(); ++i)
        if (!taken[i]) note(row, path, nullptr, &ours[i]);
}

void Comparison::fields(const RecordedRow& row, const std::string& path, const Json& theirs,
                        const Json& ours) {
    if (theirs.is_object() && ours.is_object()) {
        for (const auto& [name, value] : theirs.items()) {
            if (ours.contains(name))
                fields(row, name, value, ours[name]);
            else
                note(row, name, &value, nullptr);
        }
        for (const auto& [name, value] : ours.items())
            if (!theirs.contains(name)) note(row, name, nullptr, &value);
        return;
    }
    if (theirs.is_array() && ours.is_array() && is_unordered(row.call, path)) {
        rows(row, path, theirs, ours);
        return;
    }
    const bool by_element = theirs.is_array() && ours.is_array() && theirs.size() == ours.size() &&
                            !theirs.empty() && theirs[0].is_array();
    if (by_element) {
        for (std::size_t i = 0; i < theirs.size(); ++i)
            if (!same(theirs[i], ours[i])) note(row, fmt::format("{}[{}]", path, i), &theirs[i], &ours[i]);
        return;
    }
    if (!same(theirs, ours)) note(row, path, &theirs, &ours);
}

void Comparison::compare(const RecordedRow& row, const Said& ours) {
    const Json their_status = row.status;
    const Json our_status = ours.status;
    if (their_status != our_status) {
        note(row, "status", &their_status, &our_status);
        return;
    }
    if (!row.status.empty() && row.status != "OK") return;
    Json theirs = with_names(row.call, row.answer);
    if (row.call == "DB") {
        tables_.update(theirs);
        theirs = tables_;
    }
    fields(row, "answer", theirs, with_names(row.call, ours.answer));
}

MeantDifferences::MeantDifferences(const std::string& world) {
    const fs::path page = fs::path(FOG_SOURCE_DIR) / "docs/differences-from-upstream.md";
    std::ifstream in(page);
    if (!in) throw std::runtime_error("cannot read " + page.string());
    // "sometimes": it depends on which of two processes is quicker.
    static const std::regex line("- (sometimes )?`(.*)` at `(.*)`: `(.*)`: upstream `(.*)`, ours `(.*)`");
    bool is_here = false;
    for (std::string text; std::getline(in, text);) {
        if (text.starts_with("## ")) is_here = text == "## " + world;
        std::smatch part;
        if (is_here && std::regex_match(text, part, line))
            lines_.push_back({text, {part[2], part[3], part[4], part[5], part[6]}, part[1].matched});
    }
}

void MeantDifferences::judge(const std::vector<Difference>& found) {
    const auto fits = [](const std::string& meant, const std::string& seen) {
        if (!meant.ends_with('*')) return meant == seen;
        return seen.starts_with(meant.substr(0, meant.size() - 1));
    };
    const auto means = [&](const Difference& meant, const Difference& seen) {
        return meant.call == seen.call && meant.field == seen.field && fits(meant.step, seen.step) &&
               fits(meant.upstream, seen.upstream) && fits(meant.ours, seen.ours);
    };
    for (const Difference& difference : found) {
        bool is_meant = false;
        for (Line& line : lines_) {
            if (!means(line.difference, difference)) continue;
            is_meant = true;
            line.is_used = true;
        }
        if (!is_meant) ADD_FAILURE() << "nobody means this difference:\n" << difference.to_line();
    }
    for (const Line& line : lines_)
        if (!line.is_used) ADD_FAILURE() << "meant, but not so any more:\n" << line.text;
}

} // namespace fog_node::testing
