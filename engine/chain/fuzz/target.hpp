#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// FOG_FUZZ_TARGET(name) opens the function that is fed hostile bytes.  Built for libFuzzer (FOG_LIBFUZZER) it
// is that program's entry, otherwise `fuzz_<name>`, which a test drives with seeded mutations.
#ifdef FOG_LIBFUZZER
#define FOG_FUZZ_TARGET(name)                                                                                \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
#else
#define FOG_FUZZ_TARGET(name) int fuzz_##name(const std::uint8_t* data, std::size_t size)
#endif

namespace engine::chain {

/// What is accepted must survive writing and reading again.
inline void must_hold(bool condition) {
    if (!condition) std::abort();
}

} // namespace engine::chain
