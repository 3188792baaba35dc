#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

// What MobileCoin's own programs showed is what the simulator says from the same seed:
// docs/found-in-mobilecoin.md.

namespace {

using testing::HasSubstr;

std::string fogsim(const std::string& arguments) {
    const std::string command = std::string("\"") + FOG_PROGRAM_DIR "/fogsim\" " + arguments;
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
    EXPECT_TRUE(pipe);
    std::string out;
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
        out.append(buffer.data(), got);
    return out;
}

/// The plan that the real programs failed, as seed 118 drew it.
constexpr const char* failed = "--plan \"" FOG_SOURCE_DIR "/docs/plans/mobilecoin-118.json\" --seed 118 ";

TEST(ForetoldTest, Seed118HoldsWithoutUpstreamsDefects) {
    EXPECT_THAT(fogsim(failed), HasSubstr("fogsim: PASS scenario=lag plan="));
}

TEST(ForetoldTest, TheRealWalletsWrongBalanceComesFromTheSameSeed) {
    EXPECT_THAT(
        fogsim(failed + std::string("--profile upstream-7.0.0 --no-shrink")),
        HasSubstr("fogsim: FAIL check=balance scenario=lag seed=118 account=0 count=8 shown=4 true=30 "));
}

TEST(ForetoldTest, ItIsTheForgottenMissedRange) {
    const std::string story = fogsim(failed + std::string("--defect wallet-drops-early-missed-ranges"));
    EXPECT_THAT(story, HasSubstr("The chain gets block 2, without anything of an account."));
    EXPECT_THAT(story, testing::Not(HasSubstr("The chain gets block 3")));
    EXPECT_THAT(story, HasSubstr("that block is reported missed, so only the ledger can show it"));
}

TEST(ForetoldTest, SumsBeyond64BitsAreForetoldToo) {
    for (const char* seed : {"179", "198"})
        EXPECT_THAT(fogsim("--scenario lag --topology view-shards=1 --seed " + std::string(seed) +
                           " --defect wallet-adds-in-64-bits --no-shrink"),
                    HasSubstr("fogsim: FAIL check=balance scenario=lag seed=" + std::string(seed)));
}

} // namespace
