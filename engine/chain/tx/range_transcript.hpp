#pragma once

#include "engine/chain/merlin.hpp"
#include "engine/chain/ristretto.hpp"
#include "engine/chain/tx/generators.hpp"

namespace engine::chain::tx {

/// The conversation of a range proof, which prover and verifier rebuild alike.
class RangeTranscript {
public:
    using Encoded = std::array<std::uint8_t, 32>;

    /// @param values  padded to a power of two
    explicit RangeTranscript(std::size_t values) : transcript_("mc_bulletproof_transcript") {
        domain("rangeproof v1");
        number("n", range_bits);
        number("m", values);
    }
    void begin_inner_product(std::size_t length) {
        domain("ipp v1");
        number("n", length);
    }
    void append(std::string_view label, const Encoded& point_or_scalar) {
        transcript_.append(label, ByteView(point_or_scalar));
    }
    void append(std::string_view label, const Scalar& scalar) { append(label, scalar.bytes()); }
    Scalar challenge(std::string_view label) { return Scalar::wide(transcript_.challenge<64>(label)); }

private:
    void domain(std::string_view name) { transcript_.append("dom-sep", name); }
    void number(std::string_view label, std::uint64_t value) {
        transcript_.append(label, ByteView(little_endian(value)));
    }

    Transcript transcript_;
};

} // namespace engine::chain::tx
