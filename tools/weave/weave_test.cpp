#include "tools/weave/weave.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weave {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string source = "int sum(int a, int b) {\n"
                           "    int total = a;\n"
                           "    total += b;\n"
                           "    return total;\n"
                           "}\n";

std::string entry(const std::string& name, const std::string& edit) {
    return "defect: " + name + "\nbreaks: Something that is a sentence.\nseen by: balance\nsource: X1\n" +
           edit + "\n";
}

std::string weave_in(const std::string& entries, const std::string& into = source) {
    const std::vector<Entry> all = read_entries("defects/x.defects", "component: wallet\n\n" + entries);
    refuse_repeats(all);
    refuse_strangers(all, {"a.cpp"});
    return woven("a.cpp", into, all, Paths{"../../"});
}

std::string refusal(const std::string& entries, const std::string& into = source) {
    try {
        weave_in(entries, into);
    } catch (const Refused& refused) {
        return refused.what();
    }
    return "not refused";
}

TEST(Weave, wrong_lines_stand_behind_their_switch_and_right_ones_where_they_were) {
    const std::string text =
        weave_in(entry("adds-twice", "@ a.cpp\n     total += b;\n+    total += b + $defect;\n"));
    EXPECT_EQ(text, "#include \"sim/defect_set.hpp\"\n"
                    "#line 1 \"../../a.cpp\"\n"
                    "int sum(int a, int b) {\n"
                    "    int total = a;\n"
                    "    total += b;\n"
                    "if (sim::is_on(host_, sim::Defect::adds_twice)) {\n"
                    "#line 9 \"../../defects/x.defects\"\n"
                    "    total += b + sim::Defect::adds_twice;\n"
                    "}\n"
                    "#line 4 \"../../a.cpp\"\n"
                    "    return total;\n"
                    "}\n");
}

TEST(Weave, a_source_without_an_entry_stays_as_it_is) {
    EXPECT_EQ(woven("b.cpp", source,
                    read_entries("x", "component: c\n" + entry("e", "@ a.cpp\n     total += b;\n+x;\n")), {}),
              "#include \"sim/defect_set.hpp\"\n#line 1 \"b.cpp\"\n" + source);
}

TEST(Weave, lines_can_be_left_out_replaced_and_rewritten_as_they_are) {
    EXPECT_THAT(weave_in(entry("e", "@ a.cpp by probe\n-    total += b;\n")),
                HasSubstr("{ if (sim::is_on(probe, sim::Defect::e)) {\n} else {\n#line 3 \"../../a.cpp\"\n   "
                          " total += b;\n} }\n"));
    EXPECT_THAT(weave_in(entry("e", "@ a.cpp\n-    int total = a;\n!    int total = $on ? b : a;\n")),
                AllOf(HasSubstr("    int total = sim::is_on(host_, sim::Defect::e) ? b : a;\n"),
                      Not(HasSubstr("int total = a;"))));
}

TEST(Weave, entries_at_one_site_compose_in_the_order_of_the_list) {
    const std::string text = weave_in(entry("one", "@ a.cpp\n-    total += b;\n+    total = 1;\n") +
                                      entry("two", "@ a.cpp\n-    total += b;\n+    total = 2;\n") +
                                      entry("three", "@ a.cpp\n     total += b;\n+    total = 3;\n") +
                                      entry("four", "@ a.cpp\n+    total = 4;\n     return total;\n"));
    std::size_t at = 0;
    for (const char* next :
         {"Defect::one", "total = 1", "else if", "Defect::two", "total = 2", "else {", "total += b",
          "Defect::three", "total = 3", "Defect::four", "total = 4", "return total"}) {
        at = text.find(next, at);
        ASSERT_NE(at, std::string::npos) << next << " is missing or out of order in\n" << text;
    }
}

TEST(Weave, an_insertion_inside_lines_that_another_entry_replaces_goes_with_the_right_ones) {
    const std::string text =
        weave_in(entry("out", "@ a.cpp\n-    int total = a;\n-    total += b;\n+    x();\n") +
                 entry("in", "@ a.cpp\n     int total = a;\n+    y();\n"));
    EXPECT_LT(text.find("else {"), text.find("y();"));
    EXPECT_LT(text.find("y();"), text.find("total += b;"));
    EXPECT_LT(text.find("total += b;"), text.find("} }"));
}

TEST(Weave, a_changed_site_is_refused_with_the_entrys_name_and_what_is_not_there) {
    const std::string edit =
        entry("adds-twice", "@ a.cpp\n     int total = a;\n     total += b;\n+    x();\n");
    std::string changed = source;
    changed.replace(changed.find("total += b"), 10, "total += c");
    EXPECT_EQ(refusal(edit, changed),
              "defects/x.defects:7: defect adds-twice: its site has changed: a.cpp agrees from line 2 on, "
              "but line 3 is not `total += b;`");
    EXPECT_EQ(
        refusal(edit, "nothing of it\n"),
        "defects/x.defects:7: defect adds-twice: its site has changed: a.cpp has no line `int total = a;`");
    std::string moved = source; // into another block
    moved.replace(moved.find("    total += b"), 14, "        total += b");
    EXPECT_THAT(refusal(edit, moved), HasSubstr("defect adds-twice: its site has changed"));
}

TEST(Weave, a_site_that_stands_twice_is_refused) {
    EXPECT_EQ(refusal(entry("adds-twice", "@ a.cpp\n     total += b;\n+    x();\n"), source + source),
              "defects/x.defects:7: defect adds-twice: its site stands 2 times in a.cpp, at lines 3 and 8: "
              "show more lines around it");
}

TEST(Weave, changes_that_exclude_each_other_are_refused_with_both_names) {
    EXPECT_EQ(refusal(entry("one", "@ a.cpp\n-    total += b;\n!    total = 1;\n") +
                      entry("two", "@ a.cpp\n-    total += b;\n+    total = 2;\n")),
              "defects/x.defects:15: defect two: it and one change line 3 of a.cpp in ways that exclude each "
              "other");
    EXPECT_THAT(refusal(entry("one", "@ a.cpp\n-    int total = a;\n-    total += b;\n+    x();\n") +
                        entry("two", "@ a.cpp\n-    total += b;\n+    total = 2;\n")),
                HasSubstr("exclude each other"));
}

TEST(Weave, bad_entries_are_refused_with_file_line_and_name) {
    const std::string good = "@ a.cpp\n     total += b;\n+    x();\n";
    EXPECT_THAT(refusal(entry("e", "@ other.cpp\n     total += b;\n+    x();\n")),
                HasSubstr("defect e: other.cpp is none of the woven sources"));
    EXPECT_THAT(refusal(entry("e", good) + entry("e", good)),
                HasSubstr("defect e: its name is taken, see defects/x.defects:3"));
    EXPECT_THAT(refusal(entry("No_Name", good)), HasSubstr("'No_Name' is no name for a defect"));
    EXPECT_THAT(refusal(entry("e", "")), HasSubstr("defect e: it changes nothing"));
    EXPECT_THAT(refusal(entry("e", "@ a.cpp\n     total += b;\n")),
                HasSubstr("defect e: the edit changes nothing"));
    EXPECT_THAT(refusal(entry("e", "@ a.cpp\n+    x();\n")),
                HasSubstr("defect e: the edit shows no line of a.cpp"));
    EXPECT_THAT(refusal("defect: e\nbreaks: It.\nsource: X\n" + good),
                HasSubstr("defect e: 'seen by:' is missing"));
    EXPECT_THAT(refusal(entry("e", "colour: red\n" + good)),
                HasSubstr("defect e: there is no field 'colour'"));
    EXPECT_THAT(refusal(""), HasSubstr("no defect in it"));
}

TEST(Weave, lists_are_made_from_the_same_entries) {
    const std::vector<Entry> all = read_entries(
        "f", "component: view store\n\n" +
                 entry("a-b", "upstream 7.0.0: yes\n@ a.cpp\n     total += b;\n+    x();\n") +
                 entry("c", "survives: It says \"no\"\n  to all.\n@ a.cpp\n     total += b;\n+    x();\n"));
    EXPECT_THAT(enumeration(all),
                HasSubstr("    a_b,\n    c,\n};\ninline constexpr std::size_t defect_count = 2;"));
    EXPECT_THAT(table(all),
                AllOf(HasSubstr("{Defect::a_b, \"a-b\", \"view store\", \"Something that is a sentence.\", "
                                "CheckId::balance, \"X1\", true, nullptr}"),
                      HasSubstr("\"X1\", false, \"It says \\\"no\\\" to all.\"}")));
}

} // namespace
} // namespace weave
