// The harness is killed with SIGKILL at once: what becomes of its children?  A second harness plays the
// victim: a fork of this test that starts children through a supervisor of its own.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

bool is_alive(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    if (!std::getline(in, text)) return false;
    const std::size_t at = text.rfind(')');
    return at != text.npos && text[at + 2] != 'Z' && text[at + 2] != 'X';
}

Task<> ready(Supervisor* supervisor, Child* child) {
    auto says = [child] { return !child->last_lines(1).empty(); };
    const Instant due = supervisor->loop().now() + 20s;
    co_await supervisor->until("a first word", says, due, child);
}

struct Victims {
    pid_t leader = 0;
    pid_t grandchild = 0; // in the leader's group
    pid_t orphan = 0;     // of a leader that has gone: only the group is left of it
    pid_t watchdog = 0;
};

// The doomed harness: tells who its victims are, then waits for its death.
[[noreturn]] void doomed(const std::filesystem::path& work, int out) {
    IoLoop loop;
    Supervisor supervisor(loop, work);
    const std::filesystem::path directory = work / "cluster";
    std::filesystem::create_directory(directory);
    std::ofstream(directory / "file") << "x";
    supervisor.watchdog().add_directory(directory);
    Launch launch;
    launch.name = "leader";
    launch.program = "/bin/sh";
    launch.arguments = {"-c", "trap '' TERM HUP INT; sleep 1000 & echo $!; wait"};
    Child& leader = supervisor.add(launch);
    leader.start();
    loop.run(ready(&supervisor, &leader));
    Victims victims;
    victims.leader = leader.pid();
    victims.grandchild = std::stoi(leader.last_lines(1).at(0));
    victims.watchdog = supervisor.watchdog().pid();
    if (::write(out, &victims, sizeof victims) != sizeof victims) ::_exit(1);
    for (;;) ::pause();
}

TEST(WatchdogTest, NothingIsLeftOfAHarnessKilledWithSigkill) {
    const WorkDirectory work("fog-watchdog-test-");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t harness = ::fork();
    ASSERT_GE(harness, 0);
    if (harness == 0) {
        ::close(ends[0]);
        doomed(work.path(), ends[1]);
    }
    ::close(ends[1]);
    Victims victims;
    ASSERT_EQ(::read(ends[0], &victims, sizeof victims), static_cast<ssize_t>(sizeof victims));
    ::close(ends[0]);
    EXPECT_TRUE(is_alive(victims.leader));
    EXPECT_TRUE(is_alive(victims.grandchild));
    EXPECT_TRUE(is_alive(victims.watchdog));

    ::kill(harness, SIGKILL);
    ::waitpid(harness, nullptr, 0);
    IoLoop loop;
    Supervisor supervisor(loop, work.path());
    auto gone = [&] {
        return !is_alive(victims.leader) && !is_alive(victims.grandchild) && !is_alive(victims.watchdog) &&
               !std::filesystem::exists(work.path() / "cluster");
    };
    loop.run(
        supervisor.until("the end of everything the harness had started", gone, loop.now() + 20s, nullptr));
    EXPECT_TRUE(std::filesystem::exists(work.path() / "leader.log")) << "logs stay for whoever looks into it";
}

TEST(WatchdogTest, AForgottenDirectoryStays) {
    const WorkDirectory work("fog-watchdog-test-");
    const std::filesystem::path kept = work.path() / "kept";
    const std::filesystem::path removed = work.path() / "removed";
    std::filesystem::create_directory(kept);
    std::filesystem::create_directory(removed);
    {
        Watchdog watchdog;
        watchdog.add_directory(kept);
        watchdog.add_directory(removed);
        watchdog.forget_directory(kept);
    }
    EXPECT_TRUE(std::filesystem::exists(kept));
    EXPECT_FALSE(std::filesystem::exists(removed));
}

} // namespace
} // namespace real
