#include "engine/chain/fuzz/target.hpp"

#include <string>

#include "real/grpc/admin.hpp"
#include "real/grpc/auth_token.hpp"
#include "real/grpc/cbor.hpp"
#include "real/grpc/ingest_messages.hpp"
#include "real/grpc/ledger_messages.hpp"
#include "real/grpc/libraries.hpp"
#include "real/grpc/message.hpp"
#include "real/grpc/session.hpp"
#include "real/grpc/view_messages.hpp"

// Everything that reads bytes of the other side.  What is accepted must be the same after writing and reading
// again.

using namespace real::grpc;
using engine::chain::must_hold;

namespace {

/// Reads an answer, writes it, reads that, writes it again: both writings are equal.
template <class Read, class Write>
void settle(const std::string& bytes, Read read, Write write) {
    const auto first = read(bytes);
    if (!first) return;
    const std::string written = write(*first);
    const auto second = read(written);
    must_hold(second.has_value());
    must_hold(write(*second) == written);
}

} // namespace

FOG_FUZZ_TARGET(grpc_messages);
FOG_FUZZ_TARGET(grpc_messages) {
    silence_libraries();
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const PeerNames names = insecure_peer_names();

    // The first half as aad, the second as plaintext.
    const std::string aad = bytes.substr(0, size / 2);
    const std::string plaintext = bytes.substr(size / 2);
    if (const auto asked = view_query_from(aad, plaintext)) {
        must_hold(asked->query.keys.size() <= asked->asked.size());
        const auto [again_aad, again_plaintext] = to_messages(asked->query);
        const auto again = view_query_from(again_aad, again_plaintext);
        must_hold(again && again->query.keys == asked->query.keys &&
                  again->query.events_after == asked->query.events_after);
    }
    engine::chain::SearchKey ones;
    ones.bytes.fill(1);
    const std::vector<engine::chain::SearchKey> keys(2, ones);
    const std::vector<std::string> asked(2, std::string(16, '\1'));
    settle(
        bytes, [&](const std::string& in) { return view_answer_from(in, keys); },
        [&](const engine::fog::ViewAnswer& answer) { return to_message(answer, asked, true); });
    settle(bytes, key_images_from, key_images_request);
    settle(bytes, key_images_answer_from,
           [](const engine::fog::KeyImagesAnswer& answer) { return key_images_response(answer, {}); });
    settle(bytes, key_image_store_answer_from, [](const engine::fog::KeyImageStoreAnswer& answer) {
        return key_image_store_response(answer, {});
    });
    settle(bytes, output_indices_from, outputs_request);
    settle(bytes, outputs_answer_from,
           [](const engine::fog::OutputsAnswer& answer) { return outputs_response(answer, {}); });
    settle(
        bytes,
        [](const std::string& in) {
            const auto message = parse<fog_ledger::BlockResponse>(in);
            return message ? blocks_answer_from(*message) : std::nullopt;
        },
        [](const engine::fog::BlocksAnswer& answer) { return blocks_response(answer).SerializeAsString(); });
    settle(
        bytes,
        [](const std::string& in) {
            const auto message = parse<fog_ledger::TxOutResponse>(in);
            return message ? tx_outs_answer_from(*message) : std::nullopt;
        },
        [](const engine::fog::TxOutStatusAnswer& answer) {
            return tx_outs_response(answer).SerializeAsString();
        });
    if (const auto message = parse<fog_ledger::BlockRequest>(bytes)) {
        const auto ranges = block_ranges_from(*message);
        must_hold(ranges.size() <= static_cast<std::size_t>(message->ranges_size()));
        for (const engine::BlockRange& range : ranges) must_hold(!range.empty());
    }
    settle(
        bytes,
        [&](const std::string& in) {
            const auto message = parse<ingest_common::IngestSummary>(in);
            return message ? summary_from(*message, names) : std::nullopt;
        },
        [&](const engine::fog::IngestSummary& summary) {
            return to_message(summary, names).SerializeAsString();
        });
    settle(
        bytes,
        [](const std::string& in) {
            const auto message = parse<account_ingest::GetIngressKeyRecordsResponse>(in);
            return message ? key_records_from(*message) : std::nullopt;
        },
        [](const std::vector<engine::fog::IngressKeyRecord>& records) {
            return to_message(records, false).SerializeAsString();
        });
    if (const auto id = names.to_responder_id(bytes))
        must_hold(names.to_responder_id(names.to_uri(*id)) == id);
    CborReader(bytes).skip();
    (void)channel_id_from(bytes);
    Sessions sessions(2);
    (void)sessions.open(bytes);
    (void)redacted_config(bytes);
    const TokenVerifier verifier(TokenSecret{}, std::chrono::seconds(1), [] { return std::int64_t{0}; });
    (void)verifier.refuses(bytes);
    (void)verifier.refuses("Basic " + bytes);
    (void)verifier.refuses(basic_authorization(aad, plaintext));
    return 0;
}
