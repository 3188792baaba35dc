#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/ensure.hpp"
#include "real/loop/io_loop.hpp"
#include "real/process/child_log.hpp"
#include "real/process/exit.hpp"
#include "real/process/watchdog.hpp"

namespace real {

/// A program and how to start it.
struct Launch {
    std::string name; ///< of its log, `<name>.log`; unique within a supervisor
    std::filesystem::path program;
    std::vector<std::string> arguments{};
    /// Added to the harness' own environment, less the variables that services read (MC_*, PG*, DATABASE_URL,
    /// ...): what the user has exported does not change a run.
    std::map<std::string, std::string> environment{};
    std::filesystem::path directory{}; ///< to run in; empty: the harness' own
    /// Standard output is kept in memory instead of the log, up to 1 MB: for tools with an answer.
    bool keep_stdout = false;
    struct User {
        uid_t uid = 0;
        gid_t gid = 0;
    };
    /// Files it writes cannot grow beyond this: a full disk.  See Child::limit_file_size.
    std::optional<std::uint64_t> file_bytes_max{};
    std::optional<User> user{}; ///< whom to run as; the harness then runs as root
};

class Supervisor;

/// One program under supervision; it may be started many times.
///
/// Rules
/// 1. Each start is a process group of its own, with /dev/null as input.  It dies with the harness.
/// 2. When the leader ends, what is left of its group is killed before the leader is reaped, so that no
///    signal ever meets a number the kernel has given to somebody else.
/// 3. Verbs without effect on a process that does not run: pause, resume, stop, kill.
class Child {
public:
    const std::string& name() const;
    const Launch& launch() const;
    /// For the next start.
    Launch& next_launch();
    bool is_running() const;
    bool is_paused() const;
    /// -1 when it does not run.
    pid_t pid() const;
    unsigned starts() const;

    /// @pre not running.  @throws engine::BrokenSurroundings
    void start();
    /// How the last life ended.  Nothing while it runs, or when it never ran.
    const std::optional<Exit>& exit() const;
    /// Suspends until it does not run.  @return nothing when that is not so at `due`
    Task<std::optional<Exit>> ended(Instant due = Instant::never());
    /// SIGTERM, and SIGKILL when it has not ended after `grace`.  A paused process is resumed for it.
    Task<> stop(engine::Duration grace);
    /// SIGKILL to the whole group.
    Task<> kill();
    /// SIGSTOP and SIGCONT to the whole group.
    void pause();
    void resume();
    /// Files it writes cannot grow beyond this any more: a full disk.  Nothing: the limit is lifted.
    void limit_file_size(std::optional<std::uint64_t> bytes);

    const std::string& standard_output() const;
    std::vector<std::string> last_lines(std::size_t count) const;
    const std::filesystem::path& log() const;

    struct State;
    explicit Child(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    friend class Supervisor;
    std::shared_ptr<State> state_;
};

/// Starts programs and answers for them.
///
/// Rules
/// 1. It signals only what it started and has not reaped.
/// 2. When it is destroyed, nothing it started is left; when the harness is killed, the watchdog sees to
///    that.
/// 3. It lives on the loop's thread and outlives every task that uses it.
class Supervisor {
public:
    /// @param logs  an existing directory
    Supervisor(IoLoop& loop, std::filesystem::path logs);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor();

    /// Does not start it.  The child lives as long as the supervisor.
    Child& add(Launch launch);
    Child* find(const std::string& name);
    std::vector<Child*> children();
    /// Runs a tool to its end.
    /// @return  its child, whose exit() and standard_output() are set
    /// @errors  engine::BrokenSurroundings when it cannot be started or has not ended after `limit` (it is
    /// killed then)
    Task<Child*> run(Launch launch, engine::Duration limit);
    /// Called on the loop, outside every task, when a child ends that nobody asked to end.
    void on_death(std::function<void(Child&)> observer);
    /// Everybody at once: SIGTERM, then SIGKILL after `grace`.
    Task<> stop_all(engine::Duration grace);

    /// Suspends until `probe` says true.  It is asked every `pause`.
    /// @param what  names the condition for the error text
    /// @errors engine::BrokenSurroundings when it is not so at `due`, or when `child` (may be null) has ended
    Task<> until(std::string what, std::function<bool()> probe, Instant due, const Child* child,
                 engine::Duration pause = std::chrono::milliseconds(5));

    Watchdog& watchdog() { return watchdog_; }
    IoLoop& loop() { return loop_; }

private:
    friend struct Child::State;
    IoLoop& loop_;
    std::filesystem::path logs_;
    Watchdog watchdog_;
    std::function<void(Child&)> on_death_;
    std::vector<std::unique_ptr<Child>> children_; // in order of adding
};

} // namespace real
