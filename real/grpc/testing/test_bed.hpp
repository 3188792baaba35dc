#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// What the tests of this folder share: a loop, a client, and a server on any free port.

namespace real::grpc::testing {

/// Long enough for a machine under load; nothing waits for it when all is well.
inline constexpr Duration patience = 60s;

inline ChannelOptions to(const Server& server) {
    ChannelOptions options(server.target());
    options.deadline = patience;
    return options;
}

/// Members are destroyed in the order channels (of the test), server, runtime, loop.
struct Bed : ::testing::Test {
    IoLoop loop;
    ClientRuntime runtime{loop};

    void run(Task<> body) { loop.run(std::move(body)); }
};

/// A task that leaves a note when its frame is destroyed.
struct Flag {
    bool& destroyed;
    explicit Flag(bool& d) : destroyed(d) {}
    ~Flag() { destroyed = true; }
};

} // namespace real::grpc::testing
