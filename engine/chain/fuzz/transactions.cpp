#include "engine/chain/fuzz/target.hpp"
#include "engine/chain/mint_validation.hpp"
#include "engine/chain/tx/membership.hpp"
#include "engine/chain/tx/range_proof.hpp"
#include "engine/chain/tx/ring_ct.hpp"
#include "engine/chain/tx/tx_digest.hpp"
#include "engine/chain/tx/tx_wire.hpp"

// Transactions as a client or a peer may send them, range proofs, mint transactions.

using namespace engine::chain;

FOG_FUZZ_TARGET(transactions);
FOG_FUZZ_TARGET(transactions) {
    const ByteView bytes(data, size);
    if (const auto tx = tx::decode_tx(bytes)) {
        must_hold(tx::decode_tx(tx::encode(*tx)) == tx);
        (void)tx::hash(*tx);
        (void)tx::fast_tx_crypto().hash(*tx);
        const tx::TxCrypto& fast = tx::fast_tx_crypto();
        for (const tx::TxIn& input : tx->prefix.inputs)
            for (const TxOutMembershipProof& proof : input.proofs) {
                (void)tx::implied_root(fast, proof);
                (void)tx::root_when_last(fast, proof);
                (void)tx::check_membership(fast, TxOut{}, proof, Hash32{});
            }
        for (const std::uint32_t version : {0u, 2u, 4u}) {
            (void)tx::verify_signature(fast, version, *tx);
            (void)tx::signing_message(version, tx->prefix, tx->signature);
        }
        if (tx->prefix.inputs.size() < 3) (void)tx::verify_signature(tx::ristretto_tx_crypto(), 4, *tx);
    }
    if (const auto list = tx::decode_tx_list(bytes))
        must_hold(tx::decode_tx_list(tx::encode_tx_list(*list)) == list);
    if (const auto input = tx::decode_tx_in(bytes)) must_hold(tx::decode_tx_in(tx::encode(*input)) == input);
    (void)tx::verify_range(bytes, std::vector<Commitment>(1), 0);
    if (const auto config = decode_mint_config_tx(bytes)) {
        must_hold(decode_mint_config_tx(encode(*config)) == config);
        (void)check_mint_config_tx(4, 1, *config, SignerSet{});
    }
    if (const auto set = decode_signer_set(bytes)) {
        must_hold(decode_signer_set(encode(*set)) == set);
        (void)is_valid(*set);
    }
    return 0;
}
