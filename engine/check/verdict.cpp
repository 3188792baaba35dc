#include "engine/check/verdict.hpp"

#include <algorithm>
#include <iterator>

namespace engine::check {

const char* name(Verdict verdict) {
    switch (verdict) {
    case Verdict::held:
        return "held";
    case Verdict::violated:
    case Verdict::liveness:
        return "violated";
    case Verdict::nondeterministic:
        return "nondeterministic";
    case Verdict::usage:
        return "usage";
    case Verdict::mark_missed:
    case Verdict::inconclusive:
        return "inconclusive";
    case Verdict::internal_error:
        return "internal error";
    }
    return "?";
}

Conclusion conclude(const Ending& ending) {
    const auto open = [](Verdict verdict, std::string reason) {
        return Conclusion{verdict, "INCONCLUSIVE", std::move(reason)};
    };
    if (ending.differs) return {Verdict::nondeterministic, "FAIL"};
    if (ending.violation != nullptr) {
        const bool is_liveness = ending.violation->check == CheckId::liveness;
        return {is_liveness ? Verdict::liveness : Verdict::violated, "FAIL"};
    }
    if (!ending.internal.empty()) return open(Verdict::internal_error, ending.internal);
    if (!ending.usage.empty()) return open(Verdict::usage, ending.usage);
    if (!ending.skipped.empty()) return {Verdict::inconclusive, "SKIP", ending.skipped};
    if (!ending.broken.empty()) return open(Verdict::inconclusive, ending.broken);
    if (ending.interrupted) return open(Verdict::inconclusive, "interrupted");
    if (ending.reports == 0) return open(Verdict::inconclusive, "no balance was judged");
    if (!ending.unjudged.empty()) {
        std::string reason = "never judged:";
        for (const CheckId check : ending.unjudged) reason += std::string(" ") + name(check);
        return open(Verdict::inconclusive, std::move(reason));
    }
    if (ending.marks_missed) return {Verdict::mark_missed, "FAIL"};
    return {};
}

std::vector<CheckId> unjudged(const std::vector<CheckId>& wanted, const Checks& checks) {
    std::vector<CheckId> missing;
    std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(missing),
                 [&](CheckId check) { return checks.judged(check) == 0; });
    return missing;
}

} // namespace engine::check
