#pragma once

#include <string>

namespace real {

/// Ctrl-C and its relatives (INT, TERM, HUP, QUIT, USR1), noticed wherever the program is, also where it
/// blocks.
///
/// Rules
/// 1. A signal that the program was started with as ignored stays ignored: nohup means it.
/// 2. The first asks for an orderly end.  The second ends the process on the spot; what it leaves is the
/// watchdog's
///    and the keepers' to clear away.
/// 3. At most one lives at a time.
/// 4. An orderly end has half a minute: then the process ends on the spot, too, whatever its threads hang in.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /// Whether somebody has asked, since the process began.
    static bool requested() noexcept;
    /// What a second signal still writes to stdout, and the exit code it ends with: the result, once it is
    /// known.
    static void result_is(std::string text, int code);
    /// Ends the process on the spot so many seconds from now, as a second signal does; 0: not at all.  The
    /// last call counts, also when no Interruption lives any more.
    static void end_at_last_in(unsigned seconds) noexcept;
};

} // namespace real
