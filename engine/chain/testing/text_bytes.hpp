#pragma once

#include <string>

#include "engine/chain/bytes.hpp"
#include "engine/chain/crypto.hpp"
#include "engine/chain/hash.hpp"

#include <sodium.h>

namespace engine::chain::test {

/// The stream of bytes that upstream's known answers were drawn from: SHA-512 over a text and a counter.
class TextBytes final : public ByteSource {
public:
    explicit TextBytes(std::string text) : text_(std::move(text)) {}

    void fill(std::span<std::uint8_t> out) override {
        for (std::uint8_t& byte : out) {
            if (used_ % 64 == 0) next_block();
            byte = block_[used_++ % 64];
        }
    }
    std::size_t used() const { return used_; }

private:
    void next_block() {
        Bytes input(text_.begin(), text_.end());
        append(input, little_endian(static_cast<std::uint64_t>(used_ / 64)));
        crypto_hash_sha512(block_.data(), input.data(), input.size());
    }

    std::string text_;
    std::size_t used_ = 0;
    Digest64 block_{};
};

} // namespace engine::chain::test
