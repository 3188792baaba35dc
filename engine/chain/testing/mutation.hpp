#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "engine/chain/types.hpp"

// For tests: hostile variants of valid bytes, the same ones in every run.

namespace engine::chain {

class Mutator {
public:
    explicit Mutator(std::uint32_t seed) : random_(seed) {}

    /// One to four small changes: flipped bits, other bytes, cuts, repeats, insertions, impossible lengths.
    Bytes operator()(Bytes bytes) {
        const std::uint32_t changes = 1 + below(4);
        for (std::uint32_t i = 0; i < changes; ++i) change(bytes);
        return bytes;
    }

    std::uint32_t below(std::uint64_t bound) {
        return bound == 0 ? 0 : static_cast<std::uint32_t>(random_() % bound);
    }

private:
    void change(Bytes& bytes) {
        if (bytes.empty()) {
            bytes.push_back(static_cast<std::uint8_t>(random_()));
            return;
        }
        const std::uint32_t at = below(bytes.size());
        switch (below(6)) {
        case 0:
            bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << below(8)));
            break;
        case 1:
            bytes[at] = static_cast<std::uint8_t>(random_());
            break;
        case 2:
            bytes.resize(at);
            break;
        case 3: {
            const Bytes part(bytes.begin() + at, bytes.begin() + at + below(bytes.size() - at) + 1);
            bytes.insert(bytes.begin() + below(bytes.size()), part.begin(), part.end());
            break;
        }
        case 4:
            bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(random_()));
            break;
        default:
            bytes[at] = 0xff;
            break;
        }
    }

    std::mt19937 random_;
};

} // namespace engine::chain
