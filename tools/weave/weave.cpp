#include "tools/weave/weave.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace weave {
namespace {

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

bool is_kebab(std::string_view name) {
    if (name.empty() || name.front() == '-' || name.back() == '-' ||
        name.find("--") != std::string_view::npos)
        return false;
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
           (name.front() < '0' || name.front() > '9');
}

std::string enumerator(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

std::string replaced(std::string text, std::string_view what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

[[noreturn]] void refuse(const std::string& file, std::size_t line, const std::string& why) {
    throw Refused(file + ":" + std::to_string(line) + ": " + why);
}

[[noreturn]] void refuse(const Entry& entry, std::size_t line, const std::string& why) {
    refuse(entry.file, line, "defect " + entry.name + ": " + why);
}

/// One pass over a file of entries.
class Reader {
public:
    Reader(const std::string& file, std::string_view text) : file_(file), lines_(lines_of(text)) {}

    std::vector<Entry> entries() {
        for (at_ = 0; at_ < lines_.size(); ++at_) {
            const std::string& line = lines_[at_];
            const bool in_edit = edit_ != nullptr;
            if (line.empty()) {
                end_edit();
            } else if (in_edit && std::string_view(" -+!").find(line.front()) != std::string_view::npos) {
                add_to_edit(line.front(), line.substr(1));
            } else if (line.front() == '#') {
                continue;
            } else if (line.front() == '@') {
                begin_edit(trimmed(line.substr(1)));
            } else if (line.front() == ' ') {
                if (field_ == nullptr) refuse(file_, at_ + 1, "an indented line that continues nothing");
                *field_ += ' ' + trimmed(line);
            } else {
                read_field(line);
            }
        }
        end_entry();
        if (entries_.empty()) refuse(file_, 1, "no defect in it");
        return std::move(entries_);
    }

private:
    void read_field(const std::string& line) {
        end_edit();
        field_ = nullptr;
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos)
            refuse(file_, at_ + 1, "'" + line + "' is neither a field nor an edit");
        const std::string key = line.substr(0, colon);
        const std::string value = trimmed(line.substr(colon + 1));
        if (key == "component") {
            end_entry();
            component_ = value;
        } else if (key == "defect") {
            end_entry();
            if (!is_kebab(value))
                refuse(file_, at_ + 1, "'" + value + "' is no name for a defect: words-with-hyphens");
            if (component_.empty())
                refuse(file_, at_ + 1, "defect " + value + ": 'component:' must come before it");
            entry_.emplace();
            entry_->name = value;
            entry_->component = component_;
            entry_->file = file_;
            entry_->line = at_ + 1;
        } else if (!entry_) {
            refuse(file_, at_ + 1, "'" + key + "' stands before any 'defect: NAME'");
        } else if (key == "upstream 7.0.0") {
            if (value != "yes") refuse(*entry_, at_ + 1, "'upstream 7.0.0' is yes, or is left out");
            entry_->upstream = true;
        } else {
            field_ = text_field(key);
            if (field_ == nullptr) refuse(*entry_, at_ + 1, "there is no field '" + key + "'");
            if (!field_->empty()) refuse(*entry_, at_ + 1, "'" + key + "' comes twice");
            *field_ = value;
        }
    }

    std::string* text_field(const std::string& key) {
        if (key == "breaks") return &entry_->breaks;
        if (key == "seen by") return &entry_->seen_by;
        if (key == "source") return &entry_->source;
        if (key == "survives") return &entry_->survives;
        return nullptr;
    }

    void begin_edit(const std::string& head) {
        end_edit();
        field_ = nullptr;
        if (!entry_) refuse(file_, at_ + 1, "an edit stands before any 'defect: NAME'");
        Edit edit;
        edit.line = at_ + 1;
        const std::size_t by = head.find(" by ");
        edit.source = head.substr(0, by);
        if (by != std::string::npos) edit.by = trimmed(head.substr(by + 4));
        if (edit.source.empty()) refuse(*entry_, at_ + 1, "'@' names no source");
        entry_->edits.push_back(std::move(edit));
        edit_ = &entry_->edits.back();
        change_ = nullptr;
    }

    // A run of '-' lines and the '+' or '!' lines after them are one change.
    void add_to_edit(char sign, std::string line) {
        if (sign == ' ') {
            change_ = nullptr;
            edit_->site.push_back(std::move(line));
            return;
        }
        const bool adds_already =
            change_ != nullptr && !(change_->wrong.empty() && change_->as_it_is.empty());
        const bool other_sign = change_ != nullptr && ((sign == '+' && !change_->as_it_is.empty()) ||
                                                       (sign == '!' && !change_->wrong.empty()));
        if (change_ == nullptr || other_sign || (sign == '-' && adds_already)) {
            if (other_sign && change_->remove > 0)
                refuse(*entry_, at_ + 1, "'+' and '!' lines in the place of the same '-' lines");
            edit_->changes.emplace_back();
            change_ = &edit_->changes.back();
            change_->first = edit_->site.size();
        }
        if (sign == '-') {
            ++change_->remove;
            edit_->site.push_back(std::move(line));
            change_->line = at_ + 1;
        } else {
            Lines& to = sign == '+' ? change_->wrong : change_->as_it_is;
            if (to.empty()) change_->line = at_ + 1;
            to.push_back(std::move(line));
        }
    }

    void end_edit() {
        if (edit_ == nullptr) return;
        if (edit_->site.empty()) refuse(*entry_, edit_->line, "the edit shows no line of " + edit_->source);
        if (edit_->changes.empty())
            refuse(*entry_, edit_->line, "the edit changes nothing: no line begins with -, + or !");
        edit_ = nullptr;
        change_ = nullptr;
    }

    void end_entry() {
        end_edit();
        field_ = nullptr;
        if (!entry_) return;
        const std::pair<const char*, const std::string*> required[] = {
            {"breaks", &entry_->breaks}, {"seen by", &entry_->seen_by}, {"source", &entry_->source}};
        for (const auto& [key, value] : required)
            if (value->empty()) refuse(*entry_, entry_->line, "'" + std::string(key) + ":' is missing");
        if (entry_->seen_by.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos)
            refuse(*entry_, entry_->line, "'" + entry_->seen_by + "' is no check");
        if (entry_->edits.empty()) refuse(*entry_, entry_->line, "it changes nothing: no '@ FILE'");
        entries_.push_back(std::move(*entry_));
        entry_.reset();
    }

    const std::string& file_;
    const Lines lines_;
    std::size_t at_ = 0;
    std::string component_;
    std::optional<Entry> entry_;
    Edit* edit_ = nullptr;
    Change* change_ = nullptr;
    std::string* field_ = nullptr; // that an indented line continues
    std::vector<Entry> entries_;
};

/// How many lines of the site stand in the source from `at` on.
std::size_t agreement(const Lines& source, std::size_t at, const Lines& site) {
    std::size_t n = 0;
    while (n < site.size() && at + n < source.size() && source[at + n] == site[n]) ++n;
    return n;
}

// Where the site stands.
std::size_t find_site(const Lines& source, const Entry& entry, const Edit& edit) {
    std::vector<std::size_t> found;
    std::size_t nearest = 0;
    std::size_t longest = 0;
    for (std::size_t at = 0; at < source.size(); ++at) {
        const std::size_t n = agreement(source, at, edit.site);
        if (n == edit.site.size()) found.push_back(at);
        if (n > longest) {
            longest = n;
            nearest = at;
        }
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1)
        refuse(entry, edit.line,
               "its site stands " + std::to_string(found.size()) + " times in " + edit.source +
                   ", at lines " + std::to_string(found[0] + 1) + " and " + std::to_string(found[1] + 1) +
                   ": show more lines around it");
    std::string why = "its site has changed: " + edit.source;
    if (longest > 0)
        why += " agrees from line " + std::to_string(nearest + 1) + " on, but line " +
               std::to_string(nearest + longest + 1) + " is not";
    else
        why += " has no line";
    refuse(entry, edit.line, why + " `" + trimmed(edit.site[longest]) + "`");
}

/// A change at its place in the source.
struct Placed {
    const Entry* entry;
    const Edit* edit;
    const Change* change;
    std::size_t begin;
    std::size_t end; ///< one past the last removed line; `begin` when it only adds
};

class Weaver {
public:
    Weaver(const std::string& source, std::string_view text, const std::vector<Entry>& entries,
           const Paths& paths)
        : source_(source), lines_(lines_of(text)), paths_(paths) {
        for (const Entry& entry : entries)
            for (const Edit& edit : entry.edits)
                if (edit.source == source) place(entry, edit);
        refuse_overlaps();
    }

    std::string text() {
        out_ = "#include \"sim/defect_set.hpp\"\n";
        go_to(source_, 1);
        write(0, lines_.size());
        write_insertions(lines_.size());
        return std::move(out_);
    }

private:
    void place(const Entry& entry, const Edit& edit) {
        const std::size_t at = find_site(lines_, entry, edit);
        for (const Change& change : edit.changes) {
            const std::size_t begin = at + change.first;
            placed_.push_back({&entry, &edit, &change, begin, begin + change.remove});
        }
    }

    static bool replaces(const Placed& p) { return p.end > p.begin; }

    // Alternatives to the same lines make a chain.  Anything else that takes away a line of another's is
    // refused.
    void refuse_overlaps() const {
        for (std::size_t i = 0; i < placed_.size(); ++i)
            for (std::size_t k = i + 1; k < placed_.size(); ++k) {
                const Placed& a = placed_[i];
                const Placed& b = placed_[k];
                const bool both_replace = replaces(a) && replaces(b) && a.begin < b.end && b.begin < a.end;
                const bool same = a.begin == b.begin && a.end == b.end;
                const bool as_it_is = !a.change->as_it_is.empty() || !b.change->as_it_is.empty();
                const bool inside =
                    (replaces(a) && b.begin == b.end && a.begin < b.begin && b.begin < a.end) ||
                    (replaces(b) && a.begin == a.end && b.begin < a.begin && a.begin < b.end);
                if ((both_replace && (!same || as_it_is)) || (inside && as_it_is))
                    refuse(*b.entry, b.edit->line,
                           "it and " + a.entry->name + " change line " +
                               std::to_string(std::max(a.begin, b.begin) + 1) + " of " + source_ +
                               " in ways that exclude each other");
            }
    }

    void write(std::size_t from, std::size_t to) {
        for (std::size_t at = from; at < to;) {
            write_insertions(at);
            const std::size_t end = write_replacement(at);
            if (end == at) out_ += lines_[at++] + '\n';
            at = std::max(at, end);
        }
    }

    void write_insertions(std::size_t at) {
        bool any = false;
        for (const Placed& p : placed_) {
            if (replaces(p) || p.begin != at || written_.count(&p) > 0) continue;
            written_.insert(&p);
            any = true;
            if (p.change->as_it_is.empty()) {
                begin_line();
                out_ += "if (" + on(p) + ") {\n";
                write_wrong(p, p.change->wrong);
                out_ += "}\n";
            } else {
                write_wrong(p, p.change->as_it_is);
            }
        }
        if (any) go_to(source_, at + 1);
    }

    // @return the line after what was replaced, or `at` when nothing is
    std::size_t write_replacement(std::size_t at) {
        std::vector<const Placed*> chain;
        for (const Placed& p : placed_)
            if (replaces(p) && p.begin == at && written_.count(&p) == 0) chain.push_back(&p);
        if (chain.empty()) return at;
        for (const Placed* p : chain) written_.insert(p);
        const std::size_t end = chain.front()->end;
        if (!chain.front()->change->as_it_is.empty()) {
            write_wrong(*chain.front(), chain.front()->change->as_it_is);
            go_to(source_, end + 1);
            return end;
        }
        begin_line();
        out_ += '{';
        for (const Placed* p : chain) {
            out_ += " if (" + on(*p) + ") {\n";
            write_wrong(*p, p->change->wrong);
            out_ += "} else";
        }
        out_ += " {\n";
        go_to(source_, at + 1);
        write(at, end);
        out_ += "} }\n";
        go_to(source_, end + 1);
        return end;
    }

    void write_wrong(const Placed& p, const Lines& lines) {
        if (lines.empty()) return;
        go_to(p.entry->file, p.change->line);
        for (const std::string& line : lines)
            out_ += replaced(replaced(line, "$on", on(p)), "$defect", defect(p)) + '\n';
    }

    static std::string defect(const Placed& p) { return "sim::Defect::" + enumerator(p.entry->name); }
    static std::string on(const Placed& p) { return "sim::is_on(" + p.edit->by + ", " + defect(p) + ")"; }

    void begin_line() {
        if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    }
    void go_to(const std::string& file, std::size_t line) {
        begin_line();
        out_ += "#line " + std::to_string(line) + " \"" + paths_.prefix + file + "\"\n";
    }

    const std::string& source_;
    const Lines lines_;
    const Paths& paths_;
    std::vector<Placed> placed_; // in the order of the list
    std::set<const Placed*> written_;
    std::string out_;
};

} // namespace

std::vector<Entry> read_entries(const std::string& file, std::string_view text) {
    return Reader(file, text).entries();
}

void refuse_repeats(const std::vector<Entry>& entries) {
    std::map<std::string, const Entry*> by_name;
    for (const Entry& entry : entries) {
        const auto [at, is_new] = by_name.emplace(entry.name, &entry);
        if (!is_new)
            refuse(entry, entry.line,
                   "its name is taken, see " + at->second->file + ":" + std::to_string(at->second->line));
    }
}

void refuse_strangers(const std::vector<Entry>& entries, const std::vector<std::string>& sources) {
    for (const Entry& entry : entries)
        for (const Edit& edit : entry.edits)
            if (std::find(sources.begin(), sources.end(), edit.source) == sources.end())
                refuse(entry, edit.line,
                       edit.source + " is none of the woven sources (defects/CMakeLists.txt)");
}

std::string woven(const std::string& source, std::string_view text, const std::vector<Entry>& entries,
                  const Paths& paths) {
    return Weaver(source, text, entries, paths).text();
}

std::string enumeration(const std::vector<Entry>& entries) {
    std::string out =
        "// Made by tools/weave from defects/.\n#pragma once\n\n#include <cstddef>\n#include <cstdint>\n\n"
        "namespace sim {\n\nenum class Defect : std::uint16_t {\n";
    for (const Entry& entry : entries) out += "    " + enumerator(entry.name) + ",\n";
    return out + "};\ninline constexpr std::size_t defect_count = " + std::to_string(entries.size()) +
           ";\n\n} // namespace sim\n";
}

std::string table(const std::vector<Entry>& entries) {
    std::string out =
        "// Made by tools/weave from defects/.\n#include \"sim/defect_catalogue.hpp\"\n\nnamespace sim {\n\n"
        "std::span<const DefectInfo> defect_catalogue() {\n"
        "    using engine::check::CheckId;\n"
        "    static constexpr DefectInfo all[] = {\n";
    for (const Entry& entry : entries) {
        out += "        {Defect::" + enumerator(entry.name) + ", " + quoted(entry.name) + ", " +
               quoted(entry.component) + ", " + quoted(entry.breaks) + ", CheckId::" + entry.seen_by + ", " +
               quoted(entry.source) + ", " + (entry.upstream ? "true" : "false") + ", " +
               (entry.survives.empty() ? "nullptr" : quoted(entry.survives)) + "},\n";
    }
    return out + "    };\n    return all;\n}\n\n} // namespace sim\n";
}

} // namespace weave
