#include <gtest/gtest.h>

#include "property_tests/simulated_db.hpp"

namespace property_tests {
namespace {

TEST(RecoveryDbContract, commands_one_by_one) { check_db_commands(simulated_db, 400); }
TEST(RecoveryDbContract, commands_at_once) { check_db_concurrency(simulated_db, 400); }
TEST(RecoveryDbContract, an_implementation_agrees_with_itself_under_other_latencies) {
    const auto other = [](std::uint64_t seed) { return simulated_db(seed + 1'000'000); };
    check_db_agreement(simulated_db, other, 100);
}

} // namespace
} // namespace property_tests
