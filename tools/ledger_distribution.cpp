#include <fmt/format.h>
#include <signal.h>

#include <iostream>

#include "engine/ensure.hpp"
#include "real/archive/publisher.hpp"
#include "tools/ledger_tool.hpp"
#include "tools/program.hpp"

// ledger-distribution: publishes a node's ledger as an archive.  source: ledger/distribution/src/main.rs

namespace {

using namespace real::archive;

constexpr long poll_ns = 10'000'000;

/// The signals that end the program, taken between blocks: no file is left half-written.
class Ending {
public:
    Ending() {
        sigemptyset(&signals_);
        for (const int one : tools::ending_signals()) sigaddset(&signals_, one);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }
    /// Waits for one.  @return whether one has come, now or before
    bool within(long ns) {
        const timespec limit{0, ns};
        if (!come_) come_ = sigtimedwait(&signals_, nullptr, &limit) > 0;
        return come_;
    }

private:
    sigset_t signals_;
    bool come_ = false;
};

std::vector<std::uint64_t> merge_sizes_of(const std::vector<std::uint64_t>& given) {
    std::vector<std::uint64_t> sizes;
    for (const std::uint64_t size : given) {
        if (size == 0) continue; // upstream's way to have none
        if (size == 1) throw tools::BadInput("--merge-buckets: a merged file has two blocks at least");
        if (size > 1'000'000) throw tools::BadInput("--merge-buckets: at most 1000000 blocks go into a file");
        sizes.push_back(size);
    }
    return sizes;
}

void distribute(const std::string& ledger_path, const std::string& dest,
                const std::vector<std::uint64_t>& merge_buckets, bool once) {
    std::string why;
    const auto root = folder_of(dest, why);
    if (!root) throw tools::BadInput(fmt::format("--dest: {}: {}", dest, why));
    const std::vector<std::uint64_t> sizes = merge_sizes_of(merge_buckets);
    const auto ledger = real::lmdb::LedgerDb::open(ledger_path);
    std::optional<Publisher> publisher;
    try {
        publisher.emplace(ledger, Folder(*root), sizes);
    } catch (const engine::UsageError& error) {
        throw tools::BadInput(fmt::format("--dest: {}", error.what()));
    }
    Ending ending;
    tools::tell("ledger-distribution: {} to {}, from block {} on\n", ledger_path, root->string(),
                publisher->next().value);
    std::uint64_t written = 0;
    do {
        written += publisher->publish([&] { return ending.within(0); });
    } while (!once && !ending.within(poll_ns));
    std::cout << fmt::format("{{\"blocks\":{},\"written\":{}}}\n", publisher->next().value, written)
              << std::flush;
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Publishes the blocks of a ledger as files, and goes on as it grows", "ledger-distribution");
    app.footer(
        "Ends by INT, TERM or HUP, between two blocks, and writes {\"blocks\":B,\"written\":W} to stdout: "
        "blocks of\nthe archive, and how many are new.  A file appears whole or not at all.\n"
        "Exit codes: 0 done, 2 bad arguments or input, 101 failure.");
    std::string ledger_path, dest;
    std::vector<std::uint64_t> merge_buckets = usual_merge_sizes;
    bool once = false;
    app.add_option("--ledger-path", ledger_path, "The ledger, which somebody else may be writing")
        ->required()
        ->envname("MC_LEDGER_PATH");
    app.add_option("--dest", dest, "Where to: file:///absolute/path (s3:// is not offered)")
        ->required()
        ->envname("MC_DEST");
    app.add_option("--merge-buckets", merge_buckets, "Blocks of the merged files, with commas; 0: none")
        ->delimiter(',')
        ->transform(tools::whole_number())
        ->envname("MC_MERGE_BUCKETS")
        ->capture_default_str();
    app.add_flag("--once", once, "End when the present blocks are written (not upstream's)");
    return tools::run_ledger_tool(app, argc, argv, tools::exit_panic, {{"--ledger-path", &ledger_path}},
                                  [&] { distribute(ledger_path, dest, merge_buckets, once); });
}
