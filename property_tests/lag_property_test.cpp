// Safety and liveness over plans that RapidCheck draws and shrinks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "property_tests/property.hpp"
#include "property_tests/rapid_draw.hpp"
#include "scenarios/lag/plan.hpp"
#include "sim/run.hpp"

namespace property_tests {
namespace {

using scenarios::lag::Plan;
using scenarios::lag::PlanShape;

rc::Gen<Plan> plans(const PlanShape& shape = {}) {
    return rc::gen::exec([shape] {
        RapidDraw draw;
        return scenarios::lag::generate(draw, shape);
    });
}

sim::RunResult tell(const Plan& plan, const sim::Options& wanted) {
    const engine::Scenario scenario = scenarios::lag::scenario_of(plan);
    sim::Options options = wanted;
    options.topology = plan.topology;
    return sim::run(scenario, options);
}

void must_hold(const Plan& plan, const sim::Options& options) {
    const sim::RunResult result = tell(plan, options);
    if (result.verdict == sim::Verdict::held) return;
    for (const auto& violation : result.violations)
        RC_LOG() << engine::check::name(violation.check) << ": " << violation.text << "\n";
    RC_LOG() << "Write the plan to a file and repeat with:  ./run fogsim --plan FILE --seed " << options.seed
             << " --strategy " << sim::describe(options.strategy) << "\n"
             << scenarios::lag::to_json(plan);
    RC_FAIL("a balance, an answer or a promise is wrong");
}

TEST(LagProperty, every_plan_under_every_strategy_holds) {
    check_property("lag plans hold", 300, [] {
        const Plan plan = *plans();
        sim::Options options;
        options.seed = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint64_t>(1, 1'000'000));
        sim::Strategy portfolio;
        portfolio.kind = sim::Strategy::Kind::portfolio;
        options.strategy = portfolio.for_seed(options.seed);
        must_hold(plan, options);
    });
}

} // namespace
} // namespace property_tests
