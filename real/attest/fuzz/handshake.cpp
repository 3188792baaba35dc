#include "engine/chain/fuzz/target.hpp"
#include "real/attest/noise.hpp"

// Hostile handshakes: the bytes as a client's message, as a server's message, and as messages of a session.

using namespace real::attest;
using engine::chain::must_hold;

FOG_FUZZ_TARGET(handshake);
FOG_FUZZ_TARGET(handshake) {
    static const X25519Keys own = X25519Keys::random();
    static const X25519Keys ephemeral = X25519Keys::random();
    const ByteView bytes(data, size);
    auto accepted = respond({}, own, ephemeral, bytes, bytes);
    must_hold(accepted.has_value() == (size >= X25519Public::size));
    if (accepted) {
        must_hold(accepted->payload_1.size() == size - X25519Public::size);
        must_hold(!accepted->channel.receiving.open(bytes, bytes));
        must_hold(accepted->channel.receiving.counter() == 0);
    }
    Initiator client({}, ephemeral);
    (void)client.message_1();
    must_hold(!std::move(client).read_message_2(bytes)); // forging one takes the peer's ephemeral key
    return 0;
}
