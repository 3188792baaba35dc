// fogsim: tells a scenario in a simulated world and judges it.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "engine/ensure.hpp"
#include "sim/run.hpp"
#include "tools/fogsim/commands.hpp"

namespace {

using namespace tools::fogsim;

int act(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "mutants") return mutants(argc - 1, argv + 1);
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
    try {
        return act(argc, argv);
    } catch (const engine::UsageError& error) {
        fmt::print(stderr, "fogsim: {}\n", error.what());
        return static_cast<int>(sim::Verdict::usage);
    } catch (const std::exception& error) {
        fmt::print(stderr, "fogsim: internal error: {}\n", error.what());
        return static_cast<int>(sim::Verdict::internal_error);
    }
}
