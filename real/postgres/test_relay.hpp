#pragma once

#include <cstdint>
#include <memory>

#include "real/loop/io_loop.hpp"
#include "real/postgres/url.hpp"

namespace real::postgres {

/// For tests: stands between clients and a server, on the loop's thread, and keeps to itself what it is told
/// to.
class TestRelay {
public:
    /// @param server  by host address and port
    TestRelay(IoLoop& loop, ConnectUrl server);
    TestRelay(const TestRelay&) = delete;
    TestRelay& operator=(const TestRelay&) = delete;
    ~TestRelay();

    /// The server as seen through the relay.
    ConnectUrl url() const;
    /// From now on no byte of the server reaches a client; it hears the clients all the same.
    void swallow_answers();
    /// Ends every connection now open, on both sides, and forwards answers again.
    void cut();
    /// Bytes of answers that were swallowed since the last call of swallow_answers().
    std::size_t swallowed() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

} // namespace real::postgres
