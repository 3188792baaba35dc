// fogsim merge: of the result files of parts, the report of the whole.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "tools/flag_error.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/shard.hpp"
#include "tools/fogsim/sweep_part.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {

int merge(int argc, char** argv) {
    std::vector<std::string> files;
    Arguments outputs;
    CLI::App app{
        "Makes of the result files of all parts (--shard, --shard-out) of a sweep, of fogsim exhaustive or "
        "of "
        "fogsim mutants the report that one machine would have made, in whatever order they are named "
        "(docs/many-machines.md).\n"
        "Exit codes: those of the whole; 2 also when a part is missing, there twice or of something else.",
        "fogsim merge"};
    app.add_option("FILES", files, "result files, one of each part")->required();
    app.add_option("--json", outputs.json, "write the result there")->type_name("FILE");
    app.add_option("--junit", outputs.junit, "write the result of a sweep there for CI systems")
        ->type_name("FILE");
    app.add_option("--report", outputs.report, "write a page of a sweep there for a browser")
        ->type_name("FILE");
    app.add_option("--corpus", outputs.corpus, "keep a failure of a sweep there, and play those back first")
        ->type_name("DIR");
    app.add_option("--replay-out", outputs.replay_out, "write the recording of a failure there")
        ->type_name("FILE");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        tools::tell("fogsim merge: {} (--help lists the flags)\n",
                    flag_error(app, error, {argv + 1, argv + argc}));
        return static_cast<int>(sim::Verdict::usage);
    }
    const std::vector<Part> parts = read_parts(files);
    const std::string kind = parts.front().kind();
    const auto refuse_flags = [&app, &kind](std::initializer_list<const char*> flags) {
        for (const char* flag : flags)
            if (app.count(flag) != 0)
                throw engine::UsageError(fmt::format("{}: not for parts of fogsim {}", flag, kind));
    };
    if (kind == "sweep") {
        MergedSweep made = merged_sweep(parts);
        made.arguments.json = outputs.json;
        made.arguments.junit = outputs.junit;
        made.arguments.report = outputs.report;
        made.arguments.corpus = outputs.corpus;
        made.arguments.replay_out = outputs.replay_out;
        return report_merged(made);
    }
    if (kind == "exhaustive") {
        refuse_flags({"--junit", "--report", "--corpus"});
        return merge_exhaustive(parts, outputs.json, outputs.replay_out);
    }
    if (kind == "mutants") {
        refuse_flags({"--junit", "--report", "--corpus", "--replay-out"});
        return merge_mutants(parts, outputs.json);
    }
    parts.front().refuse(fmt::format("parts of '{}' are not known here", kind));
}

} // namespace tools::fogsim
