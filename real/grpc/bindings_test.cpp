#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "real/grpc/ingest.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/report.hpp"
#include "real/grpc/testing/generators.hpp"
#include "real/grpc/testing/scripted_services.hpp"
#include "real/grpc/testing/test_bed.hpp"
#include "real/grpc/view.hpp"

// Whatever a service answers, or fails with, is what a client over the wire sees.

namespace real::grpc {
namespace {

using namespace testing;
using engine::Code;
using engine::Error;

template <class T>
Task<> keep(Task<Result<T>> question, std::optional<Result<T>>* answer) {
    Result<T> got = co_await std::move(question);
    answer->emplace(std::move(got));
}

struct BindingsTest : Bed {
    template <class T>
    Result<T> ask(Task<Result<T>> question) {
        std::optional<Result<T>> answer;
        run(keep(std::move(question), &answer));
        return std::move(*answer);
    }
    /// Every code comes through.
    template <class Question, class Answer>
    void expect_codes(Answer& answer, Question question) {
        for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
            const auto code = static_cast<Code>(i);
            answer = Error{code, "a test"};
            const auto got = ask(question());
            ASSERT_FALSE(got) << engine::name(code);
            EXPECT_EQ(got.error().code, code)
                << engine::name(code) << " became " << engine::name(got.error().code);
        }
    }
};

struct ViewBindingTest : BindingsTest, ::testing::WithParamInterface<ViewProtocol> {};
INSTANTIATE_TEST_SUITE_P(Protocols, ViewBindingTest,
                         ::testing::Values(ViewProtocol::unary, ViewProtocol::streaming),
                         [](const auto& value) {
                             return value.param == ViewProtocol::unary ? "unary" : "streaming";
                         });

TEST_P(ViewBindingTest, QueryAndAnswerSurviveTheWire) {
    ScriptedView api;
    Server server(loop, {}, {});
    serve_view(server, api, GetParam());
    server.start();
    Channel channel(runtime, to(server));
    ViewClient client(channel, GetParam());
    EXPECT_TRUE(rc::check("round trip", [&] {
        const fog::ViewQuery query = any_view_query();
        const fog::ViewAnswer answer = any_view_answer(query);
        api.answer = answer;
        const Result<fog::ViewAnswer> got = ask(client.query(query));
        RC_ASSERT(got.has_value());
        RC_ASSERT(same(*got, answer));
        RC_ASSERT(api.asked->events_after == query.events_after);
        RC_ASSERT(api.asked->keys == query.keys);
    }));
    expect_codes(api.answer, [&] { return client.query({}); });
}

TEST_F(BindingsTest, ViewStore) {
    ScriptedViewStore api;
    Server server(loop, {}, {});
    serve_view_store(server, api, {"insecure-fog-view-store://127.0.0.1:1/", engine::BlockRange::all()});
    server.start();
    Channel channel(runtime, to(server));
    ViewStoreClient client(channel);
    EXPECT_TRUE(rc::check("round trip", [&] {
        const fog::ViewQuery query = any_view_query();
        fog::ViewStoreAnswer answer;
        answer.range = any_range();
        answer.view = any_view_answer(query);
        api.answer = answer;
        const Result<fog::ViewStoreAnswer> got = ask(client.query(query));
        RC_ASSERT(got.has_value());
        RC_ASSERT(got->range == answer.range);
        RC_ASSERT(same(got->view, answer.view));
        RC_ASSERT(api.asked->keys == query.keys);
    }));
    expect_codes(api.answer, [&] { return client.query({}); });
}

struct LedgerBindingTest : BindingsTest, ::testing::WithParamInterface<LedgerClient::KeyImages> {
    LedgerBindingTest() {
        serve_ledger(server, api, {});
        server.start();
        channel.emplace(runtime, to(server));
        client.emplace(*channel, GetParam());
    }
    ScriptedLedger api;
    Server server{loop, {}, {}};
    std::optional<Channel> channel;
    std::optional<LedgerClient> client;
};
INSTANTIATE_TEST_SUITE_P(Protocols, LedgerBindingTest,
                         ::testing::Values(LedgerClient::KeyImages::unary,
                                           LedgerClient::KeyImages::streaming),
                         [](const auto& value) {
                             return value.param == LedgerClient::KeyImages::unary ? "unary" : "streaming";
                         });

TEST_P(LedgerBindingTest, KeyImages) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto images = several(5, any_fixed<chain::KeyImage>);
        const fog::KeyImagesAnswer answer = any_key_images_answer();
        api.images = answer;
        const auto got = ask(client->key_images(images));
        RC_ASSERT(got.has_value());
        RC_ASSERT(same(*got, answer));
        RC_ASSERT(api.asked_images == images);
    }));
    expect_codes(api.images, [&] { return client->key_images({}); });
}

TEST_P(LedgerBindingTest, Blocks) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        fog::BlocksAnswer answer;
        answer.blocks = several(4, any_found_block);
        answer.count = engine::BlockCount{any_number()};
        answer.global_txo_count = any_number();
        api.found = answer;
        const auto got = ask(client->blocks({}));
        RC_ASSERT(got.has_value());
        RC_ASSERT(got->count == answer.count);
        RC_ASSERT(got->global_txo_count == answer.global_txo_count);
        RC_ASSERT(same(got->blocks, answer.blocks));
    }));
    expect_codes(api.found, [&] { return client->blocks({}); });
}

TEST_P(LedgerBindingTest, BlockRangesArriveInTheOrderAskedFor) {
    EXPECT_TRUE(rc::check("but for empty ones", [&] {
        auto ranges = several(6, [] {
            const std::uint64_t start = up_to(30);
            return engine::BlockRange{engine::BlockIndex{start}, engine::BlockIndex{start + up_to(6)}};
        });
        RC_ASSERT(ask(client->blocks(ranges)).has_value());
        std::erase_if(ranges, [](const engine::BlockRange& range) { return range.start == range.end; });
        RC_ASSERT(api.asked_ranges == ranges);
    }));
}

TEST_P(LedgerBindingTest, Outputs) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto indices = several(5, [] { return engine::GlobalIndex{any_number()}; });
        fog::OutputsAnswer answer;
        answer.count = engine::BlockCount{any_number()};
        answer.global_txo_count = any_number();
        answer.latest_block_version = static_cast<std::uint32_t>(any_number());
        answer.results = several(4, any_output_result);
        api.outs = answer;
        const auto got = ask(client->outputs(indices));
        RC_ASSERT(got.has_value());
        RC_ASSERT(api.asked_indices == indices);
        RC_ASSERT(got->count == answer.count);
        RC_ASSERT(got->global_txo_count == answer.global_txo_count);
        RC_ASSERT(got->latest_block_version == answer.latest_block_version);
        RC_ASSERT(same(got->results, answer.results));
    }));
    expect_codes(api.outs, [&] { return client->outputs({}); });
}

TEST_P(LedgerBindingTest, TxOuts) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto keys = several(5, any_fixed<chain::PublicKey>);
        fog::TxOutStatusAnswer answer;
        answer.results = several(4, any_tx_out_status);
        answer.count = engine::BlockCount{any_number()};
        answer.global_txo_count = any_number();
        api.statuses = answer;
        const auto got = ask(client->tx_outs(keys));
        RC_ASSERT(got.has_value());
        RC_ASSERT(api.asked_keys == keys);
        RC_ASSERT(got->count == answer.count);
        RC_ASSERT(got->global_txo_count == answer.global_txo_count);
        RC_ASSERT(same(got->results, answer.results));
    }));
    expect_codes(api.statuses, [&] { return client->tx_outs({}); });
}

TEST_F(BindingsTest, KeyImageStore) {
    ScriptedKeyImageStore api;
    Server server(loop, {}, {});
    serve_key_image_store(server, api, "insecure-key-image-store://127.0.0.1:1/", {});
    server.start();
    Channel channel(runtime, to(server));
    KeyImageStoreClient client(channel);
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto images = several(5, any_fixed<chain::KeyImage>);
        fog::KeyImageStoreAnswer answer;
        answer.images = any_key_images_answer();
        answer.processed = any_range();
        answer.images.count = engine::BlockCount{answer.processed.end.value}; // one number on the wire
        api.answer = answer;
        const auto got = ask(client.key_images(images));
        RC_ASSERT(got.has_value());
        RC_ASSERT(api.asked == images);
        RC_ASSERT(got->processed == answer.processed);
        RC_ASSERT(same(got->images, answer.images));
    }));
    // The status in the answer knows these only.
    for (const auto& [sent, seen] : {std::pair(Code::not_ready, Code::not_ready),
                                     std::pair(Code::invalid_argument, Code::invalid_argument),
                                     std::pair(Code::unavailable, Code::internal)}) {
        api.answer = Error{sent, "a test"};
        const auto got = ask(client.key_images({}));
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code, seen);
    }
}

TEST_F(BindingsTest, Report) {
    ScriptedReport api;
    ReportSeal seal;
    seal.chain = {{1, 2, 3}, {4}};
    seal.signature = {5, 6};
    std::size_t sealed = 0;
    Server server(loop, {}, {});
    serve_report(server, api, [&](const std::vector<fog::ReportRow>& rows) {
        sealed = rows.size();
        return seal;
    });
    server.start();
    Channel channel(runtime, to(server));
    ReportClient client(channel);
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto rows = several(4, any_report_row);
        api.answer = rows;
        const auto got = ask(client.reports());
        RC_ASSERT(got.has_value());
        RC_ASSERT(sealed == rows.size());
        RC_ASSERT(got->size() == rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            RC_ASSERT((*got)[i].fog_report_id == rows[i].fog_report_id);
            RC_ASSERT((*got)[i].ingress_key == rows[i].ingress_key);
            RC_ASSERT((*got)[i].expiry == rows[i].expiry);
            RC_ASSERT((*got)[i].evidence == clear_text_evidence(rows[i].ingress_key));
        }
    }));
    expect_codes(api.answer, [&] { return client.reports(); });
}

Task<> fetch_seal(ReportClient& client, ReportSeal* seal) {
    const Outcome<ReportClient::Response> response = co_await client.fetch();
    if (response) *seal = response->seal;
}

TEST_F(BindingsTest, ReportsComeWithTheirSeal) {
    ScriptedReport api;
    Server server(loop, {}, {});
    serve_report(server, api, [](const std::vector<fog::ReportRow>&) {
        ReportSeal seal;
        seal.chain = {{1, 2, 3}, {4}};
        seal.signature = {5, 6};
        return seal;
    });
    server.start();
    Channel channel(runtime, to(server));
    ReportClient client(channel);
    ReportSeal seal;
    run(fetch_seal(client, &seal));
    EXPECT_EQ(seal.chain, (std::vector<chain::Bytes>{{1, 2, 3}, {4}}));
    EXPECT_EQ(seal.signature, (chain::Bytes{5, 6}));
}

struct IngestBindingTest : BindingsTest {
    IngestBindingTest() {
        serve_ingest(server, api, insecure_peer_names());
        server.start();
        channel.emplace(runtime, to(server));
        client.emplace(*channel, insecure_peer_names());
    }
    ScriptedIngest api;
    Server server{loop, {}, {}};
    std::optional<Channel> channel;
    std::optional<IngestClient> client;
};

TEST_F(IngestBindingTest, SummarySurvivesTheWire) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        const fog::IngestSummary summary = any_summary();
        api.summary = summary;
        const auto got = ask(client->get_status());
        RC_ASSERT(got.has_value());
        RC_ASSERT(same(*got, summary));
    }));
}

TEST_F(IngestBindingTest, EachCommandReachesItsMethod) {
    const auto expect = [this](Task<Result<fog::IngestSummary>> command, const std::string& asked) {
        EXPECT_TRUE(ask(std::move(command)).has_value());
        EXPECT_EQ(api.asked, asked);
    };
    expect(client->get_status(), "status");
    expect(client->activate(), "activate");
    expect(client->retire(), "retire");
    expect(client->unretire(), "unretire");
    expect(client->new_keys(), "new keys");
    expect(client->set_pubkey_expiry_window(7), "window 7");
    expect(client->set_peers({"a:1", "b:2"}), "peers a:1 b:2");
    expect(client->sync_keys_from_remote("a:1"), "sync a:1");
    expect_codes(api.summary, [&] { return client->get_status(); });
    expect_codes(api.summary, [&] { return client->activate(); });
    expect_codes(api.summary, [&] { return client->retire(); });
    expect_codes(api.summary, [&] { return client->unretire(); });
    expect_codes(api.summary, [&] { return client->new_keys(); });
    expect_codes(api.summary, [&] { return client->set_pubkey_expiry_window(7); });
    expect_codes(api.summary, [&] { return client->set_peers({}); });
    expect_codes(api.summary, [&] { return client->sync_keys_from_remote("a:1"); });
}

TEST_F(IngestBindingTest, KeysAndRanges) {
    EXPECT_TRUE(rc::check("round trip", [&] {
        const auto records = several(4, any_key_record);
        const auto missed = several(4, any_range);
        api.records = records;
        api.missed = missed;
        const bool lost = any_bool();
        const bool retired = any_bool();
        const auto got = ask(client->get_ingress_key_records(engine::BlockIndex{3}, lost, retired));
        RC_ASSERT(got.has_value());
        RC_ASSERT(*got == records);
        RC_ASSERT(api.asked ==
                  std::string("records 3") + (lost ? " lost" : "") + (retired ? " retired" : ""));
        const auto ranges = ask(client->get_missed_block_ranges());
        RC_ASSERT(ranges.has_value());
        RC_ASSERT(*ranges == missed);
    }));
    chain::PublicKey key;
    key.bytes[0] = 9;
    EXPECT_TRUE(ask(client->report_lost_ingress_key(key)).has_value());
    EXPECT_EQ(api.asked, "lost 9");
    expect_codes(api.lost, [&] { return client->report_lost_ingress_key(key); });
    expect_codes(api.missed, [&] { return client->get_missed_block_ranges(); });
    expect_codes(api.records, [&] { return client->get_ingress_key_records({}, true, true); });
}

TEST_F(BindingsTest, IngestPeer) {
    ScriptedPeer api;
    ServerOptions options;
    options.largest_message = largest_peer_message;
    Server server(loop, {}, std::move(options));
    const chain::Crypto& crypto = chain::fast_crypto();
    serve_ingest_peer(server, api, crypto, insecure_peer_names());
    server.start();
    Channel channel(runtime, to(server));
    IngestPeerClient client(channel, "peer:1", crypto, insecure_peer_names());
    EXPECT_TRUE(rc::check("round trip", [&] {
        api.summary = any_summary();
        chain::KeyPair key;
        key.secret = any_fixed<chain::PrivateKey>();
        key.open = crypto.public_key(key.secret);
        api.key = key;
        const auto summary = ask(client.set_ingress_key(key));
        RC_ASSERT(summary.has_value());
        RC_ASSERT(same(*summary, *api.summary));
        RC_ASSERT(api.given->secret == key.secret);
        RC_ASSERT(api.given->open == key.open);
        const auto got = ask(client.get_ingress_key());
        RC_ASSERT(got.has_value());
        RC_ASSERT(got->secret == key.secret);
        RC_ASSERT(got->open == key.open);
    }));
    EXPECT_TRUE(ask(client.status()).has_value());
    EXPECT_EQ(api.asked, "status");
    EXPECT_TRUE(ask(client.set_peers({"a:1", "b:2"})).has_value());
    EXPECT_EQ(api.asked, "peers a:1 b:2");
    expect_codes(api.summary, [&] { return client.status(); });
    expect_codes(api.summary, [&] { return client.set_peers({}); });
    expect_codes(api.summary, [&] { return client.set_ingress_key({}); });
    expect_codes(api.key, [&] { return client.get_ingress_key(); });
}

} // namespace
} // namespace real::grpc
