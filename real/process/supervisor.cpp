#include "real/process/supervisor.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace real {
namespace {

namespace bp = boost::process::v2;
namespace asio = boost::asio;

constexpr std::size_t stdout_bytes_max = 1U << 20;

std::string reason(int error) { return std::generic_category().message(error); }

/// A file descriptor that closes itself.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

/// Runs in the child between fork and exec: system calls only.
struct ChildSetup {
    pid_t parent;
    int in, out, err;
    const Launch* launch;

    template <class Launcher, class Path, class Line>
    bp::error_code on_exec_setup(Launcher&, const Path&, Line&) {
        auto failed = [] { return bp::error_code(errno, boost::system::system_category()); };
        if (::setpgid(0, 0) != 0) return failed();
        if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) return failed();
        if (!launch->directory.empty() && ::chdir(launch->directory.c_str()) != 0) return failed();
        if (launch->user) {
            if (::setgroups(0, nullptr) != 0 || ::setgid(launch->user->gid) != 0 ||
                ::setuid(launch->user->uid) != 0)
                return failed();
        }
        if (launch->file_bytes_max) {
            rlimit limit{};
            if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return failed();
            limit.rlim_cur = *launch->file_bytes_max;
            if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return failed();
        }
        // After the change of user, which would undo it.
        if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed();
        if (::getppid() != parent) ::_exit(127); // it died before that
        for (int signal = 1; signal < NSIG; ++signal)
            if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
        ::signal(SIGXFSZ, SIG_IGN); // a full disk is an error of write(), as a real one is
        if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
            return failed(); // Boost's own closing leaves gaps
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        return {};
    }
    // Boost would call exit() next, and with it the harness' own exit handlers.
    template <class... Any>
    void on_exec_error(Any&&...) {
        ::_exit(127);
    }
};

bool is_for_services(std::string_view name) {
    for (std::string_view prefix : {"MC_", "PG", "ROCKET_", "RUST_LOG"})
        if (name.substr(0, prefix.size()) == prefix) return true;
    return name == "DATABASE_URL" || name == "TEST_DATABASE_URL" || name == "LISTEN_HOST";
}

std::vector<std::string> environment_of(const Launch& launch) {
    std::vector<std::string> out;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const std::string_view name = text.substr(0, text.find('='));
        if (!is_for_services(name) && launch.environment.count(std::string(name)) == 0)
            out.emplace_back(text);
    }
    for (const auto& [name, value] : launch.environment) out.push_back(name + "=" + value);
    return out;
}

} // namespace

struct Child::State : std::enable_shared_from_this<Child::State> {
    State(Supervisor& s, Launch l)
        : supervisor(s), launch(std::move(l)), log(s.logs_ / (launch.name + ".log")), changed(s.loop_) {}

    Supervisor& supervisor;
    Launch launch;
    ChildLog log;
    engine::Signal changed;
    Child* self = nullptr;

    pid_t pid = -1; // and the number of its group; until it is reaped
    bool paused = false;
    bool asked_for = false;
    unsigned starts = 0;
    std::optional<Exit> exit;
    std::string kept; // standard output

    /// One of its output streams, and where it goes.
    struct Stream {
        Stream(asio::io_context& context, int fd, bool keep) : descriptor(context, fd), keeps(keep) {
            descriptor.non_blocking(true);
        }
        asio::posix::stream_descriptor descriptor;
        bool keeps;
        std::array<char, 16384> buffer{};
    };
    std::vector<std::shared_ptr<Stream>> streams;
    std::optional<asio::posix::stream_descriptor> death; // a pidfd of our own: readable when it is a zombie
    std::optional<bp::basic_process<asio::io_context::executor_type>> process;

    void start();
    void take(const Stream& stream, std::size_t size);
    bool read_some(Stream& stream);
    void read_on(std::shared_ptr<Stream> stream);
    void drain();
    void await_death();
    bool is_dead() const; ///< it is a zombie, still to be reaped
    void reaped(int native);
    /// SIGKILL, and waits in place.
    void end_now() noexcept;
    void signal_group(int signal) const {
        if (pid > 0) ::kill(-pid, signal);
    }
};

void Child::State::start() {
    ENSURE(pid < 0);
    auto broken = [this](const std::string& why) {
        return engine::BrokenSurroundings(
            fmt::format("{}: {}: {}", launch.name, launch.program.string(), why));
    };
    if (::access(launch.program.c_str(), X_OK) != 0) throw broken(reason(errno));

    asio::io_context& context = supervisor.loop_.context();
    Fd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw broken(reason(errno));
    Fd log_out(ends[0]), log_in(ends[1]);
    Fd kept_out, kept_in;
    int standard_out = log_in.get();
    std::optional<std::pair<Fd, Fd>> kept_pipe;
    if (launch.keep_stdout) {
        if (::pipe2(ends, O_CLOEXEC) != 0) throw broken(reason(errno));
        kept_pipe.emplace(Fd(ends[0]), Fd(ends[1]));
        standard_out = kept_pipe->second.get();
    }

    std::string line = fmt::format("--- start {}: {}", starts + 1, launch.program.filename().string());
    log.forget_lines();
    log.write(line + "\n");
    log.forget_lines(); // the last lines are the child's own
    kept.clear();

    const std::vector<std::string> variables = environment_of(launch);
    std::vector<const char*> pointers;
    for (const std::string& variable : variables) pointers.push_back(variable.c_str());
    pointers.push_back(nullptr);
    bp::posix::default_launcher launcher;
    launcher.env = pointers.data();
    ChildSetup setup{::getpid(), input.get(), standard_out, log_in.get(), &launch};
    bp::error_code error;
    const boost::filesystem::path program(launch.program.native());
    auto started = launcher(context.get_executor(), error, program, launch.arguments, setup);
    if (error) {
        started.detach();
        throw broken(error.message());
    }
    pid = started.id();
    process.emplace(std::move(started));
    ::setpgid(pid, pid); // the child does it too; whoever is first
    supervisor.watchdog_.add_group(pid);
    ++starts;
    paused = false;
    asked_for = false;
    exit.reset();

    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (pidfd < 0) {
        const int why = errno;
        end_now();
        throw broken("pidfd_open: " + reason(why));
    }
    death.emplace(context, pidfd);
    streams.clear();
    auto add_stream = [&](Fd&& from, bool keeps) {
        streams.push_back(std::make_shared<Stream>(context, from.release(), keeps));
        read_on(streams.back());
    };
    add_stream(std::move(log_out), false);
    if (kept_pipe) add_stream(std::move(kept_pipe->first), true);
    await_death();
}

void Child::State::take(const Stream& stream, std::size_t size) {
    const std::string_view bytes(stream.buffer.data(), size);
    if (!stream.keeps)
        log.write(bytes);
    else
        kept.append(bytes.substr(0, stdout_bytes_max - std::min(stdout_bytes_max, kept.size())));
}

// Waits for data instead of reading in the background: bytes that a finished operation holds while its
// handler is still queued would come after those that drain() reads.
void Child::State::read_on(std::shared_ptr<Stream> stream) {
    Stream& s = *stream;
    s.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                            [self = shared_from_this(), stream](const boost::system::error_code& error) {
                                if (!error && self->read_some(*stream))
                                    self->read_on(stream); // else the life it belonged to is over
                            });
}

// @return false at its end
bool Child::State::read_some(Stream& stream) {
    boost::system::error_code error;
    const std::size_t size = stream.descriptor.read_some(asio::buffer(stream.buffer), error);
    if (error == asio::error::would_block) return true;
    if (error) return false;
    take(stream, size);
    return true;
}

// What the dead have written is in the pipes already.
void Child::State::drain() {
    for (const auto& stream : streams) {
        for (;;) {
            boost::system::error_code error;
            const std::size_t size = stream->descriptor.read_some(asio::buffer(stream->buffer), error);
            if (error) break;
            take(*stream, size);
        }
        boost::system::error_code ignored;
        stream->descriptor.close(ignored);
    }
    streams.clear();
}

void Child::State::await_death() {
    death->async_wait(asio::posix::stream_descriptor::wait_read,
                      // Of this life only: a word that comes late must not end the next one.
                      [self = shared_from_this(), life = pid](const boost::system::error_code& error) {
                          if (error || self->pid < 0 || self->pid != life) return;
                          if (!self->is_dead()) return self->await_death();
                          self->signal_group(SIGKILL); // what it leaves behind
                          // What the handler is given cannot tell signal 9 from exit code 9 (Boost 1.81).
                          self->process->async_wait([self](const boost::system::error_code&, int) {
                              if (self->process) self->reaped(self->process->native_exit_code());
                          });
                      });
}

// A wait for a descriptor may also end because of an event of the closed one whose state in Asio it was
// given.
bool Child::State::is_dead() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid;
}

void Child::State::reaped(int native) {
    if (pid < 0) return;
    supervisor.watchdog_.remove_group(pid);
    pid = -1;
    paused = false;
    process->detach(); // else its destructor would ask for a number that is no longer its own
    process.reset();
    death.reset();
    drain();
    Exit ended;
    ended.native = native;
    ended.asked_for = asked_for;
    ended.last_lines = log.last_lines(20);
    exit = std::move(ended);
    log.write(fmt::format("--- end: {}{}\n", exit->text(), asked_for ? "" : ", nobody asked for it"));
    changed.notify_all();
    if (!asked_for && supervisor.on_death_) supervisor.on_death_(*self);
}

void Child::State::end_now() noexcept {
    if (pid < 0) return;
    asked_for = true;
    signal_group(SIGKILL);
    int native = 0;
    while (::waitpid(pid, &native, 0) < 0 && errno == EINTR) {
    }
    try {
        supervisor.watchdog_.remove_group(pid);
        if (process) process->detach();
        drain();
    } catch (const std::exception&) { // the watchdog is gone; the child is too
    }
    pid = -1;
    process.reset();
    death.reset();
}

// ------------------------------------------------------------------------------------------------ Child

const std::string& Child::name() const { return state_->launch.name; }
const Launch& Child::launch() const { return state_->launch; }
Launch& Child::next_launch() { return state_->launch; }
bool Child::is_running() const { return state_->pid > 0; }
bool Child::is_paused() const { return state_->paused; }
pid_t Child::pid() const { return state_->pid; }
unsigned Child::starts() const { return state_->starts; }
void Child::start() { state_->start(); }
const std::optional<Exit>& Child::exit() const { return state_->exit; }
const std::string& Child::standard_output() const { return state_->kept; }
std::vector<std::string> Child::last_lines(std::size_t count) const { return state_->log.last_lines(count); }
const std::filesystem::path& Child::log() const { return state_->log.path(); }

Task<std::optional<Exit>> Child::ended(Instant due) {
    const std::shared_ptr<State> state = state_;
    engine::Loop& loop = state->supervisor.loop();
    while (state->pid > 0 && loop.now() < due) co_await state->changed.wait("the end of a process", due);
    if (state->pid > 0) co_return std::nullopt;
    co_return state->exit;
}

Task<> Child::stop(engine::Duration grace) {
    const std::shared_ptr<State> state = state_;
    if (state->pid < 0) co_return;
    state->asked_for = true;
    state->signal_group(SIGTERM);
    resume();
    const Instant due = state->supervisor.loop().now() + grace;
    const std::optional<Exit> ended_by_then = co_await ended(due);
    if (!ended_by_then) co_await kill();
}

Task<> Child::kill() {
    const std::shared_ptr<State> state = state_;
    if (state->pid < 0) co_return;
    state->asked_for = true;
    state->signal_group(SIGKILL);
    (void)co_await ended();
}

void Child::pause() {
    if (state_->pid < 0) return;
    state_->signal_group(SIGSTOP);
    state_->paused = true;
}

void Child::resume() {
    if (state_->pid < 0) return;
    state_->signal_group(SIGCONT);
    state_->paused = false;
}

void Child::limit_file_size(std::optional<std::uint64_t> bytes) {
    if (state_->pid < 0) return;
    rlimit limit{};
    if (::prlimit(state_->pid, RLIMIT_FSIZE, nullptr, &limit) != 0)
        throw engine::BrokenSurroundings(fmt::format("{}: prlimit: {}", name(), reason(errno)));
    limit.rlim_cur = bytes ? std::min<rlim_t>(*bytes, limit.rlim_max) : limit.rlim_max;
    if (::prlimit(state_->pid, RLIMIT_FSIZE, &limit, nullptr) != 0)
        throw engine::BrokenSurroundings(fmt::format("{}: prlimit: {}", name(), reason(errno)));
}

// ------------------------------------------------------------------------------------------------ Supervisor

Supervisor::Supervisor(IoLoop& loop, std::filesystem::path logs) : loop_(loop), logs_(std::move(logs)) {}

Supervisor::~Supervisor() {
    // All at once first, so that they end beside one another.
    for (const auto& child : children_) child->state_->signal_group(SIGKILL);
    for (auto it = children_.rbegin(); it != children_.rend(); ++it) (*it)->state_->end_now();
}

Child& Supervisor::add(Launch launch) {
    if (find(launch.name) != nullptr) throw engine::InternalError("two children named " + launch.name);
    auto state = std::make_shared<Child::State>(*this, std::move(launch));
    Child& child = *children_.emplace_back(std::make_unique<Child>(state));
    state->self = &child;
    return child;
}

Child* Supervisor::find(const std::string& name) {
    for (const auto& child : children_)
        if (child->name() == name) return child.get();
    return nullptr;
}

std::vector<Child*> Supervisor::children() {
    std::vector<Child*> out;
    for (const auto& child : children_) out.push_back(child.get());
    return out;
}

Task<Child*> Supervisor::run(Launch launch, engine::Duration limit) {
    Child* child = find(launch.name);
    if (child == nullptr)
        child = &add(std::move(launch));
    else
        child->next_launch() = std::move(launch);
    child->start();
    child->state_->asked_for = true; // a tool's end is no death
    const Instant due = loop_.now() + limit;
    const std::optional<Exit> exit = co_await child->ended(due);
    if (!exit) {
        co_await child->kill();
        throw engine::BrokenSurroundings(
            fmt::format("{} has not ended after {} ms", child->name(),
                        std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
    }
    co_return child;
}

void Supervisor::on_death(std::function<void(Child&)> observer) { on_death_ = std::move(observer); }

Task<> Supervisor::stop_all(engine::Duration grace) {
    for (const auto& child : children_) {
        if (!child->is_running()) continue;
        child->state_->asked_for = true;
        child->state_->signal_group(SIGTERM);
        child->resume();
    }
    const Instant due = loop_.now() + grace;
    for (std::size_t i = 0; i < children_.size(); ++i) (void)co_await children_[i]->ended(due);
    for (std::size_t i = 0; i < children_.size(); ++i) co_await children_[i]->kill();
}

Task<> Supervisor::until(std::string what, std::function<bool()> probe, Instant due, const Child* child,
                         engine::Duration pause) {
    while (!probe()) {
        if (child != nullptr && !child->is_running()) {
            std::string text = fmt::format("waiting for {}: {} has ended", what, child->name());
            if (child->exit()) {
                text += " with " + child->exit()->text();
                for (const std::string& line : child->exit()->last_lines) text += "\n  " + line;
            }
            throw engine::BrokenSurroundings(text);
        }
        if (loop_.now() >= due) throw engine::BrokenSurroundings(fmt::format("waited too long for {}", what));
        co_await engine::sleep_until(std::min(due, loop_.now() + pause), "a condition of the supervisor");
    }
}

} // namespace real
