#include "engine/chain/merlin.hpp"

#include <bit>

#include "engine/chain/secret.hpp"

namespace engine::chain {
namespace {

constexpr std::size_t rate = 166;

constexpr std::array<std::uint64_t, 24> round_constants{
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// The path that rho and pi follow through the lanes, from lane 1 on: where the walk goes and how far it
// turns.
constexpr std::array<std::uint8_t, 24> pi_lane{10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                               15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
constexpr std::array<std::uint8_t, 24> rho_turn{1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                                27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

} // namespace

void keccak_f1600(KeccakState& a) {
    for (const std::uint64_t constant : round_constants) {
        std::array<std::uint64_t, 5> column;
        for (std::size_t x = 0; x < 5; ++x) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (std::size_t x = 0; x < 5; ++x) {
            const std::uint64_t d = column[(x + 4) % 5] ^ std::rotl(column[(x + 1) % 5], 1);
            for (std::size_t y = 0; y < 25; y += 5) a[y + x] ^= d;
        }
        std::uint64_t walker = a[1];
        for (std::size_t i = 0; i < 24; ++i) {
            const std::uint64_t next = a[pi_lane[i]];
            a[pi_lane[i]] = std::rotl(walker, rho_turn[i]);
            walker = next;
        }
        for (std::size_t y = 0; y < 25; y += 5) {
            std::array<std::uint64_t, 5> row;
            for (std::size_t x = 0; x < 5; ++x) row[x] = a[y + x];
            for (std::size_t x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        a[0] ^= constant;
    }
}

Strobe::Strobe(std::string_view protocol) {
    constexpr std::array<std::uint8_t, 6> header{1, rate + 2, 1, 0, 1, 96};
    std::size_t at = 0;
    for (const std::uint8_t byte : header) mix(at++, byte);
    for (const std::uint8_t byte : as_bytes("STROBEv1.0.2")) mix(at++, byte);
    keccak_f1600(state_);
    meta_ad(as_bytes(protocol), false);
}

Strobe::~Strobe() { wipe(&state_, sizeof state_); }

void Strobe::meta_ad(ByteView data, bool more) {
    if (!more) begin(Operation::meta_ad);
    absorb(data);
}

void Strobe::ad(ByteView data) {
    begin(Operation::ad);
    absorb(data);
}

void Strobe::prf(std::span<std::uint8_t> out) {
    begin(Operation::prf);
    for (std::uint8_t& byte : out) {
        byte = peek();
        mix(position_, byte); // leaves zero behind
        advance();
    }
}

void Strobe::key(ByteView data) {
    begin(Operation::key);
    for (const std::uint8_t byte : data) {
        mix(position_, peek());
        mix(position_, byte);
        advance();
    }
}

void Strobe::begin(Operation operation) {
    const std::array<std::uint8_t, 2> header{begin_, static_cast<std::uint8_t>(operation)};
    begin_ = static_cast<std::uint8_t>(position_ + 1);
    absorb(header);
    const bool reads_state = operation == Operation::prf || operation == Operation::key;
    if (reads_state && position_ != 0) run_f();
}

void Strobe::absorb(ByteView data) {
    for (const std::uint8_t byte : data) {
        mix(position_, byte);
        advance();
    }
}

void Strobe::advance() {
    if (++position_ == rate) run_f();
}

void Strobe::run_f() {
    mix(position_, begin_);
    mix(position_ + 1u, 0x04);
    mix(rate + 1, 0x80);
    keccak_f1600(state_);
    position_ = 0;
    begin_ = 0;
}

std::uint8_t Strobe::peek() const {
    return static_cast<std::uint8_t>(state_[position_ / 8] >> (8 * (position_ % 8)));
}

void Strobe::mix(std::size_t position, std::uint8_t byte) {
    state_[position / 8] ^= static_cast<std::uint64_t>(byte) << (8 * (position % 8));
}

Transcript::Transcript(std::string_view label) : strobe_("Merlin v1.0") { append("dom-sep", label); }

void Transcript::append(std::string_view label, ByteView message) {
    strobe_.meta_ad(as_bytes(label), false);
    strobe_.meta_ad(little_endian(static_cast<std::uint32_t>(message.size())), true);
    strobe_.ad(message);
}

void Transcript::challenge(std::string_view label, std::span<std::uint8_t> out) {
    strobe_.meta_ad(as_bytes(label), false);
    strobe_.meta_ad(little_endian(static_cast<std::uint32_t>(out.size())), true);
    strobe_.prf(out);
}

TranscriptRng Transcript::rng(std::string_view witness_label, ByteView witness, ByteSource& outer) const {
    Strobe fork = strobe_;
    fork.meta_ad(as_bytes(witness_label), false);
    fork.meta_ad(little_endian(static_cast<std::uint32_t>(witness.size())), true);
    fork.key(witness);
    Secret<std::array<std::uint8_t, 32>> entropy;
    outer.fill(*entropy);
    fork.meta_ad(as_bytes("rng"), false);
    fork.key(*entropy);
    return TranscriptRng(fork);
}

void TranscriptRng::fill(std::span<std::uint8_t> out) {
    strobe_.meta_ad(little_endian(static_cast<std::uint32_t>(out.size())), false);
    strobe_.prf(out);
}

} // namespace engine::chain
