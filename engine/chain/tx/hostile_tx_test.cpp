#include <gtest/gtest.h>

#include "engine/chain/testing/mutation.hpp"
#include "engine/chain/testing/tx_world.hpp"
#include "engine/chain/tx/tx_wire.hpp"

int fuzz_transactions(const std::uint8_t* data, std::size_t size);

// The fuzz target for transactions, driven by seeded changes of good bytes.

namespace engine::chain::tx {
namespace {

TEST(HostileTxTest, seeded_mutations_crash_nothing) {
    std::vector<Bytes> inputs;
    for (const TxCrypto* crypto : {&ristretto_tx_crypto(), &fast_tx_crypto()})
        for (const std::uint32_t version : {1u, 4u}) {
            test::TxWorld world(*crypto, version);
            const Tx tx = world.sign(world.parts(1, 1));
            inputs.push_back(encode(tx));
            inputs.push_back(encode(tx.prefix.inputs[0]));
            inputs.push_back(tx.signature.range_proofs.empty() ? tx.signature.range_proof_bytes
                                                               : tx.signature.range_proofs[0]);
        }
    Mutator mutate(5);
    fuzz_transactions(nullptr, 0);
    for (const Bytes& input : inputs) {
        fuzz_transactions(input.data(), input.size());
        for (int round = 0; round < 60; ++round) {
            const Bytes mutant = mutate(input);
            fuzz_transactions(mutant.data(), mutant.size());
        }
        for (std::size_t n = 0; n < input.size(); n += 1 + n / 20) {
            const Bytes prefix(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
            fuzz_transactions(prefix.data(), prefix.size());
        }
    }
}

} // namespace
} // namespace engine::chain::tx
