#include "real/postgres/temporary_database.hpp"

#include <libpq-fe.h>
#include <sodium.h>
#include <unistd.h>

#include <fmt/format.h>

#include <vector>

#include "engine/ensure.hpp"

namespace real::postgres {
namespace {

// The URL reaches psql without its password, because everybody sees the arguments of a process.
constexpr const char* keeper_script = R"sh(
read -r word && exit 0
psql --no-psqlrc --quiet --no-password "$1" -c "DROP DATABASE IF EXISTS $2 WITH (FORCE)" >/dev/null 2>&1
)sh";

/// @return why it failed; empty when it was done
std::string execute(const ConnectUrl& url, const std::string& sql) {
    const std::string text = url.with_password();
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(text.c_str()), &PQfinish);
    if (PQstatus(connection.get()) == CONNECTION_OK) {
        const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql.c_str()),
                                                                    &PQclear);
        if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return {};
    }
    std::string why = url.redact(PQerrorMessage(connection.get()));
    while (!why.empty() && why.back() == '\n') why.pop_back();
    return why.empty() ? "failed" : why;
}

} // namespace

TemporaryDatabase::TemporaryDatabase(ConnectUrl server) : server_(std::move(server)) {
    ENSURE(sodium_init() >= 0);
    const std::string name = fmt::format("fog_{}_{:08x}", ::getpid(), randombytes_random());
    url_ = server_.with_database(name);
    ConnectUrl open = server_;
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"};
    if (const std::string password = server_.setting("password"); !password.empty()) {
        environment.push_back("PGPASSWORD=" + password);
        open = server_.with("password", "");
    }
    keeper_ = std::make_unique<Keeper>(keeper_script, std::vector<std::string>{open.with_password(), name},
                                       environment);
    const std::string why = execute(server_, "CREATE DATABASE " + name);
    if (!why.empty()) {
        keeper_->say("done");
        throw engine::BrokenSurroundings(fmt::format("no database on {}: {}", server_.printable(), why));
    }
}

TemporaryDatabase::~TemporaryDatabase() {
    const std::string why = execute(server_, "DROP DATABASE IF EXISTS " + url_.database() + " WITH (FORCE)");
    try {
        if (why.empty()) keeper_->say("done"); // else it tries once more
    } catch (const engine::BrokenSurroundings&) {
        // It was killed; the database is gone all the same.
    }
}

} // namespace real::postgres
