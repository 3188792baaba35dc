#include "engine/tell/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tell/words.hpp"
#include "engine/testing/plain_loop.hpp"

namespace engine::tell {
namespace {

using ::testing::ElementsAre;

/// Says what it is told to.
struct Parrot final : fog::ViewApi, fog::LedgerApi {
    Task<Result<fog::ViewAnswer>> query(fog::ViewQuery) override {
        fog::ViewAnswer answer;
        answer.count = BlockCount{4};
        co_return answer;
    }
    Task<Result<fog::KeyImagesAnswer>> key_images(std::vector<chain::KeyImage> images) override {
        fog::KeyImagesAnswer answer;
        answer.count = BlockCount{3};
        fog::KeyImageResult spent;
        spent.image = images.at(0);
        spent.code = fog::KeyImageCode::spent;
        spent.spent_at = BlockIndex{2};
        answer.results.push_back(spent);
        co_return answer;
    }
    Task<Result<fog::BlocksAnswer>> blocks(std::vector<BlockRange>) override {
        co_return Error{Code::unavailable, "blocks"};
    }
    Task<Result<fog::OutputsAnswer>> outputs(std::vector<GlobalIndex>) override {
        co_return Error{Code::unavailable, "outputs"};
    }
    Task<Result<fog::TxOutStatusAnswer>> tx_outs(std::vector<chain::PublicKey>) override {
        co_return Error{Code::unavailable, "tx_outs"};
    }
};

Task<> ask(fog::ViewApi* view, fog::LedgerApi* ledger, BlockCount* seen) {
    fog::ViewQuery query;
    query.keys.resize(2);
    const Result<fog::ViewAnswer> viewed = co_await view->query(query);
    *seen = viewed ? viewed->count : BlockCount{};
    std::vector<chain::KeyImage> images(1);
    (void)co_await ledger->key_images(images);
    std::vector<BlockRange> ranges;
    (void)co_await ledger->blocks(ranges);
}

TEST(Answers, each_is_told_in_the_words_of_every_world_and_passed_on_as_it_is) {
    testing::PlainLoop loop;
    Names names;
    names.nodes = {"the scenario", "view_router", "ledger_router"};
    std::vector<std::string> heard;
    const TellFact keep = [&](Fact fact) {
        Note note;
        note.fact = std::move(fact);
        ASSERT_TRUE(note.is_answer());
        heard.push_back(answer_in_words(note, names));
    };
    Parrot fog;
    ToldView view(fog, NodeId{1}, keep);
    ToldLedger ledger(fog, NodeId{2}, keep);
    BlockCount seen;
    spawn(loop, NodeId{}, "asking", ask(&view, &ledger, &seen));
    loop.run();
    EXPECT_EQ(seen, BlockCount{4});
    EXPECT_THAT(heard,
                ElementsAre("view_router answers for 2 search keys: block count 4",
                            "ledger_router answers about 1 output: block count 3, one spent in block 2",
                            "ledger_router is asked for missed blocks: no answer (unavailable)"));
}

} // namespace
} // namespace engine::tell
