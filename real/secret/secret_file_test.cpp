#include "real/secret/secret_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace real::secret {
namespace {

namespace fs = std::filesystem;

class SecretFileTest : public testing::Test {
protected:
    SecretFileTest() {
        std::string name = fs::temp_directory_path() / "secret-file-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        before_ = ::umask(0);
    }
    ~SecretFileTest() override {
        ::umask(before_);
        fs::remove_all(folder_);
    }

    static std::error_code write(const fs::path& path, std::string_view text) {
        return replace_secret_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }
    static std::string read(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static unsigned mode(const fs::path& path) {
        struct stat found {};
        EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
        return found.st_mode & 07777u;
    }
    std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }

    fs::path folder_;
    mode_t before_;
};

TEST_F(SecretFileTest, OnlyItsOwnerMayReadItWhateverStoodThere) {
    ASSERT_FALSE(write(folder_ / "key", "one"));
    EXPECT_EQ(mode(folder_ / "key"), 0600u);
    ::chmod((folder_ / "key").c_str(), 0666);
    ::umask(0777);
    ASSERT_FALSE(write(folder_ / "key", "two"));
    EXPECT_EQ(mode(folder_ / "key"), 0600u);
    EXPECT_EQ(read(folder_ / "key"), "two");
    EXPECT_EQ(files(), 1);
}

TEST_F(SecretFileTest, NothingIsWrittenThroughALink) {
    std::ofstream(folder_ / "other") << "mine";
    fs::create_symlink("other", folder_ / "key");
    fs::create_symlink("other", folder_ / "key.new");
    ASSERT_FALSE(write(folder_ / "key", "secret"));
    EXPECT_EQ(read(folder_ / "other"), "mine");
    EXPECT_FALSE(fs::is_symlink(folder_ / "key"));
    EXPECT_EQ(read(folder_ / "key"), "secret");
}

TEST_F(SecretFileTest, WhatCannotBeWrittenLeavesNothingBehind) {
    fs::create_directory(folder_ / "key");
    EXPECT_EQ(write(folder_ / "key", "x"), std::errc::is_a_directory);
    EXPECT_EQ(files(), 1);
    EXPECT_EQ(write(folder_ / "none/key", "x"), std::errc::no_such_file_or_directory);
    EXPECT_EQ(write("/dev/full/key", "x"), std::errc::not_a_directory);
}

} // namespace
} // namespace real::secret
