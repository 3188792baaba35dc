#pragma once

#include <functional>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/result.hpp"
#include "engine/task.hpp"
#include "engine/tell/note.hpp"

// What a wallet asked and was told, as facts: the same in every world.

namespace engine::tell {

NoAnswer told(const Error& error);
ViewAnswered told(const fog::ViewAnswer& answer);
ImagesAnswered told(const fog::KeyImagesAnswer& answer);
BlocksAnswered told(const fog::BlocksAnswer& answer);
StatusAnswered told(const fog::TxOutStatusAnswer& answer);

/// A question, with what came of it.
template <class Asked, class Answer>
Fact answered(Asked asked, const Result<Answer>& answer) {
    if (answer)
        asked.answer = told(*answer);
    else
        asked.answer = told(answer.error());
    return asked;
}

using TellFact = std::function<void(Fact)>;

/// A client of fog-view that tells each answer.
class ToldView final : public fog::ViewApi {
public:
    /// @param inner   outlives the client
    /// @param server  who is asked
    ToldView(fog::ViewApi& inner, NodeId server, TellFact tell)
        : inner_(inner), server_(server), tell_(std::move(tell)) {}
    Task<Result<fog::ViewAnswer>> query(fog::ViewQuery query) override;

private:
    fog::ViewApi& inner_;
    NodeId server_;
    TellFact tell_;
};

/// The same of fog-ledger.
class ToldLedger final : public fog::LedgerApi {
public:
    /// @param inner   outlives the client
    /// @param server  who is asked
    ToldLedger(fog::LedgerApi& inner, NodeId server, TellFact tell)
        : inner_(inner), server_(server), tell_(std::move(tell)) {}
    Task<Result<fog::KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> images) override;
    Task<Result<fog::BlocksAnswer>> blocks(std::vector<BlockRange> ranges) override;
    Task<Result<fog::OutputsAnswer>> outputs(std::vector<GlobalIndex> indices) override;
    Task<Result<fog::TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey> public_keys) override;

private:
    fog::LedgerApi& inner_;
    NodeId server_;
    TellFact tell_;
};

} // namespace engine::tell
