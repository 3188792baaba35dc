#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a program does with what it was started with: standard streams and signals.

namespace tools {

/// What every main does first.
///
/// Rules
/// 1. A standard descriptor that is closed is opened, so that no file of the program gets its number and is
///    written over by a message.  Reading or writing it fails, as it would have.
/// 2. SIGXFSZ is ignored: a file that may not grow is an error of the write, as a full disk is.
/// 3. SIGCHLD has its default: a parent that ignores it passes that on, and exit codes of children were lost.
void begin_program();

/// The signals by which a user ends a program early and still wants what it has found: INT, TERM, HUP, QUIT
/// and USR1, less those it was started with as ignored (nohup, a shell's job in the background).
std::vector<int> ending_signals();

/// Writes a whole text to stderr.  A stderr that is full or closed, or whose reader has gone, takes nothing
/// away but the text.
void tell_text(std::string_view text) noexcept;
template <class... Args>
void tell(fmt::format_string<Args...> format, Args&&... args) {
    tell_text(fmt::format(format, std::forward<Args>(args)...));
}

/// Writes to stdout.  What cannot be written is noted and asked for at the end, with `lost_output`.
void say_text(std::string_view text) noexcept;
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
    say_text(fmt::format(format, std::forward<Args>(args)...));
}
/// From now on what is said goes to stderr: stdout is to hold a file of the user's and nothing else.
void say_on_stderr() noexcept;
/// Flushes stdout.  @return why something that was said could not be written; empty when all was
std::string lost_output() noexcept;
/// @return the code to end with: `code`, unless that is 0 and stdout could not be written; then `otherwise`,
/// after a
///         line on stderr
int end_program(const char* name, int code, int otherwise);

} // namespace tools
