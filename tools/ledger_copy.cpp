#include "real/lmdb/ledger_copy.hpp"

#include <fmt/format.h>

#include <iostream>
#include <optional>

#include "real/lmdb/ledger_db.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// ledger-copy: brings one copy of a chain up to a chosen block of another, which is how a service's view of
// the chain is made to lag.  Not an upstream tool.

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Appends blocks of one ledger, and their watcher records, to a copy of it", "ledger-copy");
    app.footer("Writes {\"blocks\":B,\"copied\":C} to stdout: blocks of the copy, and how many are new.\n"
               "Exit codes: 0 done, 2 bad arguments or input, 101 failure.  Every block copied before a "
               "failure stays.");
    std::string from, to, from_watcher, to_watcher;
    std::optional<std::uint64_t> last, watcher_last;
    app.add_option("--ledger-db", from, "The ledger to copy from")->required()->envname("MC_LEDGER_DB");
    app.add_option("--to-ledger-db", to, "The copy, made when absent")->required();
    CLI::Option* source = app.add_option("--watcher-db", from_watcher, "The watcher's database to copy from");
    CLI::Option* target =
        app.add_option("--to-watcher-db", to_watcher, "Its copy, made when absent")->needs(source);
    source->needs(target);
    app.add_option("-l,--last-index", last, "Last block of the copy (default: the newest)")
        ->transform(tools::whole_number())
        ->envname("MC_LAST_INDEX");
    app.add_option("--watcher-last-index", watcher_last,
                   "Last block of the watcher's copy (default: of the ledger's)")
        ->transform(tools::whole_number())
        ->needs(source);
    return tools::run_ledger_tool(
        app, argc, argv, tools::exit_panic,
        {{"--ledger-db", &from},
         {"--to-ledger-db", &to},
         {"--watcher-db", &from_watcher},
         {"--to-watcher-db", &to_watcher}},
        [&] {
            using engine::BlockIndex;
            const auto report =
                real::lmdb::copy_ledger(from, to, last ? std::optional(BlockIndex{*last}) : std::nullopt);
            if (!from_watcher.empty())
                real::lmdb::copy_watcher(from_watcher, to_watcher,
                                         BlockIndex{watcher_last.value_or(report.blocks.value - 1)});
            std::cout << fmt::format("{{\"blocks\":{},\"copied\":{}}}\n", report.blocks.value, report.copied)
                      << std::flush;
            if (!std::cout) throw std::runtime_error("the blocks are copied, but stdout cannot be written");
        });
}
