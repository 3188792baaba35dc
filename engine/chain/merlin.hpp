#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/chain/bytes.hpp"
#include "engine/chain/crypto.hpp"

// Merlin transcripts: what MobileCoin hashes structured data and signs with.  Neither libsodium nor OpenSSL
// offers the bare Keccak permutation, so permutation, STROBE subset and transcript are written here.
// @source crate merlin 3.0 (STROBE v1.0.2, security level 128)

namespace engine::chain {

/// 25 lanes; lane i holds the bytes 8i to 8i+7 of the state, little endian.
using KeccakState = std::array<std::uint64_t, 25>;
/// The permutation Keccak-f[1600], 24 rounds.
void keccak_f1600(KeccakState& state);

/// The part of STROBE-128 that Merlin needs.  Wiped when destroyed; a copy continues on its own.
class Strobe {
public:
    explicit Strobe(std::string_view protocol);
    Strobe(const Strobe&) = default;
    Strobe& operator=(const Strobe&) = default;
    ~Strobe();

    /// `more` continues the operation before it instead of beginning a new one.
    void meta_ad(ByteView data, bool more);
    void ad(ByteView data);
    void prf(std::span<std::uint8_t> out);
    void key(ByteView data);

private:
    enum class Operation : std::uint8_t { ad = 0x02, key = 0x06, prf = 0x07, meta_ad = 0x12 };

    void begin(Operation operation);
    void absorb(ByteView data);
    void advance();
    void run_f();
    std::uint8_t peek() const;
    void mix(std::size_t position, std::uint8_t byte);

    KeccakState state_{};
    /// Next byte of the rate to be touched, below 166.
    std::uint8_t position_ = 0;
    /// One past the byte where the current operation began; 0 after the permutation.
    std::uint8_t begin_ = 0;
};

class TranscriptRng;

/// Absorbs labelled messages, answers challenges that depend on all of them and their order.  Copyable: a
/// copy continues on its own.
class Transcript {
public:
    explicit Transcript(std::string_view label);

    /// Upstream takes messages below 2^32 bytes; ours are far smaller.
    void append(std::string_view label, ByteView message);
    void append(std::string_view label, std::string_view message) { append(label, as_bytes(message)); }

    void challenge(std::string_view label, std::span<std::uint8_t> out);
    template <std::size_t N>
    std::array<std::uint8_t, N> challenge(std::string_view label) {
        std::array<std::uint8_t, N> out{};
        challenge(label, out);
        return out;
    }

    /// A source of bytes bound to what this transcript holds now, to `witness`, and to 32 bytes of `outer`.
    /// The transcript itself does not change.
    TranscriptRng rng(std::string_view witness_label, ByteView witness, ByteSource& outer) const;

private:
    Strobe strobe_;
};

class TranscriptRng final : public ByteSource {
public:
    void fill(std::span<std::uint8_t> out) override;

private:
    friend class Transcript;
    explicit TranscriptRng(Strobe strobe) : strobe_(strobe) {}
    Strobe strobe_;
};

} // namespace engine::chain
