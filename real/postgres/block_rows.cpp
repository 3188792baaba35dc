#include "real/postgres/block_rows.hpp"

#include "engine/chain/wire.hpp"

namespace real::postgres {

using engine::chain::Bytes;
using engine::chain::ByteView;
using engine::chain::SearchKey;
using engine::chain::WireReader;
using engine::chain::WireWriter;
using engine::fog::Row;

Bytes encode_rows(const std::vector<Row>& rows) {
    WireWriter message;
    for (const Row& row : rows) {
        WireWriter record;
        record.bytes(1, row.search_key.view());
        record.bytes(2, row.payload ? ByteView(*row.payload) : ByteView());
        message.bytes(1, record.data());
    }
    return message.take();
}

namespace {

std::optional<Row> decode_row(ByteView message) {
    Row row;
    ByteView key, payload;
    WireReader reader(message);
    while (const auto field = reader.next()) {
        if (field->number != 1 && field->number != 2) continue;
        const auto bytes = field->bytes();
        if (!bytes) return std::nullopt;
        (field->number == 1 ? key : payload) = *bytes;
    }
    const auto search_key = SearchKey::from(key);
    if (!reader.ok() || !search_key) return std::nullopt;
    row.search_key = *search_key;
    row.payload = std::make_shared<const Bytes>(payload.begin(), payload.end());
    return row;
}

} // namespace

std::optional<std::vector<Row>> decode_rows(ByteView message) {
    std::vector<Row> rows;
    WireReader reader(message);
    while (const auto field = reader.next()) {
        if (field->number != 1) continue;
        const auto record = field->bytes();
        if (!record) return std::nullopt;
        std::optional<Row> row = decode_row(*record);
        if (!row) return std::nullopt;
        rows.push_back(std::move(*row));
    }
    if (!reader.ok()) return std::nullopt;
    return rows;
}

} // namespace real::postgres
