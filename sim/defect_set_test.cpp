#include "sim/defect_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "sim/core.hpp"
#include "sim/defect_catalogue.hpp"

namespace sim {
namespace {

std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

// Megabytes: std::string's own search takes minutes of them under sanitizers.
bool has(const std::string& text, std::string_view word) {
    return ::memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

// The same look finds them all where they are.
TEST(ShippedLogic, contains_no_defect_and_nothing_to_switch_one_on) {
    const std::string shipped = content(FOG_SHIPPED_LOGIC);
    const std::string simulator = content(FOG_WOVEN_TABLE);
    ASSERT_GT(shipped.size(), 100'000u);
    for (const DefectInfo& info : defect_catalogue()) {
        std::string enumerator = info.name;
        std::replace(enumerator.begin(), enumerator.end(), '-', '_');
        EXPECT_TRUE(has(simulator, info.name)) << info.name;
        EXPECT_FALSE(has(shipped, info.name)) << info.name;
        EXPECT_FALSE(has(shipped, enumerator)) << enumerator;
    }
    for (const char* symbol : {"Planted", "DefectSet", "6Defect", ".defects"})
        EXPECT_FALSE(has(shipped, symbol)) << symbol;
}

TEST(ShippedLogic, reads_as_if_there_were_no_defects) {
    std::size_t sources = 0;
    for (const char* folder : {"engine", "scenarios", "real"})
        for (const auto& file :
             std::filesystem::recursive_directory_iterator(std::filesystem::path(FOG_SOURCE_DIR) / folder)) {
            if (file.path().extension() != ".cpp" && file.path().extension() != ".hpp") continue;
            ++sources;
            const std::string text = content(file.path());
            EXPECT_EQ(text.find("Defect::"), std::string::npos) << file.path();
            // In real/ a setting of the log has that name.
            if (std::string_view(folder) != "real") {
                EXPECT_EQ(text.find("is_on("), std::string::npos) << file.path();
            }
        }
    EXPECT_GT(sources, 100u);
}

TEST(Remembered, begins_empty_and_belongs_to_one_mistake_of_one_object) {
    Options options;
    options.defects.switch_on(Defect::wallet_new_output_unspent_as_of_view);
    Core core(options);
    bool aborted = false;
    SimHost host(core, NodeId{1}, &aborted);
    const int a = 0;
    const int b = 0;
    const Defect defect = Defect::wallet_new_output_unspent_as_of_view;
    EXPECT_TRUE(is_on(host, defect));
    EXPECT_EQ(remembered<int>(host, defect, &a), 0);
    remembered<int>(host, defect, &a) = 7;
    EXPECT_EQ(remembered<int>(host, defect, &a), 7);
    EXPECT_EQ(remembered<int>(host, defect, &b), 0);
    EXPECT_EQ(remembered<int>(host, Defect::view_router_reuses_an_old_answer, &a), 0);
}

} // namespace
} // namespace sim
