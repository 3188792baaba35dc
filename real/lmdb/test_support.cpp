#include "real/lmdb/test_support.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "engine/chain/hex.hpp"

namespace real::lmdb {

ScratchDir::ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "ledger-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch directory: " + name);
    path_ = name;
}

ScratchDir::~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

ChildResult run_child(const std::vector<std::string>& command, const std::string& input,
                      const std::filesystem::path& directory) {
    int in[2], out[2], err[2];
    if (::pipe2(in, O_CLOEXEC) || ::pipe2(out, O_CLOEXEC) || ::pipe2(err, O_CLOEXEC))
        throw std::runtime_error("no pipe");
    std::vector<char*> arguments;
    for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no child process");
    if (child == 0) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::dup2(err[1], 2);
        if (directory.empty() || ::chdir(directory.c_str()) == 0) ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    ::signal(SIGPIPE, SIG_IGN);
    ChildResult result;
    std::size_t written = 0;
    int to_child = in[1];
    bool out_open = true, err_open = true;
    while (out_open || err_open || to_child >= 0) {
        if (to_child >= 0 && written == input.size()) {
            ::close(to_child);
            to_child = -1;
        }
        pollfd wait[3] = {
            {out_open ? out[0] : -1, POLLIN, 0}, {err_open ? err[0] : -1, POLLIN, 0}, {to_child, POLLOUT, 0}};
        if (::poll(wait, 3, -1) < 0 && errno != EINTR) break;
        char buffer[65536];
        const auto drain = [&](pollfd& from, std::string& to, bool& open) {
            if (!(from.revents & (POLLIN | POLLHUP))) return;
            const ssize_t n = ::read(from.fd, buffer, sizeof buffer);
            if (n > 0) to.append(buffer, static_cast<std::size_t>(n));
            if (n <= 0) open = false;
        };
        drain(wait[0], result.out, out_open);
        drain(wait[1], result.err, err_open);
        if (to_child >= 0 && (wait[2].revents & (POLLOUT | POLLERR | POLLHUP))) {
            const ssize_t n = ::write(to_child, input.data() + written, input.size() - written);
            if (n >= 0)
                written += static_cast<std::size_t>(n);
            else
                written = input.size(); // nobody reads any more
        }
    }
    ::close(out[0]);
    ::close(err[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

Dump dump_with_lmdb_tool(const std::filesystem::path& directory) {
    const ChildResult child = run_child({"mdb_dump", "-a", directory.string()});
    if (child.exit_code != 0) throw std::runtime_error("mdb_dump (package lmdb-utils) failed: " + child.err);
    Dump out;
    std::istringstream lines(child.out);
    std::string line, name;
    bool in_data = false;
    while (std::getline(lines, line)) {
        if (line.starts_with("database=")) {
            name = line.substr(9);
            out[name];
        } else if (line == "HEADER=END") {
            in_data = true;
        } else if (line == "DATA=END") {
            in_data = false;
        } else if (in_data) {
            std::string value;
            std::getline(lines, value);
            out[name].emplace_back(line.substr(1), value.substr(1));
        }
    }
    for (auto& [_, pairs] : out) std::sort(pairs.begin(), pairs.end());
    return out;
}

Dump dump_with_reader(const std::filesystem::path& directory, const Dump& like) {
    const auto environment = Environment::open(directory, {});
    Dump out;
    for (const auto& entry : like) {
        const auto database = environment->database(entry.first);
        if (!database) continue;
        auto& pairs = out[entry.first];
        const ReadTransaction transaction(*environment);
        Cursor cursor(transaction, *database);
        for (auto pair = cursor.first(); pair; pair = cursor.next())
            pairs.emplace_back(engine::chain::to_hex(pair->first), engine::chain::to_hex(pair->second));
        std::sort(pairs.begin(), pairs.end());
    }
    return out;
}

Dump dump_from_json(const nlohmann::json& tables) {
    Dump out;
    for (const auto& [name, rows] : tables.items()) {
        auto& pairs = out[name];
        for (const auto& row : rows) pairs.emplace_back(row[0], row[1]);
        std::sort(pairs.begin(), pairs.end());
    }
    return out;
}

std::string difference(const Dump& found, const Dump& wanted) {
    std::set<std::string> names;
    for (const auto& entry : found) names.insert(entry.first);
    for (const auto& entry : wanted) names.insert(entry.first);
    for (const std::string& name : names) {
        const auto in = [&](const Dump& dump) {
            const auto it = dump.find(name);
            return it == dump.end() ? std::vector<std::pair<std::string, std::string>>{} : it->second;
        };
        const auto a = in(found), b = in(wanted);
        for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
            if (i < a.size() && i < b.size() && a[i] == b[i]) continue;
            std::size_t same = 0; // values can be thousands of digits long
            if (i < a.size() && i < b.size() && a[i].first == b[i].first)
                while (same < std::min(a[i].second.size(), b[i].second.size()) &&
                       a[i].second[same] == b[i].second[same])
                    ++same;
            const auto show = [&](const auto& list) {
                if (i >= list.size()) return std::string("nothing");
                return fmt::format("{} -> at digit {}: {}", list[i].first, same,
                                   list[i].second.substr(same, 160));
            };
            return fmt::format("{}, record {}:\n  found  {}\n  wanted {}", name, i, show(a), show(b));
        }
    }
    return {};
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void write_file(const std::filesystem::path& file, const std::string& content) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << content;
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

nlohmann::json test_data(const std::string& name) {
    return nlohmann::json::parse(read_file(std::string(FOG_SOURCE_DIR) + "/real/lmdb/testdata/" + name));
}

} // namespace real::lmdb
