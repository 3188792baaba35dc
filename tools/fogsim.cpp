#include <fmt/format.h>

#include <cstdlib>

#include "scenarios/catalogue.hpp"
#include "sim/run.hpp"

int main(int argc, char** argv) {
    sim::Options options;
    options.seed = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 1;
    const std::uint64_t runs = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
    const engine::Scenario* scenario = scenarios::find(argc > 3 ? argv[3] : "conformance");
    options.topology = scenario->topology;
    for (std::uint64_t i = 0; i < runs; ++i, ++options.seed) {
        const sim::RunResult r = sim::run(*scenario, options);
        if (runs == 1 || r.verdict != sim::Verdict::held)
            fmt::print("seed={} verdict={} steps={} checks={} virtual_ms={} trace={:016x}\n", options.seed,
                       static_cast<int>(r.verdict), r.steps, r.checks, r.virtual_ms, r.digest);
        for (const auto& v : r.violations) fmt::print("  {}: {} (at {} ms)\n", engine::check::name(v.check), v.text, v.at.ms());
        if (r.verdict != sim::Verdict::held) return 1;
    }
}
