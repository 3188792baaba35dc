#pragma once

#include "property_tests/recovery_db_contract.hpp"

namespace property_tests {

/// The simulator's recovery database.  @param seed  of its latencies and holds
std::unique_ptr<DbUnderTest> simulated_db(std::uint64_t seed);

} // namespace property_tests
