#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/task.hpp"

namespace property_tests {

/// A fresh, empty recovery database and a way to call it.  Every implementation of engine::fog::RecoveryDb
/// can be judged by the contract: derive from this, and hand a factory to the checks below.
class DbUnderTest {
public:
    virtual ~DbUnderTest() = default;
    /// Connections of different processes to the same database; at least two.
    virtual std::vector<engine::fog::RecoveryDb*> clients() = 0;
    /// Runs all tasks at once, until each has ended.  Rethrows what one threw.
    virtual void run(std::vector<engine::Task<>> tasks) = 0;
};

/// @param seed  of whatever the world decides by chance (latencies, holds); ignored where there is nothing
using DbFactory = std::function<std::unique_ptr<DbUnderTest>(std::uint64_t seed)>;

// Each check fails the running GoogleTest test; run length: property.hpp.  The database must be calm: a call
// that ends in unavailable, unknown or internal is a failure.  A case makes up to about a hundred calls.

/// Commands one after another, from changing clients: every answer is that of the model, a change raises the
/// database's position and nothing lowers it, and event ids become visible in order.
void check_db_commands(const DbFactory& factory, int usual_runs);
/// Two to three commands at once: their answers are those of some order of them, and of all that follows.
void check_db_concurrency(const DbFactory& factory, int usual_runs);
/// One sequence on two implementations: the same answers, call by call.
void check_db_agreement(const DbFactory& first, const DbFactory& second, int usual_runs);

} // namespace property_tests
