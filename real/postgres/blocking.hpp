#pragma once

#include <chrono>
#include <string>

#include "real/postgres/url.hpp"

namespace real::postgres {

/// Connects and runs one statement.  Blocks, but never longer than `limit`, and not after Ctrl-C.
/// @return why it failed, without the password; empty when it was done
std::string execute(const ConnectUrl& url, const std::string& sql, std::chrono::milliseconds limit);

/// The settings that libpq would use for a URL: what it does not say comes from PG* variables, the service
/// file and built-in defaults.  @throws engine::UsageError
ConnectUrl resolved(const ConnectUrl& url, std::string_view what);

/// Takes the user's PG* variables out of this process, so that they say nothing about servers of our own.
/// @pre no other thread reads the environment
void forget_environment();

} // namespace real::postgres
