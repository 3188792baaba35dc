#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "real/attest/evidence.hpp"

// The two ends of a session before it has begun: who a server says it is, and whom a client believes.

namespace real::attest {

/// Who has signed the enclaves that a stand-in stands in for.
struct Signer {
    MrSigner mr_signer = mr_signer_of(default_modulus());
    std::uint16_t least_svn = 0; ///< what the stand-in's enclaves claim at least

    /// Whoever has this RSA key.  @param why  set to the reason when nothing is returned
    static std::optional<Signer> of_key(std::string_view pem, std::string& why);
    /// As an enclave's signature structure says, its security version included.
    static std::optional<Signer> of_css(ByteView file, std::string& why);
};

/// What an ingest enclave's report carries: nobody's static key, and the ingress key.
Bytes ingest_evidence(const Signer& signer, ByteView ingress_key);
/// Whether such evidence vouches for the key.  @return the reason when not
std::optional<std::string> fault_of_ingest_evidence(ByteView evidence, const Signer& signer,
                                                    ByteView ingress_key);

/// A server that claims to be an enclave.  Its key and its evidence stay the same for its life.
class Responder {
public:
    /// @param responder_id  `host:port` as clients write it
    Responder(Enclave enclave, const Signer& signer, std::string responder_id);

    /// @return nothing when the message is too short to be a handshake
    std::optional<Accepted> accept(ByteView message_1) const;
    const std::string& responder_id() const { return responder_id_; }
    const X25519Public& key() const { return keys_.open; }

private:
    std::string responder_id_;
    X25519Keys keys_;
    Bytes evidence_;
};

/// What a client has to know of a server beforehand.
struct Expectation {
    std::string responder_id; ///< `host:port` as it dials, or as the URI's parameter says
    std::vector<TrustedIdentity> trusted;

    static Expectation of(Enclave enclave, const Signer& signer, std::string responder_id);
};

/// A client's handshake: good for one try.
class Greeting {
public:
    /// @param expectation  read until the handshake has ended
    explicit Greeting(const Expectation& expectation);

    const Bytes& message_1() const { return message_1_; }
    enum class Fault : std::uint8_t {
        damaged, ///< the answer does not decrypt; with another responder id none does
        refused, ///< the evidence is not acceptable, and will not be the next time
    };
    /// @param fault, why  set when nothing is returned
    std::optional<SecureChannel> finish(ByteView message_2, Fault& fault, std::string& why) &&;

private:
    const Expectation& expectation_;
    Initiator initiator_;
    Bytes message_1_;
};

} // namespace real::attest
