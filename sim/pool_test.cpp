#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "engine/hash.hpp"

namespace sim {
namespace {

/// A block with a pattern that says whose it is.
struct Held {
    std::uint8_t* memory;
    std::size_t bytes;
    std::uint8_t pattern;

    Held(std::size_t size, std::uint8_t mark)
        : memory(static_cast<std::uint8_t*>(::operator new(size))), bytes(size), pattern(mark) {
        std::memset(memory, pattern, bytes);
    }
    bool is_intact() const {
        return std::all_of(memory, memory + bytes, [this](std::uint8_t b) { return b == pattern; });
    }
    void release(bool with_size) {
        if (with_size)
            ::operator delete(memory, bytes);
        else
            ::operator delete(memory);
    }
};

TEST(Pool, blocks_of_every_size_are_aligned_and_do_not_overlap) {
    std::vector<Held> held;
    for (std::size_t bytes = 0; bytes < 1300; ++bytes)
        for (int copy = 0; copy < 3; ++copy) held.emplace_back(bytes, static_cast<std::uint8_t>(held.size()));
    for (const Held& one : held) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one.memory) % alignof(std::max_align_t), 0u);
        EXPECT_TRUE(one.is_intact()) << one.bytes;
    }
    for (std::size_t i = 0; i < held.size(); ++i) held[i].release(i % 2 == 0);
}

TEST(Pool, random_order_of_taking_and_giving_back_keeps_every_block_intact) {
    std::vector<Held> held;
    std::uint64_t bits = 1;
    for (int i = 0; i < 100'000; ++i) {
        bits = engine::mix64(bits + 0x9e3779b97f4a7c15ULL);
        if (held.size() < 500 && bits % 2 == 0) {
            held.emplace_back((bits >> 8) % 1200, static_cast<std::uint8_t>(bits >> 32));
        } else if (!held.empty()) {
            const std::size_t at = (bits >> 16) % held.size();
            ASSERT_TRUE(held[at].is_intact());
            held[at].release(bits % 3 == 0);
            held[at] = held.back();
            held.pop_back();
        }
    }
    for (Held& one : held) one.release(true);
}

TEST(Pool, one_thread_may_give_back_what_another_has_taken) {
    for (int round = 0; round < 20; ++round) { // ended threads hand their lists on
        std::vector<Held> held;
        std::thread taker([&held] {
            for (std::size_t i = 0; i < 2000; ++i) held.emplace_back(i % 1100, static_cast<std::uint8_t>(i));
        });
        taker.join();
        std::thread giver([&held] {
            for (Held& one : held) {
                EXPECT_TRUE(one.is_intact());
                one.release(true);
            }
        });
        giver.join();
    }
}

// Under the sanitizers the pool stands aside, and their allocator ends the program instead of refusing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Pool, what_cannot_be_had_is_refused_as_ever) {
    constexpr std::size_t too_much = ~std::size_t{0} / 2;
    EXPECT_THROW((void)::operator new(too_much), std::bad_alloc);
    EXPECT_EQ(::operator new(too_much, std::nothrow), nullptr);
    ::operator delete(nullptr);
}
#endif

TEST(Pool, overaligned_objects_are_served) {
    struct alignas(128) Wide {
        std::uint8_t bytes[300];
    };
    const auto wide = std::make_unique<Wide>();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide.get()) % 128, 0u);
}

} // namespace
} // namespace sim
