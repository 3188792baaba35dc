#include "tools/fog_node/testing/pipeline.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/ensure.hpp"
#include "real/grpc/admin.hpp"

namespace fog_node::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using engine::BrokenSurroundings;

constexpr engine::Duration patience = 60s;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

fs::path program_path(const std::string& name) { return fs::path(FOG_PROGRAM_DIR) / name; }

bool is_service_variable(std::string_view entry) {
    for (const char* prefix : {"MC_", "PG", "DATABASE_URL=", "RUST_LOG="})
        if (entry.starts_with(prefix)) return true;
    return false;
}

Task<> pause(real::IoLoop& loop) { co_await engine::sleep_until(loop.now() + 10ms); }

void must(const Outcome& outcome) {
    if (outcome.code != 0) throw BrokenSurroundings(outcome.err);
}

/// A pipe whose ends are closed in programs that are started.
struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw BrokenSurroundings("no pipe");
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_read() {
        if (read >= 0) ::close(std::exchange(read, -1));
    }
    void close_write() {
        if (write >= 0) ::close(std::exchange(write, -1));
    }
    int read = -1;
    int write = -1;
};

} // namespace

Outcome run_program(const std::string& name, const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment, const std::string& input,
                    const std::filesystem::path& folder) {
    return run_path(program_path(name), arguments, environment, input, folder);
}

Outcome run_path(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment, const std::string& input,
                 const std::filesystem::path& folder) {
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!is_service_variable(*entry)) variables.emplace_back(*entry);
    for (const auto& [key, value] : environment) variables.push_back(key + "=" + value);
    std::vector<std::string> words{program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const auto pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> out;
        for (std::string& text : texts) out.push_back(text.data());
        out.push_back(nullptr);
        return out;
    };
    Pipe in, out, err;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
    if (!folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    pid_t pid = -1;
    auto argv = pointers(words);
    auto envp = pointers(variables);
    const int failed = ::posix_spawn(&pid, words[0].c_str(), &actions, nullptr, argv.data(), envp.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw BrokenSurroundings("cannot start " + words[0]);
    in.close_read();
    out.close_write();
    err.close_write();
    if (!input.empty()) { // short enough for a pipe
        const ssize_t written = ::write(in.write, input.data(), input.size());
        ENSURE(written == static_cast<ssize_t>(input.size()));
    }
    in.close_write();
    Outcome outcome;
    pollfd both[2] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
    for (int open = 2; open > 0;) {
        ::poll(both, 2, -1);
        for (pollfd& one : both) {
            if (one.fd < 0 || one.revents == 0) continue;
            char buffer[4096];
            const ssize_t got = ::read(one.fd, buffer, sizeof buffer);
            if (got <= 0) {
                one.fd = -1;
                --open;
            } else {
                (&one == &both[0] ? outcome.out : outcome.err).append(buffer, static_cast<std::size_t>(got));
            }
        }
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

Pipeline::Pipeline(PipelineShape shape)
    : work_("fog-node-test-"), runtime_(std::make_unique<real::grpc::ClientRuntime>(loop_)),
      supervisor_(std::make_unique<real::Supervisor>(loop_, work_.path())) {
    supervisor_->on_death([this](real::Child& child) { deaths.push_back(child.name()); });
    real::Deployment& d = deployment_;
    d = real::lay_out(
        shape.topology, [this] { return ports_.reserve(); }, false, shape.gateways);
    d.programs = FOG_PROGRAM_DIR;
    d.work = directory();
    d.database_url = database_url();
    for (real::ServicePlace& place : d.services) place.state_file = directory() / (place.name + ".state");
    const auto x509 = [](const char* name, const char* kind) {
        const Outcome found =
            run_program("mc-crypto-x509-test-vectors", {"--test-name", name, "--kind", kind});
        ENSURE(found.code == 0);
        return found.out.substr(0, found.out.find('\n'));
    };
    d.authority_root = x509("ok_rsa_head", "chain");
    d.signing_chain = x509("ok_rsa_chain_25519_leaf", "chain");
    d.signing_key = x509("ok_rsa_chain_25519_leaf", "key");

    must(run_program("sample-keys", real::sample_keys(d).arguments));
    for (const std::string& copy : d.copies()) {
        fs::create_directories(d.ledger_db(copy).parent_path());
        must(run_program("init_test_ledger",
                         {"--keys", d.keys(), "--ledger-db", d.ledger_db(copy), "--watcher-db",
                          d.watcher_db(copy), "--seed", "0"},
                         {}, {}, directory()));
    }
    for (const char* folder : {"nginx", "nginx/logs"}) fs::create_directories(directory() / folder);
    std::ofstream(real::nginx_conf_path(d)) << real::nginx_conf(d);

    for (real::Launch& launch : real::launches(d, true)) {
        if (launch.name == "migrations" || launch.name == "sample-keys") continue; // done
        launch.environment["RUST_LOG"] = "debug";
        for (const std::string& who : {launch.program.filename().string(), launch.name}) {
            const auto more = shape.more_arguments.find(who);
            if (more != shape.more_arguments.end())
                launch.arguments.insert(launch.arguments.end(), more->second.begin(), more->second.end());
        }
        names_.push_back(launch.name);
        supervisor_->add(std::move(launch));
    }
    for (const real::ServicePlace& place : d.services) {
        port_of_[place.name] = {{"client", place.ports.listen}, {"admin", place.ports.admin}};
        if (place.ports.gateway != 0) port_of_[place.name + "-gateway"] = {{"client", place.ports.gateway}};
        if (place.peer != 0) port_of_[place.name]["peer"] = place.peer;
    }
    port_of_["sample_paykit_remote_wallet"] = {{"client", d.wallet_port}};
    port_of_["nginx"] = {{"client", d.front_port}};
}

Pipeline::~Pipeline() {
    channels_.clear();
    supervisor_.reset();
    runtime_.reset();
}

real::Child& Pipeline::child(const std::string& name) {
    real::Child* found = supervisor_->find(name);
    ENSURE(found != nullptr);
    return *found;
}

void Pipeline::await_ports(const std::string& name) {
    until(name + " to listen", [&] {
        if (child(name).exit())
            throw BrokenSurroundings(name + " ended: " + child(name).exit()->text() + "\n" + log(name));
        for (const auto& [kind, number] : port_of_.at(name))
            if (!real::is_listening(number)) return false;
        return true;
    });
}

void Pipeline::start(const std::string& name) {
    child(name).start();
    await_ports(name);
}

void Pipeline::start_all() {
    for (const std::string& name : names_) child(name).start();
    for (const std::string& name : names_) await_ports(name);
}

void Pipeline::stop(const std::string& name) { loop_.run(child(name).stop(10s)); }
void Pipeline::kill(const std::string& name) { loop_.run(child(name).kill()); }

std::string Pipeline::log(const std::string& name) { return read_file(child(name).log()); }

std::uint16_t Pipeline::port(const std::string& name, const std::string& kind) const {
    return port_of_.at(name).at(kind);
}

std::string Pipeline::target(const std::string& name, const std::string& kind) const {
    return fmt::format("localhost:{}", port(name, kind));
}

real::grpc::Channel& Pipeline::channel(const std::string& name, const std::string& kind) {
    auto& channel = channels_[name + " " + kind];
    if (!channel) {
        real::grpc::ChannelOptions options(target(name, kind));
        options.deadline = 30s;
        options.wait_for_ready = true; // the process may have been restarted
        channel = std::make_unique<real::grpc::Channel>(*runtime_, options);
    }
    return *channel;
}

std::string Pipeline::fog_uri() const { return deployment_.fog_uri(); }
// Over TCP, because that takes a password, which must not show up anywhere.
std::string Pipeline::database_url() const {
    return real::postgres::test_cluster().tcp_url().with_database(database_.url().database()).with_password();
}

std::vector<std::string> Pipeline::add_block_to(const std::string& copy, unsigned n,
                                                const std::string& fog_key, const std::string& credits,
                                                const std::vector<std::string>& key_images) {
    std::vector<std::string> images = key_images;
    if (images.empty()) images.push_back(fmt::format("{:064x}", 0xf000 + n)); // a block needs one; nobody's
    std::string image_list;
    for (const std::string& image : images) image_list += (image_list.empty() ? "\"" : ",\"") + image + "\"";
    const Outcome added = run_program(
        "add_test_block",
        {"--keys", directory() / "keys", "--ledger-db", deployment_.ledger_db(copy), "--watcher-db",
         deployment_.watcher_db(copy), "--seed", std::to_string(n), "--fog-pubkey", fog_key},
        {}, fmt::format(R"({{"credits":[{}],"key_images":[{}]}})", credits, image_list));
    if (added.code != 0) throw BrokenSurroundings("add_test_block: " + added.err);
    return nlohmann::json::parse(added.out)["key_images"];
}

std::vector<std::string> Pipeline::add_block(unsigned n, const std::string& fog_key,
                                             const std::string& credits,
                                             const std::vector<std::string>& key_images) {
    (void)add_block_to("ingest", n, fog_key, credits, key_images);
    return add_block_to("ledger", n, fog_key, credits, key_images);
}

Outcome Pipeline::ingest(unsigned node, const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"--uri",
                                 fmt::format("insecure-fog-ingest://{}/",
                                             target(deployment_.the(engine::NodeKind::ingest, node).name)),
                                 "--retry-seconds", "0"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_program("fog_ingest_client", all);
}

std::string Pipeline::ingress_key(unsigned node) {
    const Outcome status = ingest(node, {"get-status"});
    if (status.code != 0) throw BrokenSurroundings("get-status: " + status.err);
    return nlohmann::json::parse(status.out)["ingress_pubkey"];
}

std::string Pipeline::mnemonic(unsigned account) const {
    const auto path = directory() / "keys" / fmt::format("account_keys_{}.json", account);
    return nlohmann::json::parse(read_file(path))["mnemonic"];
}

std::int64_t Pipeline::gauge(const std::string& name, const std::string& op) {
    real::grpc::AdminClient admin(channel(name, "admin"));
    const auto text = run(admin.metrics());
    if (!text) throw BrokenSurroundings(name + ": no metrics: " + text.error().text);
    const std::string line = "_gauge{op=\"" + op + "\"} ";
    const std::size_t at = text->find(line);
    if (at == std::string::npos) throw BrokenSurroundings(name + " has no gauge " + op + ":\n" + *text);
    return std::stoll(text->substr(at + line.size()));
}

void Pipeline::until(const std::string& what, const std::function<bool()>& holds) {
    const auto begun = std::chrono::steady_clock::now();
    while (!holds()) {
        if (std::chrono::steady_clock::now() - begun > patience)
            throw BrokenSurroundings("waited a minute for " + what);
        loop_.run(pause(loop_));
    }
}

real::grpc::FreshBalanceRequest fresh_request(const Pipeline& pipeline, unsigned account) {
    real::grpc::FreshBalanceRequest request;
    request.mnemonic = pipeline.mnemonic(account);
    request.fog_uri = pipeline.fog_uri();
    return request;
}

} // namespace fog_node::testing
