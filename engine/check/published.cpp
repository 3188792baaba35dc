#include "engine/check/published.hpp"

#include <optional>
#include <utility>

#include "engine/check/judge.hpp"

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
    judge(checks, CheckId::response, store, std::move(wrong));
}

} // namespace engine::check
