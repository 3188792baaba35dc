#include "search/decisions.hpp"

#include <fmt/format.h>

#include "engine/tell/words.hpp"

namespace search {

std::string decisions_in_words(const Case& what, const sim::RunResult& run) {
    constexpr std::size_t most_told = 12;
    if (what.recording.base != engine::Recording::Base::tame) return {};
    const auto& fixed = what.recording.fixed;
    if (fixed.empty()) return "Nothing but what is told here is late, held or lost.";
    const engine::tell::Names names{run.node_names, run.copy_names};
    std::string text = "Nothing but what is told here is late, held or lost, except: ";
    for (std::size_t i = 0; i < fixed.size() && i < most_told; ++i)
        text += (i == 0 ? "" : "; ") + engine::tell::in_words(fixed[i], run.notes, names);
    if (fixed.size() > most_told) text += fmt::format("; and {} decisions more", fixed.size() - most_told);
    return text + ".";
}

} // namespace search
