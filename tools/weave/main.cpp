// Plants every entry of defects/ in copies of the sources it changes.
//
//   weave --top DIR --out DIR [--line-prefix PATH] --sources FILE... --entries FILE...
//
// A file of --out is written only when its content changes, so that nothing is compiled for nothing.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "tools/program.hpp"
#include "tools/weave/weave.hpp"

namespace {

namespace fs = std::filesystem;

struct Flags {
    fs::path top;
    fs::path out;
    weave::Paths paths;
    std::vector<std::string> sources;
    std::vector<std::string> entries;
};

std::optional<std::string> content(const fs::path& path) {
    if (!fs::is_regular_file(path)) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) return std::nullopt;
    return text;
}

std::string read(const fs::path& path, const std::string& name) {
    std::optional<std::string> text = content(path);
    if (!text) throw weave::Refused(name + ": cannot be read");
    return std::move(*text);
}

void write(const fs::path& path, const std::string& text) {
    if (content(path) == text) return;
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) throw weave::Refused(path.string() + ": cannot be written");
}

Flags flags_of(int argc, char** argv) {
    Flags flags;
    std::vector<std::string>* list = nullptr;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--sources" || word == "--entries") {
            list = word == "--sources" ? &flags.sources : &flags.entries;
        } else if (word == "--top" || word == "--out" || word == "--line-prefix") {
            list = nullptr;
            if (++i == argc) throw weave::Refused(word + " needs a value");
            if (word == "--top") flags.top = argv[i];
            if (word == "--out") flags.out = argv[i];
            if (word == "--line-prefix") flags.paths.prefix = argv[i];
        } else if (list != nullptr && !word.starts_with("--")) {
            list->push_back(word);
        } else {
            throw weave::Refused("'" + word + "' is no flag of weave");
        }
    }
    if (flags.top.empty() || flags.out.empty() || flags.entries.empty())
        throw weave::Refused("--top, --out and --entries are needed");
    return flags;
}

void run(const Flags& flags) {
    std::vector<weave::Entry> entries;
    for (const std::string& file : flags.entries)
        for (weave::Entry& entry : weave::read_entries(file, read(flags.top / file, file)))
            entries.push_back(std::move(entry));
    weave::refuse_repeats(entries);
    weave::refuse_strangers(entries, flags.sources);
    for (const std::string& source : flags.sources)
        write(flags.out / source,
              weave::woven(source, read(flags.top / source, source), entries, flags.paths));
    write(flags.out / "sim/defect.hpp", weave::enumeration(entries));
    write(flags.out / "sim/defect_table.cpp", weave::table(entries));
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    try {
        run(flags_of(argc, argv));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "weave: %s\n", e.what());
        return 2;
    }
}
