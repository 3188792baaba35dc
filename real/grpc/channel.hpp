#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "real/grpc/completions.hpp"
#include "real/grpc/status.hpp"

namespace grpc {
class ByteBuffer;
class Channel;
} // namespace grpc

namespace real::grpc {

using engine::Duration;
using engine::Result;
using namespace std::chrono_literals;

/// The client side's completion queue and thread: one for all channels of a process, or one for each wallet.
/// Outlives its channels.  Its destructor cancels what is outstanding.
class ClientRuntime {
public:
    explicit ClientRuntime(IoLoop& loop);
    ~ClientRuntime();

    Completions& completions() { return completions_; }
    IoLoop& loop() { return completions_.loop(); }

    /// A call that the destructor has to end.
    class Outstanding {
    public:
        virtual void cancel() = 0;

    protected:
        ~Outstanding() = default;
    };
    void add(Outstanding* call) { outstanding_.push_back(call); }
    void remove(Outstanding* call);

private:
    Completions completions_;
    std::vector<Outstanding*> outstanding_;
};

struct ChannelOptions {
    std::string target;               ///< "host:port"
    std::string chain_id;             ///< empty: the header is not sent
    std::string authorization;        ///< value of the header of this name; empty: not sent
    std::optional<Duration> deadline; ///< of each unary call that names no other; none: waits for ever
    bool wait_for_ready = false;      ///< wait for a connection until the deadline instead of failing at once
    std::size_t largest_message = std::size_t{4} << 20; ///< bytes, in both directions
    Duration reconnect_min = 1s;                        ///< pause between attempts to connect
    Duration reconnect_max = 2s;

    ChannelOptions() = default;
    explicit ChannelOptions(std::string t) : target(std::move(t)) {}
};

/// Cookies of one call, either way.
struct CallMetadata {
    std::vector<std::string> cookies;     ///< sent
    std::vector<std::string> set_cookies; ///< what the server sent, whole; filled when the call has ended
};

struct CallOptions {
    std::optional<Duration> deadline;
    std::optional<bool> wait_for_ready;
    CallMetadata* metadata = nullptr; ///< lives until the call's task has ended
};

/// A connection to one server, made when first used and made again after a loss.
///
/// Rules
/// 1. Without a connection a call fails at once (`unavailable`: it was not sent).  A call that was sent
///    and not answered ends `unknown`.
/// 2. Killing the waiting task cancels the call.
/// 3. Clear text only: no TLS.
class Channel {
public:
    Channel(ClientRuntime& runtime, ChannelOptions options);
    ~Channel();
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// One unary call.  Suspends.
    /// @param method  "/package.Service/Method"; lives for ever, the origin of errors
    /// @param request a serialised message
    /// @errors resource_exhausted (larger than the limit, either way), deadline_exceeded, ...
    /// @cancel the call is cancelled; it may have happened
    Task<Outcome<std::string>> exchange(const char* method, std::string request, CallOptions options);

    /// Both directions stay open until either side ends them.
    class Stream;
    /// Opens a stream; it reaches the server with the first message written, or with the half-close.
    /// @param options  a deadline here is the end of the whole stream; the channel's does not count
    std::unique_ptr<Stream> open(const char* method, CallOptions options = {});

    const ChannelOptions& options() const { return options_; }
    ClientRuntime& runtime() { return runtime_; }
    /// Whether there is a connection now, as far as is known.
    bool is_connected() const;
    /// How the last call that failed on this channel ended, for people; engine errors carry no text.
    const Status& last_failure() const { return last_failure_; }
    void set_last_failure(const Status& status) { last_failure_ = status; }

private:
    friend class Stream;

    ClientRuntime& runtime_;
    ChannelOptions options_;
    std::shared_ptr<::grpc::Channel> channel_;
    Status last_failure_;
};

/// Rules
/// 1. One read and one write at a time, by tasks that may be different.
/// 2. Destroying it cancels the call.
class Channel::Stream {
public:
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// @return whether the stream still takes messages
    Task<bool> write(std::string message);
    /// Says that no more messages follow.
    Task<> writes_done();
    /// @return nothing when the server ended the stream: finish() says how
    Task<std::optional<std::string>> read();
    /// Suspends until the server has ended the call.  @pre read() returned nothing, or the server ends by
    /// itself
    Task<Status> finish();

private:
    friend class Channel;
    struct Call;
    explicit Stream(std::shared_ptr<Call> call);
    std::shared_ptr<Call> call_;
};

} // namespace real::grpc
