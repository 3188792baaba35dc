#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/task.hpp"
#include "real/world/waits.hpp"

namespace real {

/// Commands to an ingest node whose answers are told: of those that change something each, of questions only
/// when they fail.
///
/// Rules
/// 1. Client, waits and what `tell` refers to outlive it.
class ToldIngest final : public engine::fog::IngestApi {
public:
    using Summary = engine::fog::IngestSummary;
    template <class T>
    using Answer = engine::Task<engine::Result<T>>;

    /// @param name  the node's
    /// @param tell  takes "ingest0 answers activate: unavailable"
    ToldIngest(engine::fog::IngestApi& inner, std::string name, Waits& waits,
               std::function<void(std::string)> tell)
        : inner_(inner), name_(std::move(name)), waits_(waits), tell_(std::move(tell)) {}

    Answer<Summary> get_status() override;
    Answer<Summary> activate() override;
    Answer<Summary> retire() override;
    Answer<Summary> unretire() override;
    Answer<Summary> set_pubkey_expiry_window(std::uint64_t blocks) override;
    Answer<Summary> set_peers(std::vector<std::string> peers) override;
    Answer<Summary> new_keys() override;
    Answer<Summary> sync_keys_from_remote(std::string responder_id) override;
    Answer<bool> report_lost_ingress_key(engine::chain::PublicKey key) override;
    Answer<std::vector<engine::BlockRange>> get_missed_block_ranges() override;
    Answer<std::vector<engine::fog::IngressKeyRecord>>
    get_ingress_key_records(engine::BlockIndex start_at_least, bool include_lost,
                            bool include_retired) override;

private:
    template <class T>
    Answer<T> told(const char* command, Answer<T> call);

    engine::fog::IngestApi& inner_;
    std::string name_;
    Waits& waits_;
    std::function<void(std::string)> tell_;
};

} // namespace real
