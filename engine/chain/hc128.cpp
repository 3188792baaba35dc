#include "engine/chain/hc128.hpp"

#include <algorithm>
#include <bit>

#include "engine/chain/bytes.hpp"
#include "engine/chain/secret.hpp"

namespace engine::chain {

Hc128::Hc128(const Seed& seed) {
    // Key schedule: 16 words of key and vector, each doubled, then expanded; the last 1024 words are the
    // tables.
    std::array<std::uint32_t, 1280> w;
    for (std::size_t i = 0; i < 8; ++i) {
        const auto word = load_little_endian<std::uint32_t>(ByteView(seed).subspan(4 * i, 4));
        const std::size_t at = i < 4 ? i : i + 4;
        w[at] = word;
        w[at + 4] = word;
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        const std::uint32_t a = w[i - 15];
        const std::uint32_t b = w[i - 2];
        const std::uint32_t f1 = std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3);
        const std::uint32_t f2 = std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10);
        w[i] = f2 + w[i - 7] + f1 + w[i - 16] + static_cast<std::uint32_t>(i);
    }
    std::copy(w.begin() + 256, w.end(), tables_.begin());
    wipe(w.data(), sizeof w);
    // Each of the first 1024 steps replaces its table word by what it would have put out.
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        const std::size_t at = counter_;
        tables_[at] = step();
    }
}

Hc128::~Hc128() { wipe(tables_.data(), sizeof tables_); }

std::uint32_t Hc128::step() {
    const bool in_p = counter_ < 512;
    const std::size_t own = in_p ? 0 : 512;
    const std::size_t other = in_p ? 512 : 0;
    const std::size_t j = counter_ % 512;
    const auto back = [&](std::size_t n) { return tables_[own + (j + 512 - n) % 512]; };
    // P turns right, Q left, by the same distances.
    const auto turn = [in_p](std::uint32_t x, int n) { return in_p ? std::rotr(x, n) : std::rotl(x, n); };

    std::uint32_t& word = tables_[own + j];
    word += (turn(back(3), 10) ^ turn(back(511), 23)) + turn(back(10), 8);
    const std::uint32_t x = back(12);
    const std::uint32_t h = tables_[other + (x & 0xff)] + tables_[other + 256 + ((x >> 16) & 0xff)];
    counter_ = (counter_ + 1) % tables_.size();
    return h ^ word;
}

void Hc128::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const auto word = little_endian(step());
        const std::size_t n = std::min(out.size(), word.size());
        std::copy_n(word.begin(), n, out.begin());
        out = out.subspan(n);
    }
}

std::uint32_t Hc128::next_u32() { return step(); }

std::uint64_t Hc128::next_u64() {
    const std::uint64_t low = step();
    const std::uint64_t high = step();
    return high << 32 | low;
}

std::uint32_t Hc128::uniform(std::uint32_t low, std::uint32_t high) {
    const std::uint32_t range = high - low + 1;
    if (range == 0) return next_u32(); // all 2^32 values
    const std::uint32_t zone = (range << std::countl_zero(range)) - 1;
    for (;;) {
        const std::uint64_t product = static_cast<std::uint64_t>(next_u32()) * range;
        if (static_cast<std::uint32_t>(product) <= zone)
            return low + static_cast<std::uint32_t>(product >> 32);
    }
}

} // namespace engine::chain
