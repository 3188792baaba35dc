#pragma once

#include "engine/chain/crypto.hpp"

namespace engine::fog {

/// Client side of the key-exchange RNG: a position in an endless sequence of search keys.
/// @source fog/kex_rng
class BufferedRng {
public:
    BufferedRng(const chain::Crypto& crypto, const chain::SharedSecret& secret)
        : crypto_(&crypto), secret_(secret), buffer_(crypto.rng_output(secret, 0)) {}

    /// The search key at the current position.
    const chain::SearchKey& peek() const { return buffer_; }
    void advance() { buffer_ = crypto_->rng_output(secret_, ++counter_); }
    std::uint64_t index() const { return counter_; }
    /// The search key `ahead` positions further on; moves nothing.
    chain::SearchKey look_ahead(std::uint64_t ahead) const {
        if (ahead == 0) return buffer_;
        return crypto_->rng_output(secret_, counter_ + ahead);
    }

private:
    const chain::Crypto* crypto_;
    chain::SharedSecret secret_;
    std::uint64_t counter_ = 0;
    chain::SearchKey buffer_;
};

} // namespace engine::fog
