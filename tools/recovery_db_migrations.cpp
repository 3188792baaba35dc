#include <iostream>

#include "real/postgres/migrations.hpp"
#include "tools/database_tool.hpp"
#include "tools/program.hpp"

// fog-sql-recovery-db-migrations: gives a database the tables of the recovery database.
// source: fog/sql_recovery_db/src/bin/migrations.rs

namespace {

using namespace std::chrono_literals;
using namespace real::postgres;

engine::Task<> migrate_it(real::IoLoop& loop, ConnectUrl url) {
    PgResult<std::unique_ptr<Connection>> connection =
        co_await Connection::open(loop, std::move(url), loop.now() + 30s);
    const auto applied = co_await migrate(*connection.value(), loop.now() + 300s);
    (void)applied.value(); // throws when there is none
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app(
        "Creates the tables of the recovery database that DATABASE_URL names, where they are missing",
        "fog-sql-recovery-db-migrations");
    app.footer("Exit codes: 0 done, also when there was nothing to do; 2 bad arguments; 101 failure.");
    return tools::run_database_tool(app, argc, argv, [](const ConnectUrl& url) {
        real::IoLoop loop;
        loop.run(migrate_it(loop, url));
        std::cout << "Done migrating Fog recovery DB!" << std::endl;
    });
}
