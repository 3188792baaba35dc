#include "real/postgres/cluster.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/ensure.hpp"

namespace real::postgres {
namespace fs = std::filesystem;
namespace {

using namespace std::chrono_literals;

constexpr auto start_limit = 60s; // a loaded machine, recovery after a kill
constexpr auto pause_between_looks = 3ms;
constexpr const char* role = "postgres";

// Commands: start PORT (answers the process id), reap (answers the exit code).  At the end of input it ends
// the server, its shared memory (an ended process leaves the segment behind when it was killed), and the
// directory.
constexpr const char* keeper_script = R"sh(
dir=$1 log=$2
shift 2
pid=
while read -r word port; do
    case $word in
    start)
        "$@" -p "$port" >>"$log" 2>&1 &
        pid=$!
        echo "$pid"
        ;;
    reap)
        wait "$pid"
        echo "$?"
        pid=
        ;;
    esac
done
if [ -n "$pid" ]; then
    # A server that has not set its handlers yet dies of TERM; the others take QUIT as an order to be quick.
    kill -TERM "$pid" 2>/dev/null
    kill -QUIT "$pid" 2>/dev/null
    kill -CONT "$pid" 2>/dev/null
    wait "$pid"
fi
segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid" 2>/dev/null)
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf "$dir"
)sh";

const std::vector<std::string>& plain_environment() {
    static const std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"};
    return environment;
}

/// The newest server's programs, or an empty path.
fs::path find_programs() {
    std::vector<fs::path> places;
    if (const char* path = std::getenv("PATH")) {
        std::stringstream list(path);
        for (std::string place; std::getline(list, place, ':');) places.push_back(place);
    }
    int newest = -1;
    fs::path found;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > newest && fs::exists(entry.path() / "bin" / "initdb")) {
            newest = version;
            found = entry.path() / "bin";
        }
    }
    if (!found.empty()) return found;
    for (const fs::path& place : places)
        if (fs::exists(place / "initdb") && fs::exists(place / "postgres")) return place;
    return {};
}

std::string read_text(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

/// Runs a program to its end.  @return its exit code and what it wrote, in one line
std::pair<int, std::string> run_program(const std::vector<std::string>& command) {
    Keeper runner("{ \"$@\" 2>&1 </dev/null; echo \" exit=$?\"; } | tr '\\n' ' '; echo", command,
                  plain_environment());
    const std::string out = runner.hear(start_limit);
    const std::size_t at = out.rfind("exit=");
    if (at == std::string::npos) return {-1, out};
    return {std::atoi(out.c_str() + at + 5), out.substr(0, at)};
}

/// Copies a directory and gives the copy to a user.
void copy_tree(const fs::path& from, const fs::path& to, uid_t uid, gid_t gid) {
    const auto give = [&](const fs::path& path, bool is_directory) {
        if (::geteuid() == 0 && ::lchown(path.c_str(), uid, gid) != 0)
            throw engine::BrokenSurroundings(fmt::format("{}: {}", path.string(), std::strerror(errno)));
        // Postgres insists on privacy.
        fs::permissions(path,
                        is_directory ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write);
    };
    fs::create_directory(to);
    give(to, true);
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
        const fs::path target = to / entry.path().filename();
        if (entry.is_directory()) {
            copy_tree(entry.path(), target, uid, gid);
        } else {
            fs::copy_file(entry.path(), target);
            give(target, false);
        }
    }
}

/// A file locked for as long as this object lives.
class FileLock {
public:
    explicit FileLock(const fs::path& file) : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0) {
            ::close(fd_);
            fd_ = -1;
        }
    }
    ~FileLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    bool is_held() const { return fd_ >= 0; }

private:
    int fd_;
};

/// Where the copy of an empty database is kept, or an empty path where there is no place for one.
fs::path cache_directory() {
    fs::path base;
    if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/')
        base = xdg;
    else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        base = fs::path(home) / ".cache";
    if (base.empty()) return {};
    std::error_code error;
    fs::create_directories(base / "fogsim", error);
    if (error) return {};
    fs::permissions(base / "fogsim", fs::perms::owner_all, error);
    if (error || ::access((base / "fogsim").c_str(), W_OK) != 0) return {};
    return base / "fogsim";
}

/// Where the server's directory goes: in memory where there is room, because making the files of an empty
/// database takes seconds on a busy disk.
fs::path scratch_place(bool is_for_another_user) {
    constexpr std::uint64_t room_bytes = std::uint64_t{1} << 30;
    struct statvfs place {};
    if (::statvfs("/dev/shm", &place) == 0 && place.f_bavail * place.f_frsize >= room_bytes &&
        ::access("/dev/shm", W_OK) == 0)
        return "/dev/shm";
    const fs::path base = is_for_another_user ? fs::path("/tmp") : fs::temp_directory_path();
    return base.string().size() > 60 ? fs::path("/tmp")
                                     : base; // a socket's path has about 100 characters at most
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool found = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    if (fd >= 0) ::close(fd);
    if (!found) throw engine::BrokenSurroundings("no free port on 127.0.0.1");
    return ntohs(address.sin_port);
}

/// The letter that the system gives a process' state.  @return 0 when there is no such process
char state_of(pid_t process) {
    const std::string stat = read_text(fmt::format("/proc/{}/stat", process));
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || stat.size() < name_end + 3 ? '\0' : stat[name_end + 2];
}

std::string random_word() {
    static constexpr char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    std::string out;
    for (int i = 0; i < 24; ++i) out += digits[randombytes_uniform(32)];
    return out;
}

} // namespace

std::string Cluster::missing() {
    return find_programs().empty() ? "no Postgres server programs (initdb, postgres) on this machine: "
                                     "install the package postgresql"
                                   : "";
}

Cluster::Cluster(Options options)
    : options_(std::move(options)), bin_(find_programs()), uid_(::geteuid()), gid_(::getegid()) {
    if (bin_.empty()) throw engine::BrokenSurroundings(missing());
    ENSURE(sodium_init() >= 0);
    if (uid_ == 0) {
        const passwd* entry = ::getpwnam("postgres");
        if (entry == nullptr) entry = ::getpwnam("nobody");
        if (entry == nullptr) throw engine::BrokenSurroundings("no unprivileged user to run Postgres as");
        user_ = entry->pw_name;
        uid_ = entry->pw_uid;
        gid_ = entry->pw_gid;
    }
    // A directory under one of root's own would be out of reach for an unprivileged server.
    const fs::path base = scratch_place(!user_.empty());
    std::string pattern = (base / "fog-postgres-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw engine::BrokenSurroundings(fmt::format("{}: {}", pattern, std::strerror(errno)));
    directory_ = pattern;
    if (options_.log.empty()) options_.log = directory_ / "log";
    try {
        if (!user_.empty() && ::chown(directory_.c_str(), uid_, gid_) != 0)
            throw engine::BrokenSurroundings(fmt::format("{}: {}", pattern, std::strerror(errno)));
        // A shell starts what it does not wait for with INT and QUIT ignored.
        std::vector<std::string> command{directory_.string(), options_.log.string(), "env",
                                         "--default-signal=INT,QUIT", "setpriv"};
        if (!user_.empty())
            command.insert(command.end(),
                           {"--reuid=" + user_, "--regid=" + std::to_string(gid_), "--init-groups"});
        // Were the keeper killed, the server would follow it.
        command.insert(command.end(), {"--pdeathsig=QUIT", (bin_ / "postgres").string(), "-D",
                                       data().string(), "-k", directory_.string()});
        const std::string max = "max_connections=" + std::to_string(options_.connections_max);
        const char* listen = options_.tcp ? "listen_addresses=127.0.0.1" : "listen_addresses=";
        for (const std::string& setting :
             {std::string(listen), max, std::string("fsync=off"), std::string("shared_buffers=32MB"),
              std::string("jit=off"), std::string("wal_level=minimal"), std::string("max_wal_senders=0"),
              std::string("min_wal_size=16MB"), std::string("max_wal_size=64MB"),
              std::string("dynamic_shared_memory_type=mmap"), std::string("log_line_prefix=%m [%p] ")})
            command.insert(command.end(), {"-c", setting});
        keeper_ = std::make_unique<Keeper>(keeper_script, command, plain_environment());
        make_data();
        if (options_.tcp) {
            password_ = random_word();
            port_ = free_port();
        }
        launch();
    } catch (...) {
        keeper_.reset();
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
        throw;
    }
}

std::unique_ptr<Cluster> Cluster::start(Options options) {
    auto cluster = std::make_unique<Cluster>(std::move(options));
    cluster->wait_ready();
    return cluster;
}

Cluster::~Cluster() {
    if (is_running()) resume();
    keeper_.reset();
    std::error_code ignored; // the keeper may have been killed
    fs::remove_all(directory_, ignored);
}

// initdb takes half a second; what it makes is the same every time.
void Cluster::make_data() {
    const auto init = [this] {
        std::vector<std::string> command;
        if (!user_.empty())
            command = {"setpriv", "--reuid=" + user_, "--regid=" + std::to_string(gid_), "--init-groups"};
        command.insert(command.end(),
                       {(bin_ / "initdb").string(), "-D", data().string(), "-U", role, "--auth=trust",
                        "--no-sync", "--no-locale", "-E", "UTF8", "--no-instructions", "--wal-segsize=4"});
        const auto [code, output] = run_program(command);
        if (code != 0) throw engine::BrokenSurroundings(fmt::format("initdb failed ({}): {}", code, output));
        // Whoever reaches the private socket may enter; over TCP the password is asked for.
        std::ofstream(data() / "pg_hba.conf")
            << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    };
    const fs::path cache = options_.use_cache ? cache_directory() : fs::path();
    if (cache.empty()) return init();
    const FileLock lock(cache / "lock");
    if (!lock.is_held()) return init();
    // Another server program, another copy: its size and age tell, and cost no process.
    struct stat program {};
    if (::stat((bin_ / "postgres").c_str(), &program) != 0) return init();
    // The first number changes with the way init() works.
    const std::string name = fmt::format("postgres-1-{}-{}", program.st_size, program.st_mtim.tv_sec);
    const fs::path kept = cache / name;
    if (fs::exists(kept)) return copy_tree(kept, data(), uid_, gid_);
    init();
    std::error_code error;
    const fs::path half = cache / (name + ".new");
    fs::remove_all(half, error);
    copy_tree(data(), half, ::geteuid(), ::getegid());
    fs::rename(half, kept, error); // whole or not at all
}

void Cluster::launch() {
    keeper_->say("start " + std::to_string(port_));
    server_ = std::atoi(keeper_->hear(10s).c_str());
    if (server_ <= 0) fail("the database server did not start");
}

void Cluster::fail(const std::string& what) const {
    throw engine::BrokenSurroundings(what + "; its log ends with:\n" + log_tail());
}

std::string Cluster::log_tail(std::size_t lines) const {
    const std::string text = read_text(options_.log);
    std::size_t begin = text.size();
    for (std::size_t found = 0; begin > 0; --begin)
        if (text[begin - 1] == '\n' && begin != text.size() && ++found == lines) break;
    return text.substr(begin);
}

ConnectUrl Cluster::url() const {
    return ConnectUrl()
        .with("host", directory_.string())
        .with("port", std::to_string(port_))
        .with("user", role)
        .with("dbname", "postgres");
}

ConnectUrl Cluster::tcp_url() const {
    ENSURE(options_.tcp && has_password_);
    return url().with("host", "127.0.0.1").with("password", password_);
}

// A dead process that the keeper has not reaped yet still has its number: signals cannot hit a stranger.
bool Cluster::has_exited() const {
    const char state = state_of(server_);
    return state == 'Z' || state == '\0';
}

void Cluster::signal(int number) const {
    if (server_ > 0) ::kill(server_, number);
}

void Cluster::reap() {
    keeper_->say("reap");
    (void)keeper_->hear(10s);
    server_ = -1;
}

bool Cluster::try_ready() {
    if (has_exited()) {
        const std::string log = log_tail();
        reap();
        const bool port_taken = options_.tcp && log.find("could not bind") != std::string::npos;
        if (!port_taken || ++tries_ > 5) fail("the database server ended while it started");
        if (!has_password_) port_ = free_port(); // nobody knows the old one yet
        launch();
        return false;
    }
    const std::string where = url().with_password();
    if (PQping(where.c_str()) != PQPING_OK) return false;
    if (options_.tcp && !has_password_) set_password();
    return true;
}

void Cluster::set_password() {
    const std::string where = url().with_password();
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(where.c_str()), &PQfinish);
    const std::string sql = fmt::format("ALTER ROLE {} PASSWORD '{}'", role, password_);
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()),
                                                                &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail("the database's password could not be set");
    has_password_ = true;
}

void Cluster::wait_ready() {
    const auto due = std::chrono::steady_clock::now() + start_limit;
    while (!try_ready()) {
        if (std::chrono::steady_clock::now() > due) fail("the database server is not ready in time");
        std::this_thread::sleep_for(pause_between_looks);
    }
}

Task<> Cluster::until_ready(IoLoop& loop) {
    const Instant due = loop.now() + start_limit;
    while (!try_ready()) {
        if (loop.now() > due) fail("the database server is not ready in time");
        co_await engine::sleep_until(loop.now() + pause_between_looks, "the database server's start");
    }
}

// The main process may be gone while others still use the shared memory: a new server would refuse to start.
bool Cluster::is_over() const {
    if (!has_exited()) return false;
    std::stringstream pid_file(read_text(data() / "postmaster.pid"));
    std::string line;
    for (int i = 0; i < 7; ++i)
        if (!std::getline(pid_file, line)) return true; // an orderly end removes the file
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string::npos) return true;
    shmid_ds segment{};
    return ::shmctl(std::atoi(line.c_str() + blank), IPC_STAT, &segment) != 0 || segment.shm_nattch == 0;
}

void Cluster::stop() {
    if (server_ <= 0) return;
    signal(SIGINT);
    while (!is_over()) std::this_thread::sleep_for(pause_between_looks);
    reap();
}

Task<> Cluster::stop(IoLoop& loop) {
    if (server_ <= 0) co_return;
    signal(SIGINT);
    while (!is_over())
        co_await engine::sleep_until(loop.now() + pause_between_looks, "the database server's end");
    reap();
}

void Cluster::kill() {
    if (server_ <= 0) return;
    signal(SIGKILL);
    while (!is_over()) std::this_thread::sleep_for(pause_between_looks);
    reap();
}

Task<> Cluster::kill(IoLoop& loop) {
    if (server_ <= 0) co_return;
    signal(SIGKILL);
    while (!is_over())
        co_await engine::sleep_until(loop.now() + pause_between_looks, "the database server's death");
    reap();
}

void Cluster::start_again() {
    ENSURE(server_ <= 0);
    launch();
}

void Cluster::restart() {
    stop();
    start_again();
    wait_ready();
}

Task<> Cluster::restart(IoLoop& loop) {
    co_await stop(loop);
    start_again();
    co_await until_ready(loop);
}

/// The main process and its children.
std::vector<pid_t> Cluster::processes() const {
    std::vector<pid_t> all{server_};
    std::stringstream children(read_text(fmt::format("/proc/{0}/task/{0}/children", server_)));
    for (pid_t child; children >> child;) all.push_back(child);
    return all;
}

void Cluster::pause() {
    if (server_ <= 0) return;
    // The main process first: it starts no more children then.
    for (const bool children : {false, true}) {
        const std::vector<pid_t> targets = children ? processes() : std::vector<pid_t>{server_};
        for (const pid_t process : targets) ::kill(process, SIGSTOP);
        for (const pid_t process : targets)
            while (std::string_view("TZ").find(state_of(process)) == std::string_view::npos &&
                   state_of(process) != '\0')
                std::this_thread::sleep_for(pause_between_looks);
    }
}

void Cluster::resume() {
    if (server_ <= 0) return;
    for (const pid_t process : processes()) ::kill(process, SIGCONT);
}

} // namespace real::postgres
