// Stands in front of the C library's clocks and entropy.  libstdc++'s clocks and random_device come through
// these names as well, because a program's own symbols go before those of shared libraries.
#include "sim/guard.hpp"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <string>

#include "engine/ensure.hpp"

namespace sim {
namespace {

thread_local int guards = 0;
thread_local const char* offence = nullptr;

void forbid(const char* what) noexcept {
    if (guards > 0 && offence == nullptr) offence = what;
}

} // namespace

Guard::Guard() noexcept {
    if (guards++ == 0) offence = nullptr;
}
Guard::~Guard() { --guards; }
void Guard::check() const {
    if (offence != nullptr) throw engine::InternalError(std::string("a simulated run reads ") + offence);
}

} // namespace sim

extern "C" {

int clock_gettime(clockid_t clock, struct timespec* out) noexcept {
    sim::forbid("a real clock (clock_gettime)");
    return static_cast<int>(syscall(SYS_clock_gettime, clock, out));
}

int gettimeofday(struct timeval* __restrict out, void* __restrict zone) noexcept {
    sim::forbid("a real clock (gettimeofday)");
    return static_cast<int>(syscall(SYS_gettimeofday, out, zone));
}

time_t time(time_t* out) noexcept {
    sim::forbid("a real clock (time)");
    struct timespec now {};
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

ssize_t getrandom(void* buffer, size_t length, unsigned int flags) {
    sim::forbid("real entropy (getrandom)");
    return syscall(SYS_getrandom, buffer, length, flags);
}

int getentropy(void* buffer, size_t length) {
    sim::forbid("real entropy (getentropy)");
    if (length > 256) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_getrandom, buffer, length, 0) == static_cast<long>(length) ? 0 : -1;
}

} // extern "C"

// std::random_device may use the processor's instruction instead of the system: its own function is replaced,
// too.
std::random_device::result_type std::random_device::_M_getval() {
    sim::forbid("real entropy (std::random_device)");
    result_type value = 0;
    syscall(SYS_getrandom, &value, sizeof value, 0);
    return value;
}
