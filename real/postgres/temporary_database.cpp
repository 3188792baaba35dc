#include "real/postgres/temporary_database.hpp"

#include <sodium.h>
#include <unistd.h>

#include <fmt/format.h>

#include <vector>

#include "engine/chain/sodium.hpp"
#include "engine/ensure.hpp"
#include "real/postgres/blocking.hpp"

namespace real::postgres {
namespace {

// The URL reaches psql without its password, because everybody sees the arguments of a process.
constexpr const char* keeper_script = R"sh(
read -r word && exit 0
timeout -k 1 20 psql --no-psqlrc --quiet --no-password "$1" -c "DROP DATABASE IF EXISTS $2 WITH (FORCE)" >/dev/null 2>&1
)sh";

// A server that is there answers at once; one that says nothing is not waited for.
constexpr auto limit = std::chrono::seconds(10);

} // namespace

TemporaryDatabase::TemporaryDatabase(ConnectUrl server) : server_(std::move(server)) {
    engine::chain::init_sodium();
    const std::string name = fmt::format("fog_{}_{:08x}", ::getpid(), randombytes_random());
    url_ = server_.with_database(name);
    ConnectUrl open = server_;
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
                                         "PGCONNECT_TIMEOUT=10"};
    if (const std::string password = server_.setting("password"); !password.empty()) {
        environment.push_back("PGPASSWORD=" + password);
        open = server_.with("password", "");
    }
    keeper_ = std::make_unique<Keeper>(keeper_script, std::vector<std::string>{open.with_password(), name},
                                       environment);
    const std::string why = execute(server_, "CREATE DATABASE " + name, limit);
    if (!why.empty()) {
        keeper_->say("done");
        throw engine::BrokenSurroundings(fmt::format("no database on {}: {}", server_.printable(), why));
    }
}

TemporaryDatabase::~TemporaryDatabase() {
    const std::string why =
        execute(server_, "DROP DATABASE IF EXISTS " + url_.database() + " WITH (FORCE)", limit);
    try {
        if (why.empty()) keeper_->say("done"); // else it tries once more
    } catch (const engine::BrokenSurroundings&) {
        // It was killed; the database is gone all the same.
    }
}

} // namespace real::postgres
