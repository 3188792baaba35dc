#include "real/grpc/view_messages.hpp"

#include <map>

#include "engine/chain/bytes.hpp"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

namespace wire = ::fog_view;
using namespace engine;
using namespace engine::fog;
using chain::SearchKey;

std::string text(chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Length that stands for a record's in the answer about the key of zeros, and nowhere else.
/// @source upstream: this one before there is any record, later that of a record
constexpr std::size_t dummy_payload_size = 239;

bool is_zeros(const std::string& key) {
    return key.size() == SearchKey::size && key.find_first_not_of('\0') == std::string::npos;
}
/// Upstream's table keeps its free places under the key of zeros, so nobody can search for that.
bool is_search_key(const std::string& key) { return key.size() == SearchKey::size && !is_zeros(key); }

void add_result(wire::QueryResponse& message, const std::string& key, SearchCode code,
                chain::ByteView payload, bool legacy) {
    std::size_t length = is_zeros(key) ? dummy_payload_size : 0;
    if (code == SearchCode::found) length = payload.size();
    std::string ciphertext = code == SearchCode::found ? text(payload) : std::string();
    ciphertext.resize(fixed_payload_size);
    if (legacy) {
        auto* result = message.add_tx_out_search_results();
        result->set_search_key(key);
        result->set_result_code(static_cast<std::uint32_t>(code));
        result->set_ciphertext(ciphertext.substr(0, length));
        result->set_padding(std::string(fixed_payload_size - length, '\0'));
    }
    auto* fixed = message.add_fixed_tx_out_search_results();
    fixed->set_search_key(key);
    fixed->set_result_code(static_cast<std::uint32_t>(code));
    fixed->set_ciphertext(std::move(ciphertext));
    fixed->set_payload_length(static_cast<std::uint32_t>(length));
}

struct Found {
    SearchCode code = SearchCode::internal_error;
    std::string payload;
};

Found found_from(std::uint32_t code, std::string payload) {
    const bool known = code >= static_cast<std::uint32_t>(SearchCode::found) &&
                       code <= static_cast<std::uint32_t>(SearchCode::rate_limited);
    Found out;
    if (known) out.code = static_cast<SearchCode>(code);
    if (out.code == SearchCode::found) out.payload = std::move(payload);
    return out;
}

} // namespace

std::optional<AskedView> view_query_from(const std::string& aad, const std::string& plaintext) {
    const auto clear = parse<wire::QueryRequestAAD>(aad);
    const auto request = parse<wire::QueryRequest>(plaintext);
    if (!clear || !request) return std::nullopt;
    AskedView out;
    out.query.events_after = UserEventId{clear->start_from_user_event_id()};
    for (const std::string& key : request->get_txos()) {
        out.asked.push_back(key);
        if (is_search_key(key)) out.query.keys.push_back(*SearchKey::from(chain::as_bytes(key)));
    }
    return out;
}

std::pair<std::string, std::string> to_messages(const ViewQuery& query) {
    wire::QueryRequestAAD aad;
    aad.set_start_from_user_event_id(query.events_after.value);
    wire::QueryRequest request;
    for (const SearchKey& key : query.keys) request.add_get_txos(text(key.view()));
    return {aad.SerializeAsString(), request.SerializeAsString()};
}

std::string to_message(const ViewAnswer& answer, const std::vector<std::string>& asked, bool legacy) {
    wire::QueryResponse message;
    message.set_highest_processed_block_count(answer.count.value);
    message.set_last_known_block_count(answer.last_known.value);
    message.set_next_start_from_user_event_id(answer.next_event.value);
    for (const RngRecord& rng : answer.rngs) {
        auto* out = message.add_rngs();
        out->set_ingest_invocation_id(rng.invocation.value);
        out->mutable_pubkey()->set_pubkey(text(rng.egress_key.view()));
        out->mutable_pubkey()->set_version(rng.rng_version);
        out->set_start_block(rng.start.value);
    }
    for (const Decommission& decommission : answer.decommissions) {
        auto* out = message.add_decommissioned_ingest_invocations();
        out->set_ingest_invocation_id(decommission.invocation.value);
        out->set_last_ingested_block(decommission.last_ingested.value);
    }
    for (const BlockRange& range : answer.missed) {
        auto* out = message.add_missed_block_ranges();
        out->set_start_block(range.start.value);
        out->set_end_block(range.end.value);
    }
    std::size_t next = 0; // result of the next good key
    for (const std::string& key : asked) {
        if (!is_search_key(key)) {
            add_result(message, key, SearchCode::bad_search_key, {}, legacy);
            continue;
        }
        const SearchResult* result = next < answer.results.size() ? &answer.results[next] : nullptr;
        ++next;
        if (result == nullptr || (result->code == SearchCode::found &&
                                  (!result->payload || result->payload->size() > fixed_payload_size)))
            add_result(message, key, SearchCode::internal_error, {}, legacy);
        else if (result->code == SearchCode::found)
            add_result(message, key, SearchCode::found, *result->payload, legacy);
        else
            add_result(message, key, result->code, {}, legacy);
    }
    return message.SerializeAsString();
}

std::optional<ViewAnswer> view_answer_from(const std::string& plaintext, const std::vector<SearchKey>& keys) {
    auto message = parse<wire::QueryResponse>(plaintext);
    if (!message) return std::nullopt;
    ViewAnswer answer;
    answer.count = BlockCount{message->highest_processed_block_count()};
    answer.last_known = BlockCount{message->last_known_block_count()};
    answer.next_event = UserEventId{message->next_start_from_user_event_id()};
    for (const wire::RngRecord& rng : message->rngs()) {
        RngRecord out;
        const auto key = chain::PublicKey::from(chain::as_bytes(rng.pubkey().pubkey()));
        if (!key) return std::nullopt;
        out.invocation = InvocationId{rng.ingest_invocation_id()};
        out.egress_key = *key;
        out.rng_version = rng.pubkey().version();
        out.start = BlockIndex{rng.start_block()};
        answer.rngs.push_back(out);
    }
    for (const auto& decommission : message->decommissioned_ingest_invocations())
        answer.decommissions.push_back({InvocationId{decommission.ingest_invocation_id()},
                                        BlockIndex{decommission.last_ingested_block()}});
    for (const auto& range : message->missed_block_ranges())
        answer.missed.push_back({BlockIndex{range.start_block()}, BlockIndex{range.end_block()}});

    std::map<std::string, Found> found;
    // Stores fill the fixed results only, routers both; upstream's wallet reads the old ones.
    for (auto& result : *message->mutable_fixed_tx_out_search_results()) {
        const std::size_t length = result.payload_length();
        if (length > result.ciphertext().size()) return std::nullopt;
        found[result.search_key()] = found_from(result.result_code(), result.ciphertext().substr(0, length));
    }
    for (auto& result : *message->mutable_tx_out_search_results())
        found[result.search_key()] =
            found_from(result.result_code(), std::move(*result.mutable_ciphertext()));
    for (const SearchKey& key : keys) {
        SearchResult result;
        result.key = key;
        result.code = SearchCode::internal_error;
        if (const auto it = found.find(text(key.view())); it != found.end()) {
            result.code = it->second.code;
            const std::string& payload = it->second.payload;
            if (result.code == SearchCode::found)
                result.payload = std::make_shared<const chain::Bytes>(payload.begin(), payload.end());
        }
        answer.results.push_back(std::move(result));
    }
    return answer;
}

} // namespace real::grpc
