#include <chrono>
#include <iostream>

#include "real/postgres/recovery_db.hpp"
#include "tools/database_tool.hpp"
#include "tools/program.hpp"

// mc-fog-sql-recovery-db-cleanup: closes ingest invocations that nobody has written to for two days.
// source: fog/sql_recovery_db/cleanup
// differs: invocations that are closed already are left out; upstream tries them again and reports an error
// for each

namespace {

using namespace std::chrono_literals;
using namespace real::postgres;

constexpr auto oldest = std::chrono::hours(48);

engine::Task<> clean(PgRecoveryDb& db, std::int64_t before_s, bool dry_run) {
    const auto expired = co_await db.expired_invocations(before_s);
    if (!expired)
        throw engine::BrokenSurroundings(std::string("the database: ") + engine::name(expired.error().code));
    std::size_t closed = 0;
    for (const engine::InvocationId id : *expired) {
        if (dry_run) {
            std::cout << "would decommission ingest invocation " << id.value << '\n';
            continue;
        }
        const engine::Result<void> done = co_await db.decommission_ingest_invocation(id);
        if (done) {
            ++closed;
            std::cout << "decommissioned ingest invocation " << id.value << '\n';
        } else {
            std::cerr << "mc-fog-sql-recovery-db-cleanup: ingest invocation " << id.value
                      << " stays open: " << engine::name(done.error().code) << '\n';
        }
    }
    std::cout << expired->size() << " expired, " << closed << " decommissioned" << std::endl;
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app(
        "Closes ingest invocations of the recovery database that DATABASE_URL names, when nobody has "
        "written to them for two days",
        "mc-fog-sql-recovery-db-cleanup");
    app.footer("An ingest server that is alive but has had no block for two days looks like a dead one.\n"
               "Exit codes: 0 done; 2 bad arguments; 101 failure.");
    bool egress_keys = false, dry_run = false;
    app.add_flag("--egress-keys", egress_keys,
                 "Close the invocations (each is one egress key); without it nothing is done");
    app.add_flag("--dry-run", dry_run, "Only list them");
    return tools::run_database_tool(app, argc, argv, [&](const ConnectUrl& url) {
        if (!egress_keys) {
            std::cout << "nothing to do: --egress-keys was not given" << std::endl;
            return;
        }
        real::IoLoop loop;
        Pool pool(loop, url);
        RecoveryDbOptions options;
        options.log = [](const std::string& line) {
            std::cerr << "mc-fog-sql-recovery-db-cleanup: " << line << '\n';
        };
        PgRecoveryDb db(pool, std::move(options));
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        loop.run(clean(db, (now - oldest).time_since_epoch().count(), dry_run));
    });
}
