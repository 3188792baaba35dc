#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "real/postgres/url.hpp"

// What the tools of the recovery database share.

namespace tools {

/// Parses the command line, reads DATABASE_URL, then calls `body` with it.
/// @return 0; 2 for bad arguments; 101, as upstream's tools end in a panic, when the variable is missing or
/// wrong or
///         the database cannot be used.  One line on stderr says why, without the password
int run_database_tool(CLI::App& app, int argc, char** argv,
                      const std::function<void(const real::postgres::ConnectUrl&)>& body);

} // namespace tools
