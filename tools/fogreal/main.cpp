// fogreal: tells a scenario on real processes and judges it.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <system_error>

#include "engine/ensure.hpp"
#include "scenarios/catalogue.hpp"
#include "tools/fogreal/runner.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace {

using namespace tools::fogreal;

void list_scenarios(Arguments arguments) {
    arguments.scenario = "all";
    arguments.plan.clear();
    arguments.soak = 0;
    const std::vector<Telling> all = tellings(arguments);
    for (const Telling& telling : all) {
        const engine::Scenario* scenario = scenarios::find(telling.name);
        tools::say("{:<44}{}{}\n", telling.name, scenario == nullptr ? "" : scenario->summary,
                   telling.skipped.empty() ? "" : fmt::format(" [skipped: {}]", telling.skipped));
    }
}

int check_log(const std::string& path) {
    real::Acceptance log;
    try {
        log = real::accept_log(path);
    } catch (const engine::UsageError& error) {
        throw engine::UsageError(fmt::format("--check-log: {}", error.what()));
    }
    if (log.accepted()) {
        tools::say("fogreal: ACCEPTED lines={}\n", log.lines);
        return static_cast<int>(Verdict::held);
    }
    tools::say("fogreal: REFUSED line={} why=it {}\n", log.refused, log.why);
    return static_cast<int>(Verdict::violated);
}

int act(int argc, char** argv) {
    Arguments arguments;
    if (const std::optional<int> ended = parse(argc, argv, arguments)) return *ended;
    if (arguments.list_scenarios) {
        list_scenarios(arguments);
        return 0;
    }
    if (!arguments.check_log.empty()) return check_log(arguments.check_log);
    std::unique_ptr<tools::OutputFile> json, junit;
    if (!arguments.json.empty()) json = std::make_unique<tools::OutputFile>("--json", arguments.json);
    if (!arguments.junit.empty()) junit = std::make_unique<tools::OutputFile>("--junit", arguments.junit);

    const std::vector<Telling> all = tellings(arguments);
    if (arguments.dry_run) {
        for (const Telling& telling : all) print_dry_run(telling, arguments);
        return 0;
    }
    if (!arguments.mobilecoin.empty() && !arguments.skip_build) build_checkout(arguments);
    if (arguments.mobilecoin.empty())
        tools::tell("programs: the project's stand-ins of MobileCoin's services; {}\n",
                    arguments.attestation == "clear" ? "attestation: clear text"
                                                     : "simulated attestation, no security");

    std::vector<Result> results;
    int status = 0;
    for (const Telling& telling : all) {
        Result result = run(telling, arguments);
        tools::tell("{}", timing_table(result));
        if (result.skipped.empty()) tools::say("{}", explanation(result));
        tools::say("{}\n", summary(result));
        (void)tools::lost_output();
        const bool only_skipped = !result.skipped.empty() && all.size() > 1;
        if (status == 0 && !only_skipped) status = static_cast<int>(conclusion_of(result).verdict);
        const bool interrupted = result.interrupted;
        results.push_back(std::move(result));
        if (interrupted) break;
    }
    bool is_written = true;
    if (json) is_written = json->try_commit("fogreal", to_json(results));
    if (junit) is_written = junit->try_commit("fogreal", to_junit(results)) && is_written;
    return status == 0 && !is_written ? static_cast<int>(Verdict::usage) : status; // a finding keeps its code
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    std::signal(SIGPIPE, SIG_IGN); // a peer that goes away is an error of the call
    int code = 0;
    try {
        code = act(argc, argv);
    } catch (const engine::UsageError& error) {
        tools::tell("fogreal: {}\n", error.what());
        code = static_cast<int>(Verdict::usage);
    } catch (const engine::BrokenSurroundings& error) {
        tools::tell("fogreal: {}\n", error.what());
        code = static_cast<int>(Verdict::inconclusive);
    } catch (const std::system_error& error) { // no descriptor, thread or room left
        tools::tell("fogreal: {}\n", error.what());
        code = static_cast<int>(Verdict::inconclusive);
    } catch (const std::exception& error) {
        tools::tell("fogreal: internal error: {}\n", error.what());
        code = static_cast<int>(Verdict::internal_error);
    }
    return tools::end_program("fogreal", code, static_cast<int>(Verdict::inconclusive));
}
