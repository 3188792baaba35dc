#include "real/postgres/blocking.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/ensure.hpp"
#include "real/process/interruption.hpp"

namespace real::postgres {
namespace {

using Clock = std::chrono::steady_clock;
using Connection_ = std::unique_ptr<PGconn, void (*)(PGconn*)>;

// @return whether the socket is ready; not when the time is over or somebody wants an end
bool wait_for(int socket, short events, Clock::time_point due) {
    constexpr std::chrono::milliseconds longest(50); // between two looks at a signal
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now());
        if (left.count() <= 0 || Interruption::requested()) return false;
        pollfd watched{socket, events, 0};
        if (::poll(&watched, 1, static_cast<int>(std::min(left, longest).count())) > 0) return true;
    }
}

Connection_ begin(const ConnectUrl& url) {
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : url.settings()) {
        keys.push_back(key.c_str());
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    Connection_ connection(PQconnectStartParams(keys.data(), values.data(), 0), &PQfinish);
    if (!connection) throw std::bad_alloc();
    PQsetNoticeReceiver(
        connection.get(), [](void*, const PGresult*) {}, nullptr);
    return connection;
}

std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text.empty() ? "failed" : text;
}

} // namespace

std::string execute(const ConnectUrl& url, const std::string& sql, std::chrono::milliseconds limit) {
    const Clock::time_point due = Clock::now() + limit;
    const auto late = [] {
        return std::string(Interruption::requested() ? "interrupted" : "the server does not answer in time");
    };
    const Connection_ connection = begin(url);
    PGconn* c = connection.get();
    auto why = [&] { return one_line(url.redact(PQerrorMessage(c))); };
    PostgresPollingStatusType status =
        PQstatus(c) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        if (!wait_for(PQsocket(c), status == PGRES_POLLING_READING ? POLLIN : POLLOUT, due)) return late();
        status = PQconnectPoll(c);
    }
    if (status != PGRES_POLLING_OK || PQsendQuery(c, sql.c_str()) == 0) return why();
    std::string failed;
    for (;;) {
        while (PQisBusy(c) != 0) {
            if (!wait_for(PQsocket(c), POLLIN, due)) return late();
            if (PQconsumeInput(c) == 0) return why();
        }
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQgetResult(c), &PQclear);
        if (!result) return failed;
        const ExecStatusType got = PQresultStatus(result.get());
        if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK && failed.empty()) failed = why();
    }
}

ConnectUrl resolved(const ConnectUrl& url, std::string_view what) {
    const Connection_ connection = begin(url); // only what it would connect to is of interest
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(PQconninfo(connection.get()),
                                                                                 &PQconninfoFree);
    if (!options) // a service that is nowhere, a value that is none
        throw engine::UsageError(
            fmt::format("{}: {}", what, one_line(url.redact(PQerrorMessage(connection.get())))));
    ConnectUrl out;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        const std::string_view key = option->keyword;
        if (option->val == nullptr || key == "service") continue;
        const bool is_default =
            (option->compiled != nullptr && std::string_view(option->compiled) == option->val) ||
            (key == "passfile" && std::getenv("PGPASSFILE") == nullptr);
        if (!is_default || url.settings().contains(option->keyword)) out = out.with(key, option->val);
    }
    return out;
}

void forget_environment() {
    std::vector<std::string> names;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        if (text.starts_with("PG")) names.emplace_back(text.substr(0, text.find('=')));
    }
    for (const std::string& name : names) ::unsetenv(name.c_str());
}

} // namespace real::postgres
