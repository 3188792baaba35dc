#include "real/grpc/channel.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <limits>

#include "real/grpc/byte_buffer.hpp"
#include "real/grpc/header_value.hpp"

namespace real::grpc {
namespace {

int milliseconds(Duration d) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

/// What our servers add to a failed call: the engine's name of the reason.
constexpr const char* reason_header = "fog-error";

// Whoever names a value that cannot be sent is refused where it comes from.  What slips through reaches the
// server changed and is refused there: nothing that a user or a peer says ends the process.
std::string header(std::string value) {
    for (char& c : value)
        if (!is_header_value(std::string_view(&c, 1))) c = '?';
    return value;
}

void prepare(::grpc::ClientContext& context, const ChannelOptions& channel, const CallOptions& call,
             std::optional<Duration> deadline) {
    if (!channel.chain_id.empty()) context.AddMetadata("chain-id", header(channel.chain_id));
    if (!channel.authorization.empty()) context.AddMetadata("authorization", header(channel.authorization));
    if (call.metadata != nullptr)
        for (const std::string& cookie : call.metadata->cookies)
            context.AddMetadata("cookie", header(cookie));
    context.set_wait_for_ready(call.wait_for_ready.value_or(channel.wait_for_ready));
    if (deadline) context.set_deadline(std::chrono::system_clock::now() + *deadline);
}

/// Whether a call may have been given to a connection.  That its write failed does not say that nothing left:
/// gRPC reports that, too, when the call ends while the bytes are on their way.
class Contact {
public:
    explicit Contact(std::shared_ptr<::grpc::Channel> channel)
        : channel_(std::move(channel)), at_start_(channel_->GetState(false)) {}

    /// To be asked when the call has ended.
    bool is_possible() const {
        const grpc_connectivity_state now = channel_->GetState(false);
        // A channel that was given something to send becomes idle only by losing a connection.
        return at_start_ == GRPC_CHANNEL_READY || now == GRPC_CHANNEL_READY || now == GRPC_CHANNEL_IDLE;
    }

private:
    std::shared_ptr<::grpc::Channel> channel_;
    grpc_connectivity_state at_start_;
};

Status status_from(const ::grpc::Status& status, const ::grpc::ClientContext& context, bool sent) {
    const auto code = static_cast<StatusCode>(status.error_code());
    Status out{code, status.error_message(), reason_of(code, sent)};
    const auto& trailing = context.GetServerTrailingMetadata();
    const auto header = trailing.find(reason_header);
    if (header != trailing.end())
        if (const auto reason = reason_from_name({header->second.data(), header->second.size()}))
            out.reason = *reason;
    return out;
}

/// One unary call, alive until its last event.
class UnaryCall final : public ClientRuntime::Outstanding {
public:
    UnaryCall(ClientRuntime& runtime, std::shared_ptr<::grpc::Channel> channel)
        : runtime_(runtime), contact_(channel), stub_(std::move(channel)), done_(runtime.loop()) {}

    static std::shared_ptr<UnaryCall> start(ClientRuntime& runtime, std::shared_ptr<::grpc::Channel> channel,
                                            const ChannelOptions& channel_options, const CallOptions& options,
                                            const char* method, const std::string& request) {
        auto call = std::make_shared<UnaryCall>(runtime, std::move(channel));
        prepare(call->context_, channel_options, options,
                options.deadline ? options.deadline : channel_options.deadline);
        // Headers, message and half-close travel together: when the write went through, everything did.
        call->context_.set_initial_metadata_corked(true);
        call->finished_ = call->done_.handler();
        call->self_ = call;
        runtime.add(call.get());
        call->stream_ = call->stub_.PrepareCall(&call->context_, method, &runtime.completions().queue());
        call->stream_->StartCall(nullptr);
        call->stream_->WriteLast(to_buffer(request), {}, &call->written_);
        call->stream_->Read(&call->reply_, &call->read_);
        return call;
    }

    void cancel() override { context_.TryCancel(); }
    bool is_finished() const { return done_.is_done(); }
    Task<std::tuple<bool>> finished(const char* method) { return done_.result(method); }
    void read_metadata(CallMetadata& to) const {
        // Only a call that was answered is sure to have them.
        if (!status_.ok()) return;
        const auto& headers = context_.GetServerInitialMetadata();
        const auto [first, last] = headers.equal_range("set-cookie");
        for (auto header = first; header != last; ++header)
            to.set_cookies.emplace_back(header->second.data(), header->second.size());
    }
    Outcome<std::string> outcome() const {
        if (!status_.ok()) return status_from(status_, context_, written_whole_ || contact_.is_possible());
        auto bytes = got_reply_ ? to_string(reply_) : std::nullopt;
        if (!bytes) return Status{StatusCode::internal, "an answer without a message"};
        return std::move(*bytes);
    }

private:
    struct Step final : Event {
        Step(UnaryCall* c, void (UnaryCall::*s)(bool)) : call(c), step(s) {}
        void happened(bool ok) override { (call->*step)(ok); }
        UnaryCall* call;
        void (UnaryCall::*step)(bool);
    };

    void on_written(bool ok) {
        written_whole_ = ok;
        finish_event();
    }
    // The status is asked for after the message: both would bring the initial metadata, which comes once.
    void on_read(bool ok) {
        got_reply_ = ok;
        stream_->Finish(&status_, &ended_);
    }
    // The write need not have ended: to a peer that does not read it goes on until the connection is given
    // up.
    void on_ended(bool) {
        finished_(true);
        finish_event();
    }
    void finish_event() {
        if (--events_left_ > 0) return;
        runtime_.remove(this);
        const auto self = std::move(self_);
    }

    ClientRuntime& runtime_;
    Contact contact_;
    ::grpc::GenericStub stub_;
    ::grpc::ClientContext context_;
    std::unique_ptr<::grpc::GenericClientAsyncReaderWriter> stream_;
    ::grpc::ByteBuffer reply_;
    ::grpc::Status status_;
    Step written_{this, &UnaryCall::on_written};
    Step read_{this, &UnaryCall::on_read};
    Step ended_{this, &UnaryCall::on_ended};
    int events_left_ = 2; // written and ended; read starts ended
    bool written_whole_ = false;
    bool got_reply_ = false;
    Pending<bool> done_;
    std::function<void(bool)> finished_;
    std::shared_ptr<UnaryCall> self_; // until the last event
};

/// Cancels a call whose task is killed.
class CancelOnExit {
public:
    explicit CancelOnExit(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}
    ~CancelOnExit() {
        if (!call_->is_finished()) call_->cancel();
    }
    CancelOnExit(const CancelOnExit&) = delete;
    CancelOnExit& operator=(const CancelOnExit&) = delete;

private:
    std::shared_ptr<UnaryCall> call_;
};

std::shared_ptr<::grpc::Channel> make_channel(const ChannelOptions& options) {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, milliseconds(options.reconnect_min));
    // Despite its name the time an attempt may take: shorter ones fail on a busy machine again and again.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, milliseconds(options.reconnect_max));
    // Each channel has its own connection: one that is cut does not fail another's calls.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Neither an HTTP proxy nor a service configuration of the surroundings has a say.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    arguments.SetMaxReceiveMessageSize(static_cast<int>(options.largest_message));
    arguments.SetMaxSendMessageSize(static_cast<int>(options.largest_message));
    return ::grpc::CreateCustomChannel(options.target, ::grpc::InsecureChannelCredentials(), arguments);
}

} // namespace

ClientRuntime::ClientRuntime(IoLoop& loop)
    : completions_(loop, std::make_unique<::grpc::CompletionQueue>()) {}

ClientRuntime::~ClientRuntime() {
    for (Outstanding* call : outstanding_) call->cancel();
    completions_.work_until([this] { return outstanding_.empty(); });
}

void ClientRuntime::remove(Outstanding* call) { std::erase(outstanding_, call); }

Channel::Channel(ClientRuntime& runtime, ChannelOptions options)
    : runtime_(runtime), options_(std::move(options)), channel_(make_channel(options_)) {}

Channel::~Channel() = default;

bool Channel::is_connected() const { return channel_->GetState(false) == GRPC_CHANNEL_READY; }

Task<Outcome<std::string>> Channel::exchange(const char* method, std::string request, CallOptions options) {
    const auto call = UnaryCall::start(runtime_, channel_, options_, options, method, request);
    const CancelOnExit cancel(call);
    co_await call->finished(method);
    if (options.metadata != nullptr) call->read_metadata(*options.metadata);
    Outcome<std::string> outcome = call->outcome();
    if (!outcome) last_failure_ = outcome.error();
    co_return outcome;
}

// ------------------------------------------------------------------------------------------------ streams

struct Channel::Stream::Call final : ClientRuntime::Outstanding {
    explicit Call(Channel& channel)
        : runtime(channel.runtime_), contact(channel.channel_), stub(channel.channel_) {}

    void cancel() override { context.TryCancel(); }

    ClientRuntime& runtime;
    Contact contact;
    ::grpc::GenericStub stub;
    ::grpc::ClientContext context;
    std::unique_ptr<::grpc::GenericClientAsyncReaderWriter> stream;
    ::grpc::ByteBuffer incoming;
    ::grpc::Status status;
    int outstanding = 0; // operations whose event is still to come: the runtime knows the call meanwhile
    bool sent = false;
};

namespace {

/// One operation on a stream.  Keeps the call until its event has come, whoever waits for it.
template <class Call>
class Operation final : public Event {
public:
    explicit Operation(std::shared_ptr<Call> call)
        : call_(std::move(call)), done_(std::make_shared<Pending<bool>>(call_->runtime.loop())) {
        if (call_->outstanding++ == 0) call_->runtime.add(call_.get());
    }
    void happened(bool ok) override {
        const std::unique_ptr<Operation> gone(this);
        if (--call_->outstanding == 0) call_->runtime.remove(call_.get());
        done_->handler()(ok);
    }
    std::shared_ptr<Pending<bool>> done() const { return done_; }

private:
    std::shared_ptr<Call> call_;
    std::shared_ptr<Pending<bool>> done_;
};

Task<bool> completion(std::shared_ptr<Pending<bool>> done, const char* what) {
    const auto [ok] = co_await done->result(what);
    co_return ok;
}

} // namespace

std::unique_ptr<Channel::Stream> Channel::open(const char* method, CallOptions options) {
    auto call = std::make_shared<Stream::Call>(*this);
    prepare(call->context, options_, options, options.deadline);
    call->context.set_initial_metadata_corked(true);
    call->stream = call->stub.PrepareCall(&call->context, method, &runtime_.completions().queue());
    call->stream->StartCall(nullptr);
    return std::unique_ptr<Stream>(new Stream(std::move(call)));
}

Channel::Stream::Stream(std::shared_ptr<Call> call) : call_(std::move(call)) {}
Channel::Stream::~Stream() { call_->cancel(); }

Task<bool> Channel::Stream::write(std::string message) {
    auto* const operation = new Operation<Call>(call_);
    const auto done = operation->done();
    call_->stream->Write(to_buffer(message), operation);
    const bool ok = co_await completion(done, "a stream to take a message");
    call_->sent = call_->sent || ok;
    co_return ok;
}

Task<> Channel::Stream::writes_done() {
    auto* const operation = new Operation<Call>(call_);
    const auto done = operation->done();
    call_->stream->WritesDone(operation);
    co_await completion(done, "a stream to be half-closed");
}

Task<std::optional<std::string>> Channel::Stream::read() {
    auto* const operation = new Operation<Call>(call_);
    const auto done = operation->done();
    call_->stream->Read(&call_->incoming, operation);
    const bool ok = co_await completion(done, "a message of a stream");
    std::optional<std::string> message;
    if (ok) message = to_string(call_->incoming);
    co_return message;
}

Task<Status> Channel::Stream::finish() {
    auto* const operation = new Operation<Call>(call_);
    const auto done = operation->done();
    call_->stream->Finish(&call_->status, operation);
    co_await completion(done, "the end of a stream");
    Status status = status_from(call_->status, call_->context, call_->sent || call_->contact.is_possible());
    co_return status;
}

} // namespace real::grpc
