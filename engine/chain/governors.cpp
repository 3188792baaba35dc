#include "engine/chain/governors.hpp"

#include "engine/chain/digestible.hpp"

namespace engine::chain {
namespace {

void append_digest(DigestTranscript& to, std::string_view context, const GovernorsMap& value) {
    const DigestAggregate aggregate(to, context, "GovernorsMap");
    if (value.empty()) return;
    to.sequence("map", value.size());
    for (const auto& [token_id, governors] : value) {
        const DigestAggregate entry(to, "", "Tuple");
        {
            const DigestAggregate token(to, "0", "TokenId");
            to.integer("0", token_id);
        }
        chain::append_digest(to, "1", governors);
    }
}

} // namespace

Hash32 governors_hash(const GovernorsMap& governors) {
    DigestTranscript transcript;
    append_digest(transcript, "Governors map signature", governors);
    return transcript.digest32();
}

Ed25519Signature sign_governors(const Ed25519KeyPair& trust_root, const GovernorsMap& governors) {
    return trust_root.sign(governors_hash(governors).view());
}

bool governors_signed(const Ed25519PublicKey& trust_root, const GovernorsMap& governors,
                      const Ed25519Signature& signature) {
    return ed25519_verify(trust_root, governors_hash(governors).view(), signature);
}

} // namespace engine::chain
