#pragma once

#include <functional>

#include "engine/host.hpp"

namespace real {

/// Key material from the operating system.
class SystemBytes final : public engine::chain::ByteSource {
public:
    void fill(std::span<std::uint8_t> out) override;
};

/// What an operating system's process gives the logic that runs in it.
class RealHost final : public engine::Host {
public:
    /// Told of everything the logic records; the process logs or counts it.
    using Recorder =
        std::function<void(engine::EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b)>;
    /// Ends the process (upstream: exit code 13).  May return: the logic suspends for ever then.
    using Aborter = std::function<void(const char* why)>;

    RealHost(engine::Loop& loop, engine::NodeId id, const engine::chain::Crypto& crypto, Aborter aborter,
             Recorder recorder = {});

    std::uint32_t pick(std::uint32_t count) override;
    void record(engine::EventKind kind, std::uint32_t object, std::uint64_t a, std::uint64_t b) override;
    void abort(const char* why) override;

private:
    engine::Instant hold(engine::YieldPoint) override { return now(); }

    static SystemBytes& system_bytes();
    Aborter aborter_;
    Recorder recorder_;
    std::uint32_t next_pick_ = 0;
};

} // namespace real
