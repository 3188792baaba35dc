#pragma once

#include "engine/chain/block.hpp"
#include "engine/chain/hc128.hpp"

// For tests and benchmarks of storage: blocks of random bytes.  The ledger looks at no curve points, so that
// these take microseconds to make.

namespace real::lmdb {

inline engine::chain::TxOut cheap_output(engine::chain::Hc128& rng) {
    engine::chain::TxOut output;
    output.masked_amount = engine::chain::MaskedAmount{};
    output.masked_amount->masked_token_id = engine::chain::Bytes(8);
    rng.fill(output.masked_amount->commitment.bytes);
    rng.fill(output.target_key.bytes);
    rng.fill(output.public_key.bytes);
    rng.fill(output.fog_hint.bytes);
    output.memo = engine::chain::EncryptedMemo{};
    return output;
}

/// The block after `parent`, or the origin when there is none (then without key images).
inline engine::chain::BlockData cheap_block(engine::chain::Hc128& rng, const engine::chain::Block* parent,
                                            std::size_t outputs, std::size_t key_images) {
    engine::chain::BlockContents contents;
    for (std::size_t i = 0; i < outputs; ++i) contents.outputs.push_back(cheap_output(rng));
    if (parent) {
        contents.key_images.resize(key_images);
        for (engine::chain::KeyImage& image : contents.key_images) rng.fill(image.bytes);
    }
    const engine::chain::Block block = parent ? engine::chain::next_block(parent->version, *parent, contents)
                                              : engine::chain::origin_block(contents);
    return {
        .block = block, .contents = std::move(contents), .signature = std::nullopt, .metadata = std::nullopt};
}

} // namespace real::lmdb
