#include "real/proxy/fault_proxy.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <array>
#include <deque>
#include <set>

#include "real/process/supervisor.hpp"
#include "real/proxy/commit_watch.hpp"

namespace real {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t piece_bytes = 65536;
constexpr std::size_t waiting_bytes_max = 1U << 20; // beyond this the sender has to wait

class Connection;

} // namespace

struct FaultProxy::State : std::enable_shared_from_this<FaultProxy::State> {
    State(IoLoop& l, std::uint16_t target_port, Rules r)
        : loop(l), rules(std::move(r)), acceptor(l.context()),
          target(asio::ip::address_v4::loopback(), target_port) {}
    IoLoop& loop;
    Rules rules;
    tcp::acceptor acceptor;
    tcp::endpoint target;
    Counts counts;
    std::set<std::shared_ptr<Connection>> connections;
    bool closed = false;

    void accept();
};

namespace {

/// One direction of a connection.
struct Pump {
    Pump(asio::io_context& context, tcp::socket& f, tcp::socket& t)
        : from(f), to(t), due(context), patience(context) {}
    struct Piece {
        std::string bytes;
        Clock::time_point due;
    };
    tcp::socket& from;
    tcp::socket& to;
    std::array<char, piece_bytes> buffer{};
    std::deque<Piece> pieces;
    std::size_t waiting = 0;
    asio::steady_timer due;
    asio::steady_timer patience;
    bool reading = false, writing = false, sleeping = false, losing_patience = false;
    bool ended = false;  // the sender has said all
    bool shut = false;   // and the receiver knows
    bool silent = false; // lost: nothing arrives any more
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(FaultProxy::State& proxy, tcp::socket client)
        : proxy_(&proxy), client_(std::move(client)), server_(proxy.loop.context()),
          there_(proxy.loop.context(), client_, server_), back_(proxy.loop.context(), server_, client_) {}

    void begin() {
        error_code error;
        const tcp::endpoint peer = client_.remote_endpoint(error);
        if (!error && proxy_->rules.who) {
            const std::uint16_t mine = client_.local_endpoint(error).port();
            source_ = proxy_->rules.who(peer.port(), mine);
        }
        client_.set_option(tcp::no_delay(true), error);
        look();
        if (!proxy_ || weather_.refuse) return;
        server_.async_connect(proxy_->target, [self = shared_from_this()](const error_code& failed) {
            if (!self->proxy_) return;
            if (failed) {
                self->reset(); // as if the server's port were asked directly
                return;
            }
            error_code ignored;
            self->server_.set_option(tcp::no_delay(true), ignored);
            self->read(self->there_);
            self->read(self->back_);
        });
    }

    /// Asks for the weather and does what follows from it.
    void look() {
        if (!proxy_) return;
        if (proxy_->rules.weather) weather_ = proxy_->rules.weather(source_);
        if (weather_.refuse) {
            reset();
            return;
        }
        for (Pump* pump : {&there_, &back_}) {
            if (!holds(*pump)) {
                pump->patience.cancel();
                pump->losing_patience = false;
            }
            pass_on(*pump);
        }
    }

    void reset() {
        if (!proxy_) return;
        ++proxy_->counts.resets;
        error_code ignored;
        for (tcp::socket* socket : {&client_, &server_})
            socket->set_option(asio::socket_base::linger(true, 0), ignored); // RST instead of FIN
        close();
    }

    void close() {
        if (!proxy_) return;
        error_code ignored;
        for (Pump* pump : {&there_, &back_}) {
            pump->due.cancel();
            pump->patience.cancel();
        }
        client_.close(ignored);
        server_.close(ignored);
        FaultProxy::State* proxy = std::exchange(proxy_, nullptr);
        proxy->connections.erase(shared_from_this());
    }

private:
    bool is_there(const Pump& pump) const { return &pump == &there_; }
    bool holds(const Pump& pump) const {
        return pump.silent || (is_there(pump) ? weather_.hold_there : weather_.hold_back);
    }

    void read(Pump& pump) {
        if (pump.reading || pump.ended || pump.waiting > waiting_bytes_max) return;
        pump.reading = true;
        pump.from.async_read_some(asio::buffer(pump.buffer), [self = shared_from_this(), &pump](
                                                                 const error_code& error, std::size_t size) {
            pump.reading = false;
            if (!self->proxy_) return;
            if (error == asio::error::eof) {
                pump.ended = true;
                self->pass_on(pump);
            } else if (error) {
                self->reset();
            } else {
                self->take(pump, std::string_view(pump.buffer.data(), size));
            }
        });
    }

    void take(Pump& pump, std::string_view bytes) {
        const auto& rules = proxy_->rules;
        auto strikes = [&](std::uint32_t of) { return of != 0 && rules.chance && rules.chance(of); };
        if (strikes(weather_.reset_of_256)) {
            reset();
            return;
        }
        if (strikes(is_there(pump) ? weather_.lose_there_of_256 : weather_.lose_back_of_256))
            pump.silent = true;
        bool broken = false;
        if (rules.on_commit) {
            if (is_there(pump)) {
                const CommitWatch::Seen seen = commits_.from_client(bytes);
                if (seen.commit) fate_ = rules.on_commit(source_);
                broken = seen.commit && fate_ == CommitFate::rolled_back;
            } else {
                const CommitWatch::Seen seen = commits_.from_server(bytes);
                broken = seen.commit && fate_ == CommitFate::lost_answer;
            }
        }
        if (broken) {
            reset();
            return;
        }
        const engine::Duration delay = is_there(pump) ? weather_.delay_there : weather_.delay_back;
        auto due = Clock::now() + delay;
        if (!pump.pieces.empty()) due = std::max(due, pump.pieces.back().due);
        pump.pieces.push_back({std::string(bytes), due});
        pump.waiting += bytes.size();
        pass_on(pump);
        if (proxy_) read(pump);
    }

    // Writes what is due, or sees to it that somebody does later.
    void pass_on(Pump& pump) {
        if (pump.writing || !proxy_) return;
        const bool has_work = !pump.pieces.empty() || (pump.ended && !pump.shut);
        if (!has_work) return;
        if (holds(pump)) {
            lose_patience(pump);
            return;
        }
        if (pump.pieces.empty()) {
            pump.shut = true;
            error_code ignored;
            pump.to.shutdown(tcp::socket::shutdown_send, ignored);
            if (there_.shut && back_.shut) close();
            return;
        }
        const auto due = pump.pieces.front().due;
        if (due > Clock::now()) {
            if (pump.sleeping) return;
            pump.sleeping = true;
            pump.due.expires_at(due);
            pump.due.async_wait([self = shared_from_this(), &pump](const error_code&) {
                pump.sleeping = false;
                if (self->proxy_) self->pass_on(pump);
            });
            return;
        }
        pump.writing = true;
        asio::async_write(pump.to, asio::buffer(pump.pieces.front().bytes),
                          [self = shared_from_this(), &pump](const error_code& error, std::size_t size) {
                              pump.writing = false;
                              if (!self->proxy_) return;
                              if (error) {
                                  self->reset();
                                  return;
                              }
                              auto& counts = self->proxy_->counts;
                              (self->is_there(pump) ? counts.bytes_there : counts.bytes_back) += size;
                              pump.waiting -= size;
                              pump.pieces.pop_front();
                              self->read(pump);
                              self->pass_on(pump);
                          });
    }

    void lose_patience(Pump& pump) {
        if (pump.losing_patience) return;
        pump.losing_patience = true;
        pump.patience.expires_after(proxy_->rules.patience);
        pump.patience.async_wait([self = shared_from_this(), &pump](const error_code& error) {
            if (error || !self->proxy_ || !pump.losing_patience) return;
            self->reset();
        });
    }

    FaultProxy::State* proxy_; // null once closed
    tcp::socket client_;
    tcp::socket server_;
    Pump there_;
    Pump back_;
    FaultProxy::Source source_;
    LinkWeather weather_;
    CommitWatch commits_;
    CommitFate fate_ = CommitFate::normal;
};

} // namespace

void FaultProxy::State::accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
        if (self->closed) return;
        if (!error) {
            ++self->counts.connections;
            auto connection = std::make_shared<Connection>(*self, std::move(socket));
            self->connections.insert(connection);
            connection->begin();
        }
        if (error != asio::error::operation_aborted) self->accept();
    });
}

FaultProxy::FaultProxy(IoLoop& loop, std::uint16_t listen, std::uint16_t target, Rules rules)
    : state_(std::make_shared<State>(loop, target, std::move(rules))) {
    try {
        state_->acceptor.open(tcp::v4());
        state_->acceptor.set_option(tcp::acceptor::reuse_address(true));
        state_->acceptor.bind({asio::ip::address_v4::loopback(), listen});
        state_->acceptor.listen();
    } catch (const boost::system::system_error& error) {
        throw engine::BrokenSurroundings(fmt::format("fault proxy on port {}: {}", listen, error.what()));
    }
    state_->accept();
}

FaultProxy::~FaultProxy() {
    state_->closed = true;
    error_code ignored;
    state_->acceptor.close(ignored);
    const auto connections = std::exchange(state_->connections, {});
    for (const auto& connection : connections) connection->close();
}

void FaultProxy::weather_changed() {
    const auto connections = state_->connections; // resets take some out
    for (const auto& connection : connections) connection->look();
}

void FaultProxy::reset_all() {
    const auto connections = state_->connections;
    for (const auto& connection : connections) connection->reset();
}

std::size_t FaultProxy::connections() const { return state_->connections.size(); }
const FaultProxy::Counts& FaultProxy::counts() const { return state_->counts; }
std::uint16_t FaultProxy::port() const { return state_->acceptor.local_endpoint().port(); }

} // namespace real
