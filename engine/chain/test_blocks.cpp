#include "engine/chain/test_blocks.hpp"

#include <string>

#include "engine/chain/box.hpp"
#include "engine/chain/hash.hpp"
#include "engine/chain/output.hpp"

namespace engine::chain {
namespace {

constexpr std::uint32_t most_nodes = 42;

/// The nodes are the same in every block.
const std::vector<QuorumSetMember>& test_nodes() {
    static const std::vector<QuorumSetMember> nodes = [] {
        std::vector<QuorumSetMember> out;
        for (std::uint32_t number = 0; number < most_nodes; ++number) {
            Hc128::Seed seed{};
            const auto first = big_endian(number);
            std::copy(first.begin(), first.end(), seed.begin());
            Hc128 rng(seed);
            QuorumNode node{.responder_id = "node" + std::to_string(number) + ".test.com:8443",
                            .public_key = Ed25519KeyPair::random(rng).public_key()};
            out.push_back({.node = std::move(node), .inner_set = {}});
        }
        return out;
    }();
    return nodes;
}

} // namespace

Hc128::Seed seed_from_number(std::uint64_t number) { return blake2b_256({little_endian(number)}); }

std::optional<TxOut> draw_output(Hc128& rng, std::uint32_t block_version, Amount amount,
                                 const PublicAddress& recipient) {
    const Scalar tx_private = Scalar::random(rng);
    const FogHint hint = make_fake_hint(rng);
    const auto sent = make_output(block_version, amount, recipient, tx_private, hint);
    if (!sent) return std::nullopt;
    return sent->output;
}

std::optional<std::vector<TxOut>> draw_outputs(Hc128& rng, std::uint32_t block_version,
                                               const std::vector<PublicAddress>& recipients,
                                               std::uint64_t repeats, std::uint64_t value,
                                               std::uint64_t max_token_id) {
    std::vector<TxOut> out;
    for (const PublicAddress& recipient : recipients) {
        for (std::uint64_t i = 0; i < repeats; ++i) {
            for (std::uint64_t token = 0; token <= max_token_id; ++token) {
                auto output = draw_output(rng, block_version, {.value = value, .token_id = token}, recipient);
                if (!output) return std::nullopt;
                out.push_back(std::move(*output));
            }
        }
    }
    return out;
}

KeyImage draw_key_image(Hc128& rng) { return key_image(Scalar::from_u64(rng.next_u64())); }

BlockMetadata draw_metadata(Hc128& rng, const BlockId& block_id) {
    const Ed25519KeyPair signer = Ed25519KeyPair::random(rng);
    const std::uint32_t nodes = rng.uniform(1, most_nodes);
    const std::uint32_t threshold = rng.uniform(1, nodes);
    BlockMetadataContents contents{
        .block_id = block_id,
        .quorum_set = {.threshold = threshold,
                       .members = {test_nodes().begin(), test_nodes().begin() + nodes}},
        .evidence = {},
        .responder_id = "test.mobilecoin.com:443"};
    // Upstream means to fill signature and certificates with random bytes but leaves them empty, and draws
    // nothing.
    const std::uint32_t certificates = rng.uniform(2, most_nodes - 1);
    contents.evidence = VerificationReport{
        .signature = {}, .chain = std::vector<Bytes>(certificates), .http_body = "testing"};
    return sign_metadata(std::move(contents), signer);
}

BlockData draw_signatures(Hc128& rng, const Block& block, BlockContents contents) {
    const Ed25519KeyPair signer = Ed25519KeyPair::random(rng);
    BlockSignature signature = sign_block(block, signer, block.index.value);
    BlockMetadata metadata = draw_metadata(rng, block.id);
    return {.block = block,
            .contents = std::move(contents),
            .signature = signature,
            .metadata = std::move(metadata)};
}

} // namespace engine::chain
