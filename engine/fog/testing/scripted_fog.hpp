#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/fog/testing/test_bed.hpp"
#include "engine/fog/wallet.hpp"

namespace engine::fog::testing {

/// What the wallet's account gets in a block.
struct Pay {
    std::uint64_t value = 0;
    std::uint64_t token_id = 0;
    std::optional<std::size_t> rng = 0; ///< nothing: ingest never scans it
    std::uint64_t subaddress = chain::default_subaddress;
};

struct Coin {
    std::size_t block = 0;
    std::size_t number = 0; ///< among the payments of the block
};

/// Fog as one wallet sees it, with every height in the test's hands.  Answers are true for the heights unless
/// a hook changes them.
class ScriptedFog final : public ViewApi, public LedgerApi {
public:
    struct Output {
        Pay pay;
        BlockIndex block;
        GlobalIndex index;
        chain::KeyImage image;
        std::optional<BlockIndex> spent_at;
    };

    explicit ScriptedFog(TestBed& bed)
        : bed_(bed), crypto_(bed.host.crypto()), account(crypto_.account_from_entropy({1})),
          stranger_(crypto_.account_from_entropy({2})) {
        block({}); // the origin block
    }

    // ---- the world

    std::size_t open_rng(std::uint64_t start, std::optional<std::int64_t> invocation = {}) {
        Egress& egress = egress_.emplace_back();
        egress.keys = crypto_.random_key_pair(bed_.rng);
        const chain::PublicKey view_public = crypto_.subaddress(account, 0).view_public;
        egress.secret = *crypto_.exchange(egress.keys.secret, view_public);
        RngRecord record;
        record.invocation = InvocationId{invocation.value_or(static_cast<std::int64_t>(egress_.size()))};
        record.egress_key = egress.keys.open;
        record.start = BlockIndex{start};
        announce(record);
        return egress_.size() - 1;
    }
    void decommission(std::size_t rng, std::uint64_t last_ingested) {
        Decommission closed;
        closed.invocation = InvocationId{static_cast<std::int64_t>(rng) + 1};
        closed.last_ingested = BlockIndex{last_ingested};
        announce(closed);
    }
    void lose(std::uint64_t start, std::uint64_t end) { announce(range(start, end)); }
    template <class What>
    void announce(What what) {
        events.push_back({UserEventId{static_cast<std::int64_t>(events.size()) + 1}, what});
    }
    static BlockRange range(std::uint64_t start, std::uint64_t end) {
        return {BlockIndex{start}, BlockIndex{end}};
    }

    /// Appends a block.  It becomes visible when the heights say so.
    std::size_t block(std::vector<Pay> pays, std::vector<Coin> spends = {}) {
        auto made = std::make_shared<LedgerBlock>();
        made->index = BlockIndex{history.size()};
        for (const Coin& coin : spends) {
            Output& spent = output(coin);
            made->key_images.push_back(spent.image);
            spent_.emplace(spent.image, made->index);
            spent.spent_at = made->index;
        }
        made->outputs.push_back(foreign_output());
        std::vector<Output> mine;
        for (const Pay& pay : pays) {
            const chain::Amount amount{pay.value, pay.token_id};
            const chain::PublicAddress to = crypto_.subaddress(account, pay.subaddress);
            made->outputs.push_back(crypto_.create_output(bed_.rng, amount, to, chain::FogHint{}));
            add_mine(*made, pay, mine);
        }
        made->cumulative_txo_count = outputs_ + made->outputs.size();
        outputs_ = made->cumulative_txo_count;
        owned_.push_back(std::move(mine));
        history.push_back(std::move(made));
        return history.size() - 1;
    }
    /// Appends a block with the same output once more: both have one key image.
    std::size_t block_with_copy(Coin coin) {
        auto made = std::make_shared<LedgerBlock>();
        made->index = BlockIndex{history.size()};
        made->outputs.push_back(history.at(coin.block)->outputs.at(coin.number + 1));
        std::vector<Output> mine;
        add_mine(*made, output(coin).pay, mine);
        made->cumulative_txo_count = ++outputs_;
        owned_.push_back(std::move(mine));
        history.push_back(std::move(made));
        return history.size() - 1;
    }
    Output& output(Coin coin) { return owned_.at(coin.block).at(coin.number); }
    /// Every service has all of the chain.
    void level() { view = images = ledger = height(); }
    BlockCount height() const { return BlockCount{history.size()}; }

    Value truth(BlockCount count, std::uint64_t token_id = 0) const {
        Value sum = 0;
        for (const auto& in_block : owned_)
            for (const Output& out : in_block)
                if (out.pay.token_id == token_id && count.includes(out.block) &&
                    !(out.spent_at && count.includes(*out.spent_at)))
                    sum += out.pay.value;
        return sum;
    }

    BlockCount view;   ///< of fog-view
    BlockCount images; ///< of the key image service
    BlockCount ledger; ///< of the block and output status services
    std::vector<std::shared_ptr<LedgerBlock>> history;
    std::vector<UserEvent> events;

    // ---- hooks; requests are numbered from 1, per service

    std::function<void(std::size_t)> before_view, before_images, before_blocks;
    std::function<std::optional<Code>(std::size_t)> view_error, images_error, blocks_error;
    std::function<void(std::size_t, ViewAnswer&)> change_view;
    std::function<void(std::size_t, KeyImagesAnswer&)> change_images;
    std::function<void(std::size_t, BlocksAnswer&)> change_blocks;

    std::vector<ViewQuery> view_queries;
    std::vector<std::vector<chain::KeyImage>> image_queries;
    std::vector<std::vector<BlockRange>> block_queries;
    std::string order; ///< v, i and b: which service was asked when
    void forget_queries() {
        view_queries.clear();
        image_queries.clear();
        block_queries.clear();
        order.clear();
    }

    // ---- ViewApi, LedgerApi

    Task<Result<ViewAnswer>> query(ViewQuery query) override {
        order.push_back('v');
        view_queries.push_back(query);
        const std::size_t number = view_queries.size();
        if (before_view) before_view(number);
        ViewAnswer answer = answer_view(query);
        if (change_view) change_view(number, answer);
        std::optional<Code> code;
        if (view_error) code = view_error(number);
        co_await sleep_until(bed_.scheduler.now() + 1ms, "an answer");
        if (code) co_return Error{*code, "view"};
        co_return answer;
    }
    Task<Result<KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> asked) override {
        order.push_back('i');
        image_queries.push_back(asked);
        const std::size_t number = image_queries.size();
        if (before_images) before_images(number);
        KeyImagesAnswer answer;
        answer.count = images;
        for (const chain::KeyImage& image : asked) {
            KeyImageResult result;
            result.image = image;
            const auto spent = spent_.find(image);
            if (spent != spent_.end() && images.includes(spent->second)) {
                result.code = KeyImageCode::spent;
                result.spent_at = spent->second;
            }
            answer.results.push_back(result);
        }
        if (change_images) change_images(number, answer);
        std::optional<Code> code;
        if (images_error) code = images_error(number);
        co_await sleep_until(bed_.scheduler.now() + 1ms, "an answer");
        if (code) co_return Error{*code, "images"};
        co_return answer;
    }
    Task<Result<BlocksAnswer>> blocks(std::vector<BlockRange> ranges) override {
        order.push_back('b');
        block_queries.push_back(ranges);
        const std::size_t number = block_queries.size();
        if (before_blocks) before_blocks(number);
        BlocksAnswer answer;
        answer.count = ledger;
        for (const BlockRange& asked : ranges)
            for (BlockIndex b = asked.start; asked.contains(b) && ledger.includes(b); b = b.next())
                answer.blocks.push_back({history[b.value], {BlockTime::Code::found, 1000 + b.value}});
        if (change_blocks) change_blocks(number, answer);
        std::optional<Code> code;
        if (blocks_error) code = blocks_error(number);
        co_await sleep_until(bed_.scheduler.now() + 1ms, "an answer");
        if (code) co_return Error{*code, "blocks"};
        co_return answer;
    }
    Task<Result<OutputsAnswer>> outputs(std::vector<GlobalIndex>) override {
        co_return Error{Code::internal, "a wallet asks for no proofs"};
    }
    Task<Result<TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey> keys) override {
        TxOutStatusAnswer answer;
        answer.count = ledger;
        for (const chain::PublicKey& key : keys) {
            TxOutStatus status;
            status.public_key = key;
            for (BlockIndex b; ledger.includes(b); b = b.next())
                for (const chain::TxOut& out : history[b.value]->outputs)
                    if (out.public_key == key) {
                        status.code = TxOutStatus::Code::found;
                        status.place.block = b;
                    }
            answer.results.push_back(status);
        }
        co_await sleep_until(bed_.scheduler.now() + 1ms, "an answer");
        co_return answer;
    }

private:
    struct Egress {
        chain::KeyPair keys;
        chain::SharedSecret secret;
        std::uint64_t counter = 0;
    };
    struct Record {
        BlockIndex block;
        std::shared_ptr<const chain::Bytes> payload;
    };

    chain::TxOut foreign_output() {
        return crypto_.create_output(bed_.rng, chain::Amount{1'000'000, 0}, crypto_.subaddress(stranger_, 0),
                                     chain::FogHint{});
    }
    void add_mine(const LedgerBlock& block, const Pay& pay, std::vector<Output>& mine) {
        const std::size_t number = block.outputs.size() - 1;
        const GlobalIndex index{outputs_ + number};
        const chain::TxOutRecord record = crypto_.make_record(block.outputs.back(), index, block.index, 7);
        const auto opened = crypto_.open_output(account, crypto_.default_subaddresses(account), record);
        Output out;
        out.pay = pay;
        out.block = block.index;
        out.index = index;
        if (opened) out.image = opened->key_image;
        mine.push_back(out);
        if (!pay.rng) return;
        Egress& egress = egress_.at(*pay.rng);
        const chain::PublicKey view_public = crypto_.subaddress(account, 0).view_public;
        Record row;
        row.block = block.index;
        row.payload =
            std::make_shared<const chain::Bytes>(*crypto_.seal_record(bed_.rng, view_public, record));
        records_[crypto_.rng_output(egress.secret, egress.counter++)] = std::move(row);
    }
    ViewAnswer answer_view(const ViewQuery& query) const {
        ViewAnswer answer;
        answer.count = view;
        answer.next_event = query.events_after;
        for (const UserEvent& event : events) {
            if (event.id <= query.events_after) continue;
            answer.next_event = event.id;
            if (const auto* rng = std::get_if<RngRecord>(&event.what))
                answer.rngs.push_back(*rng);
            else if (const auto* closed = std::get_if<Decommission>(&event.what))
                answer.decommissions.push_back(*closed);
            else
                answer.missed.push_back(std::get<MissedBlocks>(event.what));
        }
        for (const chain::SearchKey& key : query.keys) {
            SearchResult result;
            result.key = key;
            const auto record = records_.find(key);
            if (record != records_.end() && view.includes(record->second.block)) {
                result.code = SearchCode::found;
                result.payload = record->second.payload;
            }
            answer.results.push_back(std::move(result));
        }
        return answer;
    }

    TestBed& bed_;
    const chain::Crypto& crypto_;

public:
    const chain::AccountKey account;

private:
    chain::AccountKey stranger_;
    std::vector<Egress> egress_;
    std::map<chain::SearchKey, Record> records_;
    std::map<chain::KeyImage, BlockIndex> spent_;
    std::vector<std::vector<Output>> owned_; // by block
    std::uint64_t outputs_ = 0;
};

} // namespace engine::fog::testing
