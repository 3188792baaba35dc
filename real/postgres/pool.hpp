#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "real/postgres/connection.hpp"

namespace real::postgres {

/// @source fog/sql_recovery_db, the flags --postgres-...
struct PoolOptions {
    std::size_t connections_max = 1;
    std::chrono::seconds idle_timeout{60};  ///< a connection nobody used for so long is closed
    std::chrono::seconds lifetime_max{120}; ///< an older one is not used again
    /// How long acquire() waits for a turn and for a server that does not answer or is still starting.
    std::chrono::milliseconds connection_timeout{5000};
};

/// Connections to one server for the tasks of one loop.
///
/// Rules
/// 1. Never more than connections_max at once; who waits longest is served first.
/// 2. A connection whose server has gone is noticed before it is handed out, and replaced.
/// 3. One that did not end its last call in order, or is inside a transaction, is closed when it comes back.
class Pool {
public:
    class State;

    /// One connection for a while; gives it back at the end of its life.  May outlive the pool.
    class [[nodiscard]] Lease {
    public:
        Lease() = default;
        Lease(std::shared_ptr<State> state, std::unique_ptr<Connection> connection,
              std::chrono::steady_clock::time_point born);
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&& other) noexcept;
        ~Lease();
        Connection& operator*() const { return *connection_; }
        Connection* operator->() const { return connection_.get(); }

    private:
        void give_back() noexcept;
        std::shared_ptr<State> state_; // null when moved from
        std::unique_ptr<Connection> connection_;
        std::chrono::steady_clock::time_point born_;
    };

    /// Connects to nothing yet.  @param loop  outlives the pool and its leases
    Pool(IoLoop& loop, ConnectUrl url, PoolOptions options = PoolOptions());
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool();

    /// Suspends until there is a connection or the connection timeout is over.  @errors unreachable
    Task<PgResult<Lease>> acquire() { return acquire(state_); }
    /// Connections that exist now, in use or not.
    std::size_t open_connections() const;
    IoLoop& loop() const;
    const ConnectUrl& url() const;

private:
    static Task<PgResult<Lease>> acquire(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

} // namespace real::postgres
