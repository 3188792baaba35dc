#include "property_tests/postgres_db.hpp"

#include "real/postgres/recovery_db.hpp"
#include "real/postgres/test_database.hpp"

namespace property_tests {

using engine::Task;
namespace pg = real::postgres;

namespace {

// Lives as long as the program: a case begins with empty tables, not with a new database and new connections.
struct Stage {
    struct Client {
        Client(real::IoLoop& loop, const pg::ConnectUrl& url, std::size_t connections)
            : pool(loop, url, options(connections)), db(pool) {}
        static pg::PoolOptions options(std::size_t connections) {
            pg::PoolOptions made;
            made.connections_max = connections;
            return made;
        }
        pg::Pool pool;
        pg::PgRecoveryDb db;
    };

    pg::TestDatabase database;
    real::IoLoop loop;
    Client one{loop, database.url(), 1};
    Client two{loop, database.url(), 2};
    Client three{loop, database.url(), 3};
};

Stage& stage() {
    pg::test_cluster(); // lives longer
    static Stage made;
    return made;
}

class PostgresDb final : public DbUnderTest {
public:
    PostgresDb() {
        stage().database.sql(
            "TRUNCATE ingress_keys, ingest_invocations, ingested_blocks, user_events, reports "
            "RESTART IDENTITY");
    }

    std::vector<engine::fog::RecoveryDb*> clients() override {
        return {&stage().one.db, &stage().two.db, &stage().three.db};
    }
    void run(std::vector<Task<>> tasks) override {
        stage().loop.run(run_all(stage().loop, std::move(tasks)));
    }

private:
    static Task<> run_all(engine::Loop& loop, std::vector<Task<>> tasks) {
        engine::Nursery nursery(loop, engine::NodeId{1});
        for (Task<>& task : tasks) nursery.spawn("a call", std::move(task));
        co_await nursery.join();
    }
};

} // namespace

std::unique_ptr<DbUnderTest> postgres_db(std::uint64_t) { return std::make_unique<PostgresDb>(); }

} // namespace property_tests
