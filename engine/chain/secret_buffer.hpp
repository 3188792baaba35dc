#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/chain/secret.hpp"

namespace engine::chain {

/// Overwrites what it gives back, so that a container that grows leaves no copy behind.
template <class T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <class Other>
    WipingAllocator(const WipingAllocator<Other>&) noexcept {}

    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        wipe(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }

    friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

/// Bytes of a file or message that holds a private key.
using SecretBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

/// A mnemonic, a private key in PEM form, a file that holds one.  Texts of up to 15 characters stand in the
/// string object itself, which nobody wipes: no secret of ours is that short.
using SecretText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

} // namespace engine::chain
