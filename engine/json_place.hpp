#pragma once

#include <cstddef>
#include <string_view>

namespace engine {

/// The line on which a value of a JSON text begins; the first is 1.
/// @param place  from the top value on, as in "plan.steps[3].credits[0].amount".  What stands before the
/// first
///               '.' or '[' names the top value.  A member that is missing: the line of its object
/// @pre   the text is JSON
std::size_t line_of(std::string_view json, std::string_view place);
/// The line of a byte; the first is 1.
std::size_t line_of_byte(std::string_view text, std::size_t byte);

} // namespace engine
