// fogreal: tells a scenario on real processes and judges it.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>

#include "engine/ensure.hpp"
#include "real/process/interruption.hpp"
#include "scenarios/catalogue.hpp"
#include "tools/fogreal/known.hpp"
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

/// Tells one story and says how it went.
Result tell_one(const Telling& telling, const Arguments& arguments, Known* known) {
    Result result = run(telling, arguments);
    if (known != nullptr) known->judge(result);
    tools::tell("{}", timing_table(result));
    if (result.skipped.empty()) tools::say("{}", explanation(result));
    tools::say("{}\n", summary(result));
    if (!arguments.plan.empty() && result.skipped.empty())
        if (const std::string why = scenarios::lag::untested(*telling.tally); !why.empty())
            tools::tell("fogreal: --plan: '{}' tests nothing before its end: {}\n", arguments.plan, why);
    (void)tools::lost_output();
    return result;
}

/// The last line of several.
void say_whole(const engine::check::Conclusion& whole, const std::string& scenario,
               const Arguments& arguments, const std::vector<Result>& results, const Known* known) {
    std::size_t skipped = 0, failed = 0;
    for (const Result& result : results) {
        if (!result.skipped.empty())
            ++skipped;
        else if (conclusion_of(result).verdict != Verdict::held)
            ++failed;
    }
    std::string line =
        fmt::format("fogreal: {} scenario={} seeds={}..{} runs={} failed={} skipped={}", whole.word, scenario,
                    arguments.seed, results.back().seed, results.size(), failed, skipped);
    if (known != nullptr)
        line += fmt::format(" known={} new={} gone={}", known->sightings().known_count(),
                            known->sightings().new_count(), known->sightings().gone().size());
    tools::say("{}\n", line);
}

int act(int argc, char** argv) {
    Arguments arguments;
    if (const std::optional<int> ended = parse(argc, argv, arguments)) return *ended;
    if (arguments.list_scenarios) {
        list_scenarios(arguments);
        return 0;
    }
    if (!arguments.check_log.empty()) return check_log(arguments.check_log);
    std::optional<Known> known;
    if (!arguments.known.empty()) known.emplace(arguments.known, arguments.known_must_show);
    std::unique_ptr<tools::OutputFile> json, junit;
    if (!arguments.json.empty()) json = std::make_unique<tools::OutputFile>("--json", arguments.json);
    if (!arguments.junit.empty()) junit = std::make_unique<tools::OutputFile>("--junit", arguments.junit);

    std::vector<Telling> all = tellings(arguments);
    if (arguments.dry_run) {
        for (const Telling& telling : all) print_dry_run(telling, arguments);
        return 0;
    }
    if (!arguments.mobilecoin.empty() && !arguments.skip_build) build_checkout(arguments);
    if (arguments.mobilecoin.empty())
        tools::tell("programs: the project's stand-ins of MobileCoin's services; {}\n",
                    arguments.attestation == "clear" ? "attestation: clear text"
                                                     : "simulated attestation, no security");

    const std::string scenario = all.size() == 1 ? all.front().name : "all";
    std::vector<Result> results;
    bool interrupted = false;
    Arguments one = arguments;
    for (std::uint64_t at = 0; at < arguments.runs && !interrupted; ++at) {
        one.seed = arguments.seed + at;
        if (at != 0 && arguments.plan.empty()) all = tellings(one); // a plan has no seed
        for (const Telling& telling : all) {
            results.push_back(tell_one(telling, one, known ? &*known : nullptr));
            interrupted = results.back().interrupted;
            if (interrupted) break;
        }
    }
    engine::check::Conclusion whole = conclusion_of(results);
    if (known) whole = known->conclude(std::move(whole));
    if (known) tools::say_text(known->sightings().to_text());
    if (known || arguments.runs > 1)
        say_whole(whole, scenario, arguments, results, known ? &*known : nullptr);
    (void)tools::lost_output();
    const tools::Sightings* sightings = known ? &known->sightings() : nullptr;
    bool is_written = true;
    if (json) is_written = json->try_commit("fogreal", to_json(results, whole.verdict, sightings));
    if (junit)
        is_written = junit->try_commit("fogreal", to_junit(results, sightings, arguments.known_must_show)) &&
                     is_written;
    const int status = static_cast<int>(whole.verdict);
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
    real::Interruption::result_is("", code);
    real::Interruption::end_at_last_in(10); // libraries' own threads end behind main
    return tools::end_program("fogreal", code, static_cast<int>(Verdict::inconclusive));
}
