#pragma once

#include <cstdint>

#include "real/lmdb/environment.hpp"

// The record under "version" by which ledger_db and watcher_db tell their format.
// @source mobilecoin 7.0.0 util/lmdb/src/metadata_store.rs

namespace real::lmdb {

/// Only the number counts; the text beside it names the release that made the database.
/// @throws Error wrong_version, also when there is no record
void check_version(Environment& environment, const char* database, std::uint64_t wanted);
void write_version(WriteTransaction& transaction, Database database, std::uint64_t version);

} // namespace real::lmdb
