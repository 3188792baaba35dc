#include "real/lmdb/test_ledger.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// init_test_ledger: the ledger that the fog conformance test starts from, with an empty watcher database.
// source: fog/test_infra/src/bin/init_test_ledger.rs
// differs: a ledger that is there already stays as it is; upstream resets its counters and then fails

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Makes a ledger of one block that gives each account as many outputs as there are accounts",
                 "init_test_ledger");
    app.footer("Also writes conf.json in the current directory.\n"
               "Exit codes: 0 done, 2 bad arguments or input, 101 failure.  Unless 0, no database was made.");
    std::string keys, ledger_db, watcher_db;
    std::uint64_t seed = 42;
    app.add_option("--keys", keys, "Folder of account files (*.pub)")->required()->envname("MC_KEYS");
    app.add_option("--ledger-db", ledger_db, "Where the ledger goes")->required()->envname("MC_LEDGER_DB");
    app.add_option("--watcher-db", watcher_db, "Where the watcher's database goes")
        ->required()
        ->envname("MC_WATCHER_DB");
    app.add_option("--seed", seed, "Seed of the generator")
        ->transform(tools::whole_number())
        ->envname("MC_SEED")
        ->capture_default_str();
    return tools::run_ledger_tool(app, argc, argv, tools::exit_panic,
                                  {{"--ledger-db", &ledger_db}, {"--watcher-db", &watcher_db}}, [&] {
                                      const auto addresses = tools::read_addresses("--keys", keys);
                                      tools::ConfFile conf(addresses.size(), addresses.size(), 1, 0);
                                      if (addresses.size() * addresses.size() < real::lmdb::fewest_outputs)
                                          throw tools::BadInput("--keys: " + keys + ": " +
                                                                std::to_string(addresses.size()) +
                                                                " keys are too few, at least 4 are needed");
                                      real::lmdb::init_test_ledger(ledger_db, watcher_db, addresses, seed);
                                      conf.commit();
                                  });
}
