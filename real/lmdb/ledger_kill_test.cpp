#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>

#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/ledger_check.hpp"
#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/test_support.hpp"

// A writer is killed at any moment, over and over.  Whatever it said is safe must be there, and the ledger
// must be whole.

namespace real::lmdb {
namespace {

using namespace engine::chain;

void make_ledger(const std::filesystem::path& directory) {
    Hc128 rng(Hc128::Seed{1});
    LedgerDb ledger = LedgerDb::create(directory);
    ASSERT_FALSE(ledger.append_block(cheap_block(rng, nullptr, 1, 0)));
}

/// Starts the appending program; its acknowledgements come through `acks`.
pid_t start_appender(const std::filesystem::path& directory, int& acks) {
    int pipe_ends[2];
    EXPECT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe_ends[1], 1);
        ::execl(FOG_LEDGER_APPENDER, "ledger_appender", directory.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    acks = pipe_ends[0];
    return child;
}

/// Reads what is there.  @return the last complete number, 0 when there was none
std::uint64_t read_acks(int file, std::string& pending, bool& open) {
    char buffer[4096];
    const ssize_t n = ::read(file, buffer, sizeof buffer);
    open = n > 0;
    if (n > 0) pending.append(buffer, static_cast<std::size_t>(n));
    const std::size_t end = pending.rfind('\n');
    if (end == std::string::npos) return 0;
    const std::size_t start = end == 0 ? std::string::npos : pending.rfind('\n', end - 1);
    const std::uint64_t last = std::stoull(pending.substr(start == std::string::npos ? 0 : start + 1));
    pending.erase(0, end + 1);
    return last;
}

TEST(LedgerKillTest, no_acknowledged_block_is_lost_and_the_ledger_stays_whole) {
    ScratchDir scratch;
    const std::filesystem::path directory = scratch / "ledger";
    make_ledger(directory);
    std::mt19937 random(1);
    std::uint64_t acknowledged = 1;
    int unacknowledged_kept = 0;
    constexpr int kills = 80;
    for (int i = 0; i < kills; ++i) {
        int acks = -1;
        const pid_t child = start_appender(directory, acks);
        // The moment of the kill: after some acknowledgement, and up to two milliseconds later, so that it
        // falls anywhere in the work on a block.
        std::string pending;
        bool open = true;
        const std::uint64_t until = acknowledged + random() % 25;
        while (open && acknowledged <= until)
            acknowledged = std::max(acknowledged, read_acks(acks, pending, open));
        ASSERT_TRUE(open) << "the appender ended by itself";
        const auto kill_at = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 2000);
        while (std::chrono::steady_clock::now() < kill_at) {
        }
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        while (open) acknowledged = std::max(acknowledged, read_acks(acks, pending, open));
        ::close(acks);

        const LedgerDb ledger = LedgerDb::open(directory); // checks every page
        const std::uint64_t blocks = ledger.num_blocks().value;
        ASSERT_GE(blocks, acknowledged) << "kill " << i;
        ASSERT_LE(blocks, acknowledged + 1) << "kill " << i;
        unacknowledged_kept += blocks > acknowledged;
        acknowledged = blocks;
        // The newest blocks each time, the whole chain now and then.
        ASSERT_EQ(ledger.block_data(BlockIndex{blocks - 1})->contents.outputs.size(), blocks == 1 ? 1u : 3u);
        if (i % 40 == 39) {
            LedgerSummary summary;
            const auto fault = check_ledger(*ledger.snapshot(), summary);
            ASSERT_FALSE(fault) << "kill " << i << ": " << fault->place << ": " << fault->what;
        }
    }
    std::printf("%d kills, %llu blocks, %d times killed between commit and acknowledgement\n", kills,
                static_cast<unsigned long long>(acknowledged), unacknowledged_kept);
}

TEST(LedgerKillTest, a_reader_follows_a_ledger_that_another_process_extends) {
    ScratchDir scratch;
    const std::filesystem::path directory = scratch / "ledger";
    make_ledger(directory);
    const LedgerDb ledger = LedgerDb::open(directory);
    int acks = -1;
    const pid_t child = start_appender(directory, acks);
    std::string pending;
    bool open = true;
    std::uint64_t acknowledged = 1;
    while (open && acknowledged < 200) {
        acknowledged = std::max(acknowledged, read_acks(acks, pending, open));
        const LedgerDb::Snapshot now = ledger.snapshot();
        const std::uint64_t blocks = now->num_blocks().value;
        EXPECT_GE(blocks, acknowledged) << "what is acknowledged is visible";
        EXPECT_TRUE(now->block_data(BlockIndex{blocks - 1}).has_value());
        EXPECT_FALSE(now->block(BlockIndex{blocks}).has_value()) << "one state, though the other one goes on";
    }
    try {
        LedgerDb::open(directory, {.access = EnvironmentOptions::Access::write});
        ADD_FAILURE() << "the other process is the writer";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, ErrorCode::writer_present);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(acks);
    LedgerDb::open(directory, {.access = EnvironmentOptions::Access::write});
}

} // namespace
} // namespace real::lmdb
