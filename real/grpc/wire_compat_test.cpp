#include <gtest/gtest.h>

#include <filesystem>

#include "engine/chain/address_wire.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/upstream_vectors.hpp"
#include "engine/chain/wire.hpp"
#include "proto/admin.pb.h"
#include "proto/build_info.pb.h"
#include "proto/health.pb.h"
#include "proto/ingest.pb.h"
#include "proto/ingest_peer.pb.h"
#include "proto/kex_rng.pb.h"
#include "proto/ledger.pb.h"
#include "proto/remote_wallet.pb.h"
#include "proto/report.pb.h"
#include "proto/view.pb.h"

// The contracts in proto/ against bytes written by other means: literals worked out by hand from upstream's
// field tables, the engine's own writer with the field numbers of those tables, and upstream's files of test
// vectors.

namespace real::grpc {
namespace {

using engine::chain::Bytes;
using engine::chain::WireWriter;

template <class Message>
std::string hex(const Message& message) {
    return engine::chain::to_hex(engine::chain::as_bytes(message.SerializeAsString()));
}
std::string hex(const WireWriter& writer) { return engine::chain::to_hex(writer.data()); }
std::string text(std::size_t size, char value) { return std::string(size, value); }

// ------------------------------------------------------------------------------------------------ by hand

TEST(WireCompatTest, BlockRange) {
    fog_common::BlockRange range;
    range.set_start_block(5);
    range.set_end_block(300);
    EXPECT_EQ(hex(range), "0805"     // 1: varint
                          "10ac02"); // 2: varint
}

TEST(WireCompatTest, ViewQuery) {
    fog_view::QueryRequestAAD aad;
    aad.set_start_from_user_event_id(std::numeric_limits<std::int64_t>::max());
    aad.set_start_from_block_index(1);
    EXPECT_EQ(hex(aad), "08ffffffffffffffff7f"
                        "1001");
    fog_view::QueryRequest request;
    request.add_get_txos(text(16, 'k'));
    request.add_get_txos(text(16, 'l'));
    EXPECT_EQ(hex(request), "0a106b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b"
                            "0a106c6c6c6c6c6c6c6c6c6c6c6c6c6c6c6c");
}

TEST(WireCompatTest, SearchResults) {
    fog_view::TxOutSearchResult result;
    result.set_search_key("k");
    result.set_result_code(fog_view::Found);
    result.set_ciphertext("c");
    result.set_padding("p");
    EXPECT_EQ(hex(result), "0a016b"
                           "1501000000" // 2: fixed32
                           "1a0163"
                           "220170");
    fog_view::FixedTxOutSearchResult fixed;
    fixed.set_search_key("k");
    fixed.set_result_code(fog_view::RateLimited);
    fixed.set_ciphertext("c");
    fixed.set_payload_length(1);
    EXPECT_EQ(hex(fixed), "0a016b"
                          "1505000000"
                          "1a0163"
                          "2501000000"); // 4: fixed32
}

TEST(WireCompatTest, KeyImages) {
    fog_ledger::KeyImageResult result;
    result.mutable_key_image()->set_data("i");
    result.set_spent_at(7);
    result.set_timestamp(~std::uint64_t{0});
    result.set_timestamp_result_code(1);
    result.set_key_image_result_code(fog_ledger::NotSpent);
    EXPECT_EQ(hex(result), "0a030a0169"
                           "110700000000000000" // 2: fixed64
                           "19ffffffffffffffff" // 3: fixed64
                           "2501000000"         // 4: fixed32
                           "2d02000000");       // 5: fixed32
    fog_ledger::KeyImageQuery query;
    query.mutable_key_image()->set_data("i");
    query.set_start_block(9);
    EXPECT_EQ(hex(query), "0a030a0169"
                          "110900000000000000");
}

TEST(WireCompatTest, OutputIndicesArePacked) {
    fog_ledger::GetOutputsRequest request;
    request.add_indices(1);
    request.add_indices(2);
    request.set_merkle_root_block(3);
    EXPECT_EQ(hex(request), "0a1001000000000000000200000000000000"
                            "110300000000000000");
}

TEST(WireCompatTest, Envelopes) {
    ::attest::Message message;
    message.set_aad("a");
    message.set_channel_id("c");
    message.set_data("d");
    EXPECT_EQ(hex(message), "0a0161"
                            "120163"
                            "1a0164");
    ::attest::NonceMessage numbered;
    numbered.set_aad("a");
    numbered.set_channel_id("c");
    numbered.set_data("d");
    numbered.set_nonce(1);
    EXPECT_EQ(hex(numbered), "0a0161"
                             "120163"
                             "1a0164"
                             "210100000000000000"); // 4: fixed64
    fog_view::FogViewRouterRequest streamed;
    *streamed.mutable_query() = message;
    EXPECT_EQ(hex(streamed), "12090a01611201631a0164");
    streamed.mutable_auth()->set_data("g");
    EXPECT_EQ(hex(streamed), "0a030a0167");
}

TEST(WireCompatTest, IngestSummary) {
    ingest_common::IngestSummary summary;
    summary.set_mode(ingest_common::Active);
    summary.set_next_block_index(2);
    summary.set_pubkey_expiry_window(10);
    summary.mutable_ingress_pubkey()->set_data("i");
    summary.set_egress_pubkey("e");
    summary.set_kex_rng_version(1);
    summary.add_peers("p");
    summary.add_peers("q");
    summary.set_ingest_invocation_id(-1);
    EXPECT_EQ(hex(summary), "0801"
                            "1002"
                            "180a"
                            "22030a0169"
                            "2a0165"
                            "3001"
                            "3a0170"
                            "3a0171"
                            "40ffffffffffffffffff01"); // 8: int64, ten bytes when negative
}

TEST(WireCompatTest, RemoteWallet) {
    remote_wallet::FreshBalanceCheckRequest fresh;
    fresh.set_mnemonic("m");
    fresh.set_fog_uri("u");
    fresh.set_account_index(3);
    fresh.set_chain_id("c");
    EXPECT_EQ(hex(fresh), "0a016d"
                          "120175"
                          "1803"
                          "220163");
    remote_wallet::BalanceCheckResponse response;
    response.set_client_id(1);
    response.set_balance(300);
    response.set_block_count(4);
    EXPECT_EQ(hex(response), "0801"
                             "10ac02"
                             "1804");
    // The conformance script asks Debug with a StopRequest.
    remote_wallet::StopRequest stop;
    stop.set_client_id(5);
    remote_wallet::DebugRequest debug;
    ASSERT_TRUE(debug.ParseFromString(stop.SerializeAsString()));
    EXPECT_EQ(debug.client_id(), 5u);
}

TEST(WireCompatTest, Health) {
    ::grpc::health::v1::HealthCheckResponse response;
    response.set_status(::grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(hex(response), "0802");
    ::grpc::health::v1::PingRequest ping;
    ping.set_data("d");
    EXPECT_EQ(hex(ping), "0a0164");
}

// --------------------------------------------------------------------------------------- the engine's writer

TEST(WireCompatTest, ViewAnswer) {
    fog_view::QueryResponse response;
    response.set_highest_processed_block_count(1);
    response.set_highest_processed_block_signature_timestamp(2);
    response.set_next_start_from_user_event_id(3);
    response.add_missed_block_ranges()->set_end_block(4);
    auto& rng = *response.add_rngs();
    rng.set_ingest_invocation_id(5);
    rng.mutable_pubkey()->set_pubkey("p");
    rng.mutable_pubkey()->set_version(6);
    rng.set_start_block(7);
    auto& decommissioned = *response.add_decommissioned_ingest_invocations();
    decommissioned.set_ingest_invocation_id(8);
    decommissioned.set_last_ingested_block(9);
    response.add_tx_out_search_results()->set_search_key("s");
    response.set_last_known_block_count(10);
    response.set_last_known_block_cumulative_txo_count(11);
    response.add_fixed_tx_out_search_results()->set_search_key("f");
    EXPECT_EQ(hex(response), hex(WireWriter()
                                     .varint(1, 1)
                                     .varint(2, 2)
                                     .varint(3, 3)
                                     .bytes(4, WireWriter().varint(2, 4).data())
                                     .bytes(5, WireWriter()
                                                   .varint(1, 5)
                                                   .bytes(2, WireWriter().text(1, "p").varint(2, 6).data())
                                                   .varint(3, 7)
                                                   .data())
                                     .bytes(6, WireWriter().varint(1, 8).varint(2, 9).data())
                                     .bytes(7, WireWriter().text(1, "s").data())
                                     .varint(8, 10)
                                     .varint(9, 11)
                                     .bytes(10, WireWriter().text(1, "f").data())));
}

TEST(WireCompatTest, StoreMessages) {
    fog_view::MultiViewStoreQueryResponse view;
    view.mutable_query_response()->set_data("d");
    view.set_store_uri("u");
    view.set_status(fog_view::NOT_READY);
    view.mutable_block_range()->set_end_block(1);
    EXPECT_EQ(hex(view), hex(WireWriter()
                                 .bytes(1, WireWriter().text(3, "d").data())
                                 .text(2, "u")
                                 .varint(3, 3)
                                 .bytes(4, WireWriter().varint(2, 1).data())));
    fog_ledger::MultiKeyImageStoreResponse images;
    images.mutable_query_response()->set_data("d");
    images.set_store_uri("u");
    images.set_status(fog_ledger::INVALID_ARGUMENT);
    EXPECT_EQ(hex(images),
              hex(WireWriter().bytes(1, WireWriter().text(3, "d").data()).text(2, "u").varint(3, 4)));
    EXPECT_EQ(static_cast<int>(fog_view::AUTHENTICATION_ERROR), 2);
    EXPECT_EQ(static_cast<int>(fog_ledger::AUTHENTICATION_ERROR), 2);
    EXPECT_EQ(static_cast<int>(fog_ledger::NOT_READY), 3);
}

TEST(WireCompatTest, LedgerAnswers) {
    fog_ledger::CheckKeyImagesResponse images;
    images.set_num_blocks(1);
    images.set_global_txo_count(2);
    images.add_results()->set_spent_at(3);
    images.set_latest_block_version(4);
    images.set_max_block_version(5);
    EXPECT_EQ(hex(images), hex(WireWriter()
                                   .varint(1, 1)
                                   .varint(2, 2)
                                   .bytes(3, WireWriter().fixed64(2, 3).data())
                                   .varint(4, 4)
                                   .varint(5, 5)));
    fog_ledger::GetOutputsResponse outputs;
    auto& output = *outputs.add_results();
    output.set_index(1);
    output.set_result_code(fog_ledger::Exists);
    output.mutable_output()->mutable_target_key()->set_data("t");
    output.mutable_proof()->set_index(2);
    output.mutable_proof()->set_highest_index(3);
    auto& element = *output.mutable_proof()->add_elements();
    element.mutable_range()->set_from(4);
    element.mutable_range()->set_to(5);
    element.mutable_hash()->set_data("h");
    outputs.set_num_blocks(6);
    outputs.set_global_txo_count(7);
    outputs.set_latest_block_version(8);
    outputs.set_max_block_version(9);
    const Bytes proof_element = WireWriter()
                                    .bytes(1, WireWriter().varint(1, 4).varint(2, 5).data())
                                    .bytes(2, WireWriter().text(1, "h").data())
                                    .take();
    EXPECT_EQ(
        hex(outputs),
        hex(WireWriter()
                .bytes(1, WireWriter()
                              .fixed64(1, 1)
                              .fixed32(2, 2)
                              .bytes(3, WireWriter().bytes(2, WireWriter().text(1, "t").data()).data())
                              .bytes(4, WireWriter().varint(1, 2).varint(2, 3).bytes(3, proof_element).data())
                              .data())
                .varint(2, 6)
                .varint(3, 7)
                .varint(4, 8)
                .varint(5, 9)));
    fog_ledger::BlockResponse blocks;
    auto& block = *blocks.add_blocks();
    block.set_index(1);
    block.set_global_txo_count(2);
    block.add_outputs();
    block.set_timestamp(3);
    block.set_timestamp_result_code(4);
    blocks.set_num_blocks(5);
    blocks.set_global_txo_count(6);
    EXPECT_EQ(
        hex(blocks),
        hex(WireWriter()
                .bytes(1,
                       WireWriter().varint(1, 1).varint(2, 2).bytes(3, {}).varint(4, 3).varint(5, 4).data())
                .varint(2, 5)
                .varint(3, 6)));
    fog_ledger::TxOutResponse tx_outs;
    auto& result = *tx_outs.add_results();
    result.mutable_tx_out_pubkey()->set_data("k");
    result.set_result_code(fog_ledger::DatabaseError);
    result.set_tx_out_global_index(1);
    result.set_block_index(2);
    result.set_timestamp(3);
    result.set_timestamp_result_code(4);
    tx_outs.set_num_blocks(5);
    tx_outs.set_global_txo_count(6);
    EXPECT_EQ(hex(tx_outs), hex(WireWriter()
                                    .bytes(1, WireWriter()
                                                  .bytes(1, WireWriter().text(1, "k").data())
                                                  .varint(2, 3)
                                                  .varint(3, 1)
                                                  .varint(4, 2)
                                                  .varint(5, 3)
                                                  .varint(6, 4)
                                                  .data())
                                    .varint(2, 5)
                                    .varint(3, 6)));
}

TEST(WireCompatTest, IngestKeys) {
    account_ingest::GetIngressKeyRecordsResponse response;
    auto& record = *response.add_records();
    record.mutable_ingress_public_key()->set_data("k");
    record.set_start_block(1);
    record.set_pubkey_expiry(2);
    record.set_retired(true);
    record.set_lost(true);
    record.set_last_scanned_block(3);
    EXPECT_EQ(hex(response), hex(WireWriter().bytes(1, WireWriter()
                                                           .bytes(1, WireWriter().text(1, "k").data())
                                                           .varint(2, 1)
                                                           .varint(3, 2)
                                                           .varint(4, 1)
                                                           .varint(5, 1)
                                                           .varint(6, 3)
                                                           .data())));
    account_ingest::GetIngressKeyRecordsRequest request;
    request.set_start_block_at_least(1);
    request.set_should_include_lost_keys(true);
    request.set_should_include_retired_keys(true);
    request.set_should_only_include_unexpired_keys(true);
    EXPECT_EQ(hex(request), hex(WireWriter().varint(1, 1).varint(2, 1).varint(3, 1).varint(4, 1)));
    ingest_common::IngestStateFile file;
    file.mutable_summary()->set_next_block_index(1);
    file.set_sealed_ingress_key("s");
    EXPECT_EQ(hex(file), hex(WireWriter().bytes(1, WireWriter().varint(2, 1).data()).text(2, "s")));
    ingest_peer::GetPrivateKeyRequest peer;
    peer.set_channel_id("c");
    EXPECT_EQ(hex(peer), hex(WireWriter().text(1, "c")));
}

TEST(WireCompatTest, Reports) {
    report::ReportResponse response;
    auto& report = *response.add_reports();
    report.set_fog_report_id("i");
    report.set_pubkey_expiry(1);
    auto& evidence = *report.mutable_dcap_evidence();
    evidence.mutable_quote()->set_data("q");
    evidence.mutable_collateral()->set_tcb_info("t");
    evidence.mutable_collateral()->set_qe_identity("e");
    evidence.mutable_report_data()->set_nonce("n");
    evidence.mutable_report_data()->set_key("k");
    evidence.mutable_report_data()->set_custom_identity("c");
    response.add_chain("d");
    response.set_signature("s");
    const Bytes dcap = WireWriter()
                           .bytes(1, WireWriter().text(1, "q").data())
                           .bytes(2, WireWriter().text(5, "t").text(7, "e").data())
                           .bytes(3, WireWriter().text(1, "n").text(2, "k").text(3, "c").data())
                           .take();
    EXPECT_EQ(hex(response), hex(WireWriter()
                                     .bytes(1, WireWriter().text(1, "i").fixed64(3, 1).bytes(4, dcap).data())
                                     .text(2, "d")
                                     .text(3, "s")));
    report.mutable_verification_report()->mutable_sig()->set_contents("s");
    report.mutable_verification_report()->add_chain("c");
    report.mutable_verification_report()->set_http_body("b");
    const Bytes epid =
        WireWriter().bytes(1, WireWriter().text(1, "s").data()).text(2, "c").text(3, "b").take();
    EXPECT_EQ(hex(report), hex(WireWriter().text(1, "i").bytes(2, epid).fixed64(3, 1)));
}

TEST(WireCompatTest, Administration) {
    build_info::BuildInfo build;
    build.set_git_commit("1");
    build.set_profile("2");
    build.set_debug("3");
    build.set_opt_level("4");
    build.set_debug_assertions("5");
    build.set_target_arch("6");
    build.set_target_feature("7");
    build.set_rustflags("8");
    build.set_sgx_mode("9");
    WireWriter written;
    for (std::uint32_t field = 1; field <= 9; ++field) written.text(field, std::to_string(field));
    EXPECT_EQ(hex(build), hex(written));
    admin::GetInfoResponse info;
    info.set_name("n");
    info.set_id("i");
    info.set_build_info_json("j");
    *info.mutable_build_info() = build;
    info.set_config_json("c");
    info.set_rust_log("r");
    EXPECT_EQ(hex(info), hex(WireWriter()
                                 .text(1, "n")
                                 .text(2, "i")
                                 .text(3, "j")
                                 .bytes(4, written.data())
                                 .text(5, "c")
                                 .text(6, "r")));
}

TEST(WireCompatTest, RandomNumberGenerators) {
    kex_rng::StoredRng stored;
    stored.set_secret("s");
    stored.set_buffer("b");
    stored.set_counter(1);
    stored.set_version(2);
    EXPECT_EQ(hex(stored), hex(WireWriter().text(1, "s").text(2, "b").varint(3, 1).varint(4, 2)));
}

// --------------------------------------------------------------------------------------------- known answers

void expect_same(const external::TxOut& message, const engine::chain::TxOut& output) {
    const auto wrapped = [](const auto& m) {
        return engine::chain::to_hex(engine::chain::as_bytes(m.data()));
    };
    EXPECT_EQ(wrapped(message.target_key()), engine::chain::to_hex(output.target_key.view()));
    EXPECT_EQ(wrapped(message.public_key()), engine::chain::to_hex(output.public_key.view()));
    EXPECT_EQ(wrapped(message.e_fog_hint()), engine::chain::to_hex(output.fog_hint.view()));
    ASSERT_EQ(message.has_e_memo(), output.memo.has_value());
    if (output.memo) {
        EXPECT_EQ(wrapped(message.e_memo()), engine::chain::to_hex(output.memo->view()));
    }
    ASSERT_TRUE(output.masked_amount);
    const bool v2 = output.masked_amount->version == engine::chain::MaskedAmount::Version::v2;
    ASSERT_EQ(message.has_masked_amount_v2(), v2);
    const external::MaskedAmount& amount = v2 ? message.masked_amount_v2() : message.masked_amount_v1();
    EXPECT_EQ(wrapped(amount.commitment()), engine::chain::to_hex(output.masked_amount->commitment.view()));
    EXPECT_EQ(amount.masked_value(), output.masked_amount->masked_value);
    EXPECT_EQ(amount.masked_token_id(), std::string(output.masked_amount->masked_token_id.begin(),
                                                    output.masked_amount->masked_token_id.end()));
}

TEST(WireCompatTest, OutputOfTheMainNetwork) {
    const auto document = engine::chain::test::test_data("main_network_output.json");
    const Bytes stored = engine::chain::test::hex(document.at("output").at("stored_bytes"));
    external::TxOut message;
    ASSERT_TRUE(message.ParseFromArray(stored.data(), static_cast<int>(stored.size())));
    expect_same(message, engine::chain::decode_tx_out(stored).value());
    // What this library writes is the same output, though its fields come in another order than in a ledger.
    const std::string written = message.SerializeAsString();
    EXPECT_EQ(engine::chain::decode_tx_out(engine::chain::as_bytes(written)),
              engine::chain::decode_tx_out(stored));
}

TEST(WireCompatTest, OldOutputs) {
    const auto document = engine::chain::test::test_data("seeded_outputs.json");
    std::size_t seen = 0;
    for (const auto& output : document.at("origin").at("outputs")) {
        const Bytes stored = engine::chain::test::hex(output.at("stored_bytes"));
        external::TxOut message;
        ASSERT_TRUE(message.ParseFromArray(stored.data(), static_cast<int>(stored.size())));
        expect_same(message, engine::chain::decode_tx_out(stored).value());
        ++seen;
    }
    EXPECT_GT(seen, 0u);
}

void upstreams_tx_out_records(const engine::chain::test::CopiedFiles& given) {
    const auto rows = given.rows(0);
    EXPECT_EQ(rows.size(), 10u);
    for (const engine::chain::test::Json& row : rows) {
        const Bytes stored = engine::chain::test::hex(row.at("tx_out_record_hex_proto_bytes"));
        const auto record = engine::chain::decode_tx_out_record(stored).value();
        fog_view::TxOutRecord message;
        ASSERT_TRUE(message.ParseFromArray(stored.data(), static_cast<int>(stored.size())));
        EXPECT_EQ(message.tx_out_amount_masked_value(), record.masked_value);
        EXPECT_EQ(message.tx_out_amount_commitment_data_crc32(), record.commitment_crc32);
        EXPECT_EQ(message.tx_out_global_index(), record.global_index.value);
        EXPECT_EQ(message.block_index(), record.block.value);
        EXPECT_EQ(message.timestamp(), record.timestamp_s);
        EXPECT_EQ(message.tx_out_target_key_data(),
                  std::string(record.target_key.bytes.begin(), record.target_key.bytes.end()));
        EXPECT_EQ(message.tx_out_public_key_data(),
                  std::string(record.public_key.bytes.begin(), record.public_key.bytes.end()));
        EXPECT_EQ(message.has_tx_out_amount_masked_v1_token_id(),
                  record.masked_version == engine::chain::MaskedAmount::Version::v1);
        EXPECT_EQ(message.tx_out_e_memo_data().size(), record.memo ? 66u : 0u);
    }
}

const std::vector<engine::chain::test::CopiedFiles>& copied_files() {
    static const std::vector<engine::chain::test::CopiedFiles> checks{
        {"tx_out_records",
         {"test-vectors/vectors/tx_out_records/correct_tx_out_records.jsonl"},
         upstreams_tx_out_records}};
    return checks;
}

class CopiedWireFilesTest : public ::testing::TestWithParam<engine::chain::test::CopiedFiles> {};

TEST_P(CopiedWireFilesTest, agrees) { GetParam().check(GetParam()); }

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CopiedWireFilesTest);
INSTANTIATE_TEST_SUITE_P(, CopiedWireFilesTest,
                         ::testing::ValuesIn(engine::chain::test::present(copied_files())),
                         engine::chain::test::name_of_files);

TEST(CopiedWireFiles, absent_ones_are_named) { engine::chain::test::name_absent_files(copied_files()); }

// Outputs as a ledger stores them, the versions before masked amounts v2 included.
TEST(WireCompatTest, UpstreamsLedgerRows) {
    const auto document = engine::chain::test::Json::parse(engine::chain::test::read_file(
        std::filesystem::path(FOG_SOURCE_DIR) / "real/lmdb/testdata/after_add.json"));
    std::size_t seen = 0;
    for (const auto& row : document.at("ledger_db").at("tx_out_store:tx_out_by_index")) {
        const Bytes stored = engine::chain::test::hex(row.at(1));
        external::TxOut message;
        ASSERT_TRUE(message.ParseFromArray(stored.data(), static_cast<int>(stored.size())));
        expect_same(message, engine::chain::decode_tx_out(stored).value());
        ++seen;
    }
    EXPECT_GT(seen, 0u);
}

} // namespace
} // namespace real::grpc
