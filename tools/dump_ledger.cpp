#include <fmt/format.h>

#include <iostream>
#include <optional>

#include "real/lmdb/ledger_db.hpp"
#include "tools/block_json.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// dump-ledger: blocks as JSON, in the form upstream's serializer gives them.
// source: util/dump-ledger

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Writes blocks of a ledger to stdout as a JSON list", "dump-ledger");
    app.footer("Exit codes: 0 done, 2 bad arguments or input, 13 an empty ledger or failure.");
    std::string ledger_db;
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last;
    app.add_option("--ledger-db", ledger_db, "The ledger")->required()->envname("MC_LEDGER_DB");
    app.add_option("-f,--first-index", first, "First block")
        ->transform(tools::whole_number())
        ->envname("MC_FIRST_INDEX")
        ->capture_default_str();
    app.add_option("-l,--last-index", last, "Last block, included (default: the newest)")
        ->transform(tools::whole_number())
        ->envname("MC_LAST_INDEX");
    return tools::run_ledger_tool(
        app, argc, argv, tools::exit_panic_hook, {{"--ledger-db", &ledger_db}}, [&] {
            const auto ledger = real::lmdb::LedgerDb::open(ledger_db);
            const std::uint64_t blocks = ledger.num_blocks().value;
            if (blocks == 0) throw std::runtime_error("--ledger-db: " + ledger_db + ": the ledger is empty");
            const std::uint64_t until = last.value_or(blocks - 1);
            if (until >= blocks)
                throw tools::BadInput(
                    fmt::format("--last-index: no block {}, the newest is {}", until, blocks - 1));
            if (first > until)
                throw tools::BadInput(
                    fmt::format("--first-index: {} lies behind the last block {}", first, until));
            // One block at a time, so that memory does not grow with the ledger.
            std::string text;
            for (std::uint64_t index = first; index <= until; ++index) {
                const auto data = ledger.block_data(engine::BlockIndex{index}).value();
                text.assign(index == first ? "[\n  " : ",\n  ");
                tools::append_json(text, data, 1);
                std::cout << text;
                if (!std::cout) break; // a dump of a long ledger to a full disk
            }
            std::cout << "\n]\n" << std::flush;
            if (!std::cout) throw std::runtime_error("stdout cannot be written");
        });
}
