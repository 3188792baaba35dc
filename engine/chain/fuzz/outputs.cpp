#include "engine/chain/account.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/fuzz/target.hpp"
#include "engine/chain/kex_rng.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"

// Outputs, records, boxes, hints and the messages of the key-exchange RNG.

using namespace engine::chain;

namespace {

const AccountKey& account() {
    static const AccountKey key = account_from_root_entropy({1});
    return key;
}
const SubaddressTable& table() {
    static const SubaddressTable subaddresses = ristretto_crypto().default_subaddresses(account());
    return subaddresses;
}

} // namespace

FOG_FUZZ_TARGET(outputs);
FOG_FUZZ_TARGET(outputs) {
    const ByteView bytes(data, size);
    if (const auto output = decode_tx_out(bytes)) {
        must_hold(decode_tx_out(encode(*output)) == output);
        (void)open_tx_out(account(), table(), *output);
        (void)open_hint(Scalar::from_u64(7), output->fog_hint);
    }
    if (const auto record = decode_tx_out_record(bytes)) {
        must_hold(decode_tx_out_record(encode(*record)) == record);
        (void)ristretto_crypto().open_output(account(), table(), *record);
        (void)fast_crypto().open_output(account(), table(), *record);
    }
    (void)open_box(Scalar::from_u64(7), bytes);
    (void)ristretto_crypto().open_record(account().view_private, bytes);
    (void)fast_crypto().open_record(account().view_private, bytes);
    if (const auto hint = FogHint::from(bytes)) {
        (void)ristretto_crypto().decrypt_hint(account().view_private, *hint);
        (void)fast_crypto().decrypt_hint(account().view_private, *hint);
    }
    if (const auto pubkey = decode_kex_rng_pubkey(bytes)) {
        must_hold(decode_kex_rng_pubkey(encode(*pubkey)) == pubkey);
        (void)BufferedRng::exchange(account().view_private, *pubkey);
    }
    if (const auto stored = decode_stored_rng(bytes)) {
        must_hold(decode_stored_rng(encode(*stored)) == stored);
        if (const auto rng = BufferedRng::load(*stored)) must_hold(rng->store() == *stored);
    }
    return 0;
}
