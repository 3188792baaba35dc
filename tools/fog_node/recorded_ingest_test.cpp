#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fstream>
#include <set>

#include <google/protobuf/empty.pb.h>

#include "engine/chain/hex.hpp"
#include "proto/ingest.pb.h"
#include "proto/ingest_common.pb.h"
#include "real/grpc/message.hpp"
#include "tools/fog_node/testing/pipeline.hpp"
#include "tools/fog_node/testing/recorded.hpp"

// The script that MobileCoin's fog_ingest_server 7.0.0 went through, every call and every look into its
// database, against ours over the wire.  What differs is in docs/differences-from-upstream.md, or a failure.

namespace fog_node::testing {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Empty;
using ingest_common::IngestSummary;
using real::grpc::CallOptions;
template <class T>
using Reply = real::grpc::Outcome<T>;

std::string bytes_to_hex(const std::string& bytes) {
    return engine::chain::to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}
bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class RecordedIngest {
public:
    RecordedIngest() : pipeline_(shape()) {}

    Said say(const RecordedRow& row) {
        prepare(row);
        if (row.call == "DB") return Said::seen(tables());
        if (row.call == "files") return Said::seen(state_files());
        if (row.call == "exit") return Said::seen(exit_code());
        return command(row);
    }

private:
    static PipelineShape shape() {
        PipelineShape shape;
        shape.topology.accounts = 4; // an origin block of 16 outputs
        shape.more_arguments["ingest1"] = {"--pubkey-expiry-window", "1"};
        return shape;
    }

    // ------------------------------------------------------------------------------------ before each call

    void prepare(const RecordedRow& row) {
        const std::string& step = row.step;
        if (!prepared_.insert(step).second) return;
        if (step == "boot") pipeline_.start("ingest0");
        if (step == "after block 1") scanned(0, block(2));
        if (step == "after block 3") block(1), scanned(0, block(3));
        if (step == "boot n1") pipeline_.start("ingest1");
        if (step == "both" && row.call == "n0.GetStatus") one_after_the_other(block(1));
        if (step.starts_with("retired, block ") || step == "lost and active" ||
            step.starts_with("n1 lost and retired, block "))
            scanned(0, block(1)), settled(1);
        if (step == "n1 restarted with state file") restart(1);
        if (step == "peer down") pipeline_.kill("ingest0");
        if (step == "n0 back") pipeline_.start("ingest0");
        if (step == "n0 goes on") scanned(0, block(1));
        if (step == "n0 without state") {
            pipeline_.stop("ingest0");
            fs::remove(state_file(0));
            pipeline_.start("ingest0");
        }
        if (step == "n1 goes on") (void)block(1), settled(1);
        if (step == "n0 garbage state file") {
            pipeline_.stop("ingest0");
            std::ofstream(state_file(0)) << "garbage";
            pipeline_.start("ingest0");
        }
        if (step == "empty state file") {
            pipeline_.stop("ingest0");
            std::ofstream(state_file(0)) << "";
            pipeline_.child("ingest0").start();
        }
    }

    /// Appends a block to the copy that ingest reads.  @return the count with it
    std::uint64_t block(unsigned outputs) {
        std::string credits;
        for (unsigned i = 0; i < outputs; ++i)
            credits += std::string(i > 0 ? "," : "") + R"({"account":0,"amount":1})";
        if (fog_key_.empty()) fog_key_ = bytes_to_hex(summary(0)->ingress_pubkey().data());
        (void)pipeline_.add_block_to("ingest", ++blocks_, fog_key_, credits);
        return blocks_ + 1;
    }
    void scanned(unsigned node, std::uint64_t count) {
        pipeline_.until(fmt::format("node {} to scan block {}", node, count - 1),
                        [&] { return summary(node)->next_block_index() >= count; });
    }
    /// Until node is idle, or has scanned every block.
    void settled(unsigned node) {
        pipeline_.until(fmt::format("node {} to settle", node), [&] {
            const auto now = summary(node);
            return now->mode() == ingest_common::Idle || now->next_block_index() > blocks_;
        });
    }
    /// Two nodes publish reports under one id; which is the last one is chance, and here node 1's, as it was
    /// there.
    void one_after_the_other(std::uint64_t count) {
        pipeline_.child("ingest1").pause();
        scanned(0, count);
        pipeline_.child("ingest1").resume();
        scanned(1, count);
    }
    void restart(unsigned node) {
        pipeline_.stop(name(node));
        pipeline_.start(name(node));
    }

    // ------------------------------------------------------------------------------------ commands

    static std::string name(unsigned node) { return "ingest" + std::to_string(node); }
    fs::path state_file(unsigned node) const {
        return pipeline_.deployment().the(engine::NodeKind::ingest, node).state_file;
    }
    std::string peer(unsigned node) const {
        return fmt::format("insecure-igp://{}/", pipeline_.target(name(node), "peer"));
    }

    template <class Answer>
    Reply<Answer> call(unsigned node, const char* path, const google::protobuf::MessageLite& request) {
        return pipeline_.run(real::grpc::call<Answer>(pipeline_.channel(name(node)), path, request));
    }
    Reply<IngestSummary> summary(unsigned node) {
        return call<IngestSummary>(node, "/account_ingest.AccountIngestAPI/GetStatus", Empty());
    }

    Said told(const Reply<IngestSummary>& reply) const {
        if (!reply) return Said::refused(reply.error());
        Json peers = Json::array();
        for (std::string uri : reply->peers()) {
            for (unsigned node : {0u, 1u}) {
                const std::string port = ":" + std::to_string(pipeline_.port(name(node), "peer"));
                const std::size_t at = uri.find(port);
                if (at != std::string::npos) uri.replace(at, port.size(), node == 0 ? ":P11" : ":P21");
            }
            peers.push_back(uri);
        }
        return Said::ok({{"mode", reply->mode() == ingest_common::Active ? "Active" : "Idle"},
                         {"next", reply->next_block_index()},
                         {"window", reply->pubkey_expiry_window()},
                         {"ingress", "K:" + bytes_to_hex(reply->ingress_pubkey().data())},
                         {"egress", "E:" + bytes_to_hex(reply->egress_pubkey())},
                         {"ver", reply->kex_rng_version()},
                         {"peers", peers},
                         {"iid", reply->ingest_invocation_id()}});
    }
    template <class T>
    static Said done(const Reply<T>& reply) {
        return reply ? Said::ok(Json::object()) : Said::refused(reply.error());
    }

    Said command(const RecordedRow& row) {
        const unsigned node = row.call.starts_with("n0.") ? 0 : 1;
        const std::string method = row.call.substr(3);
        static std::map<std::string, std::string> paths; // their addresses are the origin of errors
        const std::string& path =
            paths.try_emplace(method, "/account_ingest.AccountIngestAPI/" + method).first->second;
        if (method == "SetPubkeyExpiryWindow") {
            account_ingest::SetPubkeyExpiryWindowRequest request;
            request.set_pubkey_expiry_window(window_of(row.step));
            return told(call<IngestSummary>(node, path.c_str(), request));
        }
        if (method == "SetPeers") {
            ingest_common::SetPeersRequest request;
            for (const std::string& uri : peers_of(row.step, node)) request.add_ingest_peer_uris(uri);
            return told(call<IngestSummary>(node, path.c_str(), request));
        }
        if (method == "SyncKeysFromRemote") {
            account_ingest::SyncKeysFromRemoteRequest request;
            request.set_peer_uri(row.step == "no uri"        ? "bla"
                                 : row.step == "unreachable" ? "insecure-igp://localhost:1/"
                                                             : peer(0));
            return told(call<IngestSummary>(node, path.c_str(), request));
        }
        if (method == "ReportLostIngressKey") {
            account_ingest::ReportLostIngressKeyRequest request;
            if (row.step != "no key") request.mutable_key()->set_data(lost_key(row.step, node));
            return done(call<Empty>(node, path.c_str(), request));
        }
        if (method == "GetMissedBlockRanges") {
            const auto reply =
                call<account_ingest::GetMissedBlockRangesResponse>(node, path.c_str(), Empty());
            if (!reply) return Said::refused(reply.error());
            Json ranges = Json::array();
            for (const auto& range : reply->missed_block_ranges())
                ranges.push_back({range.start_block(), range.end_block()});
            return Said::ok(ranges);
        }
        if (method == "GetIngressKeyRecords") return key_records(node, path.c_str(), row.step);
        Reply<IngestSummary> reply = call<IngestSummary>(node, path.c_str(), Empty());
        // A channel to a peer that was down connects again after one to two seconds.
        if (row.step.starts_with("n1 takes over"))
            pipeline_.until("node 0 to be reached again", [&] {
                if (reply || reply.error().code != real::grpc::StatusCode::unavailable) return true;
                reply = call<IngestSummary>(node, path.c_str(), Empty());
                return false;
            });
        return told(reply); // those without a parameter
    }

    static std::uint64_t window_of(const std::string& step) {
        if (step == "idle 0") return 0;
        if (step == "idle 2^64-1") return ~std::uint64_t{0};
        if (step == "active lower") return 2;
        if (step == "active higher") return 4;
        return 3;
    }
    std::vector<std::string> peers_of(const std::string& step, unsigned node) const {
        if (step == "none") return {};
        if (step == "without self") return {peer(1)};
        if (step == "no uri") return {"bla"};
        if (step == "other scheme") return {"insecure-fog://localhost:1/"};
        if (step == "self twice") return {peer(0), peer(0)};
        if (step == "self with query") return {peer(0) + "?a=b"};
        if (says(step, "both") || says(step, "n1 has the old key")) return {peer(0), peer(1)};
        return {peer(node)};
    }
    std::string lost_key(const std::string& step, unsigned node) {
        if (step == "unknown") return std::string(32, '\x01');
        if (step == "3 bytes") return "abc";
        if (step == "no point") return std::string(32, '\xff');
        return summary(node)->ingress_pubkey().data();
    }
    Said key_records(unsigned node, const char* path, const std::string& step) {
        account_ingest::GetIngressKeyRecordsRequest request;
        request.set_should_include_lost_keys(says(step, "include_lost_keys=True"));
        request.set_should_include_retired_keys(says(step, "include_retired_keys=True"));
        request.set_should_only_include_unexpired_keys(says(step, "only_include_unexpired_keys=True"));
        if (says(step, "lock_at_least=4")) request.set_start_block_at_least(4);
        const auto reply = call<account_ingest::GetIngressKeyRecordsResponse>(node, path, request);
        if (!reply) return Said::refused(reply.error());
        Json records = Json::array();
        for (const auto& record : reply->records())
            records.push_back({{"key", "K:" + bytes_to_hex(record.ingress_public_key().data())},
                               {"start", record.start_block()},
                               {"exp", record.pubkey_expiry()},
                               {"ret", record.retired()},
                               {"lost", record.lost()},
                               {"last", record.last_scanned_block()}});
        for (Json& record : records) { // fields in order, as pairs
            Json pairs = Json::array();
            for (const char* field : {"key", "start", "exp", "ret", "lost", "last"})
                pairs.push_back(Json::array({field, record[field]}));
            record = std::move(pairs);
        }
        return Said::ok(records);
    }

    // ------------------------------------------------------------------------------------ looks

    /// Every table, as the recorded looks have it.
    Json tables() {
        const auto rows = [this](const std::string& columns, const std::string& from) {
            const std::string text = real::postgres::run_sql(
                real::postgres::ConnectUrl::parse(pipeline_.database_url()),
                fmt::format("SELECT coalesce(json_agg(json_build_array({}) ORDER BY t.id), '[]')::text "
                            "FROM {} t",
                            columns, from));
            return Json::parse(text);
        };
        const auto key = [](const char* column, char kind) {
            return fmt::format("'{}:' || encode({}, 'hex')", kind, column);
        };
        const auto flag = [](const char* column) {
            return fmt::format("CASE WHEN {} THEN 't' ELSE 'f' END", column);
        };
        const std::string k = key("ingress_public_key", 'K');
        const auto number = [](const char* column) { return fmt::format("coalesce({}, -1)::text", column); };
        Json all;
        all["keys"] = rows(fmt::format("{}, start_block::text, pubkey_expiry::text, {}, {}", k,
                                       flag("retired"), flag("lost")),
                           "(SELECT *, start_block AS id FROM ingress_keys)");
        all["iids"] = rows(fmt::format("id::text, {}, {}, start_block::text, {}, rng_version::text", k,
                                       key("egress_public_key", 'E'), flag("decommissioned")),
                           "ingest_invocations");
        all["blocks"] =
            rows(fmt::format("ingest_invocation_id::text, {}, block_number::text, "
                             "cumulative_txo_count::text, length(proto_ingested_block_data)::text",
                             k),
                 "ingested_blocks");
        all["events"] =
            rows(fmt::format("id::text, event_type::text, {}, {}, {}, {}", number("new_ingest_invocation_id"),
                             number("decommission_ingest_invocation_id"), number("missing_blocks_start"),
                             number("missing_blocks_end")),
                 "user_events");
        all["reports"] = rows(fmt::format("{}, {}, fog_report_id, pubkey_expiry::text, {}", k,
                                          number("ingest_invocation_id"), flag("length(report) > 0")),
                              "reports");
        return all;
    }

    Json state_files() {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(pipeline_.directory())) {
            std::string file = entry.path().filename();
            if (!says(file, ".state")) continue;
            for (const char* node : {"0", "1"}) { // upstream's script called them so
                const std::string ours = std::string("ingest") + node + ".state";
                if (file.starts_with(ours)) file.replace(0, ours.size(), std::string("state") + node);
            }
            found.push_back(file);
        }
        std::sort(found.begin(), found.end());
        return found;
    }
    Json exit_code() {
        real::Child& node = pipeline_.child("ingest0");
        pipeline_.until("the node to end", [&] { return node.exit().has_value(); });
        std::string text = node.exit()->text();
        return std::stoi(text.substr(text.rfind(' ') + 1));
    }

    Pipeline pipeline_;
    std::set<std::string> prepared_; // steps
    std::string fog_key_;
    unsigned blocks_ = 0;
};

TEST(RecordedTest, AnIngestServerSaysAndStoresWhatUpstreamsDid) {
    const auto rows = recorded_rows("ingest_rpc_and_tables.json");
    if (!rows) GTEST_SKIP() << "upstream vector file absent (FOG_VECTORS)";
    ASSERT_GT(rows->size(), 100u);
    RecordedIngest script;
    Comparison comparison;
    for (const RecordedRow& row : *rows) comparison.compare(row, script.say(row));
    MeantDifferences("Ingest").judge(comparison.differences());
}

} // namespace
} // namespace fog_node::testing
