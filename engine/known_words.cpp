#include "engine/known_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace engine {
namespace {

char folded(char c) {
    if (c == '_') return '-';
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Letters to put in, take out, exchange, or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before;
    std::vector<std::size_t> above(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::move(above);
        above = std::move(row);
    }
    return above[b.size()];
}

bool starts_with(std::string_view text, std::string_view with) {
    return text.size() >= with.size() && distance(text.substr(0, with.size()), with) == 0;
}

} // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    std::string_view best;
    std::size_t least = 1 + std::max<std::size_t>(1, word.size() / 3);
    if (word.empty() || word.size() > 200) return best;
    for (const std::string_view candidate : known) {
        const std::size_t away = distance(word, candidate);
        if (away >= least) continue;
        least = away;
        best = candidate;
    }
    if (!best.empty() || word.size() < 3) return best;
    for (const std::string_view candidate : known)
        if (starts_with(candidate, word)) return candidate;
    return best;
}

std::string known_words(std::string_view word, const std::vector<std::string_view>& known,
                        std::string_view list_with) {
    constexpr std::size_t few = 40;
    std::string text;
    if (const std::string_view near = nearest(word, known); !near.empty())
        text += fmt::format("; did you mean '{}'?", near);
    if (!list_with.empty()) return text + fmt::format("; {} lists them", list_with);
    if (known.size() <= few)
        text += fmt::format("{} known: {}", text.empty() ? ";" : "", fmt::join(known, ", "));
    return text;
}

} // namespace engine
