// fogsim: tells a scenario in a simulated world and judges it.
#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <string_view>

#include "engine/ensure.hpp"
#include "sim/run.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/program.hpp"

namespace {

using namespace tools::fogsim;

int act(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "mutants") return mutants(argc - 1, argv + 1);
    if (argc > 1 && std::string_view(argv[1]) == "exhaustive") return exhaustive(argc - 1, argv + 1);
    if (argc > 1 && std::string_view(argv[1]) == "merge") return merge(argc - 1, argv + 1);
    if (argc > 1 && std::string_view(argv[1]) == "judge") return judge(argv + 1);
    if (argc > 1 && std::string_view(argv[1]) == "stories") return stories(argc - 1, argv + 1);
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--remote-wallet" || word.starts_with("--remote-wallet=")) return judge(argv);
    }
    Arguments arguments;
    if (const std::optional<int> ended = parse(argc, argv, arguments)) return *ended;
    if (arguments.list_scenarios) list_scenarios();
    if (arguments.list_defects) list_defects();
    if (arguments.list_marks) list_marks();
    if (arguments.list_scenarios || arguments.list_defects || arguments.list_marks) return 0;
    return simulate(arguments);
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    std::signal(SIGPIPE, SIG_IGN); // a reader that goes away takes its text, not the files and the exit code
    int code = 0;
    try {
        code = act(argc, argv);
    } catch (const engine::UsageError& error) {
        tools::tell("fogsim: {}\n", error.what());
        code = static_cast<int>(sim::Verdict::usage);
    } catch (const std::exception& error) {
        tools::tell("fogsim: internal error: {}\n", error.what());
        code = static_cast<int>(sim::Verdict::internal_error);
    }
    return tools::end_program("fogsim", code, static_cast<int>(sim::Verdict::inconclusive));
}
