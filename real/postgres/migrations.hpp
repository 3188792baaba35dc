#pragma once

#include <string>
#include <vector>

#include "real/postgres/connection.hpp"

namespace real::postgres {

/// Brings a database to upstream's schema, whatever it has of it: a second call changes nothing, two at once
/// do not disturb each other, and upstream's own tool finds nothing left to do.  Besides upstream's tables
/// there is one of ours, fog_recovery_db_position, see PgRecoveryDb.
/// @return the versions applied now, in order
/// @source fog/sql_recovery_db/migrations
Task<PgResult<std::vector<std::string>>> migrate(Connection& connection, Instant due);

} // namespace real::postgres
