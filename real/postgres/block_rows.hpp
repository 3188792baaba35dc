#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/fog/ports.hpp"

namespace real::postgres {

/// The column proto_ingested_block_data: a message of records (field 1), each a search key (1) and a payload
/// (2), both always written.
/// @source fog/sql_recovery_db/src/proto_types.rs, fog/types/src/lib.rs
engine::chain::Bytes encode_rows(const std::vector<engine::fog::Row>& rows);
/// @return nothing when the bytes are no such message or a search key has not 16 bytes
std::optional<std::vector<engine::fog::Row>> decode_rows(engine::chain::ByteView message);

} // namespace real::postgres
