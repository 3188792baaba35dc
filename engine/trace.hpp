#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/hash.hpp"
#include "engine/ids.hpp"
#include "engine/time.hpp"

namespace engine {

/// What happened.  The meaning of `object`, `a` and `b` stands behind each kind.
enum class EventKind : std::uint8_t {
    resumed,          ///< a task ran until its next suspension.  object: task, a: ready tasks, b: -
    node_started,     ///< object: -, a: times started
    node_stopped,     ///< a: 0 stopped, 1 crashed, 2 aborted itself
    node_paused,      ///
    node_resumed,     ///
    fault_began,      ///< object: fault number, a: fault kind
    fault_ended,      ///< object: fault number, a: fault kind
    request,          ///< node calls object (a node), a: method, b: call number
    delivered,        ///< node begins to serve, object: caller, a: method, b: call number
    answered,         ///< node has answered, object: caller, a: method, b: error code + 1 or 0
    lost,             ///< a message between node and object went missing, a: method, b: 0 request, 1 answer
    block_appended,   ///< to the canonical chain.  a: index, b: outputs
    copy_advanced,    ///< object: chain copy, a: block count
    db_committed,     ///< object: operation, a: first detail, b: second detail
    db_failed,        ///< object: operation, a: error code
    view_published,   ///< a view store: a: block count, b: highest known count
    images_published, ///< a key image store: a: block count
    ingest_mode,      ///< a: 0 idle, 1 active, b: next block index
    ingested,         ///< a: block index, b: rows
    wallet_polled,    ///< object: wallet, a: error code + 1 or 0
    reported,         ///< object: wallet, a: block count, b: low 64 bits of the balance
    checked,          ///< object: check, a: 1 held, 0 violated
    step,             ///< a scenario's numbered step.  a: number
};
inline constexpr std::size_t event_kind_count = static_cast<std::size_t>(EventKind::step) + 1;
const char* name(EventKind kind);

struct Event {
    Instant at;
    EventKind kind = EventKind::resumed;
    NodeId node;
    std::uint32_t object = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    friend bool operator==(const Event&, const Event&) = default;
};

/// Everything that happens in a run, in order: a running digest always, the events themselves only on
/// request.
///
/// Rules
/// 1. What goes in is the same for the same seed on every machine: ids and counts, never addresses or
///    real time.
/// 2. Recording changes nothing else: digest and run are the same with and without.
class Trace {
public:
    void add(const Event& event) {
        digest_ = chain64(digest_, static_cast<std::uint64_t>(event.at.ns));
        digest_ = chain64(digest_, (static_cast<std::uint64_t>(event.kind) << 56) ^
                                       (static_cast<std::uint64_t>(event.node.value) << 32) ^ event.object);
        digest_ = chain64(digest_, event.a);
        digest_ = chain64(digest_, event.b);
        ++count_;
        if (keep_) events_.push_back(event);
    }
    /// A scheduler step, the most frequent event by far: the same information in one word.
    void add_step(Instant at, NodeId node, std::uint32_t task, std::uint32_t ready) {
        digest_ =
            chain64(digest_, static_cast<std::uint64_t>(at.ns) ^ (static_cast<std::uint64_t>(task) << 40) ^
                                 (static_cast<std::uint64_t>(ready) << 20));
        ++count_;
        if (keep_) events_.push_back({at, EventKind::resumed, node, task, ready, 0});
    }

    /// Keeps all events from now on (memory: 48 bytes each).
    void keep_events() { keep_ = true; }
    bool keeps_events() const { return keep_; }
    const std::vector<Event>& events() const { return events_; }
    std::uint64_t digest() const { return mix64(digest_ ^ count_); }
    std::uint64_t count() const { return count_; }

private:
    std::uint64_t digest_ = 0x6a09e667f3bcc908ULL;
    std::uint64_t count_ = 0;
    bool keep_ = false;
    std::vector<Event> events_;
};

/// 16 hex digits.
std::string hex_digest(std::uint64_t digest);
/// One line for people and for --check-determinism.
std::string describe(const Event& event);

} // namespace engine
