#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace engine {

/// Bijective mixer of 64 bits: every output bit depends on every input bit.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return x;
}

/// One step of an order-dependent running digest.
constexpr std::uint64_t chain64(std::uint64_t digest, std::uint64_t word) {
    return (std::rotl(digest, 23) ^ word) * 0x9fb21c651e98df25ULL + 0x9e3779b97f4a7c15ULL;
}

constexpr std::uint64_t hash_name(std::string_view name) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return mix64(h);
}

} // namespace engine
