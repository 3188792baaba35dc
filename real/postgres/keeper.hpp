#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace real::postgres {

/// A shell script in a session of its own that outlives this process just long enough to clean up after it.
/// It reads words from its standard input; the end of input means that we are gone, however we died.
class Keeper {
public:
    /// @param script       for /bin/sh; $1, $2, ... are the arguments
    /// @param environment  NAME=value, all of it
    /// @throws engine::BrokenSurroundings  it cannot be started
    Keeper(const std::string& script, const std::vector<std::string>& arguments,
           const std::vector<std::string>& environment);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    /// Ends its input and blocks until it has cleaned up.
    ~Keeper();

    void say(const std::string& word);
    /// The next line it writes.  Blocks.  @throws engine::BrokenSurroundings  none in time
    /// @param until_signal  also throws when somebody wants the program to end (see Interruption)
    std::string hear(std::chrono::milliseconds limit, bool until_signal = false);
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
    int socket_ = -1;
    std::string heard_;
};

} // namespace real::postgres
