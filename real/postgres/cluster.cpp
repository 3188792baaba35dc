#include "real/postgres/cluster.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sodium.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/chain/sodium.hpp"
#include "engine/ensure.hpp"
#include "real/postgres/blocking.hpp"
#include "real/postgres/cluster_cache.hpp"
#include "real/process/interruption.hpp"

namespace real::postgres {
namespace fs = std::filesystem;
namespace {

using namespace std::chrono_literals;

constexpr auto start_limit = 60s; // a loaded machine, recovery after a kill
constexpr auto patience = 5s;     // with an end that was asked for
constexpr auto answer_limit = 10s;
constexpr auto pause_between_looks = 3ms;
constexpr const char* role = "postgres";
constexpr const char* directory_prefix = "fog-postgres-";

// Commands: init (makes the files of a database), start PORT (both answer the process id), reap (answers the
// exit code).  At the end of input it ends whatever of them runs, its shared memory (an ended process leaves
// the segment behind when it was killed), and the directory.
constexpr const char* keeper_script = R"sh(
trap '' PIPE # nobody may hear its answers any more: there is still something to clear away
dir=$1 log=$2 initdb=$3 user=$4
shift 4
pid= what=
while read -r word port; do
    case $word in
    init)
        # shellcheck disable=SC2086
        setsid $user "$initdb" -D "$dir/data" -U postgres --auth=trust --no-sync --no-locale -E UTF8 \
            --no-instructions --wal-segsize=4 >"$dir/initdb.log" 2>&1 </dev/null &
        pid=$! what=init
        echo "$pid"
        ;;
    start)
        "$@" -p "$port" >>"$log" 2>&1 &
        pid=$! what=server
        echo "$pid"
        ;;
    reap)
        wait "$pid"
        echo "$?"
        pid=
        ;;
    esac
done
if [ -n "$pid" ] && [ "$what" = server ]; then
    # A server that has not set its handlers yet dies of TERM; the others take QUIT as an order to be quick.
    kill -TERM "$pid" 2>/dev/null
    kill -QUIT "$pid" 2>/dev/null
    kill -CONT "$pid" 2>/dev/null
    wait "$pid"
elif [ -n "$pid" ]; then
    # Without initdb its servers see the end of their input, and end in order, shared memory included.
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    n=0
    while kill -0 "-$pid" 2>/dev/null && [ "$n" -lt 100 ]; do
        sleep 0.05
        n=$((n + 1))
    done
    kill -KILL "-$pid" 2>/dev/null
fi
segment=$(sed -n '7s/.* //p' "$dir/data/postmaster.pid" 2>/dev/null)
[ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
rm -rf "$dir" || { sleep 1 && rm -rf "$dir"; }
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
    engine::chain::init_sodium();
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
    (void)remove_what_the_dead_left(base, directory_prefix);
    std::string pattern = (base / (std::string(directory_prefix) + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw engine::BrokenSurroundings(fmt::format("{}: {}", pattern, std::strerror(errno)));
    directory_ = pattern;
    owner_ = DirectoryOwner(directory_);
    if (options_.log.empty()) options_.log = directory_ / "log";
    try {
        if (!user_.empty() && ::chown(directory_.c_str(), uid_, gid_) != 0)
            throw engine::BrokenSurroundings(fmt::format("{}: {}", pattern, std::strerror(errno)));
        // A shell starts what it does not wait for with INT and QUIT ignored.
        std::vector<std::string> command{
            directory_.string(),
            options_.log.string(),
            (bin_ / "initdb").string(),
            user_.empty() ? std::string()
                          : fmt::format("setpriv --reuid={} --regid={} --init-groups", user_, gid_),
            "env",
            "--default-signal=INT,QUIT,PIPE",
            "setpriv"};
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
        for (const std::string& setting : options_.settings) command.insert(command.end(), {"-c", setting});
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
    if (!options_.use_cache) return init();
    ClusterCache cache(bin_ / "postgres", options_.say);
    if (cache.take(data(), uid_, gid_)) return;
    init();
    cache.keep(data());
}

void Cluster::init() {
    keeper_->say("init");
    (void)keeper_->hear(10s, true);
    keeper_->say("reap");
    const std::string code = keeper_->hear(start_limit, true);
    if (code != "0") {
        std::string output = read_text(directory_ / "initdb.log");
        std::replace(output.begin(), output.end(), '\n', ' ');
        throw engine::BrokenSurroundings(fmt::format("initdb failed ({}): {}", code, output));
    }
    // Whoever reaches the private socket may enter; over TCP the password is asked for.
    std::ofstream(data() / "pg_hba.conf") << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
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
    // One that is stopped by somebody takes connections and says nothing.
    const std::string where = url().with("connect_timeout", "2").with_password();
    if (PQping(where.c_str()) != PQPING_OK) return false;
    if (options_.tcp && !has_password_) set_password();
    return true;
}

void Cluster::set_password() {
    const std::string why =
        execute(url(), fmt::format("ALTER ROLE {} PASSWORD '{}'", role, password_), answer_limit);
    if (!why.empty()) fail("the database's password could not be set: " + why);
    has_password_ = true;
}

void Cluster::wait_ready() {
    const auto due = std::chrono::steady_clock::now() + start_limit;
    while (!try_ready()) {
        if (Interruption::requested()) throw engine::BrokenSurroundings("interrupted");
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

// What a server is told that does not end: somebody may have stopped it, or one of its processes may hang.
void Cluster::urge(std::chrono::milliseconds since, int& urged) const {
    if (urged == 0 && since > patience) {
        ++urged;
        resume_all();
        signal(SIGQUIT);
    }
    if (urged == 1 && since > 2 * patience) {
        ++urged;
        for (const pid_t process : processes()) ::kill(process, SIGKILL);
    }
    if (since > 4 * patience) fail("the database server does not end");
}

void Cluster::end_with(int number) {
    if (server_ <= 0) return;
    signal(number);
    const auto begun = std::chrono::steady_clock::now();
    for (int urged = 0; !is_over();) {
        std::this_thread::sleep_for(pause_between_looks);
        urge(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun),
             urged);
    }
    reap();
}

Task<> Cluster::end_with(IoLoop& loop, int number) {
    if (server_ <= 0) co_return;
    signal(number);
    const Instant begun = loop.now();
    for (int urged = 0; !is_over();) {
        co_await engine::sleep_until(loop.now() + pause_between_looks, "the database server's end");
        urge(std::chrono::duration_cast<std::chrono::milliseconds>(loop.now() - begun), urged);
    }
    reap();
}

void Cluster::stop() { end_with(SIGINT); }
Task<> Cluster::stop(IoLoop& loop) { return end_with(loop, SIGINT); }
void Cluster::kill() { end_with(SIGKILL); }
Task<> Cluster::kill(IoLoop& loop) { return end_with(loop, SIGKILL); }

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
    if (server_ > 0) resume_all();
}

void Cluster::resume_all() const {
    for (const pid_t process : processes()) ::kill(process, SIGCONT);
}

bool Cluster::is_stopped() const { return server_ > 0 && state_of(server_) == 'T'; }

} // namespace real::postgres
