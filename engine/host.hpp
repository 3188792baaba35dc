#pragma once

#include <cstdint>

#include "engine/chain/crypto.hpp"
#include "engine/probe.hpp"
#include "engine/task.hpp"
#include "engine/trace.hpp"

namespace engine {

/// Where a simulated process can be held, crashed or overtaken: the eight groups of the reference rules.
/// In the real world these are ordinary scheduling points.
enum class YieldPoint : std::uint8_t {
    view_query_counted,   ///< a view store has read its published count
    view_query_events,    ///< and the user events
    view_query_looked_up, ///< and the records
    view_fetched_key,     ///< the fetcher has read the blocks of one ingress key
    view_loaded_keys,     ///< the fetcher has read the key list
    view_inserted,        ///< records are in, the count is not published yet
    images_inserted,      ///< key images are in, the count is not published yet
    images_query_begun,   ///< a key image query, before the count is read
    images_query_counted, ///< after the count was read
    ingest_chunk,         ///< an output chunk went through the enclave
    ingest_before_invocation,
    ingest_after_invocation,
    ingest_before_block,
    ingest_after_block,
    ingest_published,  ///< the report of a block is out
    ingest_activating, ///< between peer checks and the first write
    router_collected,  ///< all shards have answered, nothing is merged yet
    ledger_counted,    ///< the block, output or status service has read its count
    wallet_between_requests,
};
const char* name(YieldPoint point);

/// What a service does when it polls.
enum class Polling : std::uint8_t {
    looks, ///< at memory and its chain copy: a poll that finds nothing leaves no trace
    asks,  ///< another process, which takes time and may fail
};

/// What a process gives the logic that runs in it.  Outlives every task of the process.
class Host {
public:
    Host(Loop& loop, NodeId id, const chain::Crypto& crypto, chain::ByteSource& rng)
        : loop_(&loop), id_(id), crypto_(&crypto), rng_(&rng) {}
    virtual ~Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    Loop& loop() const { return *loop_; }
    NodeId id() const { return id_; }
    Instant now() const { return loop_->now(); }
    const chain::Crypto& crypto() const { return *crypto_; }
    chain::ByteSource& rng() const { return *rng_; }

    /// Suspends: anything else may run, and the process may be held here for long.
    auto yield(YieldPoint point) { return park(name(point), hold(point)); }
    auto sleep(Duration duration, const char* what = "a timer") {
        return sleep_until(now() + duration, what);
    }
    /// Suspends until the next poll that can find anything; polls come every `interval` from now on.
    /// @pre the last one found nothing
    auto until_next_poll(Polling polling, Duration interval, const char* what) {
        return park(what, next_poll(polling, interval));
    }

    void mark(Mark mark) const { probe_.mark(mark); }
    void mark_if(bool come_about, Mark mark) const { probe_.mark_if(come_about, mark); }
    /// For functions without a host.
    Probe probe() const { return probe_; }

    /// Which of `count` equal backends serves this request.
    virtual std::uint32_t pick(std::uint32_t count) = 0;
    virtual void record(EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b = 0) = 0;
    /// The process ends itself at its next suspension (upstream: panic, exit code 13).
    /// @param why  lives for ever
    virtual void abort(const char* why) = 0;

protected:
    void observe(Probe probe) { probe_ = probe; }

private:
    /// Until when the process is held at a yield point.
    virtual Instant hold(YieldPoint point) = 0;
    /// When the running task polls again: after the interval, or never, when the host wakes it in time for
    /// the first poll that matters.
    virtual Instant next_poll(Polling, Duration interval) { return now() + interval; }

    Loop* loop_;
    NodeId id_;
    const chain::Crypto* crypto_;
    chain::ByteSource* rng_;
    Probe probe_;
};

} // namespace engine
