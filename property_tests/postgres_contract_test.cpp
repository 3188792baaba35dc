#include <gtest/gtest.h>

#include "property_tests/postgres_db.hpp"
#include "property_tests/simulated_db.hpp"

// The contract of recovery_db_test.cpp on the real database, and both databases against each other.

namespace property_tests {
namespace {

TEST(PostgresContract, commands_one_by_one) { check_db_commands(postgres_db, 40); }
TEST(PostgresContract, commands_at_once) { check_db_concurrency(postgres_db, 60); }
TEST(PostgresContract, agrees_with_the_simulated_database) {
    check_db_agreement(simulated_db, postgres_db, 60);
}

} // namespace
} // namespace property_tests
