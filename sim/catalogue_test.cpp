#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "sim/defect_catalogue.hpp"
#include "sim/defect_set.hpp"
#include "sim/mark_catalogue.hpp"
#include "sim/run.hpp"
#include "sim/testing/core_bed.hpp"

namespace sim {
namespace {

bool is_kebab(std::string_view name) {
    if (name.empty() || name.front() == '-' || name.back() == '-') return false;
    for (const char c : name)
        if (!std::islower(static_cast<unsigned char>(c)) && !std::isdigit(static_cast<unsigned char>(c)) &&
            c != '-')
            return false;
    return name.find("--") == std::string_view::npos;
}

bool is_sentence(std::string_view text) { return text.size() > 20 && text.back() == '.'; }

TEST(DefectCatalogue, every_entry_can_be_named_and_says_what_it_breaks) {
    std::set<std::string_view> names;
    std::set<std::string_view> sentences;
    for (const DefectInfo& info : defect_catalogue()) {
        EXPECT_TRUE(is_kebab(info.name)) << info.name;
        EXPECT_TRUE(names.insert(info.name).second) << info.name << " comes twice";
        EXPECT_TRUE(is_sentence(info.breaks)) << info.name;
        EXPECT_TRUE(sentences.insert(info.breaks).second || info.seen_by != engine::check::CheckId::balance)
            << info.name << " breaks what another one breaks";
        EXPECT_STRNE(info.component, "");
        EXPECT_STRNE(info.source, "") << info.name;
        EXPECT_EQ(find_defect(info.name), &info);
        EXPECT_TRUE(info.survives == nullptr || is_sentence(info.survives)) << info.name;
    }
    EXPECT_EQ(find_defect("nothing-of-the-kind"), nullptr);
}

// Few enough that a survivor is an exception that somebody has thought about.
TEST(DefectCatalogue, at_most_one_in_twenty_is_expected_to_survive) {
    std::size_t survivors = 0;
    for (const DefectInfo& info : defect_catalogue()) survivors += info.survives != nullptr ? 1 : 0;
    EXPECT_LE(survivors * 20, defect_catalogue().size());
}

TEST(DefectCatalogue, upstream_profile_holds_defects_of_several_components) {
    std::set<std::string_view> components;
    for (const DefectInfo& info : defect_catalogue())
        if (info.upstream_7_0_0) components.insert(info.component);
    for (const char* component : {"wallet", "view store", "view router", "recovery database", "operator"})
        EXPECT_TRUE(components.contains(component)) << component;
}

TEST(MarkCatalogue, every_entry_can_be_named_and_says_what_it_means) {
    std::set<std::string_view> names;
    for (const MarkInfo& info : mark_catalogue()) {
        EXPECT_TRUE(is_kebab(info.name)) << info.name;
        EXPECT_TRUE(names.insert(info.name).second) << info.name << " comes twice";
        EXPECT_TRUE(is_sentence(info.meaning)) << info.name;
        EXPECT_STRNE(info.component, "");
    }
    EXPECT_GE(names.size(), 40u);
}

TEST(Probe, knows_what_is_switched_on_and_counts_marks) {
    DefectSet defects;
    EXPECT_FALSE(defects.any());
    defects.switch_on(Defect::view_router_takes_the_lowest_count);
    EXPECT_TRUE(defects.any());
    Planted planted(defects);
    engine::MarkCounts marks;
    const engine::Probe probe(&planted, &marks);
    EXPECT_TRUE(is_on(probe, Defect::view_router_takes_the_lowest_count));
    EXPECT_FALSE(is_on(probe, Defect::view_router_takes_the_highest_count));
    probe.mark(engine::Mark::view_router_sees_a_hole);
    probe.mark_if(true, engine::Mark::view_router_sees_a_hole);
    probe.mark_if(false, engine::Mark::view_router_sees_a_hole);
    EXPECT_EQ(marks.of(engine::Mark::view_router_sees_a_hole), 2u);
    const engine::Probe nobody;
    EXPECT_FALSE(is_on(nobody, Defect::view_router_takes_the_lowest_count));
    nobody.mark(engine::Mark::view_router_sees_a_hole); // nobody counts
}

} // namespace
} // namespace sim
