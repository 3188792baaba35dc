#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/ids.hpp"
#include "real/loop/io_loop.hpp"

namespace real {

/// What a link does to what is sent over it.  "There" is from who connected to the server, "back" the other
/// way.
struct LinkWeather {
    bool refuse = false; ///< connections break at once, old and new
    bool hold_there =
        false; ///< bytes go nowhere; after `patience` the connection breaks, as a keepalive would do
    bool hold_back = false;
    engine::Duration delay_there{};
    engine::Duration delay_back{};
    std::uint32_t reset_of_256 = 0;      ///< how likely one piece of data breaks its connection
    std::uint32_t lose_there_of_256 = 0; ///< how likely one makes its connection silent from then on
    std::uint32_t lose_back_of_256 = 0;
    friend bool operator==(const LinkWeather&, const LinkWeather&) = default;
};

/// What becomes of a commit on its way to the database.
enum class CommitFate : std::uint8_t {
    normal,
    lost_answer, ///< it is applied, and the connection breaks instead of the acknowledgement
    rolled_back, ///< the connection breaks before the commit arrives
};

/// Stands between clients and one server on loopback and does to their connections what its owner decides.
///
/// Rules
/// 1. TCP loses nothing: what is held back is delivered when the weather clears, unless the connection
///    broke before.
/// 2. Order within a direction is kept, also with delays.
/// 3. The end of one direction is passed on as such; a reset as a reset.
/// 4. Everything happens on the loop, outside every task.
class FaultProxy {
public:
    /// Whose connection it is; 0 when it is nobody's we know.
    using Source = engine::NodeId;
    struct Rules {
        /// Asked for each connection when it begins and whenever weather_changed() is called.
        std::function<LinkWeather(Source)> weather;
        /// @param client_port, proxy_port  of the connection
        std::function<Source(std::uint16_t client_port, std::uint16_t proxy_port)> who;
        /// True in `of` out of 256 cases.
        std::function<bool(std::uint32_t of)> chance;
        /// Set for a Postgres server: called at each commit.
        std::function<CommitFate(Source)> on_commit;
        engine::Duration patience = std::chrono::seconds(1);
    };

    /// Listens on 127.0.0.1:`listen` and relays to 127.0.0.1:`target`.  @throws engine::BrokenSurroundings
    FaultProxy(IoLoop& loop, std::uint16_t listen, std::uint16_t target, Rules rules);
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;
    ~FaultProxy();

    void weather_changed();
    /// Breaks every connection there is.
    void reset_all();
    std::size_t connections() const;
    /// Since the beginning.
    struct Counts {
        std::uint64_t connections = 0, resets = 0, bytes_there = 0, bytes_back = 0;
    };
    const Counts& counts() const;
    std::uint16_t port() const;

    struct State;

private:
    std::shared_ptr<State> state_;
};

} // namespace real
