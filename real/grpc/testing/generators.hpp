#pragma once

#include <rapidcheck.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"

// Random values of what Fog's services say to each other, as far as the wire can carry it.

namespace real::grpc::testing {

namespace fog = engine::fog;
namespace chain = engine::chain;

template <class Fixed>
Fixed any_fixed() {
    Fixed out;
    for (std::uint8_t& byte : out.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
    return out;
}

/// Small numbers, large ones, and the ends of the range.
inline std::uint64_t any_number() {
    return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 20), rc::gen::arbitrary<std::uint64_t>(),
                           rc::gen::element<std::uint64_t>(0, ~std::uint64_t{0}, ~std::uint64_t{0} >> 1));
}
inline std::size_t up_to(std::size_t most) { return *rc::gen::inRange<std::size_t>(0, most + 1); }
inline bool any_bool() { return *rc::gen::arbitrary<bool>(); }
inline engine::BlockIndex any_block() { return engine::BlockIndex{any_number()}; }
inline engine::BlockRange any_range() { return {any_block(), any_block()}; }
inline std::string any_text() { return *rc::gen::container<std::string>(rc::gen::inRange('!', '~')); }

template <class Make>
auto several(std::size_t most, Make make) {
    std::vector<decltype(make())> out;
    const std::size_t count = up_to(most);
    for (std::size_t i = 0; i < count; ++i) out.push_back(make());
    return out;
}

inline chain::Bytes any_bytes(std::size_t most) {
    return several(most, [] { return *rc::gen::arbitrary<std::uint8_t>(); });
}

// ------------------------------------------------------------------------------------------------ view

inline fog::ViewQuery any_view_query() {
    fog::ViewQuery query;
    query.events_after = engine::UserEventId{static_cast<std::int64_t>(any_number())};
    query.keys = several(6, any_fixed<chain::SearchKey>);
    return query;
}

/// One result for each key; a key asked twice has the same one.
inline fog::ViewAnswer any_view_answer(const fog::ViewQuery& query) {
    fog::ViewAnswer answer;
    answer.count = engine::BlockCount{any_number()};
    answer.last_known = engine::BlockCount{any_number()};
    answer.next_event = engine::UserEventId{static_cast<std::int64_t>(any_number())};
    answer.rngs = several(3, [] {
        fog::RngRecord rng;
        rng.invocation = engine::InvocationId{static_cast<std::int64_t>(any_number())};
        rng.egress_key = any_fixed<chain::PublicKey>();
        rng.rng_version = static_cast<std::uint32_t>(any_number());
        rng.start = any_block();
        return rng;
    });
    answer.decommissions = several(3, [] {
        fog::Decommission decommission;
        decommission.invocation = engine::InvocationId{static_cast<std::int64_t>(any_number())};
        decommission.last_ingested = any_block();
        return decommission;
    });
    answer.missed = several(3, any_range);
    for (const chain::SearchKey& key : query.keys) {
        fog::SearchResult result;
        result.key = key;
        result.code = static_cast<fog::SearchCode>(*rc::gen::inRange(1, 6));
        if (result.code == fog::SearchCode::found)
            result.payload = std::make_shared<const chain::Bytes>(any_bytes(255));
        for (const fog::SearchResult& earlier : answer.results)
            if (earlier.key == key) result = earlier;
        answer.results.push_back(std::move(result));
    }
    return answer;
}

inline bool same(const fog::SearchResult& a, const fog::SearchResult& b) {
    return a.key == b.key && a.code == b.code && (a.payload == nullptr) == (b.payload == nullptr) &&
           (a.payload == nullptr || *a.payload == *b.payload);
}

// Declared before the template that uses them: their arguments' namespace is not this one.
inline bool same(const fog::KeyImageResult& a, const fog::KeyImageResult& b);
inline bool same(const fog::FoundBlock& a, const fog::FoundBlock& b);
inline bool same(const fog::OutputResult& a, const fog::OutputResult& b);
inline bool same(const fog::TxOutStatus& a, const fog::TxOutStatus& b);

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!same(a[i], b[i])) return false;
    return true;
}

inline bool same(const fog::ViewAnswer& a, const fog::ViewAnswer& b) {
    return a.count == b.count && a.last_known == b.last_known && a.next_event == b.next_event &&
           a.rngs == b.rngs && a.decommissions == b.decommissions && a.missed == b.missed &&
           same(a.results, b.results);
}

// ------------------------------------------------------------------------------------------------ ledger

inline fog::BlockTime any_time() {
    fog::BlockTime time;
    time.code = static_cast<fog::BlockTime::Code>(*rc::gen::inRange(1, 4));
    time.timestamp_s = any_number();
    return time;
}

inline chain::TxOut any_output() {
    chain::TxOut output;
    if (any_bool()) {
        chain::MaskedAmount& amount = output.masked_amount.emplace();
        amount.version = any_bool() ? chain::MaskedAmount::Version::v1 : chain::MaskedAmount::Version::v2;
        amount.commitment = any_fixed<chain::Commitment>();
        amount.masked_value = any_number();
        amount.masked_token_id = any_bytes(8);
    }
    output.target_key = any_fixed<chain::PublicKey>();
    output.public_key = any_fixed<chain::PublicKey>();
    output.fog_hint = any_fixed<chain::FogHint>();
    if (any_bool()) output.memo = any_fixed<chain::EncryptedMemo>();
    return output;
}

inline fog::KeyImageResult any_key_image_result() {
    fog::KeyImageResult result;
    result.image = any_fixed<chain::KeyImage>();
    result.code = static_cast<fog::KeyImageCode>(*rc::gen::inRange(1, 4));
    if (result.code == fog::KeyImageCode::spent) result.spent_at = any_block();
    return result;
}

inline fog::KeyImagesAnswer any_key_images_answer() {
    fog::KeyImagesAnswer answer;
    answer.count = engine::BlockCount{any_number()};
    answer.global_txo_count = any_number();
    answer.latest_block_version = static_cast<std::uint32_t>(any_number());
    answer.results = several(5, any_key_image_result);
    return answer;
}

inline bool same(const fog::KeyImageResult& a, const fog::KeyImageResult& b) {
    return a.image == b.image && a.code == b.code && a.spent_at == b.spent_at;
}
inline bool same(const fog::KeyImagesAnswer& a, const fog::KeyImagesAnswer& b) {
    return a.count == b.count && a.global_txo_count == b.global_txo_count &&
           a.latest_block_version == b.latest_block_version && same(a.results, b.results);
}

inline fog::FoundBlock any_found_block() {
    auto block = std::make_shared<fog::LedgerBlock>();
    block->index = any_block();
    block->outputs = several(3, any_output);
    block->cumulative_txo_count = block->outputs.size() + up_to(1000);
    fog::FoundBlock found;
    found.block = std::move(block);
    found.time = any_time();
    return found;
}

inline bool same(const fog::BlockTime& a, const fog::BlockTime& b) {
    return a.code == b.code && a.timestamp_s == b.timestamp_s;
}
/// As far as the wire carries it.
inline bool same(const fog::FoundBlock& a, const fog::FoundBlock& b) {
    return a.block->index == b.block->index &&
           a.block->cumulative_txo_count == b.block->cumulative_txo_count &&
           a.block->outputs == b.block->outputs && same(a.time, b.time);
}

inline fog::OutputResult any_output_result() {
    fog::OutputResult result;
    result.index = engine::GlobalIndex{any_number()};
    result.code = static_cast<fog::OutputResult::Code>(*rc::gen::inRange(1, 4));
    if (result.code == fog::OutputResult::Code::exists) {
        result.output = any_output();
        result.proof_highest_index = any_number();
    }
    return result;
}
inline bool same(const fog::OutputResult& a, const fog::OutputResult& b) {
    return a.index == b.index && a.code == b.code && a.output == b.output &&
           a.proof_highest_index == b.proof_highest_index;
}

inline fog::TxOutStatus any_tx_out_status() {
    fog::TxOutStatus status;
    status.public_key = any_fixed<chain::PublicKey>();
    status.code = static_cast<fog::TxOutStatus::Code>(*rc::gen::inRange(0, 4));
    status.place = {engine::GlobalIndex{any_number()}, any_block()};
    status.time = any_time();
    // The wire says no more of these, and does not tell them apart.
    using Code = fog::TxOutStatus::Code;
    if (status.code == Code::malformed) status.code = Code::not_found;
    if (status.code == Code::not_found) {
        status.place = {};
        status.time = {fog::BlockTime::Code::unavailable, 0};
    }
    return status;
}
inline bool same(const fog::TxOutStatus& a, const fog::TxOutStatus& b) {
    return a.public_key == b.public_key && a.code == b.code && a.place.index == b.place.index &&
           a.place.block == b.place.block && same(a.time, b.time);
}

// ------------------------------------------------------------------------------------------------ ingest

inline std::string any_responder_id() {
    return "node" + std::to_string(up_to(9)) + ":" + std::to_string(1 + up_to(65534));
}

inline fog::IngestSummary any_summary() {
    fog::IngestSummary summary;
    summary.mode = any_bool() ? fog::IngestMode::active : fog::IngestMode::idle;
    summary.next_block = any_block();
    summary.pubkey_expiry_window = any_number();
    summary.ingress_key = any_fixed<chain::PublicKey>();
    summary.egress_key = any_fixed<chain::PublicKey>();
    summary.peers = several(3, any_responder_id);
    if (any_bool()) summary.invocation = engine::InvocationId{static_cast<std::int64_t>(1 + up_to(1000))};
    return summary;
}
inline bool same(const fog::IngestSummary& a, const fog::IngestSummary& b) {
    return a.mode == b.mode && a.next_block == b.next_block &&
           a.pubkey_expiry_window == b.pubkey_expiry_window && a.ingress_key == b.ingress_key &&
           a.egress_key == b.egress_key && a.peers == b.peers && a.invocation == b.invocation;
}

inline fog::IngressKeyRecord any_key_record() {
    fog::IngressKeyRecord record;
    record.key = any_fixed<chain::PublicKey>();
    record.start = any_block();
    record.expiry = any_block();
    record.retired = any_bool();
    record.lost = any_bool();
    if (any_bool()) record.last_scanned = engine::BlockIndex{1 + up_to(1000)};
    return record;
}

inline fog::ReportRow any_report_row() {
    fog::ReportRow row;
    row.fog_report_id = any_text();
    row.ingress_key = any_fixed<chain::PublicKey>();
    row.expiry = any_block();
    return row;
}

// ------------------------------------------------------------------------------------------------ errors

inline engine::Code any_code() {
    return static_cast<engine::Code>(*rc::gen::inRange(0, static_cast<int>(engine::Code::internal) + 1));
}

} // namespace real::grpc::testing
