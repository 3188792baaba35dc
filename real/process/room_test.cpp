#include "real/process/room.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace real {
namespace {

constexpr ::uid_t somebody = 65534; ///< root is not held to limits of processes

/// Whether `holds` is so in a process of its own, whose limits nobody else has.
bool in_a_child(const std::function<bool()>& holds) {
    const ::pid_t child = ::fork();
    if (child == 0) ::_exit(holds() ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool limited(int what, ::rlim_t value) {
    const struct rlimit limit { value, value };
    return ::setrlimit(static_cast<__rlimit_resource_t>(what), &limit) == 0;
}

bool says(const RoomNeeded& needed, const std::string& part) {
    return too_little_room(needed).find(part) != std::string::npos;
}

TEST(Room, what_is_not_needed_is_not_missed) { EXPECT_EQ(too_little_room({}), ""); }

// Sanitizers take up to all of the address space: the limit is larger, and the need, too.
TEST(Room, limit_of_address_space_is_told_with_both_numbers) {
    EXPECT_TRUE(in_a_child([] {
        constexpr std::uint64_t limit = 1ULL << 48;
        return limited(RLIMIT_AS, limit) &&
               says({0, 2 * limit}, "268435456 MiB of address space (ulimit -v)") &&
               says({0, 2 * limit}, "needs 536870912") && too_little_room({0, limit / 2}).empty();
    }));
}

TEST(Room, limit_of_processes_counts_those_that_are_there) {
    EXPECT_TRUE(in_a_child([] {
        if (::getuid() == 0 && ::setuid(somebody) != 0) return false;
        return limited(RLIMIT_NPROC, 10'000) && too_little_room({100, 0}).empty() &&
               says({10'000, 0}, "10000 processes and threads (ulimit -u)");
    }));
}

} // namespace
} // namespace real
