#include "engine/trace.hpp"

#include <gtest/gtest.h>

#include <set>

namespace engine {
namespace {

Event some_event() {
    Event event;
    event.at = Instant{1'234'567};
    event.kind = EventKind::reported;
    event.node = NodeId{7};
    event.object = 3;
    event.a = 12;
    event.b = 99;
    return event;
}

std::uint64_t digest_of(const std::vector<Event>& events) {
    Trace trace;
    for (const Event& event : events) trace.add(event);
    return trace.digest();
}

TEST(Trace, digest_depends_on_every_field) {
    const Event base = some_event();
    std::vector<Event> changed(6, base);
    changed[0].at.ns += 1;
    changed[1].kind = EventKind::checked;
    changed[2].node = NodeId{8};
    changed[3].object = 4;
    changed[4].a = 13;
    changed[5].b = 98;
    std::set<std::uint64_t> digests{digest_of({base})};
    for (const Event& event : changed) digests.insert(digest_of({event}));
    EXPECT_EQ(digests.size(), 7u);
}

TEST(Trace, digest_depends_on_order_and_number) {
    Event other = some_event();
    other.a = 1;
    const Event base = some_event();
    std::set<std::uint64_t> digests{digest_of({}), digest_of({base}), digest_of({base, base}),
                                    digest_of({base, other}), digest_of({other, base})};
    EXPECT_EQ(digests.size(), 5u);
}

TEST(Trace, steps_count_with_time_task_and_ready_tasks) {
    auto digest = [](std::int64_t at, std::uint32_t task, std::uint32_t ready) {
        Trace trace;
        trace.add_step(Instant{at}, NodeId{1}, task, ready);
        return trace.digest();
    };
    const std::set<std::uint64_t> digests{digest(1, 2, 3), digest(2, 2, 3), digest(1, 3, 3), digest(1, 2, 4)};
    EXPECT_EQ(digests.size(), 4u);
}

TEST(Trace, keeping_the_events_changes_nothing_else) {
    Trace plain;
    Trace kept;
    kept.keep_events();
    for (Trace* trace : {&plain, &kept}) {
        trace->add(some_event());
        trace->add_step(Instant{5}, NodeId{2}, 9, 4);
    }
    EXPECT_EQ(plain.digest(), kept.digest());
    EXPECT_EQ(plain.count(), 2u);
    EXPECT_EQ(kept.count(), 2u);
    EXPECT_TRUE(plain.events().empty());
    ASSERT_EQ(kept.events().size(), 2u);
    EXPECT_EQ(kept.events()[0], some_event());
    EXPECT_EQ(kept.events()[1].kind, EventKind::resumed);
    EXPECT_EQ(kept.events()[1].object, 9u);
    EXPECT_EQ(kept.events()[1].a, 4u);
}

// Printed digests are compared between builds and machines.
TEST(Trace, golden_digest) {
    Trace trace;
    trace.add(some_event());
    trace.add_step(Instant{5}, NodeId{2}, 9, 4);
    EXPECT_EQ(hex_digest(trace.digest()), "a813a3bb86bec737");
    EXPECT_EQ(hex_digest(0x1a), "000000000000001a");
}

TEST(Trace, event_is_told_in_a_line) {
    EXPECT_EQ(describe(some_event()), "        1234 us node 7 reported object=3 a=12 b=99");
}

TEST(Trace, every_kind_has_a_name) {
    std::set<std::string> names;
    for (std::size_t k = 0; k < event_kind_count; ++k) names.insert(name(static_cast<EventKind>(k)));
    EXPECT_EQ(names.size(), event_kind_count);
    EXPECT_FALSE(names.contains("?"));
}

} // namespace
} // namespace engine
