#include "engine/choice.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace engine {
namespace {

std::vector<std::uint32_t> values(const Choices& choices) {
    std::vector<std::uint32_t> all;
    for (const Choice& choice : choices.sequence()) all.push_back(choice.value);
    return all;
}

// Stored replays and digests rest on these numbers: a change of the generator must be a decision.
TEST(Choices, golden_values) {
    Choices choices(1);
    Stream schedule(choices, Domain::schedule, 0, 0);
    Stream network(choices, Domain::network, 3, 1);
    for (int i = 0; i < 6; ++i) schedule.below(1000);
    for (int i = 0; i < 6; ++i) network.below(1u << 31);
    EXPECT_EQ(values(choices), (std::vector<std::uint32_t>{48, 233, 469, 46, 793, 381, 261378659, 1981216159,
                                                           1968080326, 1326710702, 1636103039, 1616662248}));
    EXPECT_EQ(schedule.bits(), 4189602628877213696u);
    EXPECT_EQ(schedule.bits(), 1704685115920193986u);
    EXPECT_EQ(Choices(2).seed(), 2u);
}

TEST(Choices, draw_added_in_one_stream_moves_nothing_in_another) {
    Choices plain(5);
    Choices more(5);
    Stream a(plain, Domain::network, 1, 0);
    Stream b(plain, Domain::network, 2, 0);
    Stream more_b(more, Domain::network, 2, 0); // opened in another order
    Stream more_a(more, Domain::network, 1, 0);
    Stream extra(more, Domain::fault, 1, 0);
    for (int i = 0; i < 50; ++i) {
        const std::uint32_t from_a = a.below(100);
        const std::uint32_t from_b = b.below(100);
        extra.below(7);
        EXPECT_EQ(more_b.below(100), from_b);
        extra.bits();
        EXPECT_EQ(more_a.below(100), from_a);
    }
}

TEST(Choices, every_part_of_the_name_and_the_seed_makes_another_stream) {
    std::set<std::vector<std::uint32_t>> seen;
    auto draws = [](std::uint64_t seed, StreamName stream) {
        Choices choices(seed);
        const std::uint32_t handle = choices.open(stream);
        std::vector<std::uint32_t> all;
        for (int i = 0; i < 8; ++i) all.push_back(choices.draw(handle, 1u << 30));
        return all;
    };
    for (std::uint64_t seed : {0u, 1u, 2u})
        for (Domain domain : {Domain::schedule, Domain::storage})
            for (std::uint16_t actor : std::initializer_list<std::uint16_t>{0, 1, 256})
                for (std::uint16_t site : std::initializer_list<std::uint16_t>{0, 1, 256})
                    seen.insert(draws(seed, {domain, actor, site}));
    EXPECT_EQ(seen.size(), 3u * 2 * 3 * 3);
}

TEST(Choices, stream_opened_twice_is_one) {
    Choices choices(1);
    std::vector<std::uint32_t> handles;
    for (std::uint16_t actor = 0; actor < 300; ++actor)
        handles.push_back(choices.open({Domain::data, actor, 0}));
    for (std::uint16_t actor = 0; actor < 300; ++actor) {
        EXPECT_EQ(choices.open({Domain::data, actor, 0}), handles[actor]);
        EXPECT_EQ(choices.stream_name(handles[actor]).actor, actor);
    }
}

TEST(Choices, every_draw_is_recorded_with_its_stream_and_bound) {
    Choices choices(1);
    Stream a(choices, Domain::plan, 0, 0);
    Stream b(choices, Domain::plan, 0, 1);
    a.below(10);
    b.below(20);
    a.below(1);
    a.below(0);
    a.bits();
    ASSERT_EQ(choices.sequence().size(), 2u) << "what cannot differ is no choice, and bits are not recorded";
    EXPECT_EQ(choices.sequence()[0].bound, 10u);
    EXPECT_EQ(choices.sequence()[1].bound, 20u);
    EXPECT_NE(choices.sequence()[0].stream, choices.sequence()[1].stream);
}

TEST(Choices, below_is_uniform_within_its_bound) {
    Choices choices(1);
    Stream stream(choices, Domain::plan, 0, 0);
    std::array<int, 6> seen{};
    for (int i = 0; i < 6000; ++i) ++seen.at(stream.below(6));
    for (int count : seen) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1150);
    }
}

TEST(Choices, between_includes_both_ends) {
    Choices choices(1);
    Stream stream(choices, Domain::plan, 0, 0);
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 200; ++i) seen.insert(stream.between(3, 6));
    EXPECT_EQ(seen, (std::set<std::uint32_t>{3, 4, 5, 6}));
    EXPECT_EQ(stream.between(9, 9), 9u);
}

TEST(Choices, chance_is_as_likely_as_it_says) {
    Choices choices(1);
    Stream stream(choices, Domain::plan, 0, 0);
    int hits = 0;
    for (int i = 0; i < 4000; ++i) hits += stream.chance(1, 4) ? 1 : 0;
    EXPECT_GT(hits, 880);
    EXPECT_LT(hits, 1120);
    for (int i = 0; i < 100; ++i) {
        EXPECT_FALSE(stream.chance(0, 4));
        EXPECT_TRUE(stream.chance(4, 4));
        EXPECT_TRUE(stream.chance(5, 4)) << "more than all is all";
    }
}

TEST(Choices, lowest_value_of_a_chance_is_the_tame_one) {
    Choices recording(1);
    Stream stream(recording, Domain::fault, 0, 0);
    while (!stream.chance(1, 8)) {
    }
    const Choice hit = recording.sequence().back();
    EXPECT_EQ(hit.value, 7u) << "lowering it removes the event";
}

TEST(Choices, decision_of_somebody_else_is_recorded_like_a_draw) {
    Choices choices(1);
    Choices drawn(1);
    Stream stream(choices, Domain::schedule, 0, 0);
    Stream plain(drawn, Domain::schedule, 0, 0);
    plain.below(10);
    EXPECT_EQ(stream.decide(10, 7), 7u);
    EXPECT_EQ(stream.below(10), plain.below(10)) << "it took the place of the first draw";
    EXPECT_EQ(stream.decide(1, 0), 0u);
    ASSERT_EQ(choices.sequence().size(), 2u) << "what cannot differ is no choice";
    EXPECT_EQ(choices.sequence()[0], (Choice{0, 10, 7}));
}

// ------------------------------------------------------------------------------------------------ following

TEST(Choices, recording_overrules_a_decision_whoever_made_it) {
    Choices recording(1);
    Stream a(recording, Domain::schedule, 0, 0);
    a.decide(10, 7);
    a.below(100);
    Choices replay(2);
    replay.follow(recording.record());
    Stream replayed(replay, Domain::schedule, 0, 0);
    EXPECT_EQ(replayed.below(10), 7u) << "a draw follows a decision";
    EXPECT_EQ(replayed.decide(100, 99), recording.sequence()[1].value) << "and a decision follows a draw";
    EXPECT_EQ(replayed.decide(100, 42), 42u) << "the recording has ended";
}

TEST(Choices, followed_recording_gives_the_same_values_whatever_the_seed) {
    Choices recording(1);
    Stream a(recording, Domain::schedule, 0, 0);
    Stream b(recording, Domain::network, 4, 0);
    for (int i = 0; i < 40; ++i) {
        a.below(9);
        if (i % 3 == 0) b.below(100);
    }
    Choices replay(999);
    replay.follow(recording.record());
    Stream replayed_b(replay, Domain::network, 4, 0);
    Stream replayed_a(replay, Domain::schedule, 0, 0);
    for (int i = 0; i < 40; ++i) {
        replayed_a.below(9);
        if (i % 3 == 0) replayed_b.below(100);
    }
    EXPECT_EQ(values(replay), values(recording));
}

TEST(Choices, recording_is_followed_stream_by_stream_and_the_seed_takes_over_at_its_end) {
    Choices recording(2);
    Stream a(recording, Domain::schedule, 0, 0);
    for (int i = 0; i < 5; ++i) a.below(1000);
    Choices replay(2);
    Choices plain(2);
    replay.follow(recording.record());
    Stream replayed(replay, Domain::schedule, 0, 0);
    Stream other(replay, Domain::plan, 0, 0);
    Stream plain_a(plain, Domain::schedule, 0, 0);
    Stream plain_other(plain, Domain::plan, 0, 0);
    for (int i = 0; i < 20; ++i) {
        const std::uint32_t own = plain_a.below(1000);
        const std::uint32_t expected = i < 5 ? recording.sequence()[static_cast<std::size_t>(i)].value : own;
        EXPECT_EQ(replayed.below(1000), expected) << i;
        EXPECT_EQ(other.below(1000), plain_other.below(1000)) << "not in the recording";
    }
}

TEST(Choices, recorded_value_wraps_when_the_bound_has_shrunk) {
    Choices recording(1);
    Stream a(recording, Domain::schedule, 0, 0);
    while (a.below(100) < 50) {
    }
    Choices replay(1);
    replay.follow(recording.record());
    Stream replayed(replay, Domain::schedule, 0, 0);
    for (const Choice& choice : recording.sequence()) EXPECT_EQ(replayed.below(7), choice.value % 7);
}

Recording one_fixed(Recording::Base base) {
    Recording recording;
    recording.seed = 5;
    recording.base = base;
    recording.fixed = {{{Domain::schedule, 0, 0}, 3, 10, 7}, {{Domain::network, 2, 1}, 0, 4, 1}};
    return recording;
}

TEST(Choices, sparse_recording_leaves_the_other_draws_to_the_seed) {
    Choices plain(5);
    Choices replay(1);
    replay.follow(one_fixed(Recording::Base::seed));
    Stream expected(plain, Domain::schedule, 0, 0);
    Stream stream(replay, Domain::schedule, 0, 0);
    for (int i = 0; i < 20; ++i) {
        const std::uint32_t own = expected.below(10);
        EXPECT_EQ(stream.below(10), i == 3 ? 7 : own) << i;
    }
    EXPECT_EQ(replay.seed(), 5u) << "the recording's seed counts";
}

TEST(Choices, tame_base_decides_nothing_but_what_is_fixed) {
    Choices replay(1);
    replay.follow(one_fixed(Recording::Base::tame));
    Stream stream(replay, Domain::schedule, 0, 0);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(stream.below(10), i == 3 ? 7u : 0u) << i;
    EXPECT_EQ(stream.decide(10, 9), 0u) << "no strategy has a say in a replay";
    EXPECT_EQ(replay.record().base, Recording::Base::tame);
}

TEST(Choices, run_that_keeps_to_its_recording_has_not_departed) {
    Choices replay(1);
    replay.follow(one_fixed(Recording::Base::tame));
    Stream a(replay, Domain::schedule, 0, 0);
    Stream b(replay, Domain::network, 2, 1);
    for (int i = 0; i < 4; ++i) a.below(10);
    b.below(4);
    EXPECT_EQ(replay.departure().kind, Departure::Kind::none);
    EXPECT_EQ(describe(replay.departure()), "");
}

TEST(Choices, departure_names_the_first_decision_that_had_other_possibilities) {
    std::uint64_t step = 100;
    Choices replay(1);
    replay.follow(one_fixed(Recording::Base::seed));
    replay.count_steps(&step);
    Stream a(replay, Domain::schedule, 0, 0);
    Stream b(replay, Domain::network, 2, 1);
    for (int i = 0; i < 3; ++i) a.below(10);
    step = 140;
    EXPECT_EQ(a.below(5), 7u % 5);
    step = 150;
    b.below(9);
    const Departure departure = replay.departure();
    EXPECT_EQ(departure.other_bounds, 2u);
    EXPECT_EQ(departure.step, 140u);
    EXPECT_EQ(describe(departure),
              "decision 3 of stream schedule/0/0 is one of 5 at step 140, it was recorded as "
              "one of 10; 1 more could not be followed as recorded");
}

TEST(Choices, departure_names_a_decision_that_never_came) {
    Choices replay(1);
    replay.follow(one_fixed(Recording::Base::seed));
    Stream a(replay, Domain::schedule, 0, 0);
    for (int i = 0; i < 4; ++i) a.below(10);
    EXPECT_EQ(describe(replay.departure()), "decision 0 of stream network/2/1 was never asked for");
}

TEST(Choices, following_must_begin_before_the_first_stream) {
    Choices recording(1);
    Choices replay(1);
    replay.open({Domain::plan, 0, 0});
    EXPECT_THROW(replay.follow(recording.record()), InternalError);
}

TEST(StreamBytes, are_those_of_the_streams_bits) {
    Choices choices(1);
    Choices same(1);
    StreamBytes bytes(Stream(choices, Domain::data, 1, 0));
    Stream bits(same, Domain::data, 1, 0);
    std::array<std::uint8_t, 12> out{};
    bytes.fill(out);
    const std::uint64_t first = bits.bits();
    const std::uint64_t second = bits.bits();
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(out[i], static_cast<std::uint8_t>(first >> (8 * i)));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out[8 + i], static_cast<std::uint8_t>(second >> (8 * i)));
    EXPECT_TRUE(choices.sequence().empty()) << "key material is not recorded";
}

TEST(Domain, names_are_all_there) {
    std::set<std::string> names;
    for (std::uint8_t d = 1; d <= 8; ++d) names.insert(name(static_cast<Domain>(d)));
    EXPECT_EQ(names.size(), 8u);
    EXPECT_FALSE(names.contains("?"));
}

} // namespace
} // namespace engine
