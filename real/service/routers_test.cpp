#include "real/service/routers.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "engine/chain/crypto.hpp"
#include "real/loop/io_loop.hpp"
#include "real/loop/real_host.hpp"

namespace real::service {
namespace {

template <class T>
Task<> keep(Task<engine::Result<T>> asking, std::optional<engine::Code>* code) {
    const engine::Result<T> answer = co_await std::move(asking);
    *code = answer ? std::optional<engine::Code>() : answer.error().code;
}

struct RoutersTest : ::testing::Test {
    template <class T>
    std::optional<engine::Code> code_of(Task<engine::Result<T>> asking) {
        std::optional<engine::Code> code;
        loop.run(keep(std::move(asking), &code));
        return code;
    }
    static engine::fog::ViewQuery of_keys(std::size_t count) {
        engine::fog::ViewQuery query;
        query.keys.resize(count);
        return query;
    }

    IoLoop loop;
    RealHost host{loop, engine::NodeId{1}, engine::chain::ristretto_crypto(), [](const char*) {}};
    grpc::ClientRuntime runtime{loop};
    Log log{"a test"};
};

// Without a store it has no answer; what it refuses is refused before that.
TEST_F(RoutersTest, a_query_for_more_keys_than_an_answer_can_hold_is_refused) {
    ShardedView view(host, runtime, log);
    EXPECT_EQ(code_of(view.query(of_keys(ShardedView::most_keys))), engine::Code::unavailable);
    EXPECT_EQ(code_of(view.query(of_keys(ShardedView::most_keys + 1))), engine::Code::invalid_argument);
}

} // namespace
} // namespace real::service
