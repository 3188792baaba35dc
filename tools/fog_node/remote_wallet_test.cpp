#include <gtest/gtest.h>

#include "real/process/supervisor.hpp"
#include "tools/fog_node/testing/pipeline.hpp"

namespace fog_node::testing {
namespace {

TEST(RemoteWalletTest, AClientInAnotherLanguageIsServed) {
    Pipeline pipeline;
    pipeline.start_all();
    ASSERT_EQ(pipeline.ingest(0, {"activate"}).code, 0);
    const std::string key = pipeline.ingress_key(0);
    const auto images = pipeline.add_block(
        1, key, R"({"account":0,"amount":3},{"account":0,"amount":4},{"account":1,"amount":8})");
    (void)pipeline.add_block(2, key, R"({"account":2,"amount":16})", {images[0]});
    pipeline.until("view", [&] { return pipeline.gauge("view0.0", "highest_processed_block_count") == 3; });
    pipeline.until("images", [&] { return pipeline.gauge("images0.0", "num_blocks") == 3; });
    const Outcome outcome =
        run_path("/usr/bin/python3",
                 {"-B", FOG_SOURCE_DIR "/tools/fog_node/remote_wallet_test.py", "--proto",
                  FOG_SOURCE_DIR "/proto", "--wallet", pipeline.target("sample_paykit_remote_wallet"),
                  "--fog-uri", pipeline.fog_uri(), "--keys", pipeline.deployment().keys(), "--expect",
                  R"({"0":4,"1":8,"2":16,"3":0})", "--count", "3"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(pipeline.deaths.empty());
}

} // namespace
} // namespace fog_node::testing
