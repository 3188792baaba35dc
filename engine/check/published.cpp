#include "engine/check/published.hpp"

#include <optional>
#include <utility>

namespace engine::check {

void PublishedChecker::look(Checks& checks, const std::string& store, const Published& now) {
    std::optional<Finding> wrong;
    if (last_ && now.count < last_->count)
        wrong = findings::CountWentBack{last_->count, now.count};
    else if (last_ && now.last_known < last_->last_known)
        wrong = findings::KnownWentBack{last_->last_known, now.last_known};
    else if (last_ && now.as_of < last_->as_of)
        wrong = findings::KeyListWentBack{last_->as_of, now.as_of};
    else if (now.count > now.last_known && now.count.value > 0)
        wrong = findings::CountBeyondKnown{now.count, now.last_known};
    last_ = now;
    if (!wrong) {
        checks.held(CheckId::response);
        return;
    }
    Violation violation;
    violation.check = CheckId::response;
    violation.what = std::move(*wrong);
    violation.place = store;
    checks.violated(std::move(violation));
}

} // namespace engine::check
