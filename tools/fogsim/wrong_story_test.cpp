// Stories that are wrong themselves: they run away, throw, crash, or state what is not so.
#include <chrono>
#include <thread>

#include "tools/fogsim/testing/fogsim_bed.hpp"

namespace tools::fogsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WrongStoryTest : public FogsimTest {
protected:
    static constexpr const char* program = FOG_PROGRAM_DIR "/fogsim_of_wrong_stories";
    Ended tell(const std::string& story, const Words& more = {}) {
        return run_program(program, Words{"--scenario", story} + more);
    }
};

TEST_F(WrongStoryTest, endless_chain_is_a_failure_that_repeats) {
    const Ended once = tell("appends_for_ever", {"--seed", "17", "--max-blocks", "500", "--json", "j.json"});
    EXPECT_EQ(once.code, 3) << once.err;
    EXPECT_THAT(once.out, HasSubstr("the story does not end: its budget of 500 blocks is used up at "));
    EXPECT_THAT(once.out, HasSubstr("with block count 500, in step 1 (blocks come and come)"));
    EXPECT_THAT(last_line(once.out),
                StartsWith("fogsim: FAIL check=liveness scenario=appends_for_ever seed=17 "));
    EXPECT_THAT(last_line(once.out), HasSubstr(" trace="));
    EXPECT_THAT(once.out, HasSubstr("Repeat with: ./run fogsim --scenario appends_for_ever --seed 17 "
                                    "--max-blocks 500\n"));
    EXPECT_EQ(json("j.json").at("exit_code"), 3);
    EXPECT_EQ(tell("appends_for_ever", {"--seed", "17", "--max-blocks", "500"}).out, once.out);
    EXPECT_EQ(run({"--scenario", "sandwich", "--max-blocks", "500"}).code, 0) << "enough for a usual story";
}

TEST_F(WrongStoryTest, time_limit_ends_a_single_run_as_a_failure_with_its_seed) {
    for (const char* story : {"waits_for_ever", "never_comes_back"}) {
        const auto begun = std::chrono::steady_clock::now();
        const Ended ended = tell(story, {"--seed", "5", "--time-limit", "1"});
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(60));
        EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
        EXPECT_THAT(ended.out, HasSubstr("he story does not end"));
        EXPECT_THAT(ended.out, HasSubstr(std::string("--scenario ") + story + " --seed 5"));
        EXPECT_THAT(last_line(ended.out),
                    StartsWith(std::string("fogsim: FAIL check=liveness scenario=") + story + " seed=5"));
        EXPECT_THAT(ended.out, Not(HasSubstr(" trace="))) << "what the clock has ended does not repeat";
    }
}

TEST_F(WrongStoryTest, memory_has_a_budget) {
    const Ended ended = tell("hoards", {"--seed", "9", "--max-memory", "300"});
    EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("the memory for it is used up"));
    EXPECT_THAT(last_line(ended.out), StartsWith("fogsim: FAIL check=liveness scenario=hoards seed=9 "));
}

TEST_F(WrongStoryTest, interrupt_ends_a_run_that_goes_on) {
    const Child child = start({"--scenario", "waits_for_ever"}, program);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ::kill(child.pid, SIGINT);
    const Ended ended = end_of(child);
    EXPECT_EQ(ended.code, 6) << ended.out << ended.err;
    EXPECT_THAT(last_line(ended.out), StartsWith("fogsim: INCONCLUSIVE scenario=waits_for_ever seed=1 "));
}

TEST_F(WrongStoryTest, exception_names_story_seed_step_and_the_command_that_repeats_it) {
    const Ended ended = tell("throws", {"--seed", "12", "--junit", "j.xml", "--json", "j.json"});
    EXPECT_EQ(ended.code, 70);
    EXPECT_EQ(ended.err,
              "fogsim: internal error: story throws, seed 12, in step 2 (looks into an empty purse) at "
              "5 ms: no coin there\n"
              "fogsim: repeat with: ./run fogsim --scenario throws --seed 12\n");
    expect_junit("j.xml");
    EXPECT_THAT(xml("j.xml"), HasSubstr("testsuite errors=1 failures=0 name=fogsim skipped=0 tests=1 time="));
    EXPECT_THAT(xml("j.xml"), HasSubstr("error message=story throws, seed 12,"));
    EXPECT_THAT(json("j.json").at("error").get<std::string>(), HasSubstr("seed 12"));
    EXPECT_EQ(json("j.json").at("exit_code"), 70);
}

TEST_F(WrongStoryTest, exception_in_a_sweep_is_that_of_the_lowest_seed) {
    const Ended one = tell("throws_at_times", {"--runs", "200", "--jobs", "1"});
    EXPECT_EQ(one.code, 70);
    EXPECT_THAT(one.err, HasSubstr("before its first step at 1 ms: four of four"));
    EXPECT_EQ(tell("throws_at_times", {"--runs", "200", "--jobs", "3"}).err, one.err);
}

TEST_F(WrongStoryTest, crash_names_story_seed_step_and_the_command_that_repeats_it) {
    const Ended ended = tell("crashes", {"--seed", "3", "--strategy", "pos"});
#if !defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(ended.code, 70);
    EXPECT_EQ(ended.err, "fogsim: internal error: story crashes, seed 3, in step 2: crashed with SIGSEGV\n"
                         "fogsim: repeat with: ./run fogsim --scenario crashes --seed 3 --strategy pos\n");
#endif
    EXPECT_NE(ended.code, 0);
    const Ended aborted = tell("aborts", {"--runs", "50", "--jobs", "2"});
    EXPECT_EQ(aborted.code, 70);
    EXPECT_THAT(aborted.err, HasSubstr("in step 1: crashed with SIGABRT\n"));
}

TEST_F(WrongStoryTest, statement_that_does_not_hold_is_told_as_what_it_states) {
    const Ended ended = tell("states_what_is_not_so", {"--report", "r.html"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out,
                HasSubstr("the story states, and it does not hold: alice has the coin of the crash block."));
    EXPECT_THAT(ended.out, HasSubstr("A statement of the story, of the kind balance.\n"));
    EXPECT_THAT(ended.out, Not(HasSubstr("every reported balance")));
    EXPECT_THAT(read("r.html"), Not(HasSubstr("every reported balance")));
    EXPECT_THAT(last_line(ended.out),
                StartsWith("fogsim: FAIL check=balance scenario=states_what_is_not_so seed=1 "));
}

} // namespace
} // namespace tools::fogsim::testing
