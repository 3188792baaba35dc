#include "real/process/supervisor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "engine/ensure.hpp"
#include "real/process/interruption.hpp"
#include "real/process/ports.hpp"
#include "real/process/work_directory.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Launch shell(std::string name, std::string script) {
    Launch launch;
    launch.name = std::move(name);
    launch.program = "/bin/sh";
    launch.arguments = {"-c", std::move(script)};
    return launch;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

bool exists(pid_t pid) { return ::kill(pid, 0) == 0; }

/// State letter of a process: R, S, T, Z...
char state_of(pid_t pid) {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t at = text.rfind(')');
    return at == text.npos ? '-' : text.at(at + 2);
}

/// Processes of a group that have not ended; a zombie nobody has reaped yet has.
int living_members(pid_t group) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string text = read_file(entry.path() / "stat");
        const std::size_t at = text.rfind(')');
        if (at == text.npos) continue;
        std::istringstream rest(text.substr(at + 1));
        char state;
        pid_t parent, member_of;
        rest >> state >> parent >> member_of;
        if (member_of == group && state != 'Z' && state != 'X') ++count;
    }
    return count;
}

class ProcessTest : public ::testing::Test {
protected:
    ProcessTest()
        : work_("fog-process-test-"), supervisor_(std::make_unique<Supervisor>(loop_, work_.path())) {}

    /// A child that has said a word, so that it is past exec.
    static Task<> until_says(Supervisor* supervisor, Child* child, std::string word) {
        auto says = [child, word] {
            for (const std::string& line : child->last_lines(100))
                if (line.find(word) != line.npos) return true;
            return false;
        };
        const Instant due = supervisor->loop().now() + 20s;
        std::string what = "the word " + word;
        co_await supervisor->until(std::move(what), std::move(says), due, child);
    }

    WorkDirectory work_;
    IoLoop loop_;
    std::unique_ptr<Supervisor> supervisor_;
};

Task<> await_end(Child* child) { (void)co_await child->ended(); }

TEST_F(ProcessTest, AnExitCodeAndASignalAreToldApart) {
    Child& nine = supervisor_->add(shell("nine", "exit 9"));
    Child& killed = supervisor_->add(shell("killed", "kill -9 $$"));
    nine.start();
    killed.start();
    loop_.run(await_end(&nine));
    loop_.run(await_end(&killed));
    ASSERT_TRUE(nine.exit() && killed.exit());
    EXPECT_FALSE(nine.exit()->by_signal());
    EXPECT_EQ(nine.exit()->code(), 9);
    EXPECT_EQ(nine.exit()->text(), "exit code 9");
    EXPECT_TRUE(killed.exit()->by_signal());
    EXPECT_EQ(killed.exit()->signal(), SIGKILL);
    EXPECT_EQ(killed.exit()->text(), "signal 9 (SIGKILL)");
    EXPECT_FALSE(killed.exit()->asked_for);
}

TEST_F(ProcessTest, BothStreamsGoToTheLogAndTheLastLinesIntoTheReport) {
    Child& child = supervisor_->add(shell("talker", "echo one; echo two >&2; printf three"));
    child.start();
    loop_.run(await_end(&child));
    EXPECT_THAT(child.exit()->last_lines, ElementsAre("one", "two", "three"));
    const std::string log = read_file(work_.path() / "talker.log");
    EXPECT_THAT(log, HasSubstr("one\ntwo\nthree"));
    EXPECT_THAT(log, HasSubstr("--- end: exit code 0, nobody asked for it"));
    struct stat status {};
    ASSERT_EQ(::stat((work_.path() / "talker.log").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ProcessTest, EverythingADyingProcessWroteIsKept) {
    // More than a pipe holds, so the reader must keep up and drain the rest after death.
    Child& child = supervisor_->add(shell("chatty", "seq 1 50000; kill -9 $$"));
    child.start();
    loop_.run(await_end(&child));
    EXPECT_EQ(child.exit()->last_lines.back(), "50000");
    EXPECT_THAT(read_file(work_.path() / "chatty.log"), HasSubstr("\n49999\n50000\n"));
}

Task<> stop(Child* child, engine::Duration grace) { co_await child->stop(grace); }

TEST_F(ProcessTest, StopAsksFirstAndKillsWhoDoesNotListen) {
    Child& polite =
        supervisor_->add(shell("polite", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done"));
    Child& deaf = supervisor_->add(shell("deaf", "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
    polite.start();
    deaf.start();
    loop_.run(until_says(supervisor_.get(), &polite, "ready"));
    loop_.run(until_says(supervisor_.get(), &deaf, "ready"));
    loop_.run(stop(&polite, 20s));
    loop_.run(stop(&deaf, 50ms));
    EXPECT_EQ(polite.exit()->text(), "exit code 3");
    EXPECT_TRUE(polite.exit()->asked_for);
    EXPECT_EQ(deaf.exit()->text(), "signal 9 (SIGKILL)");
}

TEST_F(ProcessTest, APausedProcessStandsStillGoesOnAndCanBeStopped) {
    Child& child = supervisor_->add(shell("sleeper", "echo ready; exec sleep 1000"));
    child.start();
    loop_.run(until_says(supervisor_.get(), &child, "ready"));
    child.pause();
    EXPECT_TRUE(child.is_paused());
    const pid_t pid = child.pid();
    auto stands = [pid] { return state_of(pid) == 'T'; };
    loop_.run(supervisor_->until("it to stand still", stands, loop_.now() + 20s, &child));
    child.resume();
    auto goes = [pid] { return state_of(pid) != 'T'; };
    loop_.run(supervisor_->until("it to go on", goes, loop_.now() + 20s, &child));
    child.pause();
    loop_.run(stop(&child, 20s));
    EXPECT_EQ(child.exit()->text(), "signal 15 (SIGTERM)");
}

TEST_F(ProcessTest, ItsChildrenDieWithIt) {
    Child& child = supervisor_->add(shell("parent", "sleep 1000 & echo child $!; exit 0"));
    child.start();
    loop_.run(await_end(&child));
    const std::string line = child.exit()->last_lines.at(0);
    const pid_t orphan = std::stoi(line.substr(6));
    auto gone = [orphan] { return !exists(orphan) || state_of(orphan) == 'Z'; };
    loop_.run(supervisor_->until("the grandchild's end", gone, loop_.now() + 20s, nullptr));
}

TEST_F(ProcessTest, ItStartsAgainAfterAKill) {
    Child& child = supervisor_->add(shell("again", "echo ready; exec sleep 1000"));
    std::set<pid_t> pids;
    for (int life = 0; life < 3; ++life) {
        child.start();
        EXPECT_FALSE(child.exit().has_value());
        loop_.run(until_says(supervisor_.get(), &child, "ready"));
        pids.insert(child.pid());
        loop_.run(child.kill());
        EXPECT_FALSE(child.is_running());
    }
    EXPECT_EQ(child.starts(), 3U);
    EXPECT_EQ(pids.size(), 3U);
}

// Asio keeps the states of closed descriptors and gives them to new ones, also while an event of the old one
// is still in its queue: the new one's wait then ends though nothing has happened to it.
TEST_F(ProcessTest, AnEventOfAClosedDescriptorEndsNoNewProcess) {
    struct Pipe {
        explicit Pipe(boost::asio::io_context& context) : reader(context) {
            int ends[2];
            if (::pipe(ends) != 0) throw std::runtime_error("pipe");
            reader.assign(ends[0]);
            writer = ends[1];
        }
        ~Pipe() { ::close(writer); }
        boost::asio::posix::stream_descriptor reader;
        int writer = -1;
    };
    Child& child = supervisor_->add(shell("newcomer", "echo ready; exec sleep 100"));
    std::vector<std::unique_ptr<Pipe>> pipes;
    for (int i = 0; i < 8; ++i) pipes.push_back(std::make_unique<Pipe>(loop_.context()));
    for (const auto& pipe : pipes) {
        pipe->reader.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [&](const boost::system::error_code& error) {
                                    if (error || child.starts() != 0) return;
                                    for (const auto& other : pipes) other->reader.close();
                                    child.start();
                                });
    }
    for (const auto& pipe : pipes) ASSERT_EQ(::write(pipe->writer, "x", 1), 1);
    loop_.run(supervisor_->until(
        "the start", [&] { return child.starts() == 1; }, loop_.now() + 20s, nullptr));
    loop_.run(until_says(supervisor_.get(), &child, "ready"));
    EXPECT_TRUE(child.is_running());
}

TEST_F(ProcessTest, ADeathNobodyAskedForIsReportedAndOneAskedForIsNot) {
    std::vector<std::string> dead;
    supervisor_->on_death([&](Child& child) { dead.push_back(child.name()); });
    Child& crashes = supervisor_->add(shell("crashes", "exit 13"));
    Child& stopped = supervisor_->add(shell("stopped", "echo ready; exec sleep 1000"));
    crashes.start();
    stopped.start();
    loop_.run(await_end(&crashes));
    loop_.run(until_says(supervisor_.get(), &stopped, "ready"));
    loop_.run(stopped.kill());
    EXPECT_THAT(dead, ElementsAre("crashes"));
}

TEST_F(ProcessTest, NothingIsLeftWhenTheSupervisorGoes) {
    Child& leader = supervisor_->add(shell("leader", "sleep 1000 & echo ready; trap '' TERM; wait"));
    leader.start();
    loop_.run(until_says(supervisor_.get(), &leader, "ready"));
    const pid_t pid = leader.pid();
    EXPECT_EQ(living_members(pid), 2);
    const pid_t watchdog = supervisor_->watchdog().pid();
    supervisor_.reset();
    EXPECT_FALSE(exists(pid));
    auto gone = [pid] { return living_members(pid) == 0; };
    Supervisor other(loop_, work_.path());
    loop_.run(other.until("the end of the whole group", gone, loop_.now() + 20s, nullptr));
    EXPECT_FALSE(exists(watchdog));
}

TEST_F(ProcessTest, AMissingProgramIsNamed) {
    Launch launch = shell("missing", "");
    launch.program = work_.path() / "no-such-program";
    Child& child = supervisor_->add(std::move(launch));
    try {
        child.start();
        FAIL() << "it started";
    } catch (const engine::BrokenSurroundings& error) {
        EXPECT_THAT(error.what(), HasSubstr("no-such-program: No such file or directory"));
    }
    EXPECT_FALSE(child.is_running());
}

TEST_F(ProcessTest, AProgramTheKernelRefusesIsNamed) {
    const std::filesystem::path path = work_.path() / "garbage";
    std::ofstream(path) << "\x7f"
                        << "ELF and no more";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    Launch launch = shell("garbage", "");
    launch.program = path;
    Child& child = supervisor_->add(std::move(launch));
    EXPECT_THROW(child.start(), engine::BrokenSurroundings);
    EXPECT_FALSE(child.is_running());
}

Task<> run_tool(Supervisor* supervisor, Launch launch, engine::Duration limit, std::string* out) {
    const Child* child = co_await supervisor->run(std::move(launch), limit);
    *out = child->standard_output();
}

TEST_F(ProcessTest, AToolGivesItsOutputApartFromItsLog) {
    Launch launch = shell("tool", "echo noise >&2; printf answer");
    launch.keep_stdout = true;
    std::string out;
    loop_.run(run_tool(supervisor_.get(), launch, 20s, &out));
    EXPECT_EQ(out, "answer");
    EXPECT_THAT(read_file(work_.path() / "tool.log"), HasSubstr("noise"));
}

TEST_F(ProcessTest, AToolThatHangsIsKilled) {
    std::string out;
    EXPECT_THROW(loop_.run(run_tool(supervisor_.get(), shell("hangs", "sleep 1000"), 50ms, &out)),
                 engine::BrokenSurroundings);
    EXPECT_FALSE(supervisor_->find("hangs")->is_running());
}

TEST_F(ProcessTest, TheUsersOwnSettingsOfServicesDoNotReachThem) {
    ::setenv("MC_CHAIN_ID", "mine", 1);
    ::setenv("PGHOST", "elsewhere", 1);
    ::setenv("FOG_TEST_OTHER", "kept", 1);
    Launch launch = shell("env", "echo \"<$MC_CHAIN_ID> <$PGHOST> <$FOG_TEST_OTHER> <$MC_LOG>\"");
    launch.environment = {{"MC_LOG", "debug"}};
    launch.keep_stdout = true;
    std::string out;
    loop_.run(run_tool(supervisor_.get(), launch, 20s, &out));
    EXPECT_EQ(out, "<> <> <kept> <debug>\n");
    ::unsetenv("MC_CHAIN_ID");
    ::unsetenv("PGHOST");
    ::unsetenv("FOG_TEST_OTHER");
}

TEST_F(ProcessTest, NoDescriptorOfTheHarnessLeaksIntoAChild) {
    Launch launch = shell("fds", "ls /proc/self/fd | wc -l");
    launch.keep_stdout = true;
    const int leak = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC
    std::string out;
    loop_.run(run_tool(supervisor_.get(), launch, 20s, &out));
    ::close(leak);
    EXPECT_EQ(out, "4\n"); // three streams and the directory that ls reads
}

TEST_F(ProcessTest, AFullDiskIsAnErrorOfTheWriterAndCanBeLifted) {
    const std::string file = (work_.path() / "state").string();
    Child& child =
        supervisor_->add(shell("writer", "echo ready; while :; do printf 0123456789 >" + file +
                                             " 2>/dev/null && echo wrote || echo full; sleep 0.01; done"));
    child.start();
    loop_.run(until_says(supervisor_.get(), &child, "wrote"));
    child.limit_file_size(4);
    loop_.run(until_says(supervisor_.get(), &child, "full"));
    child.limit_file_size(std::nullopt);
    const pid_t pid = child.pid();
    // The last hundred lines must be good ones again.
    auto works = [&child] {
        const auto lines = child.last_lines(5);
        return std::count(lines.begin(), lines.end(), "wrote") == 5;
    };
    loop_.run(supervisor_->until("writes that work", works, loop_.now() + 20s, &child));
    EXPECT_EQ(child.pid(), pid);
}

Task<> wait_for_never(Supervisor* supervisor, const Child* child) {
    auto never = [] { return false; };
    const Instant due = supervisor->loop().now() + 20s;
    co_await supervisor->until("a day that never comes", never, due, child);
}

TEST_F(ProcessTest, AWaitEndsWithTheProcessItIsAbout) {
    Child& child = supervisor_->add(shell("dies", "echo 'no such file: x'; exit 13"));
    child.start();
    try {
        loop_.run(wait_for_never(supervisor_.get(), &child));
        FAIL() << "the wait has ended well";
    } catch (const engine::BrokenSurroundings& error) {
        EXPECT_THAT(error.what(), HasSubstr("a day that never comes"));
        EXPECT_THAT(error.what(), HasSubstr("dies has ended with exit code 13"));
        EXPECT_THAT(error.what(), HasSubstr("no such file: x"));
    }
}

// ------------------------------------------------------------------------------------------------ log

TEST(ChildLogTest, AFileOfFullSizeIsPutAsideBetweenLines) {
    const WorkDirectory work("fog-log-test-");
    ChildLog::Limits limits;
    limits.file_bytes = 100;
    limits.older_files = 2;
    limits.lines_in_memory = 3;
    ChildLog log(work.path() / "x.log", limits);
    for (int i = 10; i < 60; ++i) log.write("line number " + std::to_string(i) + "\n"); // 15 bytes each
    EXPECT_THAT(log.last_lines(9), ElementsAre("line number 57", "line number 58", "line number 59"));
    EXPECT_EQ(read_file(work.path() / "x.log").substr(0, 15), "line number 58\n");
    EXPECT_EQ(read_file(work.path() / "x.log.1").size(), 90U);
    EXPECT_EQ(read_file(work.path() / "x.log.2").substr(0, 15), "line number 46\n");
    EXPECT_FALSE(std::filesystem::exists(work.path() / "x.log.3"));
}

TEST(ChildLogTest, APieceOfALineIsKeptUntilItsEnd) {
    const WorkDirectory work("fog-log-test-");
    ChildLog log(work.path() / "x.log");
    log.write("half");
    EXPECT_THAT(log.last_lines(9), ElementsAre("half"));
    log.write(" and half\nrest");
    EXPECT_THAT(log.last_lines(9), ElementsAre("half and half", "rest"));
    EXPECT_EQ(read_file(work.path() / "x.log"), "half and half\nrest");
}

// ------------------------------------------------------------------------------------------------ ports

int listener(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 5) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

TEST(PortPoolTest, AReservedPortCanBeListenedOnAgainAndAgain) {
    PortPool pool;
    const std::uint16_t port = pool.reserve();
    EXPECT_FALSE(is_listening(port));
    for (int life = 0; life < 3; ++life) {
        const int fd = listener(port);
        ASSERT_GE(fd, 0);
        EXPECT_TRUE(is_listening(port));
        ::close(fd);
    }
}

TEST(PortPoolTest, NobodyElseIsGivenAReservedPort) {
    PortPool mine;
    PortPool theirs;
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(ports.insert(mine.reserve()).second);
        EXPECT_TRUE(ports.insert(theirs.reserve()).second);
    }
}

TEST(PortPoolTest, AFixedPortThatIsTakenIsAnError) {
    PortPool pool;
    const std::uint16_t port = pool.reserve();
    const int fd = listener(port);
    ASSERT_GE(fd, 0);
    PortPool other;
    EXPECT_THROW(other.reserve_fixed(port), engine::BrokenSurroundings);
    ::close(fd);
    EXPECT_NO_THROW(other.reserve_fixed(port));
}

// Both could bind it: nobody listens yet.
TEST(PortPoolTest, AFixedPortBelongsToOneRun) {
    std::optional<PortPool> first(std::in_place);
    std::uint16_t port = 0;
    {
        PortPool scout;
        port = scout.reserve();
    }
    first->reserve_fixed(port);
    PortPool second;
    EXPECT_THROW(second.reserve_fixed(port), engine::BrokenSurroundings);
    first.reset();
    EXPECT_NO_THROW(second.reserve_fixed(port));
}

// -------------------------------------------------------------------------------------------- work directory

TEST(WorkDirectoryTest, IsPrivateAndGoesAwayUnlessKept) {
    std::filesystem::path gone, kept;
    {
        WorkDirectory one("fog-work-test-");
        gone = one.path();
        std::ofstream(gone / "file") << "x";
        struct stat status {};
        ASSERT_EQ(::stat(gone.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0700U);
        WorkDirectory two("fog-work-test-");
        two.keep();
        kept = two.path();
    }
    EXPECT_FALSE(std::filesystem::exists(gone));
    EXPECT_TRUE(std::filesystem::exists(kept));
    std::filesystem::remove_all(kept);
}

// What becomes of a harness that is killed, its watchdog included.
std::filesystem::path left_by_a_dead_run(const std::filesystem::path& place, bool kept) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    const pid_t run = ::fork();
    if (run == 0) {
        WorkDirectory work("dead-", place);
        std::ofstream(work.path() / "key") << "secret";
        if (kept) work.keep();
        const std::string path = work.path().string();
        if (::write(ends[1], path.data(), path.size()) < 0) ::_exit(1);
        ::close(ends[1]);
        for (;;) ::pause();
    }
    ::close(ends[1]);
    char path[512] = {};
    (void)!::read(ends[0], path, sizeof path - 1);
    ::close(ends[0]);
    {
        const WorkDirectory meanwhile("dead-", place);
        EXPECT_TRUE(std::filesystem::exists(path)) << "its owner lives";
    }
    ::kill(run, SIGKILL);
    ::waitpid(run, nullptr, 0);
    return path;
}

TEST(WorkDirectoryTest, NextRunRemovesWhatADeadOneLeftAndNothingElse) {
    const WorkDirectory place("fog-work-test-");
    const std::filesystem::path dead = left_by_a_dead_run(place.path(), false);
    const std::filesystem::path kept = left_by_a_dead_run(place.path(), true);
    const std::filesystem::path others = place.path() / "dead-others";
    std::filesystem::create_directory(place.path() / "dead-ABCDEF"); // nobody's: it has no owner's file
    std::filesystem::create_directory(others);
    std::ofstream(others / ".owner") << "x";
    EXPECT_FALSE(std::filesystem::exists(dead)) << "the second run has found it";
    const WorkDirectory next("dead-", place.path());
    EXPECT_TRUE(std::filesystem::exists(kept / "key")) << "it was kept on purpose";
    EXPECT_TRUE(std::filesystem::exists(place.path() / "dead-ABCDEF"));
    EXPECT_FALSE(std::filesystem::exists(others)) << "this one looks like a dead run's";
}

TEST(WorkDirectoryTest, PlaceThatCannotBeUsedIsTheUsersOrTheMachines) {
    EXPECT_THROW(WorkDirectory("x-", "/proc/nowhere"), engine::UsageError);
    ::setenv("TMPDIR", "/proc/nowhere", 1);
    EXPECT_THROW(WorkDirectory("x-"), engine::BrokenSurroundings);
    ::unsetenv("TMPDIR");
}

// Ctrl-C in a process of its own.  @return how it ended
int after_signals(int number, int times, bool ignored) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(number, ignored ? SIG_IGN : SIG_DFL);
        const Interruption interruption;
        Interruption::result_is("", 3);
        for (int i = 0; i < times; ++i) ::raise(number);
        ::_exit(Interruption::requested() ? 10 : 11);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(InterruptionTest, FirstSignalIsNotedAndTheSecondEndsAtOnceWithTheResultSoFar) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) {
        EXPECT_EQ(after_signals(number, 0, false), 11);
        EXPECT_EQ(after_signals(number, 1, false), 10) << number;
        EXPECT_EQ(after_signals(number, 2, false), 3) << number;
        EXPECT_EQ(after_signals(number, 2, true), 11) << "ignored by whoever started it";
    }
}

TEST(InterruptionTest, LastResortEndsWhatHangsWithTheResultSoFar) {
    const pid_t child = ::fork();
    if (child == 0) {
        const int null = ::open("/dev/null", O_WRONLY);
        ::dup2(null, STDERR_FILENO);
        { const Interruption interruption; } // it counts also behind its end
        Interruption::result_is("", 3);
        Interruption::end_at_last_in(1);
        for (;;) ::pause();
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
}

} // namespace
} // namespace real
