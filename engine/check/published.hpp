#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/check/checks.hpp"

namespace engine::check {

/// What a view store has published: how far it is, and how new the key list is that this rests on.
struct Published {
    BlockCount count;
    BlockCount last_known;
    fog::DbPosition as_of;
};

/// Judges what one life of a store publishes, whoever asks or does not: `response`.  None of it goes back: to
/// forget how new its key list was is to answer with events that are older than the count.
class PublishedChecker {
public:
    /// A new life: it may begin with nothing.
    void begin_anew() { last_.reset(); }
    void look(Checks& checks, const std::string& store, const Published& now);

private:
    std::optional<Published> last_;
};

} // namespace engine::check
