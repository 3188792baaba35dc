#pragma once

#include "property_tests/recovery_db_contract.hpp"

namespace property_tests {

/// A fresh recovery database on the test program's Postgres server, with three clients of one to three
/// connections each.  One at a time: the next one empties the tables of the last.
std::unique_ptr<DbUnderTest> postgres_db(std::uint64_t seed);

} // namespace property_tests
