// fogsim as its users meet it: run as a program, judged by exit code, both streams and files.
#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <thread>

#include "engine/topology_keys.hpp"
#include "tools/fogsim/testing/fogsim_bed.hpp"

namespace tools::fogsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A defect that a sweep of the default search sees within some dozens of runs, and one that hurts liveness.
const Words failing = {"--scenario", "lag", "--runs", "500", "--defect", "wallet-takes-off-later-spends"};
const Words late = {"--scenario", "lag",      "--runs",
                    "500",        "--defect", "ingest-skips-the-first-block-of-a-key"};

std::string without_times(const std::string& text) {
    static const std::regex time("time=(\"?)[0-9.]+");
    return std::regex_replace(text, time, "time=$1T");
}

// ------------------------------------------------------------------------------------------------ verdicts

TEST_F(FogsimTest, run_that_holds_gives_0_one_line_and_the_same_one_again) {
    const Ended once = run({"--seed", "1"});
    EXPECT_EQ(once.code, 0);
    EXPECT_THAT(once.out, StartsWith("fogsim: PASS scenario=conformance seed=1 strategy=random steps="));
    EXPECT_EQ(lines(once.out), 1u);
    EXPECT_EQ(once.err, "");
    EXPECT_EQ(run({"--seed", "0x1"}).out, once.out) << "hexadecimal is the same seed";
    const Ended twice = run({"--scenario", "lag", "--runs", "5", "--check-determinism"});
    EXPECT_EQ(twice.code, 0) << twice.out;
    EXPECT_THAT(twice.out, HasSubstr("PASS scenario=lag seeds=1..5 runs=5 "));
}

TEST_F(FogsimTest, violation_gives_1_a_story_and_a_command_that_repeats_it) {
    const Ended found = run(failing);
    EXPECT_EQ(found.code, 1);
    EXPECT_EQ(found.err, "");
    for (const char* part :
         {"What happened, in a world of 1 account", "  1. ",
          "Block counts are at first: tip 1, copy ingest 1", "Block counts are now: tip 2.",
          "the operator activates", "hears: view_router answers", "The wallet also knows that block",
          "Nothing but what is told here is late, held or lost", "check balance fails: account 0 shows",
          "A balance violation: it must hold that"})
        EXPECT_THAT(found.out, HasSubstr(part));
    const std::string blob = blob_of(found.out);
    ASSERT_FALSE(blob.empty()) << found.out;
    EXPECT_LT(blob.size(), 400u);
    EXPECT_THAT(found.out, HasSubstr("Repeat with: ./run fogsim --replay " + blob + "\n"));

    const Ended again = run({"--replay", blob});
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(last_line(again.out), last_line(found.out)) << "the strategy that found it included";
    EXPECT_THAT(again.out, Not(HasSubstr("not the recorded run")));
    write_file(file("kept.txt"), "# a comment\n\n" + blob + "\n");
    const Ended from_file = run({"--replay", "kept.txt"});
    EXPECT_EQ(from_file.code, 1);
    EXPECT_THAT(from_file.out, HasSubstr("Repeat with: ./run fogsim --replay kept.txt\n"));
}

TEST_F(FogsimTest, violated_liveness_gives_3) {
    const Ended found = run(late);
    EXPECT_EQ(found.code, 3) << found.out;
    EXPECT_THAT(last_line(found.out), StartsWith("fogsim: FAIL check=liveness scenario=lag seed="));
    EXPECT_EQ(run({"--replay", blob_of(found.out)}).code, 3);
}

TEST_F(FogsimTest, world_that_cannot_tell_the_scenario_gives_6_with_the_reason) {
    const Ended skipped =
        run({"--scenario", "second_device_spends", "--topology", "copies=shared", "--junit", "j.xml"});
    EXPECT_EQ(skipped.code, 6) << skipped.out;
    EXPECT_THAT(skipped.out,
                HasSubstr("fogsim: SKIP scenario=second_device_spends seed=1 reason=needs own_copies"));
    expect_junit("j.xml");
    EXPECT_THAT(xml("j.xml"), HasSubstr("testsuite errors=0 failures=0 name=fogsim skipped=1 tests=1 time="));
}

TEST_F(FogsimTest, catalogued_stories_are_made_small_too) {
    for (const Words& words : {Words{"--scenario", "sandwich", "--defect", "wallet-takes-off-later-spends"},
                               Words{"--scenario", "conformance", "--defect", "wallet-counts-newer-outputs"},
                               Words{"--scenario", "sandwich", "--topology", "view-shards=3,image-replicas=2",
                                     "--defect", "wallet-takes-off-later-spends"}}) {
        const Ended found = run(words + Words{"--runs", "20", "--json", "f.json"});
        EXPECT_EQ(found.code, 1) << words[1] << found.err;
        const Json smallest = json("f.json").at("failure").at("smallest");
        EXPECT_TRUE(smallest.at("minimal").get<bool>()) << words[1];
        EXPECT_EQ(smallest.at("topology").get<std::string>().find("view-shards=3"), std::string::npos)
            << "shards that the story does not need are taken away";
        EXPECT_THAT(found.out, HasSubstr("check balance fails"));
        EXPECT_EQ(run({"--replay", blob_of(found.out)}).code, 1) << words[1];
    }
}

// ------------------------------------------------------------------------------------------------ sweeps

TEST_F(FogsimTest, report_does_not_depend_on_the_number_of_threads) {
    const Words counting = {"--scenario",   "lag",        "--runs",
                            "40",           "--defect",   "wallet-takes-off-later-spends",
                            "--keep-going", "--no-shrink"};
    for (const Words& words : {failing, Words{"--scenario", "lag", "--runs", "60"}, counting}) {
        std::optional<Ended> first;
        for (const char* jobs : {"1", "2", "3"}) {
            const std::string n = jobs;
            const Ended now = run(words + Words{"--jobs", n, "--json", "j" + n + ".json", "--report",
                                                "r" + n + ".html", "--junit", "x" + n + ".xml"});
            if (!first) first = now;
            EXPECT_EQ(now.out, first->out) << jobs;
            EXPECT_EQ(now.code, first->code) << jobs;
            for (const char* name : {"j%.json", "r%.html", "x%.xml"}) {
                const std::string pattern = name;
                const auto of = [&](const char* with) {
                    return pattern.substr(0, 1) + with + pattern.substr(2);
                };
                EXPECT_FALSE(read(of(jobs)).empty());
                EXPECT_EQ(without_times(read(of(jobs))), without_times(read(of("1"))))
                    << name << " with --jobs " << jobs;
            }
        }
    }
}

TEST_F(FogsimTest, interrupt_ends_a_sweep_with_the_result_so_far) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const Child child = start({"--scenario", "lag", "--runs", "1000000000", "--jobs", "2", "--json",
                                   "i.json", "--junit", "i.xml", "--report", "i.html"});
        // It is in the middle of its work when it has worked for a while.
        const auto worked = [&] {
            std::istringstream stat(read_file("/proc/" + std::to_string(child.pid) + "/stat"));
            std::string word;
            long ticks = 0;
            for (int field = 1; stat >> word; ++field)
                if (field == 14) ticks = std::stol(word);
            return ticks >= ::sysconf(_SC_CLK_TCK) / 3;
        };
        while (!worked()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ::kill(child.pid, signal);
        const Ended ended = end_of(child);
        EXPECT_EQ(ended.code, 6);
        EXPECT_THAT(last_line(ended.out), StartsWith("fogsim: INCONCLUSIVE scenario=lag seeds=1.."));
        EXPECT_THAT(ended.out, HasSubstr(" reason=interrupted trace="));
        EXPECT_THAT(ended.err, HasSubstr("fogsim: stopped after "));
        const Json result = json("i.json");
        EXPECT_EQ(result.at("verdict"), "inconclusive");
        EXPECT_EQ(result.at("exit_code"), 6);
        EXPECT_TRUE(result.at("interrupted").get<bool>());
        EXPECT_GT(result.at("runs").get<std::uint64_t>(), 0u);
        EXPECT_LT(result.at("runs").get<std::uint64_t>(), 1'000'000'000u);
        EXPECT_THAT(xml("i.xml"),
                    HasSubstr("testsuite errors=0 failures=0 name=fogsim skipped=1 tests=1 time="));
        EXPECT_THAT(read("i.html"), HasSubstr("</html>"));
        EXPECT_EQ(files(), (std::set<std::string>{"i.json", "i.xml", "i.html"}))
            << "nothing half-written is left";
    }
}

TEST_F(FogsimTest, time_limit_ends_a_sweep_that_counts) {
    const Ended ended = run({"--scenario", "lag", "--runs", "1000000000", "--topology", "accounts=2",
                             "--time-limit", "1", "--json", "t.json"});
    EXPECT_EQ(ended.code, 0) << ended.out << "the wish was met";
    EXPECT_THAT(last_line(ended.out), StartsWith("fogsim: PASS scenario=lag seeds=1.."));
    EXPECT_THAT(ended.err, HasSubstr("fogsim: stopped after "));
    EXPECT_EQ(json("t.json").at("verdict"), "held");
    EXPECT_GT(json("t.json").at("runs").get<std::uint64_t>(), 0u);
}

TEST_F(FogsimTest, corpus_keeps_a_failure_and_plays_it_back_first) {
    const Words with_corpus = {"--corpus", "kept"};
    const Ended found = run(failing + with_corpus);
    ASSERT_EQ(found.code, 1);
    const std::set<std::string> kept = [&] {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(file("kept")))
            names.insert(entry.path().filename().string());
        return names;
    }();
    ASSERT_EQ(kept.size(), 1u);
    const std::string path = "kept/" + *kept.begin();

    // Still there: no seed is tried, and the recording is repeated by its own blob, under its own strategy.
    const Ended again = run({"--seed", "1", "--defect", "wallet-takes-off-later-spends", "--corpus", "kept",
                             "--json", "again.json"});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.out, StartsWith("A failure kept in " + path + " fails again.\n"));
    EXPECT_EQ(last_line(again.out), last_line(found.out));
    EXPECT_THAT(again.out, HasSubstr("Repeat with: ./run fogsim --replay " + blob_of(found.out) + "\n"));
    EXPECT_THAT(json("again.json").at("failure").at("repeat").get<std::string>(),
                HasSubstr(blob_of(found.out)));

    // Mended: the sweep goes on.
    const Ended mended =
        run({"--scenario", "sandwich", "--seed", "3", "--corpus", "kept", "--json", "mended.json"});
    EXPECT_EQ(mended.code, 0);
    EXPECT_THAT(mended.out, StartsWith("Failures kept in the corpus that hold now: 1.\nfogsim: PASS "));
    EXPECT_EQ(json("mended.json").at("kept_failures_that_hold"), 1);

    // What cannot be read is told, and in nobody's way.
    write_file(file("kept/broken.txt"), "F1nonsense\n");
    const Ended broken = run({"--scenario", "sandwich", "--corpus", "kept"});
    EXPECT_EQ(broken.code, 0);
    EXPECT_EQ(lines(broken.err), 1u) << broken.err;
    EXPECT_THAT(broken.err, HasSubstr("--corpus: left alone: 'kept/broken.txt': not a replay blob"));
    EXPECT_TRUE(fs::exists(file("kept/broken.txt")));
}

TEST_F(FogsimTest, long_recording_goes_to_the_file_that_is_named_and_replays) {
    const Words search{"--strategy", "pos", "--no-shrink", "--defect", "wallet-takes-off-later-spends"};
    const Ended unasked = run(search);
    ASSERT_EQ(unasked.code, 1);
    EXPECT_GT(blob_of(unasked.out).size(), 400u) << "every decision of pos is in it";
    EXPECT_EQ(files(), std::set<std::string>{}) << "nothing is written that was not asked for";

    Words asked = search;
    asked.insert(asked.end(), {"--replay-out", "kept.txt"});
    const Ended found = run(asked);
    ASSERT_EQ(found.code, 1);
    EXPECT_EQ(blob_of(found.out), "kept.txt");
    EXPECT_THAT(read("kept.txt"), StartsWith("# fogsim --replay: check balance of scenario conformance\n"));
    const Ended again = run({"--replay", "kept.txt"});
    EXPECT_EQ(last_line(again.out), last_line(found.out));
}

// A mail or a terminal adds blanks and breaks lines, an editor a byte order mark, and people copy too much.
TEST_F(FogsimTest, recording_is_understood_as_it_was_pasted) {
    const Ended found = run({"--defect", "wallet-takes-off-later-spends"});
    const std::string blob = blob_of(found.out);
    ASSERT_GT(blob.size(), 20u);
    const std::string broken = blob.substr(0, 9) + "\r\n" + blob.substr(9, 5) + "  " + blob.substr(14) + "\n";
    write_file(file("mail.txt"), "\xEF\xBB\xBF" + broken);
    write_file(file("line.txt"), last_line(found.out) + "\n");
    for (const std::string& shown :
         {" " + blob + "\n", "replay=" + blob, last_line(found.out), broken, "\xEF\xBB\xBF" + blob,
          std::string("mail.txt"), std::string("line.txt")}) {
        const Ended again = run({"--replay", shown});
        EXPECT_EQ(again.code, 1) << shown << again.err;
        EXPECT_THAT(last_line(again.out), HasSubstr("FAIL check=balance")) << shown;
    }
    const Ended folder = run({"--replay", "."});
    EXPECT_EQ(folder.code, 2);
    EXPECT_THAT(folder.err, HasSubstr("--replay: '.' is a directory"));
}

// ---------------------------------------------------------------------------------------------- wrong wishes

TEST_F(FogsimTest, wrong_values_are_refused_with_flag_and_reason) {
    const struct {
        const char* flag;
        std::vector<const char*> values;
        const char* reason;
    } wrong[] = {
        {"--seed", {"x", "-1", "1.5", "0x", "1e3", "18446744073709551616"}, "is not a number from 0 to"},
        {"--runs", {"0", "-3", "many", "1000000001"}, "is not a number from 1 to 1000000000"},
        {"--jobs", {"0", "1025", "two"}, "is not a number from 1 to 1024"},
        {"--time-limit", {"0", "1s", "-1"}, "is not a number from 1 to"},
        {"--scenario", {"nothing"}, "there is no scenario 'nothing'; --list-scenarios lists them"},
        {"--scenario", {"sandwhich"}, "did you mean 'sandwich'?"},
        {"--scenario", {"LAG"}, "did you mean 'lag'?"},
        {"--strategy", {"luck", "swarm+swarm", "portfolio+swarm"}, "there is no strategy"},
        {"--strategy", {"pct:0", "pct:17", "pct:x"}, "depth"},
        {"--profile", {"upstream-1"}, "there is no profile"},
        {"--defect", {"none"}, "there is no defect"},
        {"--defect", {"wallet-take-off-later-spend"}, "did you mean 'wallet-takes-off-later-spends'?"},
        {"--strategy", {"portfolo"}, "did you mean 'portfolio'? known: random, pct:D, pos"},
        {"--profile", {"upstream-7.0"}, "did you mean 'upstream-7.0.0'?"},
        {"--crypto", {"ristreto"}, "did you mean 'ristretto'? known: fast, ristretto"},
        {"--topology", {"view-shard=2"}, "did you mean 'view-shards'? known: accounts, ingest"},
        {"--crypto", {"slow"}, "there is no implementation"},
        {"--topology", {"shards=2"}, "no topology key 'shards'"},
        {"--topology", {"accounts=0", "view-shards=many", "accounts=65"}, "is a number from 1 to"},
        {"--topology", {"copies=two"}, "copies"},
    };
    for (const auto& [flag, values, reason] : wrong)
        for (const char* value : values) expect_refused({flag, value}, flag, reason);
    expect_refused({"--seed", "0xffffffffffffffff", "--runs", "2"}, "--runs", "would pass 2^64-1");
    expect_refused({"--scenario", "sandwich", "--topology", "accounts=1"},
                   "needs accounts of at least 2, not 1");
}

TEST_F(FogsimTest, wrong_flags_are_refused) {
    expect_refused({"--what"}, "--what", "not expected");
    expect_refused({"--sed", "1"}, "--sed", "did you mean --seed?");
    expect_refused({"mutant"}, "mutant", "did you mean 'mutants'?");
    expect_refused({"word"}, "word", "not expected");
    for (const char* flag : {"--seed", "--runs", "--scenario", "--plan", "--replay", "--strategy",
                             "--profile", "--defect", "--topology", "--crypto", "--jobs", "--time-limit",
                             "--report", "--trace", "--json", "--junit", "--corpus"}) {
        expect_refused({flag}, flag, "missing");
        expect_refused({flag, ""}, flag, "empty");
    }
    for (const char* other : {"--seed", "--runs", "--scenario", "--plan", "--strategy", "--profile",
                              "--defect", "--topology", "--crypto", "--corpus"})
        expect_refused({"--replay", "x", other, "1"}, "excludes");
    expect_refused({"--plan", "x", "--scenario", "lag"}, "excludes");
    expect_refused({"--json", "a", "--json", "b"}, "--json");
}

TEST_F(FogsimTest, files_that_cannot_be_written_are_refused_before_the_run) {
    fs::create_directory(file("folder"));
    write_file(file("plain"), "");
    for (const char* flag : {"--json", "--junit", "--trace", "--report"}) {
        // So many runs that the test would not end if they were made.
        Words words = {"--scenario", "lag", "--runs", "1000000000", flag};
        if (flag == std::string("--trace")) words = {"--scenario", "lag", flag}; // shows one run only
        expect_refused(words + Words{"no/such/folder"}, flag, "'no/such/folder': No such file or directory");
        expect_refused(words + Words{"folder"}, flag, "'folder': Is a directory");
        expect_refused(words + Words{"plain/x"}, flag, "'plain/x': Not a directory");
    }
    expect_refused({"--corpus", "plain"}, "--corpus", "'plain'");
    expect_refused({"--corpus", "plain/x"}, "--corpus", "Not a directory");
}

TEST_F(FogsimTest, broken_plans_are_refused_with_file_and_place) {
    const struct {
        const char* text;
        const char* reason;
    } broken[] = {
        {"", ""},
        {"{", ""},
        {"[]", ""},
        {R"({"schema": 2, "topology": "", "wallets_per_account": 1, "steps": []})", "schema"},
        {R"({"schema": 1, "topology": "shards=1", "wallets_per_account": 1, "steps": []})", "topology"},
        {R"({"schema": 1, "topology": "accounts=1", "wallets_per_account": 1, "steps": [{"action": "fly"}]})",
         "line 1: plan.steps[0].action: there is no action 'fly'; known: block, advance"},
        {R"({"schema": 1, "topology": "accounts=1", "wallets_per_account": 1,
             "steps": [{"action": "poll"}, {"action": "poll", "wings": 2}]})",
         "line 2: plan.steps[1]: unknown field 'wings'; known: action"},
        {"{\"schema\": 1,\n \"steps\": [\n  {\"action\": \"pol\"}]}",
         "line 3: plan.steps[0].action: there is no action 'pol'; did you mean 'poll'?"},
        {"{\"schema\": 1,\n \"steps\": [\n  {\"node\": 1}]}", "line 3: plan.steps[0].action: missing"},
        {"{\"schema\": 1,\n \"steps\": [\n  {\"action\": \"fault\", \"fault\": \"partitoin\"}]}",
         "did you mean 'partition'? known: partition, cut"},
        {"{\"schema\": 1,\n \"steps\": [\n  {\"action\": \"block\", \"at\": \"shard_end\"}]}",
         "did you mean 'shard-end'?"},
        {"{\"schema\": 1,\n \"stps\": []}", "line 1: plan: unknown field 'stps'; did you mean 'steps'?"},
        {"{\"schema\": 1,\n \"steps\": [\n  {,}]}", "line 3, byte "},
        {R"({"schema": 1, "topology": "accounts=1", "wallets_per_account": 1,
             "steps": [{"action": "wait", "amount": -1}]})",
         "plan.steps[0].amount"},
    };
    for (const auto& [text, reason] : broken) {
        write_file(file("plan.json"), text);
        expect_refused({"--plan", "plan.json"}, "--plan: 'plan.json'", reason);
    }
    expect_refused({"--plan", "nowhere.json"}, "--plan", "nowhere.json: No such file or directory");
    expect_refused({"--plan", "."}, "--plan", ".: Is a directory");
}

TEST_F(FogsimTest, plan_that_tested_nothing_says_so) {
    write_file(file("empty.json"), R"({"schema": 1, "topology": "accounts=1", "steps": []})");
    const Ended empty = run({"--plan", "empty.json"});
    EXPECT_EQ(empty.code, 0);
    EXPECT_EQ(empty.err,
              "fogsim: --plan: 'empty.json' tests nothing before its end: no ingest node was activated, no "
              "coin landed, no wallet has shown a balance\n");
    EXPECT_EQ(lines(empty.out), 1u);
    EXPECT_THAT(empty.out, StartsWith("fogsim: PASS scenario=lag plan=empty.json seed=1 strategy="));
    // A payment that was made but never submitted is no coin.
    write_file(file("unsent.json"),
               R"({"schema": 1, "topology": "accounts=1", "steps": [{"action": "activate"},
        {"action": "prepare", "credits": [{"account": 0, "amount": 1}]}, {"action": "poll"}, {"action": "join"}]})");
    EXPECT_THAT(run({"--plan", "unsent.json", "--runs", "3"}).err,
                HasSubstr("before its end: no coin landed\n"));
    write_file(file("full.json"), R"({"schema": 1, "topology": "accounts=1", "steps": [{"action": "activate"},
        {"action": "block", "credits": [{"account": 0, "amount": 1}]},
        {"action": "settle", "amount": 5000}, {"action": "poll"}, {"action": "join"}]})");
    const Ended full = run({"--plan", "full.json"});
    EXPECT_EQ(full.code, 0) << full.out;
    EXPECT_EQ(full.err, "");
}

TEST_F(FogsimTest, broken_recordings_are_refused) {
    const std::string good = blob_of(run(failing).out);
    ASSERT_GT(good.size(), 20u);
    std::string mistyped = good;
    mistyped[good.size() / 2] = mistyped[good.size() / 2] == 'A' ? 'B' : 'A';
    expect_refused({"--replay", mistyped}, "--replay", "check sum");
    expect_refused({"--replay", good.substr(0, good.size() - 4)}, "--replay", "not a replay blob");
    expect_refused({"--replay", "F2" + good.substr(2)}, "--replay", "another version");
    expect_refused({"--replay", "nowhere.txt"}, "--replay", "'nowhere.txt' is neither");
    write_file(file("empty.txt"), "# nothing but a comment\n");
    expect_refused({"--replay", "empty.txt"}, "--replay", "'empty.txt': no replay blob in it");
    write_file(file("cut.txt"), good.substr(0, 30) + "\n");
    expect_refused({"--replay", "cut.txt"}, "--replay: 'cut.txt'", "not a replay blob");
}

// ------------------------------------------------------------------------------------------------ files

TEST_F(FogsimTest, junit_has_one_case_with_the_right_counts) {
    EXPECT_EQ(run({"--scenario", "sandwich", "--junit", "held.xml"}).code, 0);
    expect_junit("held.xml");
    EXPECT_THAT(without_times(xml("held.xml")),
                StartsWith("testsuite errors=0 failures=0 name=fogsim skipped=0 tests=1 time=T\n"
                           "testcase classname=fogsim name=sandwich time=T\n"));
    const Ended found = run(failing + Words{"--junit", "failed.xml"});
    EXPECT_EQ(found.code, 1);
    EXPECT_THAT(without_times(xml("failed.xml")),
                StartsWith("testsuite errors=0 failures=1 name=fogsim skipped=0 tests=1 time=T\n"
                           "testcase classname=fogsim name=lag time=T\n"
                           "failure message=fogsim: FAIL check=balance"));
    expect_junit("failed.xml");
    EXPECT_THAT(read("failed.xml"), HasSubstr("What happened, in a world of"));
}

TEST_F(FogsimTest, result_goes_to_stdout_when_it_is_asked_to) {
    for (const char* name : {"-", "/dev/stdout"}) {
        const Ended ended = run({"--seed", "1", "--json", name});
        EXPECT_EQ(ended.code, 0) << ended.err;
        const Json result = Json::parse(ended.out); // and nothing else
        EXPECT_EQ(result.at("verdict"), "held");
        EXPECT_THAT(ended.err, StartsWith("fogsim: PASS scenario=conformance seed=1 "));
    }
    expect_refused({"--json", "-", "--junit", "/dev/stdout"}, "--junit", "already the file of --json");
    const Ended full = run({"--seed", "1", "--json", "/dev/full"});
    EXPECT_EQ(full.code, 2);
    EXPECT_THAT(full.err, HasSubstr("--json: cannot write '/dev/full': No space left on device"));
    EXPECT_THAT(full.out, StartsWith("fogsim: PASS ")) << "the finding is told";
    const Ended pipe = end_of(
        start({"-c", "exec " FOG_PROGRAM_DIR "/fogsim --seed 1 --json >(cat >piped.json; :)"}, "bash"));
    EXPECT_EQ(pipe.code, 0) << pipe.err;
}

TEST_F(FogsimTest, keys_of_a_topology_are_in_help_and_documents) {
    const std::string help = run({"--help"}).out;
    const std::string document = read_file(FOG_SOURCE_DIR "/docs/plan.md");
    for (const engine::TopologyKey& key : engine::topology_keys()) {
        EXPECT_THAT(help, HasSubstr("\n  " + key.name + " ")) << key.name;
        EXPECT_THAT(help, HasSubstr(key.values)) << key.name;
        EXPECT_THAT(document, HasSubstr("| `" + key.name + "` | " + key.values + " | " + key.usual + " | " +
                                        key.meaning + " |\n"));
    }
    EXPECT_THAT(help, HasSubstr("fogsim mutants"));
}

// Field names in the first column of the tables of the document, by the heading above them.
std::map<std::string, std::set<std::string>> documented_fields() {
    std::map<std::string, std::set<std::string>> fields;
    std::istringstream text(read_file(FOG_SOURCE_DIR "/docs/fogsim-json.md"));
    std::string part = "";
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("`") && line.ends_with(":")) part = line.substr(1, line.find('`', 1) - 1);
        if (!line.starts_with("| `")) continue;
        const std::string column = line.substr(0, line.find('|', 1));
        for (std::size_t at = column.find('`'); at != column.npos;) {
            const std::size_t end = column.find('`', at + 1);
            fields[part].insert(column.substr(at + 1, end - at - 1));
            at = column.find('`', end + 1);
        }
    }
    return fields;
}

TEST_F(FogsimTest, json_has_the_documented_fields_and_no_others) {
    std::map<std::string, std::set<std::string>> seen;
    const auto note = [&](const std::string& part, const Json& object) {
        for (const auto& [key, value] : object.items()) seen[part].insert(key);
    };
    write_file(file("one.json"), R"({"schema": 1, "steps": []})");
    std::vector<Words> wishes = {{"--plan", "one.json"},
                                 failing + Words{"--corpus", "kept"},
                                 {"--scenario", "sandwich"},
                                 {"--scenario", "lag", "--runs", "5"},
                                 {"--scenario", "second_device_spends", "--topology", "copies=shared"}};
    for (Words& wish : wishes) {
        const Ended ended = run(wish + Words{"--json", "out.json"});
        const Json result = json("out.json");
        EXPECT_EQ(result.at("exit_code"), ended.code);
        EXPECT_EQ(result.at("schema"), 1);
        note("", result);
        if (!result.contains("failure")) continue;
        note("failure", result.at("failure"));
        if (!result.at("failure").contains("smallest")) continue;
        const Json& smallest = result.at("failure").at("smallest");
        note("smallest", smallest);
        for (const Json& violation : smallest.at("violations")) note("violations", violation);
        EXPECT_EQ(smallest.at("replay"), blob_of(ended.out));
        EXPECT_LE(smallest.at("plan_steps"), smallest.at("plan_steps_before"));
        // The plan is a plan: what --plan takes, failing in the same way when its decisions are tame.
        write_file(file("plan.json"), smallest.at("plan").dump());
        EXPECT_NE(run({"--plan", "plan.json"}).code, 2);
    }
    const auto documented = documented_fields();
    // What these runs cannot bring about.
    const std::map<std::string, std::set<std::string>> elsewhere = {
        {"", {"error", "interrupted"}}, {"failure", {"event", "first", "second"}}};
    for (const char* part : {"", "failure", "smallest", "violations"}) {
        std::set<std::string> expected = documented.at(part);
        if (const auto rare = elsewhere.find(part); rare != elsewhere.end())
            for (const std::string& field : rare->second) {
                EXPECT_EQ(expected.erase(field), 1u) << field << " is not documented";
            }
        EXPECT_EQ(seen[part], expected) << "of '" << part << "'";
    }
}

TEST_F(FogsimTest, report_is_one_page_with_nothing_from_outside) {
    ASSERT_EQ(run(failing + Words{"--report", "failed.html"}).code, 1);
    ASSERT_EQ(run({"--seed", "1", "--report", "run.html"}).code, 0);
    ASSERT_EQ(run({"--scenario", "lag", "--runs", "20", "--report", "sweep.html"}).code, 0);
    for (const char* name : {"failed.html", "run.html", "sweep.html"}) {
        std::string page = read(name);
        const std::string elements = xml(name); // it is well-formed, too
        for (const char* outside : {"src=", "href=", "url(", "@import", "<script", "<link", "<iframe"})
            EXPECT_EQ(page.find(outside), page.npos) << name << " has " << outside;
        for (const std::string own : {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"})
            for (std::size_t at; (at = page.find(own)) != page.npos;) page.erase(at, own.size());
        EXPECT_EQ(page.find("//"), page.npos) << name << ": " << page.substr(page.find("//") - 40, 80);
        EXPECT_THAT(page, HasSubstr("Rare situations"));
        EXPECT_EQ(elements.find("\nsvg ") != elements.npos, std::string(name) != "sweep.html") << name;
    }
    const std::string failed = read("failed.html");
    for (const char* part :
         {"violated", "./run fogsim --replay F1", "What happened", "true is", "circle class=\"failed\"",
          "&quot;action&quot;: &quot;activate&quot;", ">copy ingest<", ">wallet 0 of account 0<",
          "<p class=\"first\">Account 0 is shown ", ", because ", "<p>Scenario lag, by fogsim ",
          "<path class=\"request\"", "<path class=\"answer\"", "<ul class=\"legend\">",
          "prefers-color-scheme: dark", "max-width: 45em", "name=\"viewport\""})
        EXPECT_THAT(failed, HasSubstr(part));
    EXPECT_LT(failed.find("<p class=\"first\">"), failed.find("<pre>")) << "before what only insiders read";
    EXPECT_LT(failed.find("<ul class=\"legend\">"), failed.find("<div class=\"timeline\">"));
    EXPECT_THAT(read("run.html"),
                HasSubstr("<p class=\"first\">Every balance that a wallet showed was right: "));
    EXPECT_THAT(read("run.html"), HasSubstr(">19 wallets of account 4<")) << "their lanes are one";
    EXPECT_THAT(read("run.html"), Not(HasSubstr(">wallet 94 of account 4<")));
    EXPECT_THAT(read("run.html"), HasSubstr("./run fogsim --scenario conformance --seed 1"));
    EXPECT_THAT(read("sweep.html"), HasSubstr("<h2>Strategies</h2>"));

    const std::string blob =
        failed.substr(failed.find("F1"), failed.find('<', failed.find("F1")) - failed.find("F1"));
    EXPECT_EQ(run({"--replay", blob, "--report", "again.html"}).code, 1);
    EXPECT_THAT(read("again.html"), HasSubstr("true is"));
}

TEST_F(FogsimTest, results_say_what_they_were_built_from) {
    const std::string version = run({"--version"}).out;
    ASSERT_EQ(run({"--seed", "1", "--json", "j.json", "--report", "r.html"}).code, 0);
    const std::string commit = json("j.json").at("commit");
    EXPECT_THAT(version, HasSubstr("(commit " + commit + ", "));
    EXPECT_THAT(version, StartsWith("fogsim " + json("j.json").at("version").get<std::string>() + " ("));
    EXPECT_THAT(version, HasSubstr(json("j.json").at("commit_date").get<std::string>()));
    EXPECT_THAT(read("r.html"), HasSubstr(commit));
    EXPECT_THAT(read("r.html"), HasSubstr(json("j.json").at("commit_date").get<std::string>()));
}

TEST_F(FogsimTest, trace_can_be_read) {
    const auto judge = [this](const char* name) {
        return end_of(
            start({FOG_SOURCE_DIR "/tools/testing/trace_rules.py", file(name).string()}, "python3"));
    };
    ASSERT_EQ(run({"--seed", "1", "--trace", "t.json"}).code, 0);
    const Ended whole = judge("t.json");
    EXPECT_EQ(whole.code, 0) << whole.out << whole.err;
    for (const char* part :
         {"\nprocess story\n", "\nprocess ingest0\n", "\nprocess chain copy ledger\n",
          "\nprocess wallet 0 of account 0\n", "\nhas view query of view_router\n", "\nhas block count\n",
          "\nhas chain height\n", "\nhas balance check\n", "\nhas active\n"})
        EXPECT_THAT(whole.out, HasSubstr(part));
    // With everything that plans do to nodes and messages.
    for (const char* seed : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
        ASSERT_EQ(run({"--scenario", "lag", "--seed", seed, "--strategy", "swarm", "--trace", "t.json"}).code,
                  0);
        const Ended judged = judge("t.json");
        EXPECT_EQ(judged.code, 0) << seed << ": " << judged.out << judged.err;
    }
    ASSERT_EQ(run({"--scenario", "every_service_restarts", "--trace", "t.json"}).code, 0);
    const Ended restarts = judge("t.json");
    EXPECT_EQ(restarts.code, 0) << restarts.out;
    EXPECT_THAT(restarts.out, HasSubstr("\nhas down\n"));
    EXPECT_THAT(read("t.json"), HasSubstr("\"name\":\"1. "));
    const std::string blob = blob_of(run(failing).out);
    ASSERT_EQ(run({"--replay", blob, "--trace", "t.json"}).code, 1);
    EXPECT_EQ(judge("t.json").code, 0);
    EXPECT_THAT(read("t.json"), HasSubstr("balance fails"));
}

TEST_F(FogsimTest, trace_shows_one_run) {
    expect_refused(failing + Words{"--trace", "t.json"}, "--trace", "--runs asks for 500");
    const std::string blob = blob_of(run(failing).out);
    ASSERT_EQ(run({"--replay", blob, "--trace", "t.json"}).code, 1);
    EXPECT_GT(json("t.json").at("traceEvents").size(), 50u);
}

TEST_F(FogsimTest, lists_name_what_the_flags_take) {
    const Ended scenarios = run({"--list-scenarios"});
    const Ended defects = run({"--list-defects"});
    const Ended marks = run({"--list-marks"});
    EXPECT_THAT(scenarios.out, HasSubstr("\nlag "));
    EXPECT_THAT(defects.out, HasSubstr("wallet-takes-off-later-spends "));
    EXPECT_GE(lines(defects.out), 60u);
    EXPECT_GE(lines(marks.out), 40u);
    EXPECT_THAT(marks.out, HasSubstr(" Required within "));
    EXPECT_THAT(run({"--version"}).out, StartsWith("fogsim "));
    EXPECT_THAT(run({"--help"}).out, HasSubstr("--report FILE"));
}

} // namespace
} // namespace tools::fogsim::testing
