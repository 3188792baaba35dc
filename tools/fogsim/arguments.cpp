#include "tools/fogsim/arguments.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "engine/ensure.hpp"
#include "engine/topology_keys.hpp"
#include "sim/run.hpp"
#include "tools/build_facts.hpp"
#include "tools/flag_error.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

std::string version_text() {
    const BuildFacts& facts = build_facts();
    return fmt::format("fogsim {} (commit {}, {}; {} {})", facts.version, facts.commit, facts.date,
#ifdef __clang__
                       "clang",
#else
                       "gcc",
#endif
                       __VERSION__);
}

std::string topology_text() {
    std::string text = "Keys of --topology (docs/plan.md):\n";
    for (const engine::TopologyKey& key : engine::topology_keys())
        text +=
            fmt::format("  {:<15} {:<14} usually {:<7} {}\n", key.name, key.values, key.usual, key.meaning);
    return text;
}

} // namespace

std::uint64_t number(const char* flag, const std::string& text, std::uint64_t low, std::uint64_t high) {
    std::size_t used = 0;
    std::uint64_t value = 0;
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const bool digits = !text.empty() && text.find_first_not_of(hex ? "0123456789abcdefABCDEFxX"
                                                                    : "0123456789") == std::string::npos;
    try {
        if (digits) value = std::stoull(text, &used, hex ? 16 : 10);
    } catch (const std::exception&) { // too large, or no digit after 0x
        used = 0;
    }
    if (!digits || used != text.size() || value < low || value > high)
        throw engine::UsageError(
            fmt::format("{}: '{}' is not a number from {} to {} (decimal or 0x hex)", flag, text, low, high));
    return value;
}

std::optional<int> parse(int argc, char** argv, Arguments& arguments) {
    CLI::App app{
        "Runs a scenario of the Fog balance path in a deterministic simulation and judges every answer.\n"
        "Exit codes: 0 held, 1 violated, 2 usage, 3 liveness violated, 4 nondeterminism found, 5 a required "
        "mark was never hit, 6 inconclusive, 70 internal error.\n"
        "Commands: fogsim mutants --help (is the search any good?), fogsim stories --help (every story over "
        "many seeds and worlds), fogsim exhaustive --help (every ordering of a small world), fogsim merge "
        "--help (one report of many parts), fogsim judge --help (somebody else's wallet in the simulated "
        "world).",
        "fogsim"};
    CLI::Option* seed = app.add_option("--seed", arguments.seed, "first seed, decimal or 0x hex")
                            ->type_name("N")
                            ->capture_default_str();
    CLI::Option* runs = app.add_option("--runs", arguments.runs, "how many consecutive seeds")
                            ->type_name("K")
                            ->capture_default_str();
    CLI::Option* story = app.add_option("--scenario", arguments.scenario, "which story")
                             ->type_name("NAME")
                             ->capture_default_str();
    CLI::Option* plan = app.add_option("--plan", arguments.plan,
                                       "tell the plan in this file (docs/plan.md) instead of a scenario")
                            ->type_name("FILE")
                            ->excludes(story);
    CLI::Option* topology =
        app.add_option("--topology", arguments.topology,
                       "changes to the scenario's topology, for example view-shards=3,image-shards=3")
            ->type_name("K=V,...");
    CLI::Option* strategy =
        app.add_option(
               "--strategy", arguments.strategy,
               "how decisions are made: random, pct:D, pos, urw, swarm or portfolio, the default of a "
               "sweep of drawn stories; or novelty, which branches at rare situations (docs/strategies.md)")
            ->type_name("S");
    CLI::Option* profile =
        app.add_option(
               "--profile", arguments.profile,
               "upstream-7.0.0: switch on every defect that this release of MobileCoin's services has")
            ->type_name("NAME");
    CLI::Option* defect = app.add_option("--defect", arguments.defects,
                                         "switch a defect on (repeatable; --list-defects names them)")
                              ->type_name("NAME");
    CLI::Option* known =
        app.add_option("--known", arguments.known,
                       "tell known faults of this file from new ones; only a new one is a failure "
                       "(docs/found-in-mobilecoin.md)")
            ->type_name("FILE")
            ->excludes(plan);
    app.add_flag("--known-must-show", arguments.known_must_show,
                 "a known fault that no longer shows is a failure, too")
        ->needs(known);
    CLI::Option* crypto = app.add_option("--crypto", arguments.crypto,
                                         "fast: same shapes, cheap hashing; ristretto: the real one")
                              ->type_name("NAME")
                              ->capture_default_str();
    app.add_option("--jobs", arguments.jobs,
                   "threads of a sweep (default: all cores); the report does not depend on it")
        ->type_name("N");
    app.add_option("--time-limit", arguments.time_limit,
                   "end a sweep after so long; a single run that still goes on then has failed")
        ->type_name("SECONDS");
    app.add_option("--max-blocks", arguments.max_blocks,
                   "a run whose chain gets longer has failed (default: 100000)")
        ->type_name("N");
    app.add_option("--max-memory", arguments.max_memory,
                   "a run that needs more has failed (default: half of what is free)")
        ->type_name("MIB");
    CLI::Option* twice = app.add_flag("--check-determinism", arguments.check_determinism,
                                      "run every seed twice and compare event by event");
    CLI::Option* replay =
        app.add_option("--replay", arguments.replay, "play a recorded failure back (docs/replay.md)")
            ->type_name("BLOB|FILE");
    // What a recording fixes cannot be asked for anew.
    for (CLI::Option* other :
         {seed, runs, story, plan, topology, strategy, profile, defect, known, crypto, twice})
        replay->excludes(other);
    app.add_flag("--no-shrink", arguments.no_shrink, "report a failure as it was found");
    app.add_flag("--keep-going", arguments.keep_going,
                 "end a sweep at its last seed, and count the failures");
    app.add_option("--report", arguments.report,
                   "write a page there for a browser: the result, and of a failure or a single run a picture")
        ->type_name("FILE");
    app.add_option("--junit", arguments.junit, "write the result there for CI systems")->type_name("FILE");
    CLI::Option* corpus =
        app.add_option("--corpus", arguments.corpus, "keep failures there, and play those back first")
            ->type_name("DIR")
            ->excludes(replay);
    app.add_option("--replay-out", arguments.replay_out,
                   "write the recording of a failure there, instead of printing one that is long to paste")
        ->type_name("FILE");
    app.add_option("--json", arguments.json, "write the result there")->type_name("FILE");
    CLI::Option* shard_out =
        app.add_option("--shard-out", arguments.shard_out, "result of a part, for fogsim merge")
            ->type_name("FILE");
    CLI::Option* shard = app.add_option("--shard", arguments.shard,
                                        "make part I of N of the sweep only (docs/many-machines.md)")
                             ->type_name("I/N")
                             ->needs(shard_out)
                             ->excludes(replay)
                             ->excludes(known)
                             ->excludes(corpus); // that is played back once, by merge
    shard_out->needs(shard);
    app.add_option("--trace", arguments.trace, "write every event there, for Perfetto or chrome://tracing")
        ->type_name("FILE");
    app.add_flag("--list-scenarios", arguments.list_scenarios, "list the stories");
    app.add_flag("--list-defects", arguments.list_defects, "list the defects that can be switched on");
    app.add_flag("--list-marks", arguments.list_marks, "list the rare situations a sweep counts");
    app.set_version_flag("--version", version_text());
    app.footer(
        topology_text() +
        "\nAs a program of its own:\n"
        "  fogsim mutants             how long the search takes to see each of the seeded defects;\n"
        "                             fogsim mutants --help lists its flags\n"
        "  fogsim exhaustive          every ordering of what happens in a small world;\n"
        "                             fogsim exhaustive --help lists its flags\n"
        "  fogsim judge HOST:PORT     a wallet behind remote_wallet.proto, in whatever language, judged\n"
        "                             under thousands of orderings; fogsim judge --help\n"
        "  fogsim --remote-wallet HOST:PORT ...   any run or sweep with the wallets of such a program\n"
        "\nA FILE of '-' is stdout; what the program says goes to stderr then.\n");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        if (argc > 1 && engine::nearest(argv[1], {"mutants"}) == "mutants")
            tools::tell("fogsim: there is no '{}'; did you mean 'mutants'?\n", argv[1]);
        else
            tools::tell("fogsim: {} (--help lists the flags)\n",
                        flag_error(app, error, {argv + 1, argv + argc}));
        return static_cast<int>(sim::Verdict::usage);
    }
    // A variable of a shell that is not set must not silently mean the default.
    for (const CLI::Option* option : app.get_options())
        for (const std::string& value : option->results())
            if (value.empty()) throw engine::UsageError(option->get_name() + ": its value is empty");
    return std::nullopt;
}

} // namespace tools::fogsim
