#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/check/checks.hpp"
#include "engine/fog/ports.hpp"
#include "real/loop/io_loop.hpp"

// The harness' own clients of fog, each answer to which is judged (`response`).

namespace real {

/// What a judge of answers needs beside the chain.
struct AnswerJudge {
    engine::check::ResponseChecker& checker;
    const engine::model::ChainModel& chain;
    /// Brings what the checker knows of the recovery database up to date: an answer is judged by what was
    /// committed when it came.
    /// @return why that failed; empty when it did not
    std::function<Task<std::string>()> look_at_database;
};

class JudgedView final : public engine::fog::ViewApi {
public:
    /// @param inner, judge  outlive the client
    JudgedView(engine::fog::ViewApi& inner, AnswerJudge& judge) : inner_(inner), judge_(judge) {}
    Task<engine::Result<engine::fog::ViewAnswer>> query(engine::fog::ViewQuery query) override;

private:
    engine::fog::ViewApi& inner_;
    AnswerJudge& judge_;
};

class JudgedLedger final : public engine::fog::LedgerApi {
public:
    /// @param inner, judge  outlive the client
    JudgedLedger(engine::fog::LedgerApi& inner, AnswerJudge& judge) : inner_(inner), judge_(judge) {}
    Task<engine::Result<engine::fog::KeyImagesAnswer>>
    key_images(std::vector<engine::chain::KeyImage> images) override;
    Task<engine::Result<engine::fog::BlocksAnswer>> blocks(std::vector<engine::BlockRange> ranges) override;
    Task<engine::Result<engine::fog::OutputsAnswer>>
    outputs(std::vector<engine::GlobalIndex> indices) override;
    Task<engine::Result<engine::fog::TxOutStatusAnswer>>
    tx_outs(std::vector<engine::chain::PublicKey> public_keys) override;

private:
    engine::fog::LedgerApi& inner_;
    AnswerJudge& judge_;
};

} // namespace real
