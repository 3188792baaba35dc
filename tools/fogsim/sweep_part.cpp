#include "tools/fogsim/sweep_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/hash.hpp"
#include "engine/input_file.hpp"
#include "sim/mark_catalogue.hpp"

namespace tools::fogsim {
namespace {

using Json = nlohmann::ordered_json;

// Everything that decides what the runs are, and what is said of them.
Json json_of(const Arguments& a) {
    Json out;
    out["seed"] = a.seed;
    out["runs"] = a.runs;
    out["scenario"] = a.scenario;
    out["plan"] = a.plan;
    out["plan_hash"] =
        a.plan.empty() ? ""
                       : fmt::format("{:016x}", engine::hash_name(engine::read_input_file("--plan", a.plan)));
    out["strategy"] = a.strategy;
    out["profile"] = a.profile;
    out["defects"] = a.defects;
    out["crypto"] = a.crypto;
    out["topology"] = a.topology;
    out["max_blocks"] = a.max_blocks;
    out["check_determinism"] = a.check_determinism;
    out["no_shrink"] = a.no_shrink;
    out["keep_going"] = a.keep_going;
    return out;
}

Arguments arguments_from(const Json& json) {
    Arguments a;
    a.seed = json.at("seed").get<std::string>();
    a.runs = json.at("runs").get<std::string>();
    a.scenario = json.at("scenario").get<std::string>();
    a.plan = json.at("plan").get<std::string>();
    a.strategy = json.at("strategy").get<std::string>();
    a.profile = json.at("profile").get<std::string>();
    a.defects = json.at("defects").get<std::vector<std::string>>();
    a.crypto = json.at("crypto").get<std::string>();
    a.topology = json.at("topology").get<std::vector<std::string>>();
    a.max_blocks = json.at("max_blocks").get<std::string>();
    a.check_determinism = json.at("check_determinism").get<bool>();
    a.no_shrink = json.at("no_shrink").get<bool>();
    a.keep_going = json.at("keep_going").get<bool>();
    return a;
}

Json json_of(const engine::MarkCounts& marks) {
    Json out = Json::object();
    for (const sim::MarkInfo& info : sim::mark_catalogue()) out[info.name] = marks.of(info.mark);
    return out;
}

engine::MarkCounts marks_from(const Json& json) {
    engine::MarkCounts marks;
    for (const sim::MarkInfo& info : sim::mark_catalogue()) {
        engine::MarkCounts power; // 1, 2, 4, ... of it
        power.hit(info.mark);
        for (auto left = json.at(info.name).get<std::uint64_t>(); left != 0; left >>= 1) {
            if ((left & 1) != 0) marks.add(power);
            power.add(engine::MarkCounts(power));
        }
    }
    return marks;
}

void add(const Json& json, sim::SweepResult& sums) {
    sums.runs += json.at("runs").get<std::uint64_t>();
    sums.steps += json.at("steps").get<std::uint64_t>();
    sums.checks += json.at("checks").get<std::uint64_t>();
    sums.judgements += json.at("judgements").get<std::uint64_t>();
    sums.choices += json.at("choices").get<std::uint64_t>();
    for (const auto& [cause, failures] : json.at("excused").items())
        sums.excused[cause] += failures.get<std::uint64_t>();
    sums.marks.add(marks_from(json.at("marks")));
    sums.runs_with_mark.add(marks_from(json.at("runs_with_mark")));
    const std::vector<std::uint64_t> digests = json.at("digests").get<std::vector<std::uint64_t>>();
    sums.digests.insert(sums.digests.end(), digests.begin(), digests.end());
    const std::vector<std::uint64_t> shapes = json.at("shapes").get<std::vector<std::uint64_t>>();
    sums.shapes.insert(sums.shapes.end(), shapes.begin(), shapes.end());
    sums.failures += json.at("failures").get<std::uint64_t>();
    if (json.contains("failed_seed") && !sums.failed_seed)
        sums.failed_seed = json.at("failed_seed").get<std::uint64_t>();
}

} // namespace

void cut(sim::SweepOptions& options, Shard shard) {
    if (shard.of > options.runs)
        throw engine::UsageError(
            fmt::format("--shard: {} parts, and --runs asks for {}", shard.of, options.runs));
    // The first ones take what is left over.
    const std::uint64_t each = options.runs / shard.of;
    const std::uint64_t rest = options.runs % shard.of;
    const std::uint64_t before = (shard.number - 1) * each + std::min(shard.number - 1, rest);
    options.run.seed += before;
    options.runs = each + (shard.number <= rest ? 1 : 0);
    options.keep_digests = true;
}

std::string sweep_part_text(const Arguments& arguments, Shard shard, const sim::SweepResult& result) {
    Json out;
    out["runs"] = result.runs;
    out["steps"] = result.steps;
    out["checks"] = result.checks;
    out["judgements"] = result.judgements;
    out["choices"] = result.choices;
    out["excused"] = Json::object();
    for (const auto& [cause, failures] : result.excused) out["excused"][cause] = failures;
    out["marks"] = json_of(result.marks);
    out["runs_with_mark"] = json_of(result.runs_with_mark);
    out["failures"] = result.failures;
    if (result.failed_seed) out["failed_seed"] = *result.failed_seed;
    out["digests"] = result.digests;
    out["shapes"] = result.shapes;
    return part_text("sweep", shard, json_of(arguments), out);
}

MergedSweep merged_sweep(const std::vector<Part>& parts) {
    MergedSweep made;
    const Part& first = parts.front();
    first.read([&] { made.arguments = arguments_from(first.arguments()); });
    if (json_of(made.arguments) != first.arguments())
        first.refuse(fmt::format("its plan '{}' is another one here", made.arguments.plan));
    for (const Part& part : parts) {
        part.read([&] { add(part.result(), made.sums); });
        // One machine would have ended here.
        if (made.sums.failed_seed && !made.arguments.keep_going) break;
    }
    return made;
}

sim::SweepResult result_of(const MergedSweep& made, const engine::Scenario& scenario,
                           const sim::SweepOptions& options) {
    sim::SweepResult result = made.sums;
    const sim::SweepDigest digest = sim::digest_of(std::move(result.digests), options.runs);
    result.digests.clear();
    sim::judge_unseen(std::exchange(result.shapes, {}), result);
    result.digest = digest.digest;
    result.distinct = digest.distinct;
    sim::Options run = options.run;
    run.seed = result.failed_seed.value_or(options.run.seed);
    run.keep_events = options.run.keep_events || options.twice;
    result.failure = sim::run(scenario, run);
    if (result.failed_seed && options.twice) {
        const sim::RunResult again = sim::run(scenario, run);
        result.difference = sim::first_difference(*result.failure, again);
        if (result.difference) result.difference->seed = run.seed;
    }
    return result;
}

} // namespace tools::fogsim
