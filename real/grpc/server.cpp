#include "real/grpc/server.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "real/grpc/byte_buffer.hpp"
#include "real/grpc/libraries.hpp"
#include "real/grpc/listener.hpp"

namespace real::grpc {
namespace {

/// Accepts waiting at any time; gRPC queues what comes beyond.
constexpr int open_accepts = 8;
/// Headers as a whole are limited to 8 KB.
constexpr std::size_t max_status_text = 2000;

} // namespace

struct Server::Machinery {
    explicit Machinery(IoLoop& loop) : call_ended(loop) {}
    ::grpc::AsyncGenericService service;
    std::unique_ptr<::grpc::Server> server;
    std::optional<Listener> listener; // hands its sockets to `server`
    std::unique_ptr<Completions> completions;
    ::grpc::ServerCompletionQueue* queue = nullptr; // the one in `completions`
    std::set<Connection*> connections;              // accepted
    std::thread stopper;                            // waits in gRPC's blocking shutdown
    bool refusing = false;                          // new calls are answered UNAVAILABLE
    bool stopping = false;                          // gRPC's shutdown has begun
    bool stopped = false;                           // the stopper is through
    bool abandoned = false; // the queue ends, or is about to: no operation may be started on it any more
    engine::Signal call_ended;
    std::vector<std::function<void()>> on_stopped;
};

/// One call: waits to be accepted, runs its handler, and goes when its last event has come.
class Server::Connection final : public Call, public ServerStream {
public:
    explicit Connection(Server& server)
        : server_(server), machinery_(*server.machinery_), loop_(server.loop_), stream_(&context_) {
        context_.AsyncNotifyWhenDone(&done_);
        machinery_.service.RequestCall(&context_, &stream_, machinery_.queue, machinery_.queue, &accepted_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Call
    const std::string& method() const override { return context_.method(); }
    std::string peer() const override { return context_.peer(); }
    std::optional<std::string> header(const std::string& name) const override {
        const auto found = context_.client_metadata().find({name.data(), name.size()});
        if (found == context_.client_metadata().end()) return std::nullopt;
        return std::string(found->second.data(), found->second.size());
    }

    void if_undelivered(std::function<void()> tell) const override { undelivered_ = std::move(tell); }

    // ServerStream
    Task<std::optional<std::string>> read() override {
        const auto done = read_.begin();
        stream_.Read(&incoming_, &read_);
        const auto [ok] = co_await done->result("a message of a stream");
        std::optional<std::string> message;
        if (ok) message = to_string(incoming_);
        co_return message;
    }
    Task<bool> write(std::string message) override {
        const auto done = written_.begin();
        stream_.Write(to_buffer(message), &written_);
        const auto [ok] = co_await done->result("a stream to take a message");
        co_return ok;
    }

    bool is_running() const { return running_; }
    /// Accepted to be served, and its handler has not ended.
    bool is_open() const { return handler_ != nullptr; }
    /// Ends the call without an answer.
    void abandon() {
        kill_handler();
        context_.TryCancel();
    }

private:
    /// An event that belongs to the call alone.
    struct Step final : Event {
        Step(Connection* c, void (Connection::*s)(bool)) : call(c), step(s) {}
        void happened(bool ok) override { (call->*step)(ok); }
        Connection* call;
        void (Connection::*step)(bool);
    };
    /// An event that the handler waits for.
    struct Awaited final : Event {
        explicit Awaited(Connection* c) : call(c) {}
        std::shared_ptr<Pending<bool>> begin() {
            ++call->outstanding_;
            pending = std::make_shared<Pending<bool>>(call->loop_);
            return pending;
        }
        void happened(bool ok) override {
            const auto done = std::move(pending);
            done->handler()(ok);
            call->ended_one();
        }
        Connection* call;
        std::shared_ptr<Pending<bool>> pending;
    };

    void on_accepted(bool ok) {
        if (!ok) { // the server shuts down; the done event does not come
            delete this;
            return;
        }
        begun_ = loop_.now();
        outstanding_ = 1; // done
        machinery_.connections.insert(this);
        if (machinery_.abandoned) { // accepted while the server went; done will come
            context_.TryCancel();
            return;
        }
        if (!machinery_.stopping) server_.accept_one();
        const auto found = server_.methods_.find(context_.method());
        if (machinery_.refusing || machinery_.stopping) {
            finish(Status{StatusCode::unavailable, "shutting down", engine::Code::unavailable});
        } else if (machinery_.connections.size() > server_.options_.calls_max) {
            if (server_.options_.on_refused) server_.options_.on_refused("too many calls");
            finish(Status{StatusCode::resource_exhausted, "too many calls", engine::Code::unavailable});
        } else if (found == server_.methods_.end()) {
            finish(Status{StatusCode::unimplemented, "no such method: " + context_.method()});
        } else if (const auto refusal = server_.refusal(found->second.guard, *this)) {
            finish(*refusal);
        } else if (found->second.unary) {
            handler_ = &found->second;
            ++outstanding_;
            stream_.Read(&incoming_, &request_);
        } else {
            handler_ = &found->second;
            run(run_stream(this));
        }
    }
    void on_request(bool ok) {
        if (!done_came_ && !machinery_.abandoned) {
            auto request = ok ? to_string(incoming_) : std::nullopt;
            incoming_.Clear();
            if (request)
                run(run_unary(this, std::move(*request)));
            else // half-closed without a message; one that is too large has already ended the call
                finish(Status{StatusCode::internal, "no request message"});
        }
        ended_one();
    }
    void on_done(bool) {
        done_came_ = true;
        if (context_.IsCancelled()) {
            kill_handler();
            note_end(StatusCode::cancelled);
        }
        ended_one();
    }
    void on_finished(bool ok) {
        written_out_ = ok;
        ended_one();
    }
    void ended_one() {
        if (--outstanding_ > 0 || running_) return;
        if (undelivered_ && (!written_out_ || (done_came_ && context_.IsCancelled()))) undelivered_();
        machinery_.connections.erase(this);
        machinery_.call_ended.notify_all();
        delete this;
    }

    void run(Task<> body) {
        running_ = true;
        task_ = engine::spawn(loop_, server_.node_, "serve a call", std::move(body));
    }
    void handler_ended() {
        running_ = false;
        handler_ = nullptr;
        machinery_.call_ended.notify_all();
    }
    void kill_handler() {
        if (std::exchange(running_, false)) loop_.kill(task_);
    }

    static Task<> run_unary(Connection* call, std::string request) {
        std::optional<Outcome<std::string>> outcome;
        std::string thrown;
        try {
            Outcome<std::string> result = co_await call->handler_->unary(*call, std::move(request));
            outcome.emplace(std::move(result));
        } catch (const std::exception& error) {
            thrown = error.what();
        } catch (...) {
            thrown = "unknown exception";
        }
        call->handler_ended();
        if (!outcome)
            call->finish(Status{StatusCode::internal, "the handler failed: " + thrown});
        else if (*outcome)
            call->answer(**outcome);
        else
            call->finish(outcome->error());
    }
    static Task<> run_stream(Connection* call) {
        std::optional<Status> end;
        try {
            end = co_await call->handler_->stream(*call, *call);
        } catch (const std::exception& error) {
            end.emplace(StatusCode::internal, std::string("the handler failed: ") + error.what());
        } catch (...) {
            end.emplace(StatusCode::internal, "the handler failed: unknown exception");
        }
        call->handler_ended();
        if (end)
            call->finish(*end);
        else
            call->finish_well();
    }

    // These come from the handler's task, or before there is one.  A call whose done event came is over.
    void answer(const std::string& reply) {
        if (is_over()) return;
        note_end(StatusCode::ok);
        ++outstanding_;
        stream_.WriteAndFinish(to_buffer(reply), {}, ::grpc::Status::OK, &finished_);
    }
    void finish_well() {
        if (is_over()) return;
        note_end(StatusCode::ok);
        ++outstanding_;
        stream_.Finish(::grpc::Status::OK, &finished_);
    }
    void finish(const Status& status) {
        if (is_over()) return;
        note_end(status.code);
        if (server_.options_.resets && server_.options_.resets(status)) reset_connection();
        context_.AddTrailingMetadata("fog-error", engine::name(status.reason));
        ++outstanding_;
        stream_.Finish({static_cast<::grpc::StatusCode>(status.code), status.text.substr(0, max_status_text)},
                       &finished_);
    }
    // gRPC 1.51 names the peer of a socket that it was handed by the socket's number: "fd:17".
    void reset_connection() {
        const std::string peer = context_.peer();
        int socket = -1;
        if (std::sscanf(peer.c_str(), "fd:%d", &socket) == 1) machinery_.listener->reset(socket);
    }
    bool is_over() {
        if (!done_came_) return false;
        ++outstanding_; // so that it goes from here
        ended_one();
        return true;
    }
    void note_end(StatusCode status) {
        if (std::exchange(noted_, true) || !server_.options_.on_end) return;
        server_.options_.on_end(context_.method(), status, loop_.now() - begun_);
    }

    Server& server_;
    Machinery& machinery_;
    IoLoop& loop_;
    ::grpc::GenericServerContext context_;
    ::grpc::GenericServerAsyncReaderWriter stream_;
    ::grpc::ByteBuffer incoming_;
    Step accepted_{this, &Connection::on_accepted};
    Step request_{this, &Connection::on_request};
    Step done_{this, &Connection::on_done};
    Step finished_{this, &Connection::on_finished};
    Awaited read_{this};
    Awaited written_{this};
    int outstanding_ = 0;  // events that will still come
    bool running_ = false; // implies task_
    bool done_came_ = false;
    bool noted_ = false;
    bool written_out_ = false; // gRPC took the whole answer to the connection
    mutable std::function<void()> undelivered_;
    TaskRef task_;
    const Method* handler_ = nullptr; // until it has ended
    Instant begun_;
};

Server::Server(IoLoop& loop, NodeId node, ServerOptions options)
    : loop_(loop), node_(node), options_(std::move(options)) {
    silence_libraries();
}

void Server::handle(std::string path, Guard guard, UnaryHandler handler) {
    ENSURE(!machinery_);
    Method method{guard, std::move(handler), {}};
    const bool is_new = methods_.emplace(std::move(path), std::move(method)).second;
    ENSURE(is_new);
}

void Server::handle_stream(std::string path, Guard guard, StreamHandler handler) {
    ENSURE(!machinery_);
    Method method{guard, {}, std::move(handler)};
    const bool is_new = methods_.emplace(std::move(path), std::move(method)).second;
    ENSURE(is_new);
}

std::vector<std::string> Server::paths() const {
    std::vector<std::string> out;
    for (const auto& [path, method] : methods_) out.push_back(path);
    return out;
}

const UnaryHandler* Server::unary_handler(const std::string& path) const {
    const auto found = methods_.find(path);
    return found != methods_.end() && found->second.unary ? &found->second.unary : nullptr;
}

const StreamHandler* Server::stream_handler(const std::string& path) const {
    const auto found = methods_.find(path);
    return found != methods_.end() && found->second.stream ? &found->second.stream : nullptr;
}

void Server::start() {
    ENSURE(!machinery_);
    auto machinery = std::make_unique<Machinery>(loop_);
    ::grpc::ServerBuilder builder;
    builder.RegisterAsyncGenericService(&machinery->service);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(options_.streams_max));
    // Clients ping every 10 s while a call waits; gRPC's default would hang up on them after a few.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options_.largest_message));
    builder.SetMaxSendMessageSize(static_cast<int>(options_.largest_message));
    auto queue = builder.AddCompletionQueue();
    machinery->queue = queue.get();
    Listener::Options listen;
    listen.address = options_.address;
    listen.port = options_.port;
    listen.most = options_.connections_max;
    listen.share_port = options_.share_port;
    const auto refused = [this](const char* why) {
        if (options_.on_refused) options_.on_refused(why);
    };
    try {
        machinery->server = builder.BuildAndStart();
        if (!machinery->server) throw engine::BrokenSurroundings("gRPC cannot start a server");
        machinery->listener.emplace(
            loop_, listen,
            [server = machinery->server.get()](int socket) {
                ::grpc::AddInsecureChannelFromFd(server, socket);
            },
            refused);
    } catch (const engine::BrokenSurroundings&) {
        if (machinery->server) machinery->server->Shutdown();
        machinery->server.reset();
        queue->Shutdown();
        void* tag = nullptr;
        bool ok = false;
        while (queue->Next(&tag, &ok)) {
        }
        throw;
    }
    port_ = machinery->listener->port();
    machinery->completions = std::make_unique<Completions>(loop_, std::move(queue));
    machinery_ = std::move(machinery);
    for (int i = 0; i < open_accepts; ++i) accept_one();
}

std::string Server::target() const {
    const bool any = options_.address == "0.0.0.0" || options_.address == "::";
    const std::string host = any ? "127.0.0.1" : options_.address;
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port_)
                                               : fmt::format("[{}]:{}", host, port_);
}

std::size_t Server::running() const {
    if (!machinery_) return 0;
    return static_cast<std::size_t>(std::count_if(machinery_->connections.begin(),
                                                  machinery_->connections.end(),
                                                  [](const Connection* call) { return call->is_running(); }));
}

void Server::accept_one() { new Connection(*this); }

std::optional<Status> Server::refusal(const Guard& guard, const Connection& call) const {
    if (guard.chain_id && !options_.chain_id.empty()) {
        const auto theirs = call.header("chain-id");
        if (theirs && *theirs != options_.chain_id)
            return Status{StatusCode::failed_precondition,
                          fmt::format("chain-id mismatch: '{}'", options_.chain_id)};
    }
    if (guard.token && options_.tokens)
        if (const auto why = options_.tokens->refuses(call.header("authorization")))
            return Status{StatusCode::unauthenticated, *why};
    return std::nullopt;
}

// gRPC's shutdown blocks until the last call is gone, so it has a thread of its own.
void Server::shut_down(Duration drain) {
    if (std::exchange(machinery_->stopping, true)) return;
    machinery_->listener->close();
    machinery_->stopper = std::thread([machinery = machinery_.get(), drain] {
        machinery->server->Shutdown(std::chrono::system_clock::now() + drain);
        machinery->completions->post([machinery] {
            machinery->stopped = true;
            for (const auto& tell : std::exchange(machinery->on_stopped, {})) tell();
        });
    });
}

bool Server::has_open_calls() const {
    return machinery_ && std::any_of(machinery_->connections.begin(), machinery_->connections.end(),
                                     [](const Connection* call) { return call->is_open(); });
}

// gRPC's own shutdown ends a call that arrives before the client has heard of it with CANCELLED, which tells
// the client nothing about a retry.  So new calls are refused here for as long as anybody needs the server,
// and the shutdown comes after.
Task<> Server::stop(Duration drain) {
    if (!machinery_) co_return;
    machinery_->refusing = true;
    const Instant due = loop_.now() + drain;
    while (has_open_calls() && loop_.now() < due)
        co_await machinery_->call_ended.wait("its calls to end", due);
    if (!machinery_) co_return;
    shut_down(std::max(due - loop_.now(), Duration{0}));
    Pending<> stopped(loop_);
    machinery_->on_stopped.push_back(stopped.handler());
    if (!machinery_->stopped) co_await stopped.result("its server to stop");
    // What is left are the events of accepts that found nobody.
    if (!machinery_) co_return;
    machinery_->stopper.join();
    machinery_->abandoned = true;
    machinery_->completions->shutdown();
    machinery_->completions->drain();
    machinery_.reset();
}

Server::~Server() {
    if (!machinery_) return;
    machinery_->abandoned = true;
    const std::set<Connection*> calls = machinery_->connections;
    for (Connection* call : calls) call->abandon();
    shut_down(Duration{0});
    machinery_->completions->work_until([this] { return machinery_->stopped; });
    machinery_->stopper.join();
    machinery_->completions->shutdown();
    machinery_->completions->drain();
}

} // namespace real::grpc
