#include "real/loop/real_host.hpp"

#include <sodium.h>

#include "engine/chain/sodium.hpp"

namespace real {

void SystemBytes::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

SystemBytes& RealHost::system_bytes() {
    static SystemBytes bytes; // has no state
    return bytes;
}

RealHost::RealHost(engine::Loop& loop, engine::NodeId id, const engine::chain::Crypto& crypto,
                   Aborter aborter, Recorder recorder)
    : Host(loop, id, crypto, system_bytes()), aborter_(std::move(aborter)), recorder_(std::move(recorder)) {
    engine::chain::init_sodium();
}

// Replicas take turns.
std::uint32_t RealHost::pick(std::uint32_t count) { return next_pick_++ % count; }

void RealHost::record(engine::EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b) {
    if (recorder_) recorder_(kind, object, a, b);
}

void RealHost::abort(const char* why) { aborter_(why); }

} // namespace real
