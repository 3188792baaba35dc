// A catalogue of stories that are wrong themselves, for the tests of how fogsim ends them.
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "scenarios/catalogue.hpp"

namespace scenarios {
namespace {

using namespace engine;

Task<> appends_for_ever(World& world) {
    world.step("blocks come and come");
    for (;;) {
        BlockPlan empty;
        (void)co_await world.chain().append(std::move(empty));
    }
}

Task<> waits_for_ever(World& world) {
    world.step("waiting");
    for (;;) co_await world.sleep(std::chrono::milliseconds(1));
}

Task<> never_comes_back(World& world) {
    world.step("one");
    world.step("thinking");
    for (volatile bool more = true; more;) {
    }
    co_return;
}

Task<> hoards(World& world) {
    world.step("more and more");
    std::vector<std::vector<char>> all;
    for (;;) {
        all.emplace_back(1 << 20, 'x');
        co_await world.sleep(std::chrono::milliseconds(1));
    }
}

Task<> throws(World& world) {
    world.step("one");
    co_await world.sleep(std::chrono::milliseconds(5));
    world.step("looks into an empty purse");
    throw std::out_of_range("no coin there");
}

// One seed of sixteen or so.
Task<> throws_at_times(World& world) {
    std::uint64_t draw = 0;
    for (int i = 0; i < 4; ++i) draw += world.plan(0).below(2);
    co_await world.sleep(std::chrono::milliseconds(1));
    if (draw == 4) throw std::runtime_error("four of four");
}

Task<> crashes(World& world) {
    world.step("one");
    world.step("steps into the void");
    co_await world.sleep(std::chrono::milliseconds(1));
    volatile int* nowhere = nullptr;
    *nowhere = 1;
}

Task<> aborts(World& world) {
    world.step("one");
    co_await world.sleep(std::chrono::milliseconds(1));
    std::abort();
}

Task<> states_what_is_not_so(World& world) {
    world.step("one");
    expect(world, check::CheckId::balance, true, "the sky is above");
    co_await world.sleep(std::chrono::milliseconds(1));
    expect(world, check::CheckId::balance, false, "alice has the coin of the crash block");
}

} // namespace

std::span<const Scenario> all() {
    static const std::vector<Scenario> stories = {
        {.name = "appends_for_ever", .summary = "", .story = appends_for_ever},
        {.name = "waits_for_ever", .summary = "", .story = waits_for_ever},
        {.name = "never_comes_back", .summary = "", .story = never_comes_back},
        {.name = "hoards", .summary = "", .story = hoards},
        {.name = "throws", .summary = "", .story = throws},
        {.name = "throws_at_times", .summary = "", .story = throws_at_times},
        {.name = "crashes", .summary = "", .story = crashes},
        {.name = "aborts", .summary = "", .story = aborts},
        {.name = "states_what_is_not_so", .summary = "", .story = states_what_is_not_so},
    };
    return stories;
}

const Scenario* find(std::string_view name) {
    for (const Scenario& story : all())
        if (story.name == name) return &story;
    return nullptr;
}

} // namespace scenarios
