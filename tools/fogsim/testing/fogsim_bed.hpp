#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

// fogsim as its users meet it: run as a program in a folder of its own.

extern char** environ; // of the children, too

namespace tools::fogsim::testing {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

inline std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

inline void write_file(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

inline std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

inline std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    if (end == text.npos) return {};
    const std::size_t begin = text.rfind('\n', end);
    return text.substr(begin == text.npos ? 0 : begin + 1, end - (begin == text.npos ? 0 : begin + 1) + 1);
}

// What stands behind "replay=" in the result line.
inline std::string blob_of(const std::string& out) {
    const std::string line = last_line(out);
    const std::size_t at = line.find(" replay=");
    return at == line.npos ? "" : line.substr(at + 8);
}

struct Ended {
    int code = -1; ///< minus the signal when one ended it
    std::string out;
    std::string err;
};

class FogsimTest : public ::testing::Test {
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
    Ended run_program(const char* program, Words words) { return end_of(start(std::move(words), program)); }

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
        EXPECT_THAT(ended.err, ::testing::StartsWith("fogsim: ")) << all;
        EXPECT_THAT(ended.err, ::testing::HasSubstr(flag)) << all;
        EXPECT_THAT(ended.err, ::testing::HasSubstr(reason)) << all;
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

    /// The file is what Jenkins reads.
    void expect_junit(const std::string& name) {
        const Ended judged =
            end_of(start({FOG_SOURCE_DIR "/tools/testing/junit_rules.py", file(name).string()}, "python3"));
        EXPECT_EQ(judged.code, 0) << judged.out << judged.err << read(name);
    }

private:
    fs::path streams_() const {
        fs::create_directory(folder_ / ".streams");
        return folder_ / ".streams";
    }

    fs::path folder_;
    int started_ = 0;
};

inline Words operator+(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

} // namespace tools::fogsim::testing
