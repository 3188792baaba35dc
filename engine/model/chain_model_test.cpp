#include "engine/model/chain_model.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "engine/model/testing/model_chain.hpp"

namespace engine::model {
namespace {

using namespace engine::model::testing;

std::vector<Pay> to_each(std::uint64_t value) {
    std::vector<Pay> pays;
    for (std::uint32_t account = 0; account < 5; ++account) pays.push_back({account, value});
    return pays;
}

/// The blocks of the stock conformance test, with an origin block that pays everybody.
ModelChain conformance_chain() {
    ModelChain c;
    c.block(to_each(10'000'000'000'000'000'000ull));
    c.block({{0, 15}, {0, 4}, {1, 9}, {3, 17}, {4, 27}});
    c.block({{3, 19}, {4, 2}}, {{1, 0}, {1, 2}, {1, 4}});
    c.block({{0, 1}, {1, 1}, {2, 1}, {3, 3}, {4, 1}}, {{2, 0}, {2, 1}});
    c.block({{0, 7}, {0, 3}, {1, 2}, {1, 4}}, {{3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {1, 1}, {1, 3}});
    c.block(to_each(9), {{4, 0}, {4, 3}});
    c.block(to_each(1), {{4, 2}, {5, 3}});
    c.block({{4, 4}}, {{5, 2}});
    c.block(to_each(2), {{7, 0}});
    c.block(to_each(1), {{8, 0}});
    c.block(to_each(3), {{9, 1}});
    c.block(to_each(5), {{10, 0}});
    return c;
}

TEST(Oracle, true_balances_of_the_stock_test) {
    // By block count, accounts 0 to 4: the table upstream's test was reproduced with.
    constexpr std::uint64_t table[13][5] = {
        {0, 0, 0, 0, 0},    {0, 0, 0, 0, 0},    {19, 9, 0, 17, 27},   {4, 0, 0, 36, 2},   {5, 1, 1, 20, 1},
        {10, 6, 0, 0, 0},   {12, 11, 9, 9, 9},  {13, 10, 10, 1, 10},  {13, 10, 1, 1, 14}, {15, 12, 3, 3, 12},
        {14, 13, 4, 4, 13}, {17, 15, 7, 7, 16}, {19, 20, 12, 12, 21},
    };
    const ModelChain c = conformance_chain();
    const Oracle oracle(c.model);
    ASSERT_EQ(c.model.height(), BlockCount{12});
    for (std::uint64_t count = 0; count <= 12; ++count) {
        fog::Value sum = 0;
        for (std::uint32_t account = 0; account < 5; ++account) {
            EXPECT_EQ(oracle.balance(AccountId{account}, BlockCount{count}),
                      fog::Value{table[count][account]})
                << "account " << account << " at " << count;
            sum += table[count][account];
        }
        EXPECT_EQ(oracle.total(BlockCount{count}), sum) << "at " << count;
    }
}

TEST(Oracle, origin_block_does_not_count_even_when_its_outputs_are_spent) {
    ModelChain c;
    c.block({{0, 8}});
    c.block({{0, 1}}, {{0, 0}});
    const Oracle oracle(c.model);
    EXPECT_EQ(oracle.balance(AccountId{0}, BlockCount{2}), fog::Value{1});
    EXPECT_EQ(oracle.total(BlockCount{2}), fog::Value{1});
}

TEST(Oracle, output_counts_from_its_block_to_the_block_before_its_spend) {
    ModelChain c;
    c.block({});
    c.block({});
    c.block({{0, 8}});
    c.block({});
    c.block({}, {{2, 0}});
    const Oracle oracle(c.model);
    std::vector<std::uint64_t> shown;
    for (std::uint64_t count = 0; count <= 5; ++count)
        shown.push_back(static_cast<std::uint64_t>(oracle.balance(AccountId{0}, BlockCount{count})));
    EXPECT_EQ(shown, (std::vector<std::uint64_t>{0, 0, 0, 8, 8, 0}));
}

TEST(Oracle, tokens_are_apart_and_sums_are_wider_than_64_bits) {
    ModelChain c;
    c.block({});
    constexpr std::uint64_t huge = ~0ull;
    c.block({{0, huge}, {0, huge}, {0, 4, 7}, {1, 8, 7}});
    const Oracle oracle(c.model);
    EXPECT_EQ(oracle.balance(AccountId{0}, BlockCount{2}), fog::Value{huge} * 2);
    EXPECT_EQ(oracle.balance(AccountId{0}, BlockCount{2}, 7), fog::Value{4});
    EXPECT_EQ(oracle.total(BlockCount{2}, 7), fog::Value{12});
    EXPECT_EQ(oracle.balance(AccountId{0}, BlockCount{2}, 1), fog::Value{0});
}

TEST(Oracle, count_beyond_the_chain_is_that_of_the_whole_chain) {
    const ModelChain c = conformance_chain();
    EXPECT_EQ(Oracle(c.model).total(BlockCount{99}), Oracle(c.model).total(BlockCount{12}));
}

// The oracle keeps a running balance of each account; here the chain is replayed block by block instead.
RC_GTEST_PROP(Oracle, equals_a_replay_of_the_chain, ()) {
    ModelChain c;
    c.block({{0, 5}});
    std::vector<Burn> unspent;
    std::map<std::uint32_t, std::uint64_t> balances;
    std::vector<std::map<std::uint32_t, std::uint64_t>> history{{}, {}}; // by block count
    const auto blocks = *rc::gen::inRange(1, 8);
    for (int b = 1; b <= blocks; ++b) {
        std::vector<Burn> burns;
        while (!unspent.empty() && *rc::gen::arbitrary<bool>()) {
            const auto at = *rc::gen::inRange<std::size_t>(0, unspent.size());
            burns.push_back(unspent[at]);
            const Coin& spent = c.coin(unspent[at].block, unspent[at].number);
            balances[spent.account.value] -= spent.amount.value;
            unspent.erase(unspent.begin() + static_cast<std::ptrdiff_t>(at));
        }
        std::vector<Pay> pays;
        const auto count = *rc::gen::inRange<std::size_t>(0, 4);
        for (std::size_t i = 0; i < count; ++i) {
            pays.push_back(
                {*rc::gen::inRange<std::uint32_t>(0, 3), *rc::gen::inRange<std::uint64_t>(0, 1000)});
            balances[pays.back().account] += pays.back().value;
        }
        const BlockIndex block = c.block(pays, burns, *rc::gen::inRange<std::size_t>(0, 3));
        for (std::size_t i = 0; i < count; ++i) unspent.push_back({block.value, i});
        fog::Value sum = 0;
        const Oracle oracle(c.model);
        for (std::uint32_t account = 0; account < 3; ++account) {
            RC_ASSERT(oracle.balance(AccountId{account}, c.model.height()) == fog::Value{balances[account]});
            sum += balances[account];
        }
        RC_ASSERT(oracle.total(c.model.height()) == sum);
        history.push_back(balances);
    }
    // What was true at a count stays true when the chain has grown.
    const Oracle oracle(c.model);
    for (std::uint64_t count = 0; count < history.size(); ++count)
        for (std::uint32_t account = 0; account < 3; ++account)
            RC_ASSERT(oracle.balance(AccountId{account}, BlockCount{count}) ==
                      fog::Value{history[count][account]});
}

// ------------------------------------------------------------------------------------------------ the chain

TEST(ChainModel, finds_outputs_spends_and_owners) {
    ModelChain c;
    c.block({{0, 1}}, {}, 2);
    c.block({{1, 2}, {0, 4}}, {}, 1);
    c.block({}, {{1, 1}});
    EXPECT_EQ(c.model.txo_count(BlockCount{0}), 0u);
    EXPECT_EQ(c.model.txo_count(BlockCount{1}), 3u);
    EXPECT_EQ(c.model.txo_count(BlockCount{3}), 6u);
    const Coin& four = c.coin(1, 1);
    EXPECT_EQ(four.index, GlobalIndex{4});
    EXPECT_EQ(four.spent_in, BlockIndex{2});
    EXPECT_EQ(c.model.spent_in(four.image), BlockIndex{2});
    EXPECT_EQ(c.model.spent_in(c.coin(1, 0).image), std::nullopt);
    ASSERT_TRUE(c.model.place_of(four.public_key));
    EXPECT_EQ(c.model.place_of(four.public_key)->block, BlockIndex{1});
    EXPECT_EQ(c.model.place_of(four.public_key)->index, GlobalIndex{4});
    EXPECT_EQ(c.model.place_of(chain::PublicKey{}), std::nullopt);
    EXPECT_EQ(c.model.coin_of(GlobalIndex{4}), 2u);
    EXPECT_EQ(c.model.coin_of(GlobalIndex{5}), std::nullopt) << "a stranger's";
}

TEST(ChainModel, blocks_come_in_order) {
    ChainModel model;
    auto second = std::make_shared<fog::LedgerBlock>();
    second->index = BlockIndex{1};
    EXPECT_THROW(model.append(second, {}), InternalError);
}

} // namespace
} // namespace engine::model
