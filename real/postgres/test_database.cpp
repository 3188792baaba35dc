#include "real/postgres/test_database.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <fmt/format.h>

#include <atomic>

#include "real/postgres/migrations.hpp"

namespace real::postgres {
namespace {

constexpr const char* template_name = "fog_template";

Task<> prepare_template(IoLoop& loop, ConnectUrl url) {
    const Instant due = loop.now() + std::chrono::seconds(30);
    PgResult<std::unique_ptr<Connection>> connection = co_await Connection::open(loop, std::move(url), due);
    const PgResult<std::vector<std::string>> applied = co_await migrate(*connection.value(), due);
    ENSURE(applied.value().size() == 2);
}

} // namespace

std::string run_sql(const ConnectUrl& url, const std::string& text) {
    const std::string where = url.with_password();
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(where.c_str()), &PQfinish);
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), text.c_str()),
                                                                &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw engine::BrokenSurroundings(text + ": " + PQerrorMessage(connection.get()));
    return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

Cluster& test_cluster() {
    static const std::unique_ptr<Cluster> cluster = [] {
        Cluster::Options options;
        options.tcp = true;
        auto started = Cluster::start(std::move(options));
        run_sql(started->url(), fmt::format("CREATE DATABASE {}", template_name));
        IoLoop loop;
        loop.run(prepare_template(loop, started->url().with_database(template_name)));
        return started;
    }();
    return *cluster;
}

TestDatabase::TestDatabase(bool migrated) {
    static std::atomic<int> number{0};
    const std::string name = fmt::format("test_{}", ++number);
    run_sql(test_cluster().url(),
            fmt::format("CREATE DATABASE {} TEMPLATE {}", name, migrated ? template_name : "template0"));
    url_ = test_cluster().url().with_database(name);
}

TestDatabase::~TestDatabase() {
    run_sql(test_cluster().url(), fmt::format("DROP DATABASE {} WITH (FORCE)", url_.database()));
}

std::string TestDatabase::sql(const std::string& text) const { return run_sql(url_, text); }

} // namespace real::postgres
