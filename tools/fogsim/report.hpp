#pragma once

#include <string>

#include "sim/sweep.hpp"

namespace tools {

/// The result line of a run or sweep: fixed form, deterministic.
std::string result_line(const engine::Scenario& scenario, const sim::SweepOptions& options,
                        const sim::SweepResult& result);
/// What happened before a failure, in numbered sentences, and how to repeat it.
std::string failure_story(const engine::Scenario& scenario, const sim::SweepOptions& options,
                          const sim::SweepResult& result);
/// Schema: docs/fogsim-json.md.
std::string to_json(const engine::Scenario& scenario, const sim::SweepOptions& options,
                    const sim::SweepResult& result);
/// Chrome trace event format, for Perfetto and chrome://tracing.
std::string to_trace(const sim::RunResult& run);

sim::Verdict verdict_of(const sim::SweepResult& result);

} // namespace tools
