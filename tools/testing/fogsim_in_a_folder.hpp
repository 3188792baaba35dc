#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace tools::testing {

/// fogsim as its users meet it: run as a program in a folder of its own, judged by output, files and exit
/// code.
class FogsimInAFolder : public ::testing::Test {
protected:
    struct Outcome {
        int exit_code = -1;
        std::string out; ///< both streams, or as `errors` says
    };

    FogsimInAFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "fogsim-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
    }
    ~FogsimInAFolder() override { std::filesystem::remove_all(folder_); }

    /// @param errors  where the shell sends stderr
    Outcome run(const std::string& arguments, const char* errors = "2>&1") const {
        const std::string command =
            "cd '" + folder_.string() + "' && '" FOG_PROGRAM_DIR "/fogsim' " + arguments + " " + errors;
        Outcome outcome;
        std::FILE* pipe = ::popen(command.c_str(), "r");
        if (pipe == nullptr) throw std::runtime_error("popen");
        char buffer[4096];
        for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
            outcome.out.append(buffer, n);
        const int status = ::pclose(pipe);
        if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
        return outcome;
    }
    nlohmann::json json(const char* name) const {
        std::ifstream in(folder_ / name);
        return nlohmann::json::parse(in);
    }

    std::filesystem::path folder_;
};

} // namespace tools::testing
