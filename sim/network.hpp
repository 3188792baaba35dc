#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/core.hpp"

namespace sim {

/// What one service asks of another; part of the trace.
enum class Method : std::uint8_t {
    view_query = 1,
    view_store_query,
    key_images,
    key_image_store_query,
    get_blocks,
    get_outputs,
    get_tx_outs,
    get_reports,
    ingest_command,
    peer_call,
};
const char* name(Method method);

/// A process calls can be sent to.
class Endpoint {
public:
    virtual ~Endpoint() = default;
    virtual NodeId endpoint() const = 0;
    virtual bool is_listening() const = 0;
};

/// Simulated unary calls between nodes.
///
/// Rules
/// 1. Request and answer take a drawn time each; calls overtake one another freely.
/// 2. A handler is a task of the called node: it dies with that node, not with the caller.
/// 3. The caller ends with the answer, `unavailable` (nothing happened: nobody listened, or the request
///    was still on its way when the node died) or `unknown` (it may have happened).  A vanished message
///    shows only at the transport's timeout.
class Network {
public:
    /// Keepalive of 10 s plus its timeout of 20 s: when an upstream channel notices that nobody is there.
    static constexpr Duration transport_timeout = 30s;

    explicit Network(Core& core) : core_(core) {}

    /// Sends a request to a node.
    /// @param invoke   calls the service, when the request is delivered
    /// @param observe  called with request and answer right when the server has answered; trivially
    /// destructible
    template <class Answer, class Request, class Target, class Observe>
    Task<Result<Answer>> call(NodeId from, Target& target, Method kind,
                              Task<Result<Answer>> (*invoke)(Target&, Request), Request request,
                              Observe observe);

private:
    /// What of a call does not depend on its answer.
    struct Letter {
        NodeId from;
        NodeId to;
        std::uint64_t number = 0;
        Method kind{};
        Instant begun;
        Cause lost_by{}; ///< what has struck it on its way so that no answer comes in time
    };
    /// Shared by the two ends: either may be gone first.
    template <class Answer>
    struct Call : Letter {
        std::optional<Result<Answer>> answer; ///< on its way until `arrives`
        Instant arrives;
        engine::Waiter caller;
    };
    /// Somebody waits for its answer while this lives.
    class Awaited {
    public:
        Awaited(std::shared_ptr<std::vector<const Letter*>> all, std::shared_ptr<const Letter> letter)
            : all_(std::move(all)), letter_(std::move(letter)) {
            all_->push_back(letter_.get());
        }
        ~Awaited() { std::erase(*all_, letter_.get()); }
        Awaited(const Awaited&) = delete;
        Awaited& operator=(const Awaited&) = delete;

    private:
        std::shared_ptr<std::vector<const Letter*>> all_; // a task may outlive the network
        std::shared_ptr<const Letter> letter_;
    };
    /// What keeps the answer of a call away: something on its own way, or on that of a call which its server
    /// waits for in turn, or a process among them that stands still.  Empty: nothing that was done on
    /// purpose.
    Cause kept_away_by(const Letter& call) const;

    /// Answers for a handler that is destroyed.
    template <class Answer>
    class Reply {
    public:
        Reply(Network& network, std::shared_ptr<Call<Answer>> call)
            : network_(&network), call_(std::move(call)) {}
        Reply(Reply&& other) noexcept
            : network_(other.network_), call_(std::move(other.call_)), begun_(other.begun_) {}
        Reply(const Reply&) = delete;
        Reply& operator=(const Reply&) = delete;
        ~Reply() {
            if (!call_) return;
            const engine::Code code = begun_ ? engine::Code::unknown : engine::Code::unavailable;
            const Cause ended = network_->core_.treatments.ended(call_->to);
            network_->deliver(*call_, engine::Error{code, "connection lost", ended},
                              network_->core_.scheduler.now());
        }
        void begin() { begun_ = true; }
        void send(Result<Answer> answer) {
            network_->send_answer(*std::exchange(call_, nullptr), std::move(answer));
        }
        const Call<Answer>& call() const { return *call_; }

    private:
        Network* network_;
        std::shared_ptr<Call<Answer>> call_;
        bool begun_ = false;
    };

    template <class Answer, class Request, class Target, class Observe>
    Task<> serve(Reply<Answer> reply, Target* target, Task<Result<Answer>> (*invoke)(Target&, Request),
                 Request request, Observe observe);
    template <class Answer>
    void send_answer(Call<Answer>& call, Result<Answer> answer);
    template <class Answer>
    void deliver(Call<Answer>& call, std::type_identity_t<Result<Answer>> answer, Instant due);

    engine::Stream& stream(NodeId from);
    /// How much longer a message takes than usual.
    Duration slowed(NodeId from, NodeId to) const {
        const auto* slow = core_.faults.find<faults::SlowLink>(from, to);
        return slow == nullptr ? Duration{} : Duration(slow->extra);
    }
    /// Whether a message meets its end; draws only when a fault says so.
    /// @return what strikes it; empty: nothing
    template <class Kind>
    Cause strikes(NodeId caller, NodeId server, NodeId drawn_by) {
        const std::uint32_t of_256 = core_.faults.share<Kind>(caller, server);
        if (of_256 == 0 || !fate(drawn_by).chance(of_256, 256)) return {};
        return core_.faults.strike<Kind>(caller, server);
    }
    /// What loses a message; draws only when nothing cuts the link.
    template <class Drop>
    Cause loses(NodeId from, NodeId to, NodeId caller, NodeId server, NodeId drawn_by) {
        if (const FaultTable::Active* cut = core_.faults.cutting(from, to))
            return core_.faults.cause_of(*cut);
        return strikes<Drop>(caller, server, drawn_by);
    }
    /// A message that is slowed by so much may come too late for its caller.
    static constexpr Duration much_slower = 1s;
    engine::Stream& fate(NodeId from);

    Core& core_;
    std::vector<engine::Stream> streams_;                  // by sender
    std::vector<engine::Stream> fates_;                    // by sender
    std::shared_ptr<std::vector<const Letter*>> awaited_ = // in the order in which they were sent
        std::make_shared<std::vector<const Letter*>>();
    std::uint64_t next_call_ = 0;
};

template <class Answer>
void Network::send_answer(Call<Answer>& call, Result<Answer> answer) {
    const std::uint64_t code = answer ? 0 : 1 + static_cast<std::uint64_t>(answer.error().code);
    core_.record(call.to, EventKind::answered, call.from.value, static_cast<std::uint64_t>(call.kind), code);
    Instant due = core_.scheduler.now() + core_.latency(stream(call.to));
    if (!core_.faults.empty()) [[unlikely]] {
        const Duration slower = slowed(call.to, call.from);
        due = due + slower;
        if (slower >= much_slower) call.lost_by = core_.faults.strike<faults::SlowLink>(call.to, call.from);
        if (const Cause lost = loses<faults::DropAnswers>(call.to, call.from, call.from, call.to, call.to)) {
            core_.record(call.to, EventKind::lost, call.from.value, static_cast<std::uint64_t>(call.kind), 1);
            call.lost_by = lost;
            return; // the caller waits for its timeout
        }
        if (const Cause reset = strikes<faults::ResetConnections>(call.from, call.to, call.to)) {
            deliver(call, engine::Error{engine::Code::unknown, "connection reset", reset}, due);
            return;
        }
    }
    deliver(call, std::move(answer), due);
}

template <class Answer>
void Network::deliver(Call<Answer>& call, std::type_identity_t<Result<Answer>> answer, Instant due) {
    call.answer.emplace(std::move(answer));
    call.arrives = due;
    core_.scheduler.wake(call.caller, due);
}

template <class Answer, class Request, class Target, class Observe>
Task<> Network::serve(Reply<Answer> reply, Target* target, Task<Result<Answer>> (*invoke)(Target&, Request),
                      Request request, Observe observe) {
    reply.begin();
    core_.record(reply.call().to, EventKind::delivered, reply.call().from.value,
                 static_cast<std::uint64_t>(reply.call().kind), reply.call().number);
    Request copy = request;
    Result<Answer> answer = co_await invoke(*target, std::move(copy));
    if (answer) observe(request, *answer);
    reply.send(std::move(answer));
}

template <class Answer, class Request, class Target, class Observe>
Task<Result<Answer>> Network::call(NodeId from, Target& target, Method kind,
                                   Task<Result<Answer>> (*invoke)(Target&, Request), Request request,
                                   Observe observe) {
    auto call = std::make_shared<Call<Answer>>();
    call->from = from;
    call->to = target.endpoint();
    call->kind = kind;
    call->number = ++next_call_;
    call->begun = core_.scheduler.now();
    const NodeId to = call->to;
    core_.record(from, EventKind::request, to.value, static_cast<std::uint64_t>(kind), call->number);
    Instant due = core_.scheduler.now() + core_.latency(stream(from));
    const Instant timeout = core_.scheduler.now() + transport_timeout;
    const Awaited awaited(awaited_, call);
    if (!core_.faults.empty()) [[unlikely]] {
        const Duration slower = slowed(from, to);
        due = due + slower;
        if (slower >= much_slower) call->lost_by = core_.faults.strike<faults::SlowLink>(from, to);
        if (const Cause lost = loses<faults::DropRequests>(from, to, from, to, from)) {
            core_.record(from, EventKind::lost, to.value, static_cast<std::uint64_t>(kind), 0);
            call->lost_by = lost;
            co_await engine::sleep_until(timeout, "an answer that will not come");
            co_return engine::Error{engine::Code::unknown, "transport timeout", lost};
        }
        if (const Cause reset = strikes<faults::ResetConnections>(from, to, from)) {
            co_await engine::sleep_until(due, "a connection that breaks");
            co_return engine::Error{engine::Code::unavailable, "connection reset", reset};
        }
    }
    if (!target.is_listening()) {
        co_await engine::sleep_until(due, "a refused connection");
        co_return engine::Error{engine::Code::unavailable, "connection refused", core_.treatments.down(to)};
    }
    call->caller = core_.scheduler.next_park();
    Reply<Answer> reply(*this, call);
    Task<> handling = serve<Answer, Request, Target, Observe>(std::move(reply), &target, invoke,
                                                              std::move(request), observe);
    const TaskRef handler = engine::spawn(core_.scheduler, to, name(kind), std::move(handling));
    core_.scheduler.delay_start(handler, due);
    co_await engine::park("an answer", timeout);
    if (!call->answer || call->arrives > core_.scheduler.now())
        co_return engine::Error{engine::Code::unknown, "transport timeout", kept_away_by(*call)};
    co_return std::move(*call->answer);
}

} // namespace sim
