#include "property_tests/property.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

namespace property_tests {
namespace {

std::optional<std::uint64_t> number_from(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return std::nullopt;
    const std::string_view view(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
    if (error != std::errc() || end != view.data() + view.size() || value == 0 || value > 1'000'000'000)
        throw std::invalid_argument(std::string(variable) + ": '" + text +
                                    "' is no number from 1 to 1000000000");
    return value;
}

// RapidCheck reads its configuration once, at first use, and draws a seed when it finds none.
const rc::detail::Configuration& fixed_configuration() {
    static const bool prepared = [] {
        const char* given = std::getenv("RC_PARAMS");
        std::string params = given == nullptr ? "" : given;
        if (params.find("seed=") == std::string::npos) params += " seed=20260101";
        ::setenv("RC_PARAMS", params.c_str(), 1);
        return true;
    }();
    (void)prepared;
    return rc::detail::configuration();
}

} // namespace

void check_property(const std::string& name, int usual_runs, const std::function<void()>& property) {
    using namespace rc::detail;
    TestParams params = fixed_configuration().testParams;
    params.maxSuccess = usual_runs;
    if (const auto runs = number_from("FOG_PROPERTY_RUNS")) params.maxSuccess = static_cast<int>(*runs);
    const std::uint64_t seconds = number_from("FOG_PROPERTY_SECONDS").value_or(0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    TestMetadata metadata;
    metadata.id = name;
    metadata.description = name;
    do {
        const TestResult result = checkProperty(toProperty(property), metadata, params);
        if (!result.is<SuccessResult>()) {
            std::ostringstream text;
            printResultMessage(result, text);
            text << "\nTry the same cases again with RC_PARAMS=\"seed=" << params.seed << "\"";
            FAIL() << name << "\n" << text.str();
        }
        ++params.seed;
    } while (std::chrono::steady_clock::now() < deadline);
}

} // namespace property_tests
