#include "engine/chain/block.hpp"

#include "engine/chain/archive.hpp"
#include "engine/chain/fuzz/target.hpp"
#include "engine/chain/output_wire.hpp"

// Everything a ledger stores about blocks, and an archive.

using namespace engine::chain;

namespace {

template <class Decode>
void round_trip(ByteView bytes, Decode decode) {
    if (const auto value = decode(bytes)) must_hold(decode(encode(*value)) == value);
}

} // namespace

FOG_FUZZ_TARGET(blocks);
FOG_FUZZ_TARGET(blocks) {
    const ByteView bytes{data, size};
    round_trip(bytes, decode_block);
    round_trip(bytes, decode_block_signature);
    round_trip(bytes, decode_membership_proof);
    round_trip(bytes, decode_block_data);
    round_trip(bytes, decode_mint_tx);
    round_trip(bytes, decode_validated_mint_config_tx);
    round_trip(bytes, decode_active_mint_configs);
    round_trip(bytes, decode_block_metadata);
    round_trip(bytes, decode_block_contents);
    if (const auto block = decode_archive_block(bytes))
        must_hold(decode_archive_block(encode_archive_block(*block)) == block);
    if (const auto blocks = decode_archive_blocks(bytes))
        must_hold(decode_archive_blocks(encode_archive_blocks(*blocks)) == blocks);
    // Hashing what was read must be safe too.
    if (const auto contents = decode_block_contents(bytes)) contents_hash(*contents);
    if (const auto metadata = decode_block_metadata(bytes)) verify(*metadata);
    if (const auto proof = decode_membership_proof(bytes)) merkle_verify(Hash32{}, *proof, Hash32{});
    return 0;
}
