#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "engine/known_words.hpp"

namespace tools {

/// What CLI11 says about a command line that it refuses, in one line, with the flag that a mistyped one was
/// most probably meant to be.
/// @param words  argv without the program
inline std::string flag_error(const CLI::App& app, const CLI::ParseError& error,
                              const std::vector<std::string>& words) {
    const std::string all = error.what();
    std::string text = all.substr(0, all.find('\n'));
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return text;
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const std::string& word : words) {
        const std::string flag = word.substr(0, word.find('='));
        if (flag.rfind("--", 0) != 0 || text.find(flag) == std::string::npos) continue;
        if (std::find(names.begin(), names.end(), flag) != names.end()) continue;
        if (const std::string_view near = engine::nearest(flag, known); !near.empty())
            text += "; did you mean " + std::string(near) + "?";
        break;
    }
    return text;
}

} // namespace tools
