#include "engine/input_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "engine/ensure.hpp"

namespace engine {
namespace {

namespace fs = std::filesystem;

class InputFileTest : public testing::Test {
protected:
    InputFileTest() {
        std::string name = fs::temp_directory_path() / "input-file-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~InputFileTest() override { fs::remove_all(folder_); }

    std::string complaint(const fs::path& path, std::size_t limit = largest_input_file) {
        try {
            (void)read_input_file("--plan", path, limit);
            return "none";
        } catch (const UsageError& error) {
            return error.what();
        }
    }

    fs::path folder_;
};

TEST_F(InputFileTest, GivesEveryByte) {
    const std::string content("a\r\nb\0c", 6);
    std::ofstream(folder_ / "f", std::ios::binary) << content;
    EXPECT_EQ(read_input_file("--plan", folder_ / "f"), content);
    EXPECT_EQ(std::string_view(read_secret_file("--plan", folder_ / "f")), content);
    std::ofstream(folder_ / "empty").close();
    EXPECT_EQ(read_input_file("--plan", folder_ / "empty"), "");
}

// A file that is there and cannot be read is never an empty one.
TEST_F(InputFileTest, NamesFlagFileAndReason) {
    const std::string at = "--plan: cannot read " + folder_.string();
    EXPECT_EQ(complaint(folder_), at + ": Is a directory");
    EXPECT_EQ(complaint(folder_ / "none"), at + "/none: No such file or directory");
    fs::create_symlink("loop", folder_ / "loop");
    EXPECT_EQ(complaint(folder_ / "loop"), at + "/loop: Too many levels of symbolic links");
    fs::create_symlink("none", folder_ / "dangling");
    EXPECT_EQ(complaint(folder_ / "dangling"), at + "/dangling: No such file or directory");
    EXPECT_EQ(complaint("/proc/self/mem"), "--plan: cannot read /proc/self/mem: Input/output error");
}

TEST_F(InputFileTest, AFileWithoutAnEndIsRefused) {
    EXPECT_EQ(complaint("/dev/zero", 1 << 20),
              "--plan: cannot read /dev/zero: it is larger than 1048576 bytes");
}

} // namespace
} // namespace engine
