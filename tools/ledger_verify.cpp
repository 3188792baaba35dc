#include <fmt/format.h>

#include <iostream>
#include <optional>

#include "real/lmdb/ledger_check.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// ledger-verify: checks every page, hash, id, signature, index and Merkle node of a ledger.  Not an upstream
// tool.

namespace {

constexpr int exit_fault = 1;

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Checks a ledger, and the watcher's database beside it, from end to end", "ledger-verify");
    app.footer("The last line of stdout is the verdict.  Exit codes: 0 all is well, 1 a fault, 2 bad "
               "arguments or no "
               "database there, 101 failure.");
    std::string ledger_db, watcher_db;
    app.add_option("--ledger-db", ledger_db, "The ledger")->required()->envname("MC_LEDGER_DB");
    app.add_option("--watcher-db", watcher_db, "The watcher's database")->envname("MC_WATCHER_DB");
    int verdict = 0;
    const auto fault = [&](const std::string& place, const std::string& what) {
        std::cout << "ledger-verify: FAULT at " << place << ": " << what << '\n';
        verdict = exit_fault;
    };
    const int code = tools::run_ledger_tool(
        app, argc, argv, tools::exit_panic, {{"--ledger-db", &ledger_db}, {"--watcher-db", &watcher_db}},
        [&] {
            using namespace real::lmdb;
            try {
                // The watcher's moment comes first: a writer at work leaves the ledger ahead of it, never
                // behind.
                std::optional<WatcherDb> watcher;
                std::optional<ReadTransaction> watched;
                if (!watcher_db.empty()) {
                    watcher.emplace(WatcherDb::open(watcher_db));
                    watched.emplace(watcher->environment());
                }
                const LedgerDb ledger = LedgerDb::open(ledger_db);
                const LedgerDb::Snapshot snapshot = ledger.snapshot();
                LedgerSummary summary;
                if (const auto found = check_ledger(*snapshot, summary))
                    return fault(found->place, found->what);
                if (watcher) {
                    if (const auto found = check_watcher(*watcher, *watched, *snapshot))
                        return fault(found->place, found->what);
                }
                if (summary.unchecked_metadata > 0)
                    std::cout << fmt::format(
                        "ledger-verify: the metadata signatures of {} blocks with DCAP evidence "
                        "were not checked\n",
                        summary.unchecked_metadata);
                std::cout << fmt::format("ledger-verify: OK blocks={} outputs={} key_images={}\n",
                                         summary.blocks, summary.tx_outs, summary.key_images);
            } catch (const Error& error) {
                const bool damaged = error.code == ErrorCode::torn || error.code == ErrorCode::corrupt ||
                                     error.code == ErrorCode::wrong_version;
                if (!damaged) throw;
                fault("the file", error.what());
            }
        });
    return code != 0 ? code : verdict;
}
