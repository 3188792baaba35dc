#pragma once

#include <optional>
#include <string>

#include "search/failure.hpp"
#include "sim/sweep.hpp"

namespace tools::fogsim {

/// What a run or sweep came to, for people and machines.
struct Report {
    const engine::Scenario* scenario = nullptr;
    sim::SweepOptions options{};
    sim::SweepResult result{};
    std::optional<search::Failure> failure{}; ///< of the lowest seed that violated something
    std::string replay{};                     ///< what --replay takes: the blob, or the file it went to
    bool judges_marks = false;                ///< the sweep is of the kind that required marks are stated for
};

sim::Verdict verdict_of(const Report& report);

/// The result line of a run or sweep: fixed form, deterministic.
std::string result_line(const Report& report);
/// What happened before a failure, in numbered sentences, and how to repeat it; empty when nothing failed.
std::string failure_story(const Report& report);
/// Schema: docs/fogsim-json.md.
std::string to_json(const Report& report);
/// JUnit: one test case, named after the scenario.
std::string to_junit(const Report& report);
/// Chrome trace event format, for Perfetto and chrome://tracing.
std::string to_trace(const sim::RunResult& run);

} // namespace tools::fogsim
