#pragma once

#include <stdexcept>
#include <string>

namespace real::lmdb {

/// What is wrong with a database, as far as somebody can react to it.
enum class ErrorCode {
    missing,        ///< no directory, or no data.mdb in it
    exists,         ///< a database is there already and must not be overwritten
    not_a_database, ///< data.mdb is no LMDB file of this format
    torn,           ///< an LMDB file whose pages do not fit together: copied while written, or cut short
    wrong_version,  ///< the version record differs from the one this program knows, or there is none
    map_full,       ///< the memory map may not grow any more; nothing of the transaction was kept
    no_space,       ///< the disk or the file size limit is reached; nothing of the transaction was kept
    writer_present, ///< another writer has the database open
    corrupt,        ///< a record that must be there is missing, or does not parse
    refused,        ///< the operating system denies access
    other,          ///< any other LMDB or system error
};

/// A database that cannot be used.  The message names the path and the reason; the data is as it was.
class Error : public std::runtime_error {
public:
    Error(ErrorCode error_code, const std::string& message, int native_code = 0)
        : std::runtime_error(message), code(error_code), native(native_code) {}

    ErrorCode code;
    int native; ///< LMDB's or the system's own number; 0 when this layer found the fault
};

} // namespace real::lmdb
