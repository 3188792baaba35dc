// operator new and delete of the programs that simulate: a run makes some three thousand small objects, most
// of them coroutine frames, and gives them all back.
//
// Rules
// 1. Sizes up to 1,024 bytes come from free lists of 16-byte classes, one set a thread, without a lock.  What
// a
//    thread gives back it keeps; lists of a thread that has ended go to the next one that begins.
// 2. The lists are filled from pages of one reserved range, each page of one class: an address tells its
// class,
//    which a delete without a size needs.
// 3. Everything else, and everything once the range is used up or cannot be had, is malloc's.
// 4. Left out under sanitizers: they want to see every allocation.
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FOG_PLAIN_ALLOCATION
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FOG_PLAIN_ALLOCATION
#endif
#endif

#ifndef FOG_PLAIN_ALLOCATION
namespace {

constexpr std::size_t granule = 16;
constexpr std::size_t largest = 1024;
constexpr std::size_t class_count = largest / granule + 1;
constexpr std::size_t page_bytes = std::size_t{1} << 16;
constexpr std::size_t page_count = std::size_t{1} << 17;
constexpr std::size_t range_bytes = page_bytes * page_count; // 8 GiB of addresses, taken when touched

struct Block {
    Block* next;
};

struct Lists {
    std::array<Block*, class_count> free{};
    std::array<std::byte*, class_count> fresh{}; // rest of the newest page of each class
    std::array<std::byte*, class_count> end{};
    Lists* next_idle = nullptr;
};

constinit std::atomic<std::byte*> range{nullptr};
constinit std::atomic<std::size_t> pages_taken{0};
constinit std::array<std::uint8_t, page_count>
    class_of_page{}; // written before any address of the page is known
constinit std::mutex idle_mutex;
constinit Lists* idle = nullptr; // of threads that have ended
constinit thread_local Lists* mine = nullptr;

/// Hands a thread's lists on when it ends.
struct Leave {
    ~Leave() {
        const std::lock_guard lock(idle_mutex);
        if (mine == nullptr) return;
        mine->next_idle = idle;
        idle = mine;
        mine = nullptr;
    }
};

// Never fails: without a range every allocation is malloc's.
std::byte* reserve_range() noexcept {
    const std::lock_guard lock(idle_mutex);
    if (std::byte* known = range.load(std::memory_order_relaxed)) return known;
    void* begin = mmap(nullptr, range_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED) return nullptr;
    madvise(begin, range_bytes,
            MADV_HUGEPAGE); // the frames of many tasks are more pages than a TLB has entries
    range.store(static_cast<std::byte*>(begin), std::memory_order_release);
    return static_cast<std::byte*>(begin);
}

Lists* adopt() noexcept {
    {
        const std::lock_guard lock(idle_mutex);
        if (idle != nullptr) {
            mine = idle;
            idle = idle->next_idle;
        }
    }
    if (mine == nullptr) {
        void* memory = std::malloc(sizeof(Lists));
        if (memory == nullptr) return nullptr;
        mine = ::new (memory) Lists;
    }
    thread_local Leave leave; // at its destruction; what is allocated later in a dying thread stays with it
    (void)leave;
    return mine;
}

void* take_malloc(std::size_t bytes) {
    for (;;) {
        if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
        std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

[[gnu::noinline]] void* take_slowly(std::size_t bytes, std::size_t c) {
    Lists* lists = mine != nullptr ? mine : adopt();
    if (lists == nullptr) return take_malloc(bytes);
    if (Block* block = lists->free[c]) {
        lists->free[c] = block->next;
        return block;
    }
    const std::size_t size = c * granule;
    if (static_cast<std::size_t>(lists->end[c] - lists->fresh[c]) < size) {
        std::byte* begin = range.load(std::memory_order_acquire);
        if (begin == nullptr) begin = reserve_range();
        if (begin == nullptr) return take_malloc(bytes);
        const std::size_t page = pages_taken.fetch_add(1, std::memory_order_relaxed);
        if (page >= page_count) {
            pages_taken.store(page_count, std::memory_order_relaxed);
            return take_malloc(bytes);
        }
        class_of_page[page] = static_cast<std::uint8_t>(c);
        lists->fresh[c] = begin + page * page_bytes;
        lists->end[c] = lists->fresh[c] + page_bytes;
    }
    std::byte* block = lists->fresh[c];
    lists->fresh[c] += size;
    return block;
}

inline void* take(std::size_t bytes) {
    if (bytes > largest) [[unlikely]]
        return take_malloc(bytes);
    const std::size_t c = bytes == 0 ? 1 : (bytes + granule - 1) / granule;
    if (Lists* lists = mine) [[likely]] {
        if (Block* block = lists->free[c]) [[likely]] {
            lists->free[c] = block->next;
            return block;
        }
    }
    return take_slowly(bytes, c);
}

inline void give(void* memory) noexcept {
    const std::byte* begin = range.load(std::memory_order_acquire);
    const auto offset = reinterpret_cast<std::uintptr_t>(memory) - reinterpret_cast<std::uintptr_t>(begin);
    if (begin == nullptr || offset >= range_bytes) { // null is nowhere in the range
        std::free(memory);
        return;
    }
    Lists* lists = mine != nullptr ? mine : adopt();
    if (lists == nullptr) return; // no memory left for lists: the block is lost
    Block* block = static_cast<Block*>(memory);
    const std::size_t c = class_of_page[offset / page_bytes];
    block->next = lists->free[c];
    lists->free[c] = block;
}

} // namespace

void* operator new(std::size_t bytes) { return take(bytes); }
void* operator new[](std::size_t bytes) { return take(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
        return take(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& nothrow) noexcept {
    return ::operator new(bytes, nothrow);
}
void operator delete(void* memory) noexcept { give(memory); }
void operator delete[](void* memory) noexcept { give(memory); }
void operator delete(void* memory, std::size_t) noexcept { give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { give(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { give(memory); }
#endif
