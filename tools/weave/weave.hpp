#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weave {

/// One clear line: which file, which entry, what is wrong with it.
class Refused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

using Lines = std::vector<std::string>;

/// What an edit does to consecutive lines of a source.
struct Change {
    std::size_t first = 0;  ///< index of the source's line it stands before, once the site was found
    std::size_t remove = 0; ///< so many lines from there on are what is right
    Lines wrong;            ///< what runs in their place when the defect is on
    Lines as_it_is;         ///< declarations and the like: always there, in the place of the removed lines
    std::size_t line = 0;   ///< of the entries' file, where `wrong` or `as_it_is` begins
};

/// `@ FILE [by EXPRESSION]` and the lines under it.
struct Edit {
    std::string source;          ///< path from the top of the repository
    std::string by = "host_";    ///< who knows there whether a defect is on
    std::size_t line = 0;        ///< of the entries' file
    Lines site;                  ///< what must stand in the source, consecutive and exactly once
    std::vector<Change> changes; ///< `first` counts from the first line of the site
};

/// One mistake.
struct Entry {
    std::string name;
    std::string component;
    std::string breaks;
    std::string seen_by;
    std::string source; ///< of the idea: an entry of the references
    std::string survives;
    bool upstream = false;
    std::string file; ///< the entries' file
    std::size_t line = 0;
    std::vector<Edit> edits;
};

/// Reads a file of entries.
/// @param file  its path, for messages and #line
/// @throws Refused
std::vector<Entry> read_entries(const std::string& file, std::string_view text);

/// Every entry of every file, once.
/// @throws Refused  two have one name
void refuse_repeats(const std::vector<Entry>& entries);

/// @param sources  those that are woven
/// @throws Refused  an entry changes another file
void refuse_strangers(const std::vector<Entry>& entries, const std::vector<std::string>& sources);

/// How #line names the files, so that a debugger and the compiler's messages lead to them.
struct Paths {
    std::string prefix; ///< before a path from the top of the repository
};

/// The source with all the mistakes that have a site in it, each behind its switch.  Where several entries
/// change one place, theirs is the order of the list: insertions follow one another, alternatives to the same
/// lines are one chain of `else if`.
/// @throws Refused  names the entry whose site is not there exactly once, or the two that change one line in
/// ways that exclude each other
std::string woven(const std::string& source, std::string_view text, const std::vector<Entry>& entries,
                  const Paths& paths);

/// sim/defect.hpp: the enumeration.
std::string enumeration(const std::vector<Entry>& entries);
/// The table of what each of them breaks.
std::string table(const std::vector<Entry>& entries);

} // namespace weave
