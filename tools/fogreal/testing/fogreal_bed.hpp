#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"

// fogreal as a user runs it, against the stand-ins.

namespace tools::fogreal {

using namespace std::chrono_literals;
using real::Child;
using real::Launch;
namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Living processes whose command line or environment has this text.
inline std::vector<std::string> processes_with(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != name.npos || name == std::to_string(::getpid())) continue;
        const std::string status = read_file(entry.path() / "stat");
        const std::size_t at = status.rfind(')');
        if (at == status.npos || status.at(at + 2) == 'Z') continue;
        const std::string line = read_file(entry.path() / "cmdline");
        if (line.find(text) != line.npos ||
            read_file(entry.path() / "environ").find(text) != std::string::npos)
            out.push_back(name + ": " + line);
    }
    return out;
}

inline std::string after(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    if (at == text.npos) return {};
    const std::size_t begin = at + before.size();
    return text.substr(begin, text.find('\n', begin) - begin);
}

// Its table of users is too small for the first block that pays two accounts.
inline constexpr const char* plan_that_ends_ingest = R"({
 "schema": 1, "topology": "accounts=2,ingest=1,user-capacity=1", "wallets_per_account": 1, "steps": [
 {"action": "activate"},
 {"action": "block", "credits": [{"account": 0, "amount": 1}, {"account": 1, "amount": 2}]},
 {"action": "settle", "amount": 5000},
 {"action": "wait", "amount": 6000}]})";

class FogrealTest : public ::testing::Test {
protected:
    FogrealTest() : work_("fogreal-test-"), supervisor_(loop_, make(work_.path() / "logs")) {
        runs_ = make(work_.path() / "runs");
        marker_ = "FOGREAL_TEST=" + work_.path().filename().string();
    }

    static fs::path make(const fs::path& path) {
        fs::create_directory(path);
        return path;
    }

    Launch launch_of(std::vector<std::string> arguments) {
        Launch launch;
        launch.name = "fogreal-" + std::to_string(++started_);
        launch.program = fs::path(FOG_PROGRAM_DIR) / "fogreal";
        launch.arguments = std::move(arguments);
        launch.arguments.insert(launch.arguments.end(), {"--work-dir", runs_.string()});
        launch.environment["FOGREAL_TEST"] = work_.path().filename().string();
        launch.keep_stdout = true;
        return launch;
    }

    static real::Task<> run_to_end(real::Supervisor* supervisor, Launch launch, Child** out) {
        *out = co_await supervisor->run(std::move(launch), 240s);
    }
    Child& run(std::vector<std::string> arguments) {
        Child* child = nullptr;
        loop_.run(run_to_end(&supervisor_, launch_of(std::move(arguments)), &child));
        return *child;
    }
    static std::string log_of(const Child& child) { return read_file(child.log()); }
    int code(const Child& child) {
        EXPECT_FALSE(child.exit()->by_signal()) << child.exit()->text();
        return child.exit()->by_signal() ? -1 : child.exit()->code();
    }

    void until(const std::string& what, std::function<bool()> holds, const Child* child = nullptr) {
        loop_.run(supervisor_.until(what, std::move(holds), loop_.now() + 120s, child, 20ms));
    }
    bool says(const Child& child, const std::string& word) {
        return log_of(child).find(word) != std::string::npos;
    }

    /// No process, no database directory; of the run's files those that were kept on purpose.
    void expect_nothing_left(const Child& child, bool kept) {
        until("the end of all its processes", [this] { return processes_with(marker_).empty(); });
        const std::string cluster = after(log_of(child), "started a private Postgres cluster in ");
        ASSERT_FALSE(cluster.empty()) << log_of(child);
        until("the end of the database server", [&] { return processes_with(cluster).empty(); });
        until("the end of the database", [&] { return !fs::exists(cluster); });
        const std::string directory = after(log_of(child), "work directory ");
        EXPECT_EQ(fs::exists(directory), kept) << directory;
        if (kept) {
            struct stat status {};
            ASSERT_EQ(::stat(directory.c_str(), &status), 0);
            EXPECT_EQ(status.st_mode & 0777, 0700U) << "private to the user";
            fs::remove_all(directory);
        }
        EXPECT_TRUE(fs::is_empty(runs_));
    }

    real::WorkDirectory work_;
    real::IoLoop loop_;
    real::Supervisor supervisor_;
    fs::path runs_;
    std::string marker_;
    int started_ = 0;
};

} // namespace tools::fogreal
