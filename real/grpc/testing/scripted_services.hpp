#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/fog/ports.hpp"

// Services that note what they were asked and answer what the test has put there.

namespace real::grpc::testing {

namespace fog = engine::fog;
namespace chain = engine::chain;
using engine::Result;
using engine::Task;

template <class T>
Task<Result<T>> answer_with(Result<T> answer) {
    co_await engine::yield();
    co_return answer;
}

struct ScriptedView final : fog::ViewApi {
    std::optional<fog::ViewQuery> asked;
    Result<fog::ViewAnswer> answer = fog::ViewAnswer{};
    Task<Result<fog::ViewAnswer>> query(fog::ViewQuery query) override {
        asked = std::move(query);
        return answer_with(answer);
    }
};

struct ScriptedViewStore final : fog::ViewStoreApi {
    std::optional<fog::ViewQuery> asked;
    Result<fog::ViewStoreAnswer> answer = fog::ViewStoreAnswer{};
    Task<Result<fog::ViewStoreAnswer>> query(fog::ViewQuery query) override {
        asked = std::move(query);
        return answer_with(answer);
    }
};

struct ScriptedLedger final : fog::LedgerApi {
    std::vector<chain::KeyImage> asked_images;
    std::vector<engine::BlockRange> asked_ranges;
    std::vector<engine::GlobalIndex> asked_indices;
    std::vector<chain::PublicKey> asked_keys;
    Result<fog::KeyImagesAnswer> images = fog::KeyImagesAnswer{};
    Result<fog::BlocksAnswer> found = fog::BlocksAnswer{};
    Result<fog::OutputsAnswer> outs = fog::OutputsAnswer{};
    Result<fog::TxOutStatusAnswer> statuses = fog::TxOutStatusAnswer{};

    Task<Result<fog::KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> asked) override {
        asked_images = std::move(asked);
        return answer_with(images);
    }
    Task<Result<fog::BlocksAnswer>> blocks(std::vector<engine::BlockRange> ranges) override {
        asked_ranges = std::move(ranges);
        return answer_with(found);
    }
    Task<Result<fog::OutputsAnswer>> outputs(std::vector<engine::GlobalIndex> indices) override {
        asked_indices = std::move(indices);
        return answer_with(outs);
    }
    Task<Result<fog::TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey> public_keys) override {
        asked_keys = std::move(public_keys);
        return answer_with(statuses);
    }
};

struct ScriptedKeyImageStore final : fog::KeyImageStoreApi {
    std::vector<chain::KeyImage> asked;
    Result<fog::KeyImageStoreAnswer> answer = fog::KeyImageStoreAnswer{};
    Task<Result<fog::KeyImageStoreAnswer>> key_images(std::vector<chain::KeyImage> images) override {
        asked = std::move(images);
        return answer_with(answer);
    }
};

struct ScriptedReport final : fog::ReportApi {
    Result<std::vector<fog::ReportRow>> answer = std::vector<fog::ReportRow>{};
    Task<Result<std::vector<fog::ReportRow>>> reports() override { return answer_with(answer); }
};

struct ScriptedIngest final : fog::IngestApi {
    std::string asked; // the command and its arguments
    Result<fog::IngestSummary> summary = fog::IngestSummary{};
    Result<bool> lost = true;
    Result<std::vector<engine::BlockRange>> missed = std::vector<engine::BlockRange>{};
    Result<std::vector<fog::IngressKeyRecord>> records = std::vector<fog::IngressKeyRecord>{};

    Task<Result<fog::IngestSummary>> note(std::string what) {
        asked = std::move(what);
        return answer_with(summary);
    }
    Task<Result<fog::IngestSummary>> get_status() override { return note("status"); }
    Task<Result<fog::IngestSummary>> activate() override { return note("activate"); }
    Task<Result<fog::IngestSummary>> retire() override { return note("retire"); }
    Task<Result<fog::IngestSummary>> unretire() override { return note("unretire"); }
    Task<Result<fog::IngestSummary>> set_pubkey_expiry_window(std::uint64_t blocks) override {
        return note("window " + std::to_string(blocks));
    }
    Task<Result<fog::IngestSummary>> set_peers(std::vector<std::string> peers) override {
        std::string what = "peers";
        for (const std::string& peer : peers) what += " " + peer;
        return note(std::move(what));
    }
    Task<Result<fog::IngestSummary>> new_keys() override { return note("new keys"); }
    Task<Result<fog::IngestSummary>> sync_keys_from_remote(std::string responder_id) override {
        return note("sync " + responder_id);
    }
    Task<Result<bool>> report_lost_ingress_key(chain::PublicKey key) override {
        asked = "lost " + std::to_string(key.bytes[0]);
        return answer_with(lost);
    }
    Task<Result<std::vector<engine::BlockRange>>> get_missed_block_ranges() override {
        return answer_with(missed);
    }
    Task<Result<std::vector<fog::IngressKeyRecord>>>
    get_ingress_key_records(engine::BlockIndex start_at_least, bool include_lost,
                            bool include_retired) override {
        asked = "records " + std::to_string(start_at_least.value) + (include_lost ? " lost" : "") +
                (include_retired ? " retired" : "");
        return answer_with(records);
    }
};

struct ScriptedPeer final : fog::IngestPeer {
    std::string id = "peer:1";
    std::string asked;
    std::optional<chain::KeyPair> given;
    Result<fog::IngestSummary> summary = fog::IngestSummary{};
    Result<chain::KeyPair> key = chain::KeyPair{};

    const std::string& responder_id() const override { return id; }
    Task<Result<fog::IngestSummary>> status() override {
        asked = "status";
        return answer_with(summary);
    }
    Task<Result<fog::IngestSummary>> set_ingress_key(chain::KeyPair pair) override {
        given = pair;
        return answer_with(summary);
    }
    Task<Result<chain::KeyPair>> get_ingress_key() override { return answer_with(key); }
    Task<Result<fog::IngestSummary>> set_peers(std::vector<std::string> peers) override {
        asked = "peers";
        for (const std::string& peer : peers) asked += " " + peer;
        return answer_with(summary);
    }
};

} // namespace real::grpc::testing
