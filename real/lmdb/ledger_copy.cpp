#include "real/lmdb/ledger_copy.hpp"

#include <fmt/format.h>

#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/test_ledger.hpp"
#include "real/lmdb/watcher_db.hpp"

namespace real::lmdb {

using namespace engine::chain;

namespace {

bool has_database(const std::filesystem::path& directory) {
    return std::filesystem::exists(directory / "data.mdb");
}

EnvironmentOptions writing() {
    EnvironmentOptions options;
    options.access = EnvironmentOptions::Access::write;
    return options;
}

} // namespace

CopyReport copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to,
                       std::optional<BlockIndex> last) {
    const LedgerDb source = LedgerDb::open(from);
    const BlockCount blocks = source.num_blocks();
    if (blocks.value == 0) throw TestLedgerError(fmt::format("{}: the ledger is empty", from.string()));
    const BlockIndex until = last.value_or(BlockIndex{blocks.value - 1});
    if (!blocks.includes(until))
        throw TestLedgerError(
            fmt::format("{}: has no block {}, only {} blocks", from.string(), until.value, blocks.value));

    if (!has_database(to)) {
        // Not in place: a ledger cut off before its first block would be none.
        StagedDatabase staged(to);
        {
            LedgerDb fresh = LedgerDb::create(staged.staging());
            if (const auto fault = fresh.append_block(source.block_data(BlockIndex{0}).value()))
                throw TestLedgerError(
                    fmt::format("{}: block 0 is refused: {}", from.string(), to_text(*fault)));
        }
        staged.publish();
        CopyReport report = copy_ledger(from, to, until);
        ++report.copied;
        return report;
    }
    LedgerDb target = LedgerDb::open(to, writing());
    const BlockCount have = target.num_blocks();
    if (have.value > 0) {
        const BlockIndex newest{have.value - 1};
        const auto known = source.block(newest);
        if (!known || *known != target.block(newest))
            throw TestLedgerError(fmt::format("{}: is not a beginning of {} (block {} differs)", to.string(),
                                              from.string(), newest.value));
    }
    CopyReport report{.copied = 0, .blocks = have};
    for (BlockIndex index = have.end(); index <= until; index = index.next()) {
        if (const auto fault = target.append_block(source.block_data(index).value()))
            throw TestLedgerError(
                fmt::format("{}: block {} is refused: {}", from.string(), index.value, to_text(*fault)));
        ++report.copied;
        report.blocks = index.count_through();
    }
    return report;
}

std::uint64_t copy_watcher(const std::filesystem::path& from, const std::filesystem::path& to,
                           BlockIndex last) {
    const WatcherDb source = WatcherDb::open(from);
    if (!has_database(to)) {
        StagedDatabase staged(to);
        WatcherDb::create(staged.staging());
        staged.publish();
    }
    WatcherDb target = WatcherDb::open_writer(to, source.urls());
    std::uint64_t copied = 0;
    BlockIndex newest{0};
    for (const auto& [url, synced] : source.last_synced())
        if (synced) newest = std::max(newest, *synced);
    for (BlockIndex index{0}; index <= std::min(last, newest); index = index.next()) {
        for (const std::string& url : source.sources_of(index))
            copied += target.add_block_data(url, source.block_data(url, index).value());
        for (const SourcedSignature& each : source.block_signatures(index)) {
            target.add_block_signature(each.url, index, each.signature, each.archive_file);
            for (const Bytes& evidence : source.evidence(each.signature.signer, each.url))
                target.add_evidence(each.url, each.signature.signer,
                                    evidence.empty() ? std::nullopt : std::optional(evidence));
        }
    }
    for (const auto& [url, synced] : source.last_synced())
        if (synced) target.update_last_synced(url, std::min(*synced, last));
    return copied;
}

} // namespace real::lmdb
