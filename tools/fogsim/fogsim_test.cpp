// fogsim as its users meet it: run as a program, judged by exit code, both streams and files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

extern char** environ; // of the children, too

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

void write_file(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    if (end == text.npos) return {};
    const std::size_t begin = text.rfind('\n', end);
    return text.substr(begin == text.npos ? 0 : begin + 1, end - (begin == text.npos ? 0 : begin + 1) + 1);
}

// What stands behind "replay=" in the result line.
std::string blob_of(const std::string& out) {
    const std::string line = last_line(out);
    const std::size_t at = line.find(" replay=");
    return at == line.npos ? "" : line.substr(at + 8);
}

struct Ended {
    int code = -1; ///< minus the signal when one ended it
    std::string out;
    std::string err;
};

class FogsimTest : public testing::Test {
protected:
    FogsimTest() {
        std::string pattern = (fs::temp_directory_path() / "fogsim-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
    }
    ~FogsimTest() override { fs::remove_all(folder_); }

    struct Child {
        pid_t pid = 0;
        fs::path out;
        fs::path err;
    };

    Child start(Words words, const char* program = FOG_PROGRAM_DIR "/fogsim") {
        Child child;
        const std::string number = std::to_string(++started_);
        child.out = streams_() / ("out" + number);
        child.err = streams_() / ("err" + number);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, child.out.c_str(), flags, 0600);
        ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, child.err.c_str(), flags, 0600);
        ::posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
        words.insert(words.begin(), program);
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        const int error = ::posix_spawnp(&child.pid, program, &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error(std::string("cannot start ") + program);
        return child;
    }
    Ended end_of(const Child& child) {
        int status = 0;
        while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        Ended ended;
        ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        ended.out = read_file(child.out);
        ended.err = read_file(child.err);
        return ended;
    }
    Ended run(Words words) { return end_of(start(std::move(words))); }

    fs::path file(const std::string& name) const { return folder_ / name; }
    std::string read(const std::string& name) const { return read_file(file(name)); }
    Json json(const std::string& name) const { return Json::parse(read(name)); }
    std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_))
            if (entry.path() != folder_ / ".streams") names.insert(entry.path().filename().string());
        return names;
    }

    /// Refused in one line that names the flag and says why, before anything is done.
    void expect_refused(const Words& words, const std::string& flag, const std::string& reason = "") {
        const auto before = files();
        const Ended ended = run(words);
        std::string all;
        for (const std::string& word : words) all += word + " ";
        EXPECT_EQ(ended.code, 2) << all << ended.out << ended.err;
        EXPECT_EQ(ended.out, "") << all;
        EXPECT_EQ(lines(ended.err), 1u) << all << ended.err;
        EXPECT_THAT(ended.err, StartsWith("fogsim: ")) << all;
        EXPECT_THAT(ended.err, HasSubstr(flag)) << all;
        EXPECT_THAT(ended.err, HasSubstr(reason)) << all;
        EXPECT_EQ(files(), before) << all << "leaves a file";
    }

    /// The parts of an XML text that somebody else's parser sees: "tag attribute=value ...", one a line.
    std::string xml(const std::string& name) {
        const Ended parsed = end_of(start({"-c",
                                           "import sys, xml.etree.ElementTree as E\n"
                                           "for e in E.parse(sys.argv[1]).iter():\n"
                                           "    print(e.tag.split('}')[-1], *sorted(f'{k}={v}' for k, v in "
                                           "e.attrib.items()))\n",
                                           file(name).string()},
                                          "python3"));
        EXPECT_EQ(parsed.code, 0) << name << ": " << parsed.err;
        return parsed.out;
    }

private:
    fs::path streams_() const {
        fs::create_directory(folder_ / ".streams");
        return folder_ / ".streams";
    }

    fs::path folder_;
    int started_ = 0;
};

// A defect that a sweep of the default search sees within some dozens of runs, and one that hurts liveness.
const Words failing = {"--scenario", "lag", "--runs", "500", "--defect", "wallet-takes-off-later-spends"};
const Words late = {"--scenario", "lag",      "--runs",
                    "500",        "--defect", "ingest-skips-the-first-block-of-a-key"};

Words operator+(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
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
    EXPECT_THAT(xml("j.xml"), HasSubstr("testsuite failures=0 name=fogsim skipped=1 tests=1"));
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
                EXPECT_EQ(read(of(jobs)), read(of("1"))) << name << " with --jobs " << jobs;
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
        EXPECT_THAT(xml("i.xml"), HasSubstr("testsuite failures=0 name=fogsim skipped=1 tests=1"));
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
        {"--scenario", {"nothing", "LAG"}, "there is no scenario"},
        {"--strategy", {"luck", "swarm+swarm", "portfolio+swarm"}, "there is no strategy"},
        {"--strategy", {"pct:0", "pct:17", "pct:x"}, "depth"},
        {"--profile", {"upstream-1"}, "there is no profile"},
        {"--defect", {"none"}, "there is no defect"},
        {"--crypto", {"slow"}, "there is no implementation"},
        {"--topology", {"shards=2"}, "no topology key 'shards'"},
        {"--topology", {"accounts=0", "view-shards=many", "accounts=65"}, "is a number from 1 to"},
        {"--topology", {"copies=two"}, "copies"},
    };
    for (const auto& [flag, values, reason] : wrong)
        for (const char* value : values) expect_refused({flag, value}, flag, reason);
    expect_refused({"--seed", "0xffffffffffffffff", "--runs", "2"}, "--runs", "would pass 2^64-1");
    expect_refused({"--scenario", "sandwich", "--topology", "accounts=1"}, "needs account 1");
}

TEST_F(FogsimTest, wrong_flags_are_refused) {
    expect_refused({"--what"}, "--what", "not expected");
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
        const Words words = {"--scenario", "lag", "--runs", "1000000000", flag};
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
         "plan.steps[0].action"},
        {R"({"schema": 1, "topology": "accounts=1", "wallets_per_account": 1,
             "steps": [{"action": "poll"}, {"action": "poll", "wings": 2}]})",
         "plan.steps[1]"},
        {R"({"schema": 1, "topology": "accounts=1", "wallets_per_account": 1,
             "steps": [{"action": "wait", "amount": -1}]})",
         "plan.steps[0].amount"},
    };
    for (const auto& [text, reason] : broken) {
        write_file(file("plan.json"), text);
        expect_refused({"--plan", "plan.json"}, "--plan: 'plan.json'", reason);
    }
    expect_refused({"--plan", "nowhere.json"}, "--plan",
                   "cannot read nowhere.json: No such file or directory");
    expect_refused({"--plan", "."}, "--plan", "cannot read .: Is a directory");
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
    EXPECT_EQ(xml("held.xml"), "testsuite failures=0 name=fogsim skipped=0 tests=1\n"
                               "testcase classname=fogsim name=sandwich\n");
    const Ended found = run(failing + Words{"--junit", "failed.xml"});
    EXPECT_EQ(found.code, 1);
    const std::string parsed = xml("failed.xml");
    EXPECT_THAT(parsed,
                StartsWith("testsuite failures=1 name=fogsim skipped=0 tests=1\n"
                           "testcase classname=fogsim name=lag\nfailure message=fogsim: FAIL check=balance"));
    EXPECT_THAT(read("failed.xml"), HasSubstr("What happened, in a world of"));
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
    std::vector<Words> wishes = {failing + Words{"--corpus", "kept"},
                                 {"--scenario", "sandwich"},
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
        {"", {"interrupted"}}, {"failure", {"event", "first", "second"}}};
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
          "&quot;action&quot;: &quot;activate&quot;", ">copy ingest<", ">wallet 0 of account 0<"})
        EXPECT_THAT(failed, HasSubstr(part));
    EXPECT_THAT(read("run.html"), HasSubstr("wallet 94 of account 4"));
    EXPECT_THAT(read("run.html"), HasSubstr("./run fogsim --scenario conformance --seed 1"));
    EXPECT_THAT(read("sweep.html"), HasSubstr("<h2>Strategies</h2>"));

    const std::string blob =
        failed.substr(failed.find("F1"), failed.find('<', failed.find("F1")) - failed.find("F1"));
    EXPECT_EQ(run({"--replay", blob, "--report", "again.html"}).code, 1);
    EXPECT_THAT(read("again.html"), HasSubstr("true is"));
}

TEST_F(FogsimTest, trace_of_a_failure_is_that_of_the_shrunk_run) {
    ASSERT_EQ(run(failing + Words{"--trace", "t.json"}).code, 1);
    const Json trace = json("t.json");
    EXPECT_GT(trace.at("traceEvents").size(), 50u);
    const Ended none = run({"--scenario", "lag", "--runs", "3", "--trace", "none.json"});
    EXPECT_EQ(none.code, 0);
    EXPECT_THAT(none.err, HasSubstr("--trace: not written"));
    EXPECT_FALSE(fs::exists(file("none.json")));
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
