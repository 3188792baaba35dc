#include "engine/fault.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace engine {
namespace {

using namespace std::chrono_literals;

FaultNames plain_names() {
    FaultNames names;
    names.node = [](NodeId node) { return "N" + std::to_string(node.value); };
    names.copy = [](faults::CopyNumber copy) { return "C" + std::to_string(copy.value); };
    return names;
}

FaultKind kind_of(std::size_t index) { return static_cast<FaultKind>(index + 1); }

TEST(Fault, every_kind_has_an_entry_in_its_place_and_a_name_of_its_own) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < fault_count; ++i) {
        const FaultInfo& info = all_faults()[i];
        EXPECT_EQ(info.kind, kind_of(i)) << info.name;
        EXPECT_TRUE(names.insert(info.name).second) << info.name;
        EXPECT_EQ(fault_named(info.name), info.kind);
        EXPECT_FALSE(std::string(info.effect).empty()) << info.name;
        EXPECT_FALSE(std::string(info.inverse).empty()) << info.name;
    }
    EXPECT_EQ(fault_named("no_such_fault"), std::nullopt);
}

TEST(Fault, every_kind_is_read_from_its_numbers_and_keeps_them) {
    const FaultNumbers numbers{NodeId{3}, NodeId{5}, 7};
    for (std::size_t i = 0; i < fault_count; ++i) {
        const Fault fault = Fault::read(kind_of(i), numbers);
        EXPECT_EQ(fault.kind(), kind_of(i));
        EXPECT_EQ(fault.written(), numbers) << "what a trace records";
    }
}

TEST(Fault, every_sentence_names_all_that_its_kind_has) {
    for (std::size_t i = 0; i < fault_count; ++i) {
        const Fault fault = Fault::read(kind_of(i), {NodeId{31}, NodeId{32}, 77});
        const std::string text = in_words(fault, plain_names());
        const auto says = [&](const char* word) { return text.find(word) != std::string::npos; };
        // Parameters of the kind, as another fault of numbers of its own would write them.
        const auto only_used =
            std::visit([](const auto& what) { return Fault(what).written(); }, fault.what());
        EXPECT_EQ(says("N31"), only_used.a != NodeId{}) << text;
        EXPECT_EQ(says("N32"), only_used.b != NodeId{}) << text;
        EXPECT_EQ(says("77"), only_used.amount != 0) << text;
        EXPECT_EQ(text.find('{'), std::string::npos) << text;
    }
}

TEST(Fault, numbers_become_what_the_kind_means_by_them) {
    const Fault slow = Fault::read(FaultKind::slow_link, {NodeId{1}, NodeId{2}, 30});
    ASSERT_NE(slow.as<faults::SlowLink>(), nullptr);
    EXPECT_EQ(slow.as<faults::SlowLink>()->from, NodeId{1});
    EXPECT_EQ(slow.as<faults::SlowLink>()->to, NodeId{2});
    EXPECT_EQ(slow.as<faults::SlowLink>()->extra, 30ms);
    EXPECT_EQ(slow.as<faults::Cut>(), nullptr) << "it is of another kind";
    const Fault back = Fault::read(FaultKind::clock_jump, {NodeId{1}, {}, static_cast<std::uint64_t>(-60)});
    EXPECT_EQ(back.as<faults::ClockJump>()->by, -60s);
    const Fault commit = Fault::read(FaultKind::fail_commit, {NodeId{1}, {}, 0});
    EXPECT_EQ(commit.as<faults::FailCommit>()->commits.left, 1U) << "none at all would be no fault";
    EXPECT_EQ(Fault(faults::WatcherBehind{faults::CopyNumber{4}}).written(), (FaultNumbers{{}, {}, 4}));
}

TEST(Fault, numbers_out_of_range_become_the_nearest_that_has_a_meaning) {
    constexpr std::uint64_t huge = ~std::uint64_t{0} / 2 + 5'000'000'000;
    EXPECT_EQ(Fault::read(FaultKind::drop_answers, {{}, {}, 1000}).as<faults::DropAnswers>()->share.of_256,
              256U);
    const Fault jump =
        Fault::read(FaultKind::clock_jump, {NodeId{1}, {}, (std::uint64_t{1} << 63) - 1'700'000'000});
    EXPECT_EQ(in_words(jump, plain_names()), "the wall clock of N1 jumps by 1000000000000 s");
    EXPECT_LE(Fault::read(FaultKind::stale_reads, {NodeId{1}, {}, huge}).as<faults::StaleReads>()->behind,
              std::chrono::hours(24 * 365));
}

TEST(Fault, sentences_count_what_they_strike) {
    const auto text = [](std::uint64_t commits) {
        return in_words(faults::LoseCommitAck{NodeId{0}, {commits}}, plain_names());
    };
    EXPECT_EQ(text(1), "it is decided that N0 will not hear of its next 1 commit");
    EXPECT_EQ(text(3), "it is decided that N0 will not hear of its next 3 commits");
}

} // namespace
} // namespace engine
