#include "property_tests/recovery_db_calls.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace property_tests {

using namespace engine;
using namespace engine::fog;

namespace {

constexpr std::array<const char*, db_call_kinds> names_of_kinds{"ingress_key",
                                                                "ingress_keys",
                                                                "highest_known_block",
                                                                "new_ingress_key",
                                                                "retire_ingress_key",
                                                                "report_lost_ingress_key",
                                                                "new_ingest_invocation",
                                                                "decommission_ingest_invocation",
                                                                "add_block",
                                                                "set_report",
                                                                "expired_invocations",
                                                                "reports",
                                                                "user_events",
                                                                "missed_block_ranges",
                                                                "blocks"};

// Key bytes must be points of no curve here: a database does not look into them.
chain::PublicKey key_bytes(std::uint8_t family, std::uint32_t number) {
    chain::PublicKey key;
    key.bytes.fill(family);
    key.bytes[0] = static_cast<std::uint8_t>(number);
    return key;
}
chain::PublicKey ingress(std::uint32_t number) { return key_bytes(0x11, number); }
chain::PublicKey egress(std::uint32_t number) { return key_bytes(0x22, number); }
std::string report_id(std::uint32_t number) { return number == 0 ? "" : fmt::format("report{}", number); }

// What a row holds follows from who wrote it where: the reader of a block can tell a mixed-up one.
std::shared_ptr<const std::vector<Row>> rows_of(std::uint32_t invocation, std::uint64_t block,
                                                std::uint32_t count) {
    auto rows = std::make_shared<std::vector<Row>>();
    for (std::uint32_t r = 0; r < count; ++r) {
        Row row;
        row.search_key.bytes.fill(0x33);
        row.search_key.bytes[0] = static_cast<std::uint8_t>(invocation);
        row.search_key.bytes[1] = static_cast<std::uint8_t>(block);
        row.search_key.bytes[2] = static_cast<std::uint8_t>(r);
        // Zero bytes and an empty record are bytes like any other.
        chain::Bytes payload(r == 0 ? 0 : 3 * r, static_cast<std::uint8_t>(block));
        if (payload.size() > 1) payload[1] = 0;
        row.payload = std::make_shared<const chain::Bytes>(std::move(payload));
        rows->push_back(std::move(row));
    }
    return rows;
}
std::uint64_t txo_count_of(std::uint64_t block, std::uint32_t rows) { return 100 * block + rows; }
std::uint64_t timestamp_of(std::uint64_t block) {
    return block % 3 == 2 ? unknown_timestamp : 1'600'000'000 + block;
}

std::string block_text(std::uint64_t block, std::uint32_t invocation, std::uint64_t txos,
                       std::uint64_t timestamp, const std::vector<Row>& rows) {
    std::string text = fmt::format(" {}:by{} txos={} time={} rows=", block, invocation, txos, timestamp);
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < 4; ++i) text += fmt::format("{:02x}", row.search_key.bytes[i]);
        text += '/';
        for (const std::uint8_t byte : *row.payload) text += fmt::format("{:02x}", byte);
        text += ',';
    }
    return text;
}

std::string maybe(const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : "none";
}
std::string key_text(std::uint32_t number, std::uint64_t start, std::uint64_t expiry, bool retired, bool lost,
                     const std::optional<std::uint64_t>& last) {
    return fmt::format(" key{}:start={} expiry={} last={}{}{}", number, start, expiry, maybe(last),
                       retired ? " retired" : "", lost ? " lost" : "");
}
std::string status_text(std::uint64_t expiry, bool retired, bool lost) {
    return fmt::format("ok expiry={}{}{}", expiry, retired ? " retired" : "", lost ? " lost" : "");
}
std::string report_text(const std::string& id, std::uint32_t key, std::uint64_t expiry) {
    return fmt::format(" '{}':key{} expiry={}", id, key, expiry);
}
std::string error_text(Code code) { return fmt::format("error {}", engine::name(code)); }

} // namespace

std::string describe(const DbCall& call) {
    const char* name = names_of_kinds[static_cast<std::size_t>(call.kind)];
    switch (call.kind) {
    case DbCallKind::ingress_key:
    case DbCallKind::report_lost_ingress_key:
        return fmt::format("{}(key{})", name, call.key);
    case DbCallKind::new_ingress_key:
        return fmt::format("{}(key{}, start={})", name, call.key, call.block);
    case DbCallKind::retire_ingress_key:
        return fmt::format("{}(key{}, {})", name, call.key, call.amount != 0);
    case DbCallKind::new_ingest_invocation:
        return fmt::format("{}(previous={}, key{}, egress{}, start={})", name,
                           call.previous ? fmt::format("egress{}", *call.previous) : "none", call.key,
                           call.egress, call.block);
    case DbCallKind::decommission_ingest_invocation:
        return fmt::format("{}(egress{})", name, call.egress);
    case DbCallKind::add_block:
        return fmt::format("{}(egress{}, block={}, rows={})", name, call.egress, call.block, call.amount);
    case DbCallKind::set_report:
        return fmt::format("{}(key{}, '{}', expiry={})", name, call.key, report_id(call.amount), call.block);
    case DbCallKind::expired_invocations:
        return fmt::format("{}({})", name, call.amount != 0 ? "any age" : "older than all");
    case DbCallKind::user_events:
        return fmt::format("{}(after event {})", name, call.amount);
    case DbCallKind::blocks:
        return fmt::format("{}(key{}, first={}, limit={})", name, call.key, call.block, call.amount);
    default:
        return fmt::format("{}()", name);
    }
}

bool is_write(DbCallKind kind) {
    return kind >= DbCallKind::new_ingress_key && kind <= DbCallKind::set_report;
}

// ------------------------------------------------------------------------------------------------ model

std::optional<std::uint64_t> DbModel::highest() const {
    std::optional<std::uint64_t> highest;
    for (const auto& [number, key] : keys_)
        if (!key.blocks.empty()) highest = std::max(highest.value_or(0), key.blocks.rbegin()->first);
    return highest;
}

std::string DbModel::record_text(std::uint32_t number, const Key& key) const {
    std::optional<std::uint64_t> last;
    if (!key.blocks.empty()) last = key.blocks.rbegin()->first;
    return key_text(number, key.start, key.expiry, key.retired, key.lost, last);
}

std::string DbModel::write(const DbCall& call) {
    const auto key = keys_.find(call.key);
    const auto invocation = invocations_.find(call.egress);
    switch (call.kind) {
    case DbCallKind::new_ingress_key: {
        if (key != keys_.end()) {
            if (!key->second.blocks.empty() || key->second.retired || key->second.lost)
                return error_text(Code::conflict);
            return fmt::format("ok {}", key->second.start);
        }
        Key row;
        row.start = call.block;
        if (const auto high = highest()) row.start = std::max(row.start, *high + 1);
        const std::uint64_t start = row.start;
        keys_.emplace(call.key, std::move(row));
        return fmt::format("ok {}", start);
    }
    case DbCallKind::retire_ingress_key: {
        if (key == keys_.end()) return error_text(Code::not_found);
        const auto high = highest();
        if (call.amount == 0 && key->second.retired && high && *high >= key->second.expiry)
            return error_text(Code::retired);
        key->second.retired = call.amount != 0;
        return "ok";
    }
    case DbCallKind::report_lost_ingress_key: {
        if (key == keys_.end()) return error_text(Code::not_found);
        if (key->second.lost) return fmt::format("ok announced={}", key->second.announced);
        key->second.lost = true;
        std::uint64_t first = key->second.start;
        if (!key->second.blocks.empty()) first = std::max(first, key->second.blocks.rbegin()->first + 1);
        key->second.announced = first < key->second.expiry;
        const Event missed{'m', 0, first, key->second.expiry};
        if (key->second.announced && std::find(events_.begin(), events_.end(), missed) == events_.end())
            events_.push_back(missed);
        return fmt::format("ok announced={}", key->second.announced);
    }
    case DbCallKind::new_ingest_invocation: {
        if (key == keys_.end()) return error_text(Code::not_found);
        if (key->second.lost) return error_text(Code::lost);
        if (invocation != invocations_.end())
            return invocation->second.key == call.key ? "ok" : error_text(Code::conflict);
        if (call.previous) {
            const auto old = invocations_.find(*call.previous);
            if (old == invocations_.end()) return error_text(Code::not_found);
            if (!old->second.decommissioned) events_.push_back({'d', *call.previous, 0, 0});
            old->second.decommissioned = true;
        }
        invocations_[call.egress].key = call.key;
        events_.push_back({'r', call.egress, call.block, 0});
        return "ok";
    }
    case DbCallKind::decommission_ingest_invocation: {
        if (invocation == invocations_.end()) return error_text(Code::not_found);
        if (!invocation->second.decommissioned) events_.push_back({'d', call.egress, 0, 0});
        invocation->second.decommissioned = true;
        return "ok";
    }
    case DbCallKind::add_block: {
        if (invocation == invocations_.end()) return error_text(Code::not_found);
        Key& owner = keys_.at(invocation->second.key);
        if (const auto there = owner.blocks.find(call.block); there != owner.blocks.end())
            return there->second.first == call.egress ? "ok" : error_text(Code::conflict);
        if (owner.lost) return error_text(Code::lost);
        if (invocation->second.decommissioned) return error_text(Code::decommissioned);
        owner.blocks[call.block] = {call.egress, call.amount};
        invocation->second.last_ingested = std::max(invocation->second.last_ingested, call.block);
        return "ok";
    }
    case DbCallKind::set_report: {
        if (key == keys_.end()) return error_text(Code::not_found);
        if (!key->second.retired && !key->second.lost) {
            key->second.expiry = std::max(key->second.expiry, call.block);
            reports_[call.amount] = {call.key, call.block};
        }
        return status_text(key->second.expiry, key->second.retired, key->second.lost);
    }
    default:
        ENSURE(false);
        return {};
    }
}

std::string DbModel::perform(const DbCall& call) {
    if (is_write(call.kind)) {
        DbModel before = *this;
        std::string answer = write(call);
        if (!(*this == before)) ++changes_;
        return answer;
    }
    std::string text = "ok";
    switch (call.kind) {
    case DbCallKind::ingress_key:
        if (const auto key = keys_.find(call.key); key != keys_.end())
            return text + record_text(key->first, key->second);
        return "ok none";
    case DbCallKind::ingress_keys:
        for (const auto& [number, key] : keys_) text += record_text(number, key);
        return text;
    case DbCallKind::highest_known_block:
        return "ok " + maybe(highest());
    case DbCallKind::expired_invocations:
        for (const auto& [number, row] : invocations_)
            if (!row.decommissioned && call.amount != 0) text += fmt::format(" egress{}", number);
        return text;
    case DbCallKind::reports:
        for (const auto& [number, report] : reports_)
            text += report_text(report_id(number), report.key, report.expiry);
        return text;
    case DbCallKind::user_events: {
        const std::size_t from = std::min<std::size_t>(call.amount, events_.size());
        for (std::size_t e = from; e < events_.size(); ++e) {
            const Event& event = events_[e];
            if (event.what == 'r')
                text += fmt::format(" rng(egress{}, start={})", event.egress, event.a);
            else if (event.what == 'd')
                text += fmt::format(" closed(egress{}, last={})", event.egress,
                                    invocations_.at(event.egress).last_ingested);
            else
                text += fmt::format(" missed({}, {})", event.a, event.b);
        }
        return text + fmt::format(" next={}", events_.size());
    }
    case DbCallKind::missed_block_ranges:
        for (const Event& event : events_)
            if (event.what == 'm') text += fmt::format(" [{}, {})", event.a, event.b);
        return text;
    case DbCallKind::blocks: {
        const auto key = keys_.find(call.key);
        if (key == keys_.end()) return text;
        std::uint64_t next = call.block;
        for (std::uint32_t found = 0; found < call.amount; ++found, ++next) {
            const auto there = key->second.blocks.find(next);
            if (there == key->second.blocks.end()) break;
            const auto [invocation, rows] = there->second;
            text += block_text(next, invocation, txo_count_of(next, rows), timestamp_of(next),
                               *rows_of(invocation, next, rows));
        }
        return text;
    }
    default:
        ENSURE(false);
        return {};
    }
}

// ------------------------------------------------------------------------------------------------ database

namespace {

std::string name_of(const DbNames& names, InvocationId id) {
    for (const auto& [number, known] : names.invocations)
        if (known == id) return fmt::format("egress{}", number);
    return fmt::format("unknown invocation {}", id.value);
}
std::uint32_t number_of(const chain::PublicKey& key) { return key.bytes[0]; }

// No database hands this id out in a test.
constexpr InvocationId nobody{999'999};
InvocationId id_of(const DbNames& names, std::uint32_t number) {
    const auto known = names.invocations.find(number);
    return known == names.invocations.end() ? nobody : known->second;
}

std::string failure(const Error& error) {
    switch (error.code) {
    case Code::unavailable:
    case Code::unknown:
    case Code::internal:
        return fmt::format("failed: {}: {}", error.origin, engine::name(error.code));
    default:
        return error_text(error.code);
    }
}

std::string text_of(const IngressKeyRecord& record) {
    std::optional<std::uint64_t> last;
    if (record.last_scanned) last = record.last_scanned->value;
    return key_text(number_of(record.key), record.start.value, record.expiry.value, record.retired,
                    record.lost, last);
}
std::string text_of(const DbNames& names, const UserEvent& event) {
    if (const auto* rng = std::get_if<RngRecord>(&event.what))
        return fmt::format(" rng(egress{}, start={})", number_of(rng->egress_key), rng->start.value);
    if (const auto* closed = std::get_if<Decommission>(&event.what))
        return fmt::format(" closed({}, last={})", name_of(names, closed->invocation),
                           closed->last_ingested.value);
    const auto& missed = std::get<MissedBlocks>(event.what);
    return fmt::format(" missed({}, {})", missed.start.value, missed.end.value);
}

Task<> write(RecoveryDb& db, const DbCall& call, DbNames& names, std::string& answer) {
    switch (call.kind) {
    case DbCallKind::new_ingress_key: {
        const auto r = co_await db.new_ingress_key(ingress(call.key), BlockIndex{call.block});
        answer = r ? fmt::format("ok {}", r->value) : failure(r.error());
        break;
    }
    case DbCallKind::retire_ingress_key: {
        const auto r = co_await db.retire_ingress_key(ingress(call.key), call.amount != 0);
        answer = r ? "ok" : failure(r.error());
        break;
    }
    case DbCallKind::report_lost_ingress_key: {
        const auto r = co_await db.report_lost_ingress_key(ingress(call.key));
        answer = r ? fmt::format("ok announced={}", *r) : failure(r.error());
        break;
    }
    case DbCallKind::new_ingest_invocation: {
        std::optional<InvocationId> previous;
        if (call.previous) previous = id_of(names, *call.previous);
        const auto r = co_await db.new_ingest_invocation(previous, ingress(call.key), egress(call.egress),
                                                         BlockIndex{call.block});
        answer = r ? "ok" : failure(r.error());
        if (!r) break;
        const auto known = names.invocations.emplace(call.egress, *r);
        if (known.first->second != *r)
            answer = fmt::format("ok, but egress{} was invocation {} and is {} now", call.egress,
                                 known.first->second.value, r->value);
        break;
    }
    case DbCallKind::decommission_ingest_invocation: {
        const auto r = co_await db.decommission_ingest_invocation(id_of(names, call.egress));
        answer = r ? "ok" : failure(r.error());
        break;
    }
    case DbCallKind::add_block: {
        IngestedBlock block;
        block.block = BlockIndex{call.block};
        block.invocation = id_of(names, call.egress);
        block.cumulative_txo_count = txo_count_of(call.block, call.amount);
        block.timestamp_s = timestamp_of(call.block);
        block.rows = rows_of(call.egress, call.block, call.amount);
        const InvocationId writer = block.invocation;
        const auto r = co_await db.add_block(writer, std::move(block));
        answer = r ? "ok" : failure(r.error());
        break;
    }
    case DbCallKind::set_report: {
        ReportRow row;
        row.fog_report_id = report_id(call.amount);
        row.ingress_key = ingress(call.key);
        row.expiry = BlockIndex{call.block};
        const auto r = co_await db.set_report(ingress(call.key), std::move(row));
        answer = r ? status_text(r->expiry.value, r->retired, r->lost) : failure(r.error());
        break;
    }
    default:
        ENSURE(false);
    }
}

} // namespace

Task<> learn_events(RecoveryDb& db, DbNames* names, std::string* complaint) {
    const auto all = co_await db.user_events(UserEventId{0});
    if (!all) {
        *complaint = failure(all.error());
        co_return;
    }
    std::vector<UserEventId> ids;
    for (const UserEvent& event : all->events) ids.push_back(event.id);
    if (!std::is_sorted(ids.begin(), ids.end()) || std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        *complaint = "event ids do not ascend";
    // A cursor that has passed an event never meets it again: none may appear in front of a known one.
    if (ids.size() < names->events.size() ||
        !std::equal(names->events.begin(), names->events.end(), ids.begin()))
        *complaint = "an event appeared, or vanished, before one that was visible already";
    names->events = std::move(ids);
}

Task<> perform(RecoveryDb& db, DbCall call, DbNames* names, std::string* answer,
               std::optional<DbPosition>* as_of) {
    if (is_write(call.kind)) {
        co_await write(db, call, *names, *answer);
        co_return;
    }
    std::string text = "ok";
    switch (call.kind) {
    case DbCallKind::ingress_key: {
        const auto r = co_await db.ingress_key(ingress(call.key));
        if (!r)
            text = failure(r.error());
        else
            text += *r ? text_of(**r) : " none";
        break;
    }
    case DbCallKind::ingress_keys: {
        const auto r = co_await db.ingress_keys();
        if (!r) {
            text = failure(r.error());
            break;
        }
        for (const IngressKeyRecord& record : r->records) text += text_of(record);
        *as_of = r->as_of;
        break;
    }
    case DbCallKind::highest_known_block: {
        const auto r = co_await db.highest_known_block();
        if (!r)
            text = failure(r.error());
        else
            text += *r ? fmt::format(" {}", (*r)->value) : " none";
        break;
    }
    case DbCallKind::expired_invocations: {
        constexpr std::int64_t far_away_s = std::int64_t{1} << 36;
        const auto r = co_await db.expired_invocations(call.amount != 0 ? far_away_s : 0);
        if (!r) {
            text = failure(r.error());
            break;
        }
        std::vector<std::string> found;
        for (const InvocationId id : *r) found.push_back(name_of(*names, id));
        std::sort(found.begin(), found.end());
        for (const std::string& name : found) text += " " + name;
        break;
    }
    case DbCallKind::reports: {
        auto r = co_await db.reports();
        if (!r) {
            text = failure(r.error());
            break;
        }
        std::sort(r->begin(), r->end(),
                  [](const ReportRow& a, const ReportRow& b) { return a.fog_report_id < b.fog_report_id; });
        for (const ReportRow& row : *r)
            text += report_text(row.fog_report_id, number_of(row.ingress_key), row.expiry.value);
        break;
    }
    case DbCallKind::user_events: {
        const std::size_t known = std::min<std::size_t>(call.amount, names->events.size());
        const UserEventId after = known == 0 ? UserEventId{0} : names->events[known - 1];
        const auto r = co_await db.user_events(after);
        if (!r) {
            text = failure(r.error());
            break;
        }
        UserEventId last = after;
        for (const UserEvent& event : r->events) {
            text += text_of(*names, event);
            if (event.id <= last) text += " (its id does not ascend)";
            last = event.id;
        }
        text += fmt::format(" next={}", known + r->events.size());
        if (r->next != last) text += " (the cursor is not that of the last event)";
        *as_of = r->as_of;
        break;
    }
    case DbCallKind::missed_block_ranges: {
        const auto r = co_await db.missed_block_ranges();
        if (!r) {
            text = failure(r.error());
            break;
        }
        for (const BlockRange& range : *r)
            text += fmt::format(" [{}, {})", range.start.value, range.end.value);
        break;
    }
    case DbCallKind::blocks: {
        const auto r = co_await db.blocks(ingress(call.key), BlockIndex{call.block}, call.amount);
        if (!r) {
            text = failure(r.error());
            break;
        }
        for (const IngestedBlock& block : r->blocks) {
            const std::string writer = name_of(*names, block.invocation);
            const std::uint32_t number =
                writer.starts_with("egress") ? static_cast<std::uint32_t>(std::stoul(writer.substr(6))) : 99;
            text += block_text(block.block.value, number, block.cumulative_txo_count, block.timestamp_s,
                               *block.rows);
        }
        *as_of = r->as_of;
        break;
    }
    default:
        ENSURE(false);
    }
    *answer = std::move(text);
}

} // namespace property_tests
