#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "real/lmdb/cheap_blocks.hpp"
#include "real/lmdb/ledger_db.hpp"

// The tests' second process.
//
//   ledger_appender DIR     opens the ledger and appends blocks for ever, printing each block count when it
//   is safe ledger_appender --fill DIR   writes until the disk is full; exit 0 when that was a clear error
//   and reading goes on

namespace {

using namespace real::lmdb;
using namespace engine::chain;

int append_for_ever(const char* directory) {
    LedgerDb ledger =
        LedgerDb::open(directory, {.access = EnvironmentOptions::Access::write, .check_pages = false});
    Block last = ledger.block(engine::BlockIndex{ledger.num_blocks().value - 1}).value();
    Hc128::Seed seed{};
    const auto number = big_endian(last.index.value + 1);
    std::copy(number.begin(), number.end(), seed.begin());
    Hc128 rng(seed);
    for (;;) {
        const BlockData data = cheap_block(rng, &last, 3, 2);
        if (const auto fault = ledger.append_block(data)) {
            fmt::print(stderr, "{}\n", to_text(*fault));
            return 1;
        }
        last = data.block;
        const std::string line = fmt::format("{}\n", last.index.value + 1);
        if (::write(1, line.data(), line.size()) < 0) return 1;
    }
}

int fill(const char* directory) {
    const auto environment = Environment::open(directory, {.access = EnvironmentOptions::Access::write});
    const Database table = environment->database("t").value();
    try {
        for (int i = 0; i < 1000; ++i)
            environment->write([&](WriteTransaction& transaction) {
                transaction.put(table, as_bytes("fill" + std::to_string(i)), Bytes(10000, 1));
            });
        return 3;
    } catch (const Error& error) {
        if (error.code != ErrorCode::no_space) return 4;
    }
    const ReadTransaction transaction(*environment);
    return transaction.get(table, as_bytes("a")) ? 0 : 5;
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 3 && std::strcmp(argv[1], "--fill") == 0) return fill(argv[2]);
        if (argc == 2) return append_for_ever(argv[1]);
    } catch (const Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 2;
}
