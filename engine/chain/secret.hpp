#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace engine::chain {

/// Overwrites memory in a way the optimiser must keep.
void wipe(void* data, std::size_t size) noexcept;
inline void wipe(std::span<std::uint8_t> data) noexcept { wipe(data.data(), data.size()); }

/// A value that is overwritten when it goes out of scope: private keys, shared points, key material, entropy.
///
/// Rules
/// 1. Whoever holds a real secret for longer than an expression holds it in one of these.
/// 2. PrivateKey and SharedSecret themselves stay plain bytes, because the simulator copies them by the
///    million with the `fast` crypto, where nothing is secret.
template <class T>
class Secret {
    static_assert(std::is_trivially_copyable_v<T>, "wiping must reach every copy of the bytes");

public:
    Secret() = default;
    explicit Secret(const T& value) : value_(value) {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret() { wipe(&value_, sizeof value_); }

    T& operator*() { return value_; }
    const T& operator*() const { return value_; }
    T* operator->() { return &value_; }
    const T* operator->() const { return &value_; }

private:
    T value_{};
};

/// Wipes a buffer someone else owns at the end of the scope; the buffer must not be moved or resized before.
class WipeAtExit {
public:
    explicit WipeAtExit(std::span<std::uint8_t> data) : data_(data) {}
    WipeAtExit(const WipeAtExit&) = delete;
    WipeAtExit& operator=(const WipeAtExit&) = delete;
    ~WipeAtExit() { wipe(data_); }

private:
    std::span<std::uint8_t> data_;
};

} // namespace engine::chain
