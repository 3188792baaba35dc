#include "real/lmdb/version_record.hpp"

#include <fmt/format.h>

#include "engine/chain/wire.hpp"
#include "real/lmdb/ledger_db.hpp"

namespace real::lmdb {
namespace {

const ByteView version_key = as_bytes("version");

} // namespace

void check_version(Environment& environment, const char* database, std::uint64_t wanted) {
    const auto wrong = [&](const std::string& what) {
        throw Error(ErrorCode::wrong_version, fmt::format("{}: {}", environment.data_file(), what));
    };
    const auto handle = environment.database(database);
    if (!handle) return wrong(fmt::format("no version record (the database '{}' is missing)", database));
    const ReadTransaction transaction(environment);
    const auto value = transaction.get(*handle, version_key);
    if (!value) return wrong(fmt::format("no version record in '{}'", database));
    std::uint64_t found = 0;
    engine::chain::WireReader reader(*value);
    while (const auto field = reader.next())
        if (field->number == 1) found = field->varint().value_or(0);
    if (!reader.ok()) return wrong("the version record is malformed");
    if (found != wanted) return wrong(fmt::format("format version {}, this program needs {}", found, wanted));
}

void write_version(WriteTransaction& transaction, Database database, std::uint64_t version) {
    transaction.put(database, version_key,
                    engine::chain::WireWriter().varint(1, version).text(2, upstream_crate_version).data());
}

} // namespace real::lmdb
