#include "search/decisions.hpp"

#include <fmt/format.h>

namespace search {
namespace {

using engine::Domain;

constexpr std::size_t most_told = 12;

std::string node_of(std::uint16_t actor, const sim::RunResult& run) {
    return actor != 0 && actor < run.node_names.size() ? run.node_names[actor] : "the scenario";
}

std::string copy_of(std::uint16_t number, const sim::RunResult& run) {
    return number < run.copy_names.size() ? run.copy_names[number] : std::to_string(number);
}

// The sites are those of sim/: each stream is opened in one place.
std::string what_it_did(const engine::FixedChoice& d, const sim::RunResult& run) {
    const engine::StreamName& s = d.stream;
    const std::uint64_t number = d.ordinal + 1;
    const std::string node = node_of(s.actor, run);
    switch (s.domain) {
    case Domain::schedule:
        if (s.site == 0)
            return fmt::format("where {} tasks are ready, at choice {}, number {} goes first", d.bound,
                               number, d.value + 1);
        return fmt::format("a resting poll is just under way when something happens, at choice {}", number);
    case Domain::network:
        if (s.site == 0) return fmt::format("message {} of {} is late", number, node);
        if (s.site == 1) return fmt::format("a fault strikes message {} of {}", number, node);
        return fmt::format("block {} comes {} ms late to the chain copy {}", number, d.value,
                           copy_of(s.actor, run));
    case Domain::storage:
        if (s.site == 0) return fmt::format("database call {} of {} is late", number, node);
        if (s.site == 1) return fmt::format("commit {} of {} is held before anybody sees it", number, node);
        return fmt::format("read {} of {} comes from the replica that lags", number, node);
    case Domain::pause:
        if (s.actor == 0) {
            constexpr const char* what[] = {"how often processes are held", "how often messages are late",
                                            "how long processes are held"};
            return fmt::format("the weather is not the usual: {}", what[d.ordinal % 3]);
        }
        return fmt::format("{} is held at its yield point {}", node, number);
    case Domain::data:
        return fmt::format("generated data {} of {} is {}", number, s.actor, d.value);
    case Domain::plan:
        return fmt::format("the scenario's own decision {} is {} of {}", number, d.value, d.bound);
    case Domain::fault:
        if (s.site == 0) return fmt::format("death {} of {} comes after {} us", number, node, d.value);
        return fmt::format("a fault strikes look-up or call {} of {}", number, node);
    case Domain::routing:
        return fmt::format("{} asks replica {} of {}, at choice {}", node, d.value + 1, d.bound, number);
    }
    return engine::name(s.domain);
}

} // namespace

std::string in_words(const engine::FixedChoice& decision, const sim::RunResult& run) {
    return what_it_did(decision, run);
}

std::string decisions_in_words(const Case& what, const sim::RunResult& run) {
    if (what.recording.base != engine::Recording::Base::tame) return {};
    const auto& fixed = what.recording.fixed;
    if (fixed.empty()) return "Nothing but what is told here is late, held or lost.";
    std::string text = "Nothing but what is told here is late, held or lost, except: ";
    for (std::size_t i = 0; i < fixed.size() && i < most_told; ++i)
        text += (i == 0 ? "" : "; ") + what_it_did(fixed[i], run);
    if (fixed.size() > most_told) text += fmt::format("; and {} decisions more", fixed.size() - most_told);
    return text + ".";
}

} // namespace search
