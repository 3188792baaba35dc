#include "tools/fogsim/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/defect_catalogue.hpp"
#include "sim/mark_catalogue.hpp"

namespace tools {

using engine::check::Violation;
using sim::Verdict;

namespace {

std::string seeds_of(const sim::SweepOptions& options, const sim::SweepResult& result) {
    if (options.runs == 1) return fmt::format("seed={}", options.run.seed);
    const std::uint64_t last = options.run.seed + (result.runs == 0 ? 0 : result.runs - 1);
    return fmt::format("seeds={}..{} runs={} distinct={}", options.run.seed, last, result.runs,
                       result.distinct);
}

std::string fields_of(const Violation& violation) {
    std::string text;
    if (violation.account) text += fmt::format(" account={}", violation.account->value);
    if (violation.count) text += fmt::format(" count={}", violation.count->value);
    if (violation.shown) text += fmt::format(" shown={}", engine::check::to_text(*violation.shown));
    if (violation.truth) text += fmt::format(" true={}", engine::check::to_text(*violation.truth));
    return text;
}

std::string repeat_command(const engine::Scenario& scenario, const sim::SweepOptions& options,
                           std::uint64_t seed) {
    std::string command = options.plan.empty()
                              ? fmt::format("./run fogsim --scenario {} --seed {}", scenario.name, seed)
                              : fmt::format("./run fogsim --plan {} --seed {}", options.plan, seed);
    if (scenario.generate != nullptr)
        for (const std::string& change : options.run.topology_changes)
            command += fmt::format(" --topology {}", change);
    else if (options.run.topology != scenario.topology)
        command += fmt::format(" --topology {}", engine::describe(options.run.topology));
    if (options.run.crypto != &engine::chain::fast_crypto())
        command += fmt::format(" --crypto {}", options.run.crypto->name());
    if (!options.profile.empty()) command += fmt::format(" --profile {}", options.profile);
    for (const sim::DefectInfo& defect : sim::defect_catalogue())
        if (options.run.defects.has(defect.defect) && (options.profile.empty() || !defect.upstream_7_0_0))
            command += fmt::format(" --defect {}", defect.name);
    if (const sim::Strategy strategy = options.run.strategy.for_seed(seed); strategy != sim::Strategy{})
        command += fmt::format(" --strategy {}", sim::describe(strategy));
    if (options.twice) command += " --check-determinism";
    return command;
}

std::size_t marks_hit(const engine::MarkCounts& marks) {
    std::size_t hit = 0;
    for (const sim::MarkInfo& info : sim::mark_catalogue()) hit += marks.of(info.mark) != 0 ? 1 : 0;
    return hit;
}

const char* verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::held:
        return "held";
    case Verdict::violated:
    case Verdict::liveness:
        return "violated";
    case Verdict::nondeterministic:
        return "nondeterministic";
    case Verdict::usage:
    case Verdict::mark_missed:
    case Verdict::inconclusive:
    case Verdict::internal_error:
        return "inconclusive";
    }
    return "?";
}

} // namespace

Verdict verdict_of(const sim::SweepResult& result) {
    if (result.difference) return Verdict::nondeterministic;
    if (result.failed_seed && result.failure)
        return result.failure->skipped.empty() ? result.failure->verdict : Verdict::inconclusive;
    return Verdict::held;
}

std::string result_line(const engine::Scenario& scenario, const sim::SweepOptions& options,
                        const sim::SweepResult& result) {
    if (result.difference)
        return fmt::format("fogsim: FAIL check=determinism scenario={} seed={} event={}", scenario.name,
                           result.difference->seed, result.difference->event);
    if (result.failed_seed && !result.failure->skipped.empty())
        return fmt::format("fogsim: SKIP scenario={} seed={} reason={}", scenario.name, *result.failed_seed,
                           result.failure->skipped);
    if (result.failed_seed) {
        const Violation& violation = result.failure->violations.front();
        return fmt::format("fogsim: FAIL check={} scenario={} seed={}{} at_ms={} step={} trace={}",
                           name(violation.check), scenario.name, *result.failed_seed, fields_of(violation),
                           violation.at.ms(), violation.step, engine::hex_digest(result.failure->digest));
    }
    std::string line = fmt::format("fogsim: PASS scenario={} {} strategy={} steps={} checks={}",
                                   scenario.name, seeds_of(options, result),
                                   sim::describe(options.run.strategy), result.steps, result.checks);
    if (options.runs == 1)
        line += fmt::format(" virtual_ms={}", result.failure->virtual_ms);
    else
        line += fmt::format(" marks={}/{}", marks_hit(result.marks), engine::mark_count);
    return line + fmt::format(" trace={}", engine::hex_digest(result.digest));
}

std::string failure_story(const engine::Scenario& scenario, const sim::SweepOptions& options,
                          const sim::SweepResult& result) {
    std::string text;
    if (result.difference) {
        const sim::Difference& d = *result.difference;
        text += fmt::format("Two runs of seed {} differ first at event {}:\n  first:  {}\n  second: {}\n",
                            d.seed, d.event, d.first.empty() ? "(had ended)" : d.first,
                            d.second.empty() ? "(had ended)" : d.second);
    } else if (result.failed_seed && result.failure->skipped.empty()) {
        text += fmt::format("What happened, in a world of {}:\n", engine::describe(result.failure->topology));
        std::size_t number = 1;
        for (const std::string& step : result.failure->story)
            text += fmt::format("  {}. {}\n", number++, step);
        for (const Violation& violation : result.failure->violations)
            text += fmt::format("  {}. At {} ms, check {}: {}.\n", number++, violation.at.ms(),
                                name(violation.check), violation.text);
        text += fmt::format("A {} violation: it must hold that {}.\n",
                            name(result.failure->violations.front().check),
                            holds_when(result.failure->violations.front().check));
    }
    if (result.failed_seed)
        text += fmt::format("Repeat with: {}\n", repeat_command(scenario, options, *result.failed_seed));
    return text;
}

std::string to_json(const engine::Scenario& scenario, const sim::SweepOptions& options,
                    const sim::SweepResult& result) {
    nlohmann::ordered_json json;
    json["tool"] = "fogsim";
    json["schema"] = 1;
    json["scenario"] = scenario.name;
    json["first_seed"] = options.run.seed;
    json["runs_wanted"] = options.runs;
    json["runs"] = result.runs;
    json["strategy"] = sim::describe(options.run.strategy);
    json["crypto"] = options.run.crypto->name();
    // A drawn topology differs from seed to seed: the one shown is the failed run's.
    if (scenario.generate == nullptr) json["topology"] = engine::describe(options.run.topology);
    json["verdict"] = verdict_name(verdict_of(result));
    json["exit_code"] = static_cast<int>(verdict_of(result));
    json["distinct"] = result.distinct;
    json["steps"] = result.steps;
    json["checks"] = result.checks;
    json["judgements"] = result.judgements;
    json["trace"] = engine::hex_digest(result.digest);
    json["defects"] = nlohmann::ordered_json::array();
    for (const sim::DefectInfo& info : sim::defect_catalogue())
        if (options.run.defects.has(info.defect)) json["defects"].push_back(info.name);
    for (const sim::MarkInfo& info : sim::mark_catalogue())
        json["marks"][info.name] = result.marks.of(info.mark);
    if (result.failed_seed) {
        nlohmann::ordered_json failure;
        failure["seed"] = *result.failed_seed;
        failure["repeat"] = repeat_command(scenario, options, *result.failed_seed);
        if (result.difference) {
            failure["event"] = result.difference->event;
            failure["first"] = result.difference->first;
            failure["second"] = result.difference->second;
        }
        if (!result.failure->skipped.empty()) failure["skipped"] = result.failure->skipped;
        failure["topology"] = engine::describe(result.failure->topology);
        failure["story"] = result.failure->story;
        failure["violations"] = nlohmann::ordered_json::array();
        for (const Violation& v : result.failure->violations) {
            nlohmann::ordered_json violation;
            violation["check"] = name(v.check);
            violation["text"] = v.text;
            violation["at_ms"] = v.at.ms();
            violation["step"] = v.step;
            if (v.account) violation["account"] = v.account->value;
            if (v.count) violation["count"] = v.count->value;
            if (v.shown) violation["shown"] = engine::check::to_text(*v.shown); // may exceed 64 bits
            if (v.truth) violation["true"] = engine::check::to_text(*v.truth);
            failure["violations"].push_back(std::move(violation));
        }
        json["failure"] = std::move(failure);
    }
    return json.dump(2) + "\n";
}

std::string to_trace(const sim::RunResult& run) {
    std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    for (std::size_t n = 0; n < run.node_names.size(); ++n)
        text += fmt::format(
            "{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":{},\"args\":{{\"name\":{}}}}},\n", n,
            nlohmann::json(run.node_names[n]).dump());
    bool first = true;
    for (const engine::Event& event : run.events) {
        text += fmt::format("{}{{\"ph\":\"i\",\"s\":\"t\",\"name\":\"{}\",\"pid\":1,\"tid\":{},\"ts\":{}.{:"
                            "03},\"args\":{{\"object\":{},"
                            "\"a\":{},\"b\":{}}}}}",
                            first ? "" : ",\n", name(event.kind), event.node.value, event.at.ns / 1000,
                            event.at.ns % 1000, event.object, event.a, event.b);
        first = false;
    }
    return text + "\n]}\n";
}

} // namespace tools
