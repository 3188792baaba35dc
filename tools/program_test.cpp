// Programs that are started badly or lose what they write to: closed and broken standard streams, disks that
// take nothing, signals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/ensure.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

class ProgramTest : public testing::Test {
protected:
    ProgramTest() {
        std::string pattern = (fs::temp_directory_path() / "fog-program-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
    }
    ~ProgramTest() override { fs::remove_all(folder_); }

    struct Ended {
        int code = -1; ///< as a shell says it: 128 and the signal when one ended it
        std::string out;
    };
    // A line of a shell, in a folder of its own.  $B is the folder of the programs; nothing takes longer than
    // 60 s.
    Ended shell(const std::string& line) {
        const fs::path out = folder_ / ".out";
        const std::string command = "cd '" + folder_.string() +
                                    "' && B='" FOG_PROGRAM_DIR
                                    "' && export B && exec timeout -s KILL 60 bash -c '" +
                                    line + "' >'" + out.string() + "'";
        const int status = std::system(command.c_str());
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out)};
    }
    std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_))
            if (entry.path().filename() != ".out") names.insert(entry.path().filename().string());
        return names;
    }

    fs::path folder_;
};

// ----------------------------------------------------------------------------------------------- descriptors

// Runs `body` in a process of its own.  @return its exit code
int in_child(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(BeginProgramTest, no_file_gets_the_number_of_a_closed_standard_stream) {
    for (int closed = 0; closed < 8; ++closed) {
        const int code = in_child([closed] {
            for (int fd = 0; fd < 3; ++fd)
                if ((closed & (1 << fd)) != 0) ::close(fd);
            tools::begin_program();
            const int file = ::open("/dev/zero", O_RDWR);
            if (file < 3) ::_exit(1);
            char byte = 'x';
            for (int fd = 0; fd < 3; ++fd) {
                if ((closed & (1 << fd)) == 0) continue;
                const ssize_t n = fd == 0 ? ::read(fd, &byte, 1) : ::write(fd, &byte, 1);
                if (n >= 0) ::_exit(2); // what is lost is to be noticed
            }
        });
        EXPECT_EQ(code, 0) << "closed: " << closed;
    }
}

TEST(BeginProgramTest, a_file_that_may_not_grow_is_an_error_and_no_death) {
    const int code = in_child([] {
        tools::begin_program();
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &none);
        const int file = ::open("/tmp", O_TMPFILE | O_WRONLY, 0600);
        if (file >= 0 && (::write(file, "x", 1) >= 0 || errno != EFBIG)) ::_exit(1);
    });
    EXPECT_EQ(code, 0);
}

TEST(BeginProgramTest, children_can_be_waited_for_though_the_parent_had_ignored_their_ends) {
    const int code = in_child([] {
        std::signal(SIGCHLD, SIG_IGN); // outlives an exec
        tools::begin_program();
        const pid_t grandchild = ::fork();
        if (grandchild == 0) ::_exit(7);
        int status = 0;
        if (::waitpid(grandchild, &status, 0) != grandchild || WEXITSTATUS(status) != 7) ::_exit(1);
    });
    EXPECT_EQ(code, 0);
}

TEST(BeginProgramTest, every_main_begins_with_it) {
    std::size_t mains = 0;
    for (const auto& entry : fs::recursive_directory_iterator(FOG_SOURCE_DIR "/tools")) {
        if (entry.path().extension() != ".cpp" || entry.path().stem().string().ends_with("_test")) continue;
        const std::string text = read_file(entry.path());
        const std::size_t at = text.find("\nint main(");
        if (at == text.npos) continue;
        ++mains;
        const std::size_t body = text.find('{', at) + 1;
        const std::size_t first = text.find_first_not_of(" \n", body);
        EXPECT_EQ(text.substr(first, 23), "tools::begin_program();") << entry.path();
    }
    EXPECT_GE(mains, 14u);
}

TEST_F(ProgramTest, ledger_survives_every_tool_without_standard_streams) {
    const Ended made =
        shell("$B/sample-keys --num 5 --output-dir keys >/dev/null && $B/init_test_ledger --keys keys "
              "--ledger-db l --watcher-db w --seed 0 && rm -f l/lock.mdb && cp -r l l2");
    ASSERT_EQ(made.code, 0) << made.out;
    EXPECT_EQ(shell("timeout 10 $B/dump-ledger --ledger-db l >&- 2>err").code, 13);
    EXPECT_EQ(read_file(folder_ / "err"), "dump-ledger: stdout cannot be written\n");
    EXPECT_EQ(shell("timeout 10 $B/dump-ledger --ledger-db l2 <&- >&- 2>&-").code, 13);
    EXPECT_EQ(shell("timeout 10 $B/ledger-copy --ledger-db l --to-ledger-db l3 <&- >&- 2>&-").code, 101);
    for (const char* ledger : {"l", "l2"}) {
        const Ended verified = shell(std::string("$B/ledger-verify --ledger-db ") + ledger);
        EXPECT_EQ(verified.code, 0);
        EXPECT_THAT(verified.out, StartsWith("ledger-verify: OK blocks=1 "));
    }
}

TEST_F(ProgramTest, reader_that_goes_away_ends_a_dump_at_once) {
    ASSERT_EQ(shell("$B/sample-keys --num 5 --output-dir keys >/dev/null && $B/init_test_ledger --keys keys "
                    "--ledger-db l --watcher-db w --seed 0")
                  .code,
              0);
    EXPECT_EQ(shell("$B/dump-ledger --ledger-db l 2>err | head -c 1; echo ${PIPESTATUS[0]}").out, "[141\n");
}

// -------------------------------------------------------------------------------------------- what was found

const std::string finds =
    "$B/fogsim --scenario lag --runs 3000 --defect ingest-counts-users-anew-each-block ";

TEST_F(ProgramTest, finding_is_told_though_no_file_can_be_written) {
    fs::create_directory(folder_ / "kept");
    const Ended ended = shell("(ulimit -f 0; exec " + finds +
                              "--corpus kept --json x.json --junit x.xml --report x.html --replay-out x.txt "
                              "--no-shrink) 2>&1 | cat; exit ${PIPESTATUS[0]}");
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("fogsim: FAIL check=response"));
    EXPECT_THAT(ended.out, HasSubstr(" replay=F1")) << "no file takes it, so it stands here";
    for (const char* flag : {"--corpus", "--json", "--junit", "--report", "--replay-out"})
        EXPECT_THAT(ended.out, HasSubstr(std::string("fogsim: ") + flag + ": cannot write '"));
    EXPECT_EQ(files(), std::set<std::string>{"kept"});
    EXPECT_TRUE(fs::is_empty(folder_ / "kept")) << "no half files";
}

TEST_F(ProgramTest, streams_that_take_nothing_cost_the_text_and_not_the_result) {
    for (const char* streams : {"2>/dev/full", "2>&-", "2> >(exec true)"}) {
        const Ended ended = shell("trap \"\" PIPE; " + finds + "--no-shrink " + streams);
        EXPECT_EQ(ended.code, 1) << streams;
        EXPECT_THAT(ended.out, HasSubstr("fogsim: FAIL check=response")) << streams;
    }
    for (const char* streams : {">/dev/full", ">&-", "| true", ">/dev/full 2>/dev/full", ">&- 2>&- <&-"}) {
        const Ended ended =
            shell(finds + "--no-shrink --json x.json " + streams + " ; exit ${PIPESTATUS[0]}");
        EXPECT_EQ(ended.code, 1) << streams;
        EXPECT_THAT(read_file(folder_ / "x.json"), StartsWith("{")) << streams;
        fs::remove(folder_ / "x.json");
    }
    const Ended held = shell("$B/fogsim --seed 1 2>&1 >/dev/full");
    EXPECT_EQ(held.code, 6) << "that all is well reached nobody";
    EXPECT_EQ(held.out, "fogsim: stdout cannot be written: No space left on device\n");
}

TEST_F(ProgramTest, signals_end_a_sweep_with_its_result) {
    for (const char* signal : {"INT", "TERM", "HUP", "QUIT", "USR1"}) {
        const Ended ended =
            shell(std::string("trap - ") + signal +
                  "; set -m; $B/fogsim --scenario lag --runs 100000000 --json x.json & sleep 1; kill -" +
                  signal + " $!; wait $!");
        EXPECT_EQ(ended.code, 6) << signal;
        EXPECT_THAT(ended.out, HasSubstr("fogsim: ")) << signal;
        EXPECT_THAT(read_file(folder_ / "x.json"), StartsWith("{")) << signal;
        fs::remove(folder_ / "x.json");
        EXPECT_EQ(files(), std::set<std::string>{}) << signal;
    }
}

TEST_F(ProgramTest, ignored_signal_stays_ignored) {
    const Ended ended =
        shell("trap \"\" HUP; $B/fogsim --scenario lag --runs 100000000 & sleep 1; kill -HUP $!; sleep 1; "
              "kill -0 $! && echo lives; kill -TERM $!; wait $!");
    EXPECT_EQ(ended.code, 6);
    EXPECT_THAT(ended.out, StartsWith("lives\n"));
}

TEST_F(ProgramTest, killed_sweep_leaves_nothing_beside_its_files) {
    (void)shell("$B/fogsim --scenario lag --runs 100000000 --json x.json --junit x.xml & sleep 1; kill -KILL "
                "$!; wait $!");
    EXPECT_EQ(files(), std::set<std::string>{});
}

// ------------------------------------------------------------------------------------------------ outputs

std::string mode_of(const fs::path& path) {
    std::ostringstream out;
    out << std::oct << static_cast<unsigned>(fs::status(path).permissions());
    return out.str();
}

TEST_F(ProgramTest, output_has_the_mode_that_the_umask_leaves) {
    EXPECT_EQ(shell("umask 027; $B/fogsim --json a.json >/dev/null").code, 0);
    EXPECT_EQ(mode_of(folder_ / "a.json"), "640");
    EXPECT_EQ(shell("umask 077; chmod 664 a.json; $B/fogsim --json a.json >/dev/null").code, 0);
    EXPECT_EQ(mode_of(folder_ / "a.json"), "664") << "a file that is replaced passes its own on";
}

TEST_F(ProgramTest, output_through_a_link_goes_where_it_leads) {
    std::ofstream(folder_ / "there.json") << "old";
    fs::create_symlink("there.json", folder_ / "link.json");
    EXPECT_EQ(shell("$B/fogsim --json link.json >/dev/null").code, 0);
    EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
    EXPECT_THAT(read_file(folder_ / "there.json"), StartsWith("{"));
    fs::create_symlink("nowhere/x.json", folder_ / "dangling.json");
    const Ended refused = shell("$B/fogsim --json dangling.json 2>&1");
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(refused.out,
              "fogsim: --json: 'dangling.json' is a symbolic link to nothing that can be written\n");
}

TEST_F(ProgramTest, two_outputs_to_one_file_are_refused) {
    for (const char* second : {"x", "./x", "../$(basename $PWD)/x"}) {
        const Ended refused = shell(std::string("$B/fogsim --json x --junit ") + second + " 2>&1");
        EXPECT_EQ(refused.code, 2) << second;
        EXPECT_THAT(refused.out, HasSubstr("is already the file of --json")) << second;
    }
    EXPECT_EQ(shell("$B/fogsim --json /dev/null --junit /dev/null >/dev/null").code, 0);
    const Ended folder = shell("$B/fogsim --json . 2>&1");
    EXPECT_EQ(folder.code, 2);
    EXPECT_EQ(folder.out, "fogsim: --json: cannot write '.': Is a directory\n");
}

} // namespace
