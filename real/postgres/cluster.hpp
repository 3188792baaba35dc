#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "real/loop/io_loop.hpp"
#include "real/postgres/keeper.hpp"
#include "real/postgres/url.hpp"
#include "real/process/owned_directory.hpp"

namespace real::postgres {

struct ClusterOptions {
    /// Where the server's log is appended; empty: a file in the cluster's directory, gone with it.
    std::filesystem::path log;
    /// Also listen on 127.0.0.1 at a free port, with a password; the socket in the private directory is there
    /// in any case.
    bool tcp = false;
    unsigned connections_max = 100;
    /// NAME=VALUE of the server's configuration, instead of ours.
    std::vector<std::string> settings{};
    /// Keep a copy of the empty database in the user's cache directory ($XDG_CACHE_HOME, ~/.cache) and begin
    /// with that: 0.1 s instead of 0.6 s.
    bool use_cache = true;
    /// Is told what was wrong and has been mended.
    std::function<void(const std::string& line)> say = [](const std::string&) {};
};

/// A Postgres server of our own, in a private directory in /dev/shm (in /tmp where there is no room), owned
/// by an unprivileged user when we are root.  Fast instead of safe against a crash of the machine; against
/// kill -9 it is safe: what was acknowledged stays.
///
/// Rules
/// 1. Server and directory go away with this object, and also when this process is killed.
/// 2. Calls block, except those that take a loop.  They throw engine::BrokenSurroundings with the last
///    lines of the server's log.
class Cluster {
public:
    using Options = ClusterOptions;

    /// Makes the directory and starts the server, which is not ready yet.
    explicit Cluster(Options options = Options());
    /// The same, ready.
    static std::unique_ptr<Cluster> start(Options options = Options());
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    ~Cluster();

    /// Whether the machine has the server's programs.  @return why not; empty when it has
    static std::string missing();

    void wait_ready();
    Task<> until_ready(IoLoop& loop);
    /// Through the private socket, database "postgres".
    ConnectUrl url() const;
    /// Over TCP, with a password.  @pre options.tcp, and it has been ready
    ConnectUrl tcp_url() const;

    /// Orderly, without waiting for clients (SIGINT): transactions in progress roll back.  One that has not
    /// ended after seconds is made to; a few more, and it is given up.
    void stop();
    Task<> stop(IoLoop& loop);
    /// SIGKILL to the server's main process; the others follow on their own.
    void kill();
    Task<> kill(IoLoop& loop);
    /// After stop() or kill().  Not ready yet; the same address.
    void start_again();
    void restart();
    Task<> restart(IoLoop& loop);
    /// Stops it where it is, and lets it go on (SIGSTOP, SIGCONT to all its processes).  When pause()
    /// returns, none of them runs.
    void pause();
    void resume();

    /// Somebody, perhaps pause(), has stopped it where it is.
    bool is_stopped() const;
    bool is_running() const { return server_ > 0 && !has_exited(); }
    pid_t pid() const { return server_; }
    const std::filesystem::path& directory() const { return directory_; }
    /// @return the last lines of the log
    std::string log_tail(std::size_t lines = 20) const;

private:
    bool try_ready();
    bool has_exited() const;
    bool is_over() const;
    void signal(int number) const;
    void reap();
    void set_password();
    void make_data();
    void init();
    void urge(std::chrono::milliseconds since, int& urged) const;
    void end_with(int number);
    Task<> end_with(IoLoop& loop, int number);
    void resume_all() const;
    void launch();
    std::vector<pid_t> processes() const;
    std::filesystem::path data() const { return directory_ / "data"; }
    [[noreturn]] void fail(const std::string& what) const;

    Options options_;
    std::filesystem::path bin_; // of the server's programs
    std::filesystem::path directory_;
    DirectoryOwner owner_;
    uid_t uid_;
    gid_t gid_;
    std::string user_; // who the server runs as, when that is not us
    std::uint16_t port_ = 5432;
    std::string password_;
    bool has_password_ = false;
    pid_t server_ = -1; // -1: not running
    int tries_ = 0;     // at finding a free port
    std::unique_ptr<Keeper> keeper_;
};

} // namespace real::postgres
