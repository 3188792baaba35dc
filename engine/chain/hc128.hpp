#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/chain/crypto.hpp"

namespace engine::chain {

/// HC-128 as the generator behind every deterministic upstream fixture and behind Schnorr nonces.
///
/// Rules
/// 1. `fill` takes whole 32-bit words, little endian; the tail of a partly used last word is thrown away.
/// 2. Not copyable: two streams from one state are nearly always a mistake.
/// @source crate rand_hc 0.3.2 on rand_core 0.6.4
class Hc128 final : public ByteSource {
public:
    using Seed = std::array<std::uint8_t, 32>;

    /// @param seed  key (16 bytes), then initialisation vector (16 bytes)
    explicit Hc128(const Seed& seed);
    Hc128(const Hc128&) = delete;
    Hc128& operator=(const Hc128&) = delete;
    ~Hc128() override;

    void fill(std::span<std::uint8_t> out) override;
    std::uint32_t next_u32();
    /// Two words, the low one first.
    std::uint64_t next_u64();
    /// Uniform in low..high, both included; `low <= high`.  Draws one word for each attempt.
    /// @source crate rand 0.8.5, UniformInt::sample_single_inclusive for 32-bit integers
    std::uint32_t uniform(std::uint32_t low, std::uint32_t high);

private:
    std::uint32_t step();

    /// The tables P (words 0 to 511) and Q (512 to 1023) of the cipher.
    std::array<std::uint32_t, 1024> tables_{};
    /// Word that the next step rewrites, below 1024.
    std::size_t counter_ = 0;
};

} // namespace engine::chain
