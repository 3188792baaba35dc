#include "real/postgres/pool.hpp"

#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace real::postgres {

using SteadyTime = std::chrono::steady_clock::time_point;

class Pool::State : public std::enable_shared_from_this<Pool::State> {
public:
    struct Idle {
        std::unique_ptr<Connection> connection;
        SteadyTime born;
        SteadyTime since;
    };
    /// A place in the queue for the right to a connection; lives in the waiter's frame.
    struct Ticket {
        explicit Ticket(State& s) : state(s) { s.queue.push_back(this); }
        ~Ticket() {
            if (!granted)
                state.queue.erase(std::find(state.queue.begin(), state.queue.end(), this));
            else if (!taken)
                state.free_right();
        }
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;

        State& state;
        engine::Waiter waiter{};
        bool granted = false;
        bool taken = false;
    };
    /// The right to one connection.
    struct Right {
        explicit Right(State& s) : state(&s) {}
        ~Right() {
            if (state != nullptr) state->free_right();
        }
        Right(const Right&) = delete;
        Right& operator=(const Right&) = delete;
        void handed_on() { state = nullptr; }
        State* state;
    };

    State(IoLoop& l, ConnectUrl u, PoolOptions o)
        : loop(l), url(std::move(u)), options(o), timer(l.context()) {}

    Task<bool> take_right(Instant due) {
        if (rights_taken < options.connections_max && queue.empty()) {
            ++rights_taken;
            co_return true;
        }
        Ticket ticket(*this);
        while (!ticket.granted && loop.now() < due) {
            ticket.waiter = loop.next_park();
            co_await engine::park("a database connection", due);
        }
        ticket.taken = ticket.granted;
        co_return ticket.granted;
    }

    void free_right() {
        if (queue.empty()) {
            --rights_taken;
            return;
        }
        Ticket* next = queue.front();
        queue.pop_front();
        next->granted = true;
        loop.wake(next->waiter, loop.now());
    }

    bool is_stale(SteadyTime born, SteadyTime since, SteadyTime now) const {
        return now - born >= options.lifetime_max || now - since >= options.idle_timeout;
    }

    void close_stale() {
        const SteadyTime now = std::chrono::steady_clock::now();
        std::erase_if(idle, [&](const Idle& i) { return is_stale(i.born, i.since, now); });
        arm();
    }

    void arm() {
        if (idle.empty()) return;
        SteadyTime first = SteadyTime::max();
        for (const Idle& i : idle)
            first = std::min({first, i.born + options.lifetime_max, i.since + options.idle_timeout});
        timer.expires_at(first);
        timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
            if (const auto self = weak.lock(); self && !error) self->close_stale();
        });
    }

    IoLoop& loop;
    ConnectUrl url;
    PoolOptions options;
    boost::asio::steady_timer timer;
    std::deque<Idle> idle;        // the one used last stands last
    std::size_t rights_taken = 0; // connections in use, or being opened
    std::deque<Ticket*> queue;    // in order of arrival
    bool is_closed = false;
};

Pool::Lease::Lease(std::shared_ptr<State> state, std::unique_ptr<Connection> connection, SteadyTime born)
    : state_(std::move(state)), connection_(std::move(connection)), born_(born) {}

Pool::Lease& Pool::Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        give_back();
        state_ = std::move(other.state_);
        connection_ = std::move(other.connection_);
        born_ = other.born_;
    }
    return *this;
}

Pool::Lease::~Lease() { give_back(); }

void Pool::Lease::give_back() noexcept {
    const std::shared_ptr<State> state = std::move(state_);
    if (!state) return;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!state->is_closed && connection_->is_idle() && now - born_ < state->options.lifetime_max) {
        state->idle.push_back({std::move(connection_), born_, now});
        state->arm();
    }
    connection_.reset();
    state->free_right();
}

Pool::Pool(IoLoop& loop, ConnectUrl url, PoolOptions options)
    : state_(std::make_shared<State>(loop, std::move(url), options)) {
    ENSURE(options.connections_max > 0);
}

Pool::~Pool() {
    state_->is_closed = true;
    state_->idle.clear();
    state_->timer.cancel();
}

std::size_t Pool::open_connections() const { return state_->rights_taken + state_->idle.size(); }
IoLoop& Pool::loop() const { return state_->loop; }
const ConnectUrl& Pool::url() const { return state_->url; }

Task<PgResult<Pool::Lease>> Pool::acquire(std::shared_ptr<State> state) {
    using namespace std::chrono_literals;
    const Instant due = state->loop.now() + state->options.connection_timeout;
    const bool has_right = co_await state->take_right(due);
    if (!has_right) {
        PgError late;
        late.text = fmt::format("no connection became free within {} ms (of {})",
                                state->options.connection_timeout.count(), state->options.connections_max);
        co_return late;
    }
    State::Right right(*state);
    while (!state->idle.empty()) {
        State::Idle last = std::move(state->idle.back());
        state->idle.pop_back();
        if (state->is_stale(last.born, last.since, std::chrono::steady_clock::now())) continue;
        if (!last.connection->is_idle()) continue;
        right.handed_on();
        co_return Lease(state, std::move(last.connection), last.born);
    }
    std::optional<PgError> reason; // why the server was not reached, as opposed to "no time was left"
    for (engine::Duration pause = 5ms;; pause = std::min<engine::Duration>(2 * pause, 100ms)) {
        const SteadyTime born = std::chrono::steady_clock::now();
        PgResult<std::unique_ptr<Connection>> opened =
            co_await Connection::open(state->loop, state->url, due);
        if (opened) {
            right.handed_on();
            co_return Lease(state, std::move(*opened), born);
        }
        if (!reason || state->loop.now() < due) reason = opened.error();
        // Whether it is worth to wait (starting, restarting) or not (wrong password) libpq does not tell.
        if (state->loop.now() + pause >= due) co_return *reason;
        co_await engine::sleep_until(state->loop.now() + pause, "the next try to connect");
    }
}

} // namespace real::postgres
