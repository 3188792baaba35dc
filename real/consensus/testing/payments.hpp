#pragma once

#include <filesystem>

#include "engine/chain/testing/tx_world.hpp"
#include "real/lmdb/ledger_db.hpp"

namespace real::consensus::testing {

/// A new ledger whose only block has the outputs of the world.
inline void make_origin_ledger(const std::filesystem::path& directory, engine::chain::test::TxWorld& world) {
    engine::chain::BlockContents contents;
    for (std::uint64_t n = 0; n < world.ledger().num_outputs(); ++n)
        contents.outputs.push_back(world.ledger().output(n));
    engine::chain::BlockData origin;
    origin.block = engine::chain::origin_block(contents);
    origin.contents = std::move(contents);
    lmdb::LedgerDb ledger = lmdb::LedgerDb::create(directory);
    if (ledger.append_block(origin)) throw std::logic_error("the origin block is wrong");
}

/// Pays input number `n` of the world, less the fee, to its owner.
inline engine::chain::tx::Tx payment(engine::chain::test::TxWorld& world, std::uint64_t n) {
    engine::chain::tx::TxParts parts;
    parts.fee = {400'000'000, 0};
    parts.tombstone_block = 50;
    auto own = world.input(n);
    const auto made = world.make({own.secrets.amount.value - parts.fee.value, 0});
    parts.inputs.emplace_back(std::move(own));
    parts.outputs.emplace_back(made.output, made.secrets);
    return world.sign(std::move(parts));
}

} // namespace real::consensus::testing
