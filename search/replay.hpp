#pragma once

#include <string>
#include <string_view>

#include "search/case.hpp"

namespace search {

/// A failure to paste: a case, and what came of it where it was recorded.
struct Replay {
    Case what{};
    engine::check::CheckId check{}; ///< that failed
    std::uint64_t digest = 0;       ///< of the run; the same build gives the same
    /// That made the decisions when the failure was found: for people, playing back does not need it.
    sim::Strategy found_by{};
    friend bool operator==(const Replay&, const Replay&) = default;
};

/// A line of letters, digits, '-' and '_': "F1", then base64url of a check sum and the deflated case.  Names,
/// not numbers, stand for actions, defects and scenarios, so that a blob outlives changes of their order.
std::string to_blob(const Replay& replay);
/// @throws engine::UsageError  one sentence: what is wrong with the text
Replay from_blob(std::string_view text);
/// Whether a text can be meant as a blob rather than as a file's name.
bool looks_like_blob(std::string_view text);

/// Longer ones are not for pasting: they go to a file.
inline constexpr std::size_t longest_to_paste = 400;

/// What the argument of --replay names: a blob, or a file whose first line that is neither empty nor a
/// comment
/// (#) is one.
/// @throws engine::UsageError  one sentence, naming the file where there is one
Replay read_replay(const std::string& blob_or_file);

/// A replay file: comments say what it is.
std::string to_file_text(const Replay& replay, const std::string& message);

} // namespace search
