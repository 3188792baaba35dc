#include "sim/guard.hpp"

#include <gtest/gtest.h>

#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include "engine/ensure.hpp"

namespace sim {
namespace {

std::string noticed(const std::function<void()>& act) {
    const Guard guard;
    act();
    try {
        guard.check();
    } catch (const engine::InternalError& error) {
        return error.what();
    }
    return "nothing";
}

// What a library function would read behind our back comes through the same names.
const std::vector<std::pair<const char*, std::function<void()>>>& offences() {
    static const std::vector<std::pair<const char*, std::function<void()>>> all{
        {"clock_gettime", [] { (void)std::chrono::system_clock::now(); }},
        {"clock_gettime", [] { (void)std::chrono::steady_clock::now(); }},
        {"clock_gettime", [] { (void)std::chrono::high_resolution_clock::now(); }},
        {"clock_gettime",
         [] {
             struct timespec now {};
             clock_gettime(CLOCK_MONOTONIC, &now);
         }},
        {"gettimeofday",
         [] {
             struct timeval now {};
             gettimeofday(&now, nullptr);
         }},
        {"time", [] { (void)std::time(nullptr); }},
        {"random_device", [] { (void)std::random_device{}(); }},
        {"getrandom",
         [] {
             unsigned char byte = 0;
             EXPECT_EQ(getrandom(&byte, 1, 0), 1);
         }},
        {"getentropy",
         [] {
             unsigned char byte = 0;
             EXPECT_EQ(getentropy(&byte, 1), 0);
         }},
    };
    return all;
}

TEST(Guard, each_real_clock_and_source_of_entropy_is_noticed) {
    for (const auto& [what, act] : offences()) EXPECT_NE(noticed(act).find(what), std::string::npos) << what;
}

TEST(Guard, nothing_is_noticed_without_an_offence_or_outside_a_guard) {
    EXPECT_EQ(noticed([] {}), "nothing");
    for (const auto& [what, act] : offences()) act();
    EXPECT_EQ(noticed([] {}), "nothing");
    const auto before = std::chrono::steady_clock::now();
    { const Guard guard; }
    EXPECT_GE(std::chrono::steady_clock::now(), before);
    EXPECT_EQ(noticed([] {}), "nothing");
}

TEST(Guard, replaced_functions_still_do_their_work) {
    const std::time_t now = std::time(nullptr);
    EXPECT_GT(now, 1'600'000'000);
    EXPECT_LE(std::abs(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) - now), 2);
    std::random_device device;
    const auto a = device();
    const auto b = device();
    const auto c = device();
    EXPECT_FALSE(a == b && b == c);
    unsigned char big[257];
    EXPECT_EQ(getentropy(big, sizeof big), -1);
}

TEST(Guard, inner_guard_forgets_nothing_of_the_outer_one) {
    const Guard outer;
    (void)std::chrono::system_clock::now();
    { const Guard inner; }
    EXPECT_THROW(outer.check(), engine::InternalError);
}

TEST(Guard, is_of_its_thread) {
    const Guard guard;
    std::thread other([] { (void)std::chrono::system_clock::now(); });
    other.join();
    EXPECT_NO_THROW(guard.check());
}

} // namespace
} // namespace sim
