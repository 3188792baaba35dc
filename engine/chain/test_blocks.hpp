#pragma once

#include <vector>

#include "engine/chain/block.hpp"
#include "engine/chain/hc128.hpp"

// Blocks for tests as upstream's builders draw them: whoever draws the same things in the same order from the
// same seed gets the same bytes, block ids included.
// @source mobilecoin 7.0.0 blockchain/test-utils/src/lib.rs, transaction/core/test-utils/src/lib.rs

namespace engine::chain {

/// Seed of the tools that take a number: its BLAKE2b-256.
Hc128::Seed seed_from_number(std::uint64_t number);

/// One output with a hint nobody can open.  Draws the tx private key, then the hint.
/// @return nothing when the recipient's keys are no points
std::optional<TxOut> draw_output(Hc128& rng, std::uint32_t block_version, Amount amount,
                                 const PublicAddress& recipient);

/// `repeats` outputs of `value` for each recipient and each token id 0 to `max_token_id`, in this nesting.
std::optional<std::vector<TxOut>> draw_outputs(Hc128& rng, std::uint32_t block_version,
                                               const std::vector<PublicAddress>& recipients,
                                               std::uint64_t repeats, std::uint64_t value,
                                               std::uint64_t max_token_id = 0);

/// The key image of a private key that is a random 64-bit number.
KeyImage draw_key_image(Hc128& rng);

/// Metadata as a node of a random quorum would sign it.
BlockMetadata draw_metadata(Hc128& rng, const BlockId& block_id);

/// Signs a block, the block index serving as the time, and adds metadata.  Draws the signer, then the
/// metadata.
BlockData draw_signatures(Hc128& rng, const Block& block, BlockContents contents);

/// A chain of `blocks` blocks, origin included: in each, `repeats` outputs per recipient and token; one key
/// image in every block but the first.
/// @param version  of all outputs, and of the blocks after the origin, whose own version is always 0
/// @param each     takes every block as it is made; answers false to stop
template <class Each>
bool draw_chain(Hc128& rng, std::uint32_t version, std::uint64_t blocks,
                const std::vector<PublicAddress>& recipients, std::uint64_t repeats, std::uint64_t value,
                std::uint64_t max_token_id, Each each) {
    Block last;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        BlockContents contents;
        auto outputs = draw_outputs(rng, version, recipients, repeats, value, max_token_id);
        if (!outputs) return false;
        contents.outputs = std::move(*outputs);
        if (i > 0) contents.key_images.push_back(draw_key_image(rng));
        const Block block = i == 0 ? origin_block(contents) : next_block(version, last, contents);
        last = block;
        const BlockData data = draw_signatures(rng, block, std::move(contents));
        if (!each(data)) return false;
    }
    return true;
}

} // namespace engine::chain
