#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fstream>
#include <set>

#include "engine/chain/account_file.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/wire.hpp"
#include "proto/ingest.pb.h"
#include "proto/ingest_common.pb.h"
#include "proto/ledger.pb.h"
#include "proto/view.pb.h"
#include "real/grpc/client_session.hpp"
#include "real/grpc/health.hpp"
#include "real/grpc/message.hpp"
#include "tools/fog_node/testing/pipeline.hpp"
#include "tools/fog_node/testing/recorded.hpp"

// The script that MobileCoin's view router, view store, ledger router and key image store 7.0.0 went through,
// against ours over the wire, in sessions with simulated attestation.  What differs is in
// docs/differences-from-upstream.md, or a failure.

namespace fog_node::testing {
namespace {

using namespace std::chrono_literals;
using engine::chain::as_bytes;
using real::grpc::Channel;
using real::grpc::StatusCode;
template <class T>
using Reply = real::grpc::Outcome<T>;

constexpr std::int64_t no_events = std::numeric_limits<std::int64_t>::max();

std::string to_hex(const std::string& bytes) { return engine::chain::to_hex(as_bytes(bytes)); }
std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}
bool has_content(const std::string& bytes) { return bytes.find_first_not_of('\0') != std::string::npos; }
std::string text(engine::chain::ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// One attested service, and what goes wrong in the sessions with it.
class Service {
public:
    Service(Channel& channel, const char* auth, const char* method, real::attest::Enclave enclave,
            const std::string& responder_id)
        : channel_(channel), auth_(auth), method_(method),
          end_({std::make_shared<const real::attest::Signer>(), responder_id}, enclave, "unused") {}

    enum class Spoil { nothing, channel, no_channel, ciphertext };
    struct Heard {
        std::optional<real::grpc::Status> status;
        std::string aad, plaintext;
    };
    Heard ask(Pipeline& pipeline, std::string aad, std::string plaintext, Spoil spoil = Spoil::nothing) {
        Heard heard;
        if (!end_.is_open()) {
            ::attest::AuthMessage greeting;
            greeting.set_data(end_.greet());
            const auto reply =
                pipeline.run(real::grpc::call<::attest::AuthMessage>(channel_, auth_, greeting));
            if (!reply) return {reply.error(), {}, {}};
            if (const auto fault = end_.welcome(reply->data())) return {*fault, {}, {}};
        }
        ::attest::Message message = end_.seal(std::move(aad), std::move(plaintext)).value();
        if (spoil == Spoil::channel) message.set_channel_id(std::string(32, '\x07'));
        if (spoil == Spoil::no_channel) message.clear_channel_id();
        if (spoil == Spoil::ciphertext) message.mutable_data()->back() ^= 1;
        const auto reply = pipeline.run(real::grpc::call<::attest::Message>(channel_, method_, message));
        if (!reply) {
            end_.drop();
            return {reply.error(), {}, {}};
        }
        const auto answer = end_.open(*reply);
        if (!answer) return {real::grpc::Status(StatusCode::data_loss, "does not decrypt"), {}, {}};
        return {std::nullopt, reply->aad(), *answer};
    }
    Heard greet_badly(Pipeline& pipeline) {
        ::attest::AuthMessage greeting;
        greeting.set_data("abc");
        const auto reply = pipeline.run(real::grpc::call<::attest::AuthMessage>(channel_, auth_, greeting));
        if (!reply) return {reply.error(), {}, {}};
        return {};
    }

private:
    Channel& channel_;
    const char* auth_;
    const char* method_;
    real::grpc::ClientEnd end_;
};

class RecordedAnswers {
public:
    RecordedAnswers() : pipeline_(shape()), crypto_(engine::chain::ristretto_crypto()) {
        set_shards({"default", ""});
        for (const char* name :
             {"ingest0", "ingest1", "view0.0", "view_router", "images0.0", "ledger_router"})
            pipeline_.start(name);
    }

    Said say(const RecordedRow& row) {
        if (prepared_.insert(row.step).second) prepare(row.step);
        if (row.call == "view") return view(row);
        if (row.call == "images") return images(row.step);
        if (row.call == "outputs") return outputs(row.step);
        if (row.call == "blocks") return blocks(row.step);
        if (row.call == "txouts") return tx_outs(row.step);
        if (row.call == "decrypted") return Said::seen(decrypted_);
        if (row.call == "n") return Said::seen(many_keys());
        if (row.call == "seen") return Said::seen(seen(row.step));
        if (row.call == "DB") return Said::seen(Json::object());
        if (row.call.starts_with("health ")) return health(row.call.substr(7));
        return command(row);
    }

private:
    static PipelineShape shape() {
        PipelineShape shape;
        shape.topology.accounts = 4; // an origin block of 16 outputs
        shape.topology.pubkey_expiry_window = 2;
        shape.topology.view_shards = 2;
        return shape;
    }

    // ------------------------------------------------------------------------------------ before each step

    void prepare(const std::string& step) {
        if (step == "block 1") {
            add(R"({"account":0,"amount":1},{"account":0,"amount":1},{"account":1,"amount":1})", {});
            until_view(2);
        }
        if (step == "spent in 2") add(one_output, {own_images_[0]}), until_view(3);
        if (step == "two rngs") add(one_output, {}), until_view(4);
        if (step.starts_with("retiring, block ")) {
            add(one_output, {});
            until_view(blocks_ + 1);
            if (step == "retiring, block 6")
                pipeline_.until("node 1 to be idle", [&] { return gauge("ingest1", "mode_is_idle") == 1; });
        }
        if (step == "nobody scans block 8") pipeline_.kill("ingest0"), add(one_output, {});
        if (step == "new key scanned") add(one_output, {}), until_view(10);
        if (step == "store down") pipeline_.kill("view0.0");
        if (step == "store restart") pipeline_.start("view0.0");
        if (step == "two shards, 0-10 and 10-") use_shards({"0-10", "10-18446744073709551615"}, 10);
        if (step == "two shards full") add(one_output, {}), add(one_output, {}), until_view(12);
        if (step == "shard ends in the missed range") use_shards({"0-9", "9-18446744073709551615"}, 12);
        if (step == "second shard down") pipeline_.kill("view1.0");
        if (step == "end") pipeline_.start("view1.0");
        if (step == "kis down") pipeline_.kill("images0.0");
        if (step == "kis restart") pipeline_.start("images0.0");
        if (step == "before garbage") until_view(12);
    }

    static constexpr const char* one_output = R"({"account":0,"amount":1})";

    void add(const std::string& credits, const std::vector<std::string>& spent) {
        const unsigned n = ++blocks_;
        const std::string key = fog_key_.empty() ? fog_key_ = pipeline_.ingress_key(0) : fog_key_;
        auto made = pipeline_.add_block(n, key, credits, spent);
        if (own_images_.empty()) own_images_ = std::move(made);
        pipeline_.until("the key image store",
                        [&] { return gauge("images0.0", "num_blocks") == static_cast<std::int64_t>(n) + 1; });
    }
    std::int64_t gauge(const char* name, const char* op) { return pipeline_.gauge(name, op); }
    /// Until every event and block has come through.
    void until_view(std::uint64_t count) {
        pipeline_.until(fmt::format("view to have {} blocks", count), [&] {
            const auto answer = query(0, {});
            return answer && answer->highest_processed_block_count() >= count;
        });
    }

    /// For the next start.  @param strategies  of the two stores; empty: the second one is left out
    void set_shards(const std::array<std::string, 2>& strategies) {
        const auto store = [&](std::size_t i) { return i == 0 ? "view0.0" : "view1.0"; };
        std::string uris;
        for (std::size_t i = 0; i < 2; ++i) {
            if (strategies[i].empty()) continue;
            std::vector<std::string>& arguments = pipeline_.child(store(i)).next_launch().arguments;
            set(arguments, "--sharding-strategy", strategies[i]);
            const std::string at =
                fmt::format("127.0.0.1:{}/?sharding_strategy={}", pipeline_.port(store(i)), strategies[i]);
            set(arguments, "--client-listen-uri", "insecure-fog-view-store://" + at);
            uris += std::string(uris.empty() ? "" : ",") + "insecure-fog-view-store://" + at;
        }
        set(pipeline_.child("view_router").next_launch().arguments, "--shard-uris", uris);
    }
    static void set(std::vector<std::string>& arguments, const std::string& flag, const std::string& value) {
        const auto at = std::find(arguments.begin(), arguments.end(), flag);
        ASSERT_NE(at, arguments.end());
        *std::next(at) = value;
    }
    void use_shards(const std::array<std::string, 2>& strategies, std::uint64_t count) {
        for (const char* name : {"view_router", "view0.0", "view1.0"}) pipeline_.kill(name);
        set_shards(strategies);
        for (const char* name : {"view0.0", "view1.0", "view_router"}) pipeline_.start(name);
        until_view(count);
    }

    // ------------------------------------------------------------------------------------ view

    /// A channel that says it is of another chain, or of none.
    Channel& channel(const std::string& name, const std::string& chain) {
        auto& channel = channels_[name + " " + chain];
        if (!channel) {
            real::grpc::ChannelOptions options(pipeline_.target(name));
            options.deadline = 30s;
            options.wait_for_ready = true;
            options.chain_id = chain;
            channel = std::make_unique<Channel>(pipeline_.runtime(), options);
        }
        return *channel;
    }
    static std::string chain_of(const std::string& step) {
        if (step == "wrong chain") return "other";
        return step == "no chain" ? "" : "local";
    }
    std::string front() const { return fmt::format("localhost:{}", pipeline_.deployment().front_port); }
    Service view_service(const std::string& step) {
        return Service(channel("view_router", chain_of(step)), "/fog_view.FogViewAPI/Auth",
                       "/fog_view.FogViewAPI/Query", real::attest::Enclave::view, front());
    }

    std::optional<fog_view::QueryResponse> query(std::int64_t cursor, const std::vector<std::string>& keys) {
        fog_view::QueryRequestAAD aad;
        aad.set_start_from_user_event_id(cursor);
        fog_view::QueryRequest request;
        for (const std::string& key : keys) request.add_get_txos(key);
        const auto heard =
            view_service("").ask(pipeline_, aad.SerializeAsString(), request.SerializeAsString());
        if (heard.status) return std::nullopt;
        return real::grpc::parse<fog_view::QueryResponse>(heard.plaintext);
    }

    static std::int64_t cursor_of(const RecordedRow& row) {
        const std::string& step = row.step;
        const std::int64_t next = row.answer.is_object() ? row.answer["next"].get<std::int64_t>() : 0;
        // With a cursor behind every event the answer gives it back.
        if (step == "cursor 7" || step == "cursor -1" || step == "beyond" || next == no_events) return next;
        if (step == "at next" || step == "from 1") return 1;
        if (step == "-5") return -5;
        if (step == "lost, from cursor") return 3;
        if (step == "new key scanned, from cursor") return 3;
        if (step.ends_with("cursor behind the event")) return 53;
        return 0;
    }

    /// Keys by the names that the recorded answers give them: A0 is the first of account 0 on the first RNG.
    std::string key_of(const std::string& name) {
        if (name.size() != 2 || (name[0] != 'A' && name[0] != 'B')) return from_hex(name);
        const auto account = view_private(name[0] == 'A' ? 0 : 1);
        const auto egress = engine::chain::PublicKey::from(as_bytes(egress_.value())).value();
        const auto secret = crypto_.exchange(account, egress).value();
        return text(crypto_.rng_output(secret, static_cast<std::uint64_t>(name[1] - '0')).view());
    }
    engine::chain::PrivateKey view_private(unsigned account) const {
        std::ifstream in(pipeline_.directory() / "keys" / fmt::format("account_keys_{}.json", account));
        std::stringstream json;
        json << in.rdbuf();
        std::string why;
        const auto keys = engine::chain::account_from_json(json.str(), why).value();
        return crypto_.subaddress_view_private(keys, 0);
    }

    Said view(const RecordedRow& row) {
        using Spoil = Service::Spoil;
        const std::string& step = row.step;
        Service service = view_service(step);
        if (step == "bad auth") return refusal(service.greet_badly(pipeline_));
        fog_view::QueryRequestAAD aad;
        aad.set_start_from_user_event_id(cursor_of(row));
        if (step == "start_from_block_index 1000") aad.set_start_from_block_index(1000);
        fog_view::QueryRequest request;
        std::vector<std::string> names;
        if (row.answer.is_object())
            for (const Json& result : row.answer["txos"]) names.push_back(result[0]);
        for (const std::string& name : names) request.add_get_txos(key_of(name));
        std::string plaintext = request.SerializeAsString();
        if (step == "garbage plaintext") plaintext = "\xff\xff\xff";
        const std::string sent = step == "no aad" ? "" : aad.SerializeAsString();
        const auto heard = service.ask(pipeline_, sent, plaintext,
                                       step == "unknown channel"  ? Spoil::channel
                                       : step == "no channel"     ? Spoil::no_channel
                                       : step == "bad ciphertext" ? Spoil::ciphertext
                                                                  : Spoil::nothing);
        if (heard.status) return Said::refused(*heard.status);
        const auto answer = real::grpc::parse<fog_view::QueryResponse>(heard.plaintext);
        if (!answer) return Said::ok("not a QueryResponse");
        Json out = told(*answer, names);
        out["empty"] = heard.plaintext.empty();
        out["aad"] = heard.aad == sent;
        if (step == "found and not") keep_decrypted(*answer, names);
        return Said::ok(out);
    }
    static Said refusal(const Service::Heard& heard) {
        return heard.status ? Said::refused(*heard.status) : Said::ok(Json());
    }

    Json told(const fog_view::QueryResponse& answer, const std::vector<std::string>& names) {
        Json out;
        out["hpc"] = answer.highest_processed_block_count();
        out["ts"] = answer.highest_processed_block_signature_timestamp();
        out["next"] = answer.next_start_from_user_event_id();
        out["known"] = answer.last_known_block_count();
        out["cum"] = answer.last_known_block_cumulative_txo_count();
        for (const char* list : {"missed", "rngs", "decom", "txos", "fixed"}) out[list] = Json::array();
        for (const auto& range : answer.missed_block_ranges())
            out["missed"].push_back({range.start_block(), range.end_block()});
        for (const auto& rng : answer.rngs()) {
            if (!egress_) egress_ = rng.pubkey().pubkey();
            out["rngs"].push_back({rng.ingest_invocation_id(), "E:" + to_hex(rng.pubkey().pubkey()),
                                   rng.pubkey().version(), rng.start_block()});
        }
        for (const auto& closed : answer.decommissioned_ingest_invocations())
            out["decom"].push_back({closed.ingest_invocation_id(), closed.last_ingested_block()});
        std::size_t i = 0;
        for (const auto& result : answer.tx_out_search_results()) {
            const std::string name = i < names.size() ? names[i++] : "?";
            out["txos"].push_back({result.search_key() == key_of(name) ? name : to_hex(result.search_key()),
                                   result.result_code(), result.ciphertext().size(),
                                   has_content(result.ciphertext()), result.padding().size()});
        }
        for (const auto& result : answer.fixed_tx_out_search_results())
            out["fixed"].push_back({result.result_code(), result.ciphertext().size(),
                                    has_content(result.ciphertext()), result.payload_length(),
                                    result.search_key().size()});
        return out;
    }

    /// What is in the records that were found, which depends on keys: their shape is compared.
    void keep_decrypted(const fog_view::QueryResponse& answer, const std::vector<std::string>& names) {
        decrypted_ = Json::array();
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto& result = answer.tx_out_search_results(static_cast<int>(i));
            if (result.result_code() != fog_view::Found) continue;
            const auto secret = engine::chain::Scalar::reduce(view_private(names[i][0] == 'A' ? 0 : 1).bytes);
            const auto plain = engine::chain::open_box(secret, as_bytes(result.ciphertext()));
            decrypted_.push_back({names[i], plain ? engine::chain::to_hex(*plain) : "sealed to another",
                                  result.ciphertext().size()});
        }
    }

    std::size_t many_keys() {
        const auto answer = query(0, std::vector<std::string>(501, std::string(16, 'U')));
        return answer ? static_cast<std::size_t>(answer->tx_out_search_results_size()) : 0;
    }

    /// What a restarted service says until it is where it was.
    Json seen(const std::string& step) {
        Json out = Json::array();
        pipeline_.until(step, [&] {
            Json now;
            if (step == "kis restart") {
                const Said said = images("spent");
                if (said.status != "OK") return false;
                const Json& first = said.answer["res"][0];
                now = {said.answer["num"], said.answer["txo"], first[4], first[1]};
            } else {
                const auto answer = query(0, {});
                if (!answer || answer->highest_processed_block_count() == 0) return false;
                now = {answer->highest_processed_block_count(), answer->last_known_block_count(),
                       answer->last_known_block_cumulative_txo_count(), answer->rngs_size()};
            }
            if (out.empty() || out.back() != now) out.push_back(now);
            return now[0] == (step == "kis restart" ? 12 : 10);
        });
        return out;
    }

    // ------------------------------------------------------------------------------------ ledger

    Service ledger_service(const std::string& step, bool proofs) {
        return proofs
                   ? Service(channel("ledger_router", chain_of(step)), "/fog_ledger.FogMerkleProofAPI/Auth",
                             "/fog_ledger.FogMerkleProofAPI/GetOutputs", real::attest::Enclave::ledger,
                             front())
                   : Service(channel("ledger_router", chain_of(step)), "/fog_ledger.FogKeyImageAPI/Auth",
                             "/fog_ledger.FogKeyImageAPI/CheckKeyImages", real::attest::Enclave::ledger,
                             front());
    }
    static Service::Spoil spoil_of(const std::string& step) {
        using Spoil = Service::Spoil;
        if (step == "unknown channel") return Spoil::channel;
        if (step == "no channel") return Spoil::no_channel;
        return step == "bad ciphertext" ? Spoil::ciphertext : Spoil::nothing;
    }

    /// First bytes, with the names that the recording has for those of ours.
    std::string image_name(const std::string& bytes) const {
        const std::string hex = to_hex(bytes);
        if (!own_images_.empty() && hex == own_images_[0]) return "b687e678";
        if (own_images_.size() > 1 && hex == own_images_[1]) return "227c429e";
        return hex.substr(0, 8);
    }

    Said images(const std::string& step) {
        std::vector<std::string> asked;
        if (step == "unspent") asked = {from_hex(own_images_[0]), from_hex(own_images_[1])};
        if (step == "spent in 2")
            asked = {from_hex(own_images_[0]), from_hex(own_images_[1]), std::string(32, '\x03'),
                     from_hex(own_images_[0])};
        if (step == "origin only") asked = {std::string(32, '\x01')};
        if (step == "wrong chain") asked = {std::string(32, '\x02')};
        if (step == "twice") asked = {std::string(32, '\x01'), std::string(32, '\x01')};
        if (step == "3 bytes") asked = {"abc"};
        if (step == "empty image") asked = {""};
        if (step == "spent") asked = {from_hex(own_images_[0])};
        fog_ledger::CheckKeyImagesRequest request;
        for (const std::string& image : asked) request.add_queries()->mutable_key_image()->set_data(image);
        std::string plaintext = request.SerializeAsString();
        if (step == "garbage") plaintext = "\xff\xff\xff";
        const auto heard =
            ledger_service(step, false).ask(pipeline_, "", std::move(plaintext), spoil_of(step));
        if (heard.status) return Said::refused(*heard.status);
        const auto answer = real::grpc::parse<fog_ledger::CheckKeyImagesResponse>(heard.plaintext);
        if (!answer) return Said::ok("not a CheckKeyImagesResponse");
        Json results = Json::array();
        for (const auto& result : answer->results())
            results.push_back({image_name(result.key_image().data()), result.spent_at(), result.timestamp(),
                               result.timestamp_result_code(), result.key_image_result_code()});
        return Said::ok({{"num", answer->num_blocks()},
                         {"txo", answer->global_txo_count()},
                         {"lv", answer->latest_block_version()},
                         {"mv", answer->max_block_version()},
                         {"res", results},
                         {"aad", heard.aad}});
    }

    Said outputs(const std::string& step) {
        std::vector<std::uint64_t> indices{0};
        if (step == "0,1,last,beyond") indices = {0, 1, 18, 19, 1000};
        if (step == "none") indices = {};
        if (step == "dup") indices = {3, 3};
        if (step == "2^64-1") indices = {~std::uint64_t{0}};
        if (step == "2001" || step == "2000") indices.assign(step == "2001" ? 2001 : 2000, 0);
        fog_ledger::GetOutputsRequest request;
        for (const std::uint64_t index : indices) request.add_indices(index);
        if (step == "root") request.set_merkle_root_block(1);
        std::string plaintext = request.SerializeAsString();
        if (step == "garbage") plaintext = "\xff\xff\xff";
        const auto heard =
            ledger_service(step, true).ask(pipeline_, "", std::move(plaintext), spoil_of(step));
        if (heard.status) return Said::refused(*heard.status);
        const auto answer = real::grpc::parse<fog_ledger::GetOutputsResponse>(heard.plaintext);
        if (!answer) return Said::ok("not a GetOutputsResponse");
        Json results = Json::array();
        for (const auto& result : answer->results()) {
            if (results.size() == 1 && answer->results_size() == 2000) break; // as recorded
            Json ranges = Json::array();
            for (const auto& element : result.proof().elements())
                ranges.push_back({element.range().from(), element.range().to()});
            results.push_back({result.index(), result.result_code(), result.has_output(), result.has_proof(),
                               result.proof().index(), result.proof().highest_index(), ranges});
        }
        return Said::ok({{"num", answer->num_blocks()},
                         {"txo", answer->global_txo_count()},
                         {"lv", answer->latest_block_version()},
                         {"mv", answer->max_block_version()},
                         {"res", results},
                         {"n", answer->results_size()}});
    }

    Reply<fog_ledger::BlockResponse>
    get_blocks(const std::string& step, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& ranges) {
        fog_ledger::BlockRequest request;
        for (const auto& [start, end] : ranges) {
            auto* range = request.add_ranges();
            range->set_start_block(start);
            range->set_end_block(end);
        }
        return pipeline_.run(real::grpc::call<fog_ledger::BlockResponse>(
            channel("ledger_router", chain_of(step)), "/fog_ledger.FogBlockAPI/GetBlocks", request));
    }
    Said blocks(const std::string& step) {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges{{0, 1}};
        if (step == "0-3") ranges = {{0, 3}};
        if (step == "beyond") ranges = {{0, 100}};
        if (step == "empty") ranges = {};
        if (step == "reversed") ranges = {{2, 1}};
        if (step == "zero width") ranges = {{1, 1}};
        if (step == "overlap") ranges = {{0, 2}, {1, 3}};
        if (step == "reverse order") ranges = {{2, 3}, {0, 1}};
        const auto answer = get_blocks(step, ranges);
        if (!answer) return Said::refused(answer.error());
        Json found = Json::array();
        for (const auto& block : answer->blocks())
            found.push_back({block.index(), block.global_txo_count(), block.outputs_size(), block.timestamp(),
                             block.timestamp_result_code()});
        return Said::ok(
            {{"num", answer->num_blocks()}, {"txo", answer->global_txo_count()}, {"blocks", found}});
    }

    Said tx_outs(const std::string& step) {
        // The outputs that the recording asked for: the first one of all, and that of block 2.
        const auto known = get_blocks("", {{0, 1}, {2, 3}});
        if (!known) return Said::refused(known.error());
        const std::string first = known->blocks(0).outputs(0).public_key().data();
        const std::string last = known->blocks(1).outputs(0).public_key().data();
        std::vector<std::string> asked{first};
        if (step == "known") asked = {first, last};
        if (step == "twice") asked = {first, first};
        if (step == "none") asked = {};
        if (step == "unknown point")
            asked = {from_hex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")};
        if (step == "no point") asked = {std::string(32, '\xff')};
        if (step == "3 bytes") asked = {"abc"};
        fog_ledger::TxOutRequest request;
        for (const std::string& key : asked) request.add_tx_out_pubkeys()->set_data(key);
        const auto answer = pipeline_.run(real::grpc::call<fog_ledger::TxOutResponse>(
            channel("ledger_router", chain_of(step)), "/fog_ledger.FogUntrustedTxOutApi/GetTxOuts", request));
        if (!answer) return Said::refused(answer.error());
        Json results = Json::array();
        for (const auto& result : answer->results()) {
            const std::string& key = result.tx_out_pubkey().data();
            const std::string name = key == first  ? "0adda10f"
                                     : key == last ? "762ba511"
                                                   : to_hex(key).substr(0, 8);
            results.push_back({name, static_cast<int>(result.result_code()), result.tx_out_global_index(),
                               result.block_index(), result.timestamp(), result.timestamp_result_code()});
        }
        return Said::ok(
            {{"num", answer->num_blocks()}, {"txo", answer->global_txo_count()}, {"res", results}});
    }

    // ------------------------------------------------------------------------------------ the rest

    Said health(const std::string& who) {
        const std::string name = who == "store"    ? "view0.0"
                                 : who == "router" ? "view_router"
                                 : who == "kis"    ? "images0.0"
                                                   : "ledger_router";
        real::grpc::HealthClient client(pipeline_.channel(name));
        const auto serving = pipeline_.run(client.check());
        return serving ? Said::ok(static_cast<int>(*serving)) : Said::refused(serving.error());
    }

    Said command(const RecordedRow& row) {
        const unsigned node = row.call.starts_with("n0.") ? 0 : 1;
        const std::string method = row.call.substr(3);
        static std::map<std::string, std::string> paths; // their addresses are the origin of errors
        const std::string& path =
            paths.try_emplace(method, "/account_ingest.AccountIngestAPI/" + method).first->second;
        Channel& to = pipeline_.channel("ingest" + std::to_string(node));
        if (method == "ReportLostIngressKey") {
            account_ingest::ReportLostIngressKeyRequest request;
            request.mutable_key()->set_data(from_hex(fog_key_));
            const auto reply =
                pipeline_.run(real::grpc::call<google::protobuf::Empty>(to, path.c_str(), request));
            return reply ? Said::ok(Json::object()) : Said::refused(reply.error());
        }
        const auto reply = pipeline_.run(
            real::grpc::call<ingest_common::IngestSummary>(to, path.c_str(), google::protobuf::Empty()));
        if (!reply) return Said::refused(reply.error());
        return Said::ok({{"mode", reply->mode() == ingest_common::Active ? "Active" : "Idle"},
                         {"next", reply->next_block_index()},
                         {"window", reply->pubkey_expiry_window()},
                         {"ingress", "K:" + to_hex(reply->ingress_pubkey().data())},
                         {"egress", "E:" + to_hex(reply->egress_pubkey())},
                         {"ver", reply->kex_rng_version()},
                         {"peers", row.answer["peers"]}, // the other script's
                         {"iid", reply->ingest_invocation_id()}});
    }

    Pipeline pipeline_;
    const engine::chain::Crypto& crypto_;
    std::map<std::string, std::unique_ptr<Channel>> channels_;
    std::set<std::string> prepared_; // steps
    std::string fog_key_;
    std::vector<std::string> own_images_; // of the outputs of block 1
    std::optional<std::string> egress_;   // of the first RNG
    Json decrypted_;
    unsigned blocks_ = 0;
};

/// Fields of a record: their numbers and lengths, and what does not depend on keys.
Json shape_of_record(const std::string& hex) {
    Json fields = Json::array();
    const std::string bytes = from_hex(hex);
    for (std::size_t at = 0; at < bytes.size();) {
        const auto tag = static_cast<unsigned char>(bytes[at++]);
        std::size_t length = 8;
        if ((tag & 7) == 5) length = 4;
        if ((tag & 7) == 2) length = static_cast<unsigned char>(bytes[at++]);
        const bool is_place = tag >> 3 == 6 || tag >> 3 == 7; // block and time
        fields.push_back({tag >> 3, tag & 7, length, is_place ? to_hex(bytes.substr(at, length)) : ""});
        at += length;
    }
    return fields;
}

TEST(RecordedTest, ViewAndLedgerAnswerAsUpstreamsDid) {
    auto rows = recorded_rows("view_and_ledger_answers.json");
    if (!rows) GTEST_SKIP() << "upstream vector file absent (FOG_VECTORS)";
    ASSERT_GT(rows->size(), 100u);
    RecordedAnswers script;
    Comparison comparison;
    for (RecordedRow& row : *rows) {
        Said said = script.say(row);
        if (row.call == "DB") continue; // the other script looks into tables, many times
        if (row.call == "decrypted")
            for (Json* records : {&row.answer, &said.answer})
                for (Json& record : *records) record[1] = shape_of_record(record[1]);
        comparison.compare(row, said);
    }
    MeantDifferences("View and ledger").judge(comparison.differences());
}

} // namespace
} // namespace fog_node::testing
