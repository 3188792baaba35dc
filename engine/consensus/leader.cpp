#include "engine/consensus/leader.hpp"

#include "engine/chain/bytes.hpp"
#include "engine/chain/merlin.hpp"

namespace engine::consensus {
namespace {

/// `number * factor`, ten limbs of 32 bits, least significant first.
std::array<std::uint64_t, 10> product(const std::array<std::uint8_t, 32>& number, std::uint64_t factor) {
    std::array<std::uint64_t, 10> out{};
    const std::array<std::uint64_t, 2> halves{factor & 0xffff'ffff, factor >> 32};
    for (std::size_t h = 0; h < halves.size(); ++h) {
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            const chain::ByteView limb(number.data() + 4 * (7 - i), 4);
            carry += out[i + h] + halves[h] * std::uint64_t{chain::load_big_endian<std::uint32_t>(limb)};
            out[i + h] = carry & 0xffff'ffff;
            carry >>= 32;
        }
        out[8 + h] += carry;
    }
    return out;
}

} // namespace

std::array<std::uint8_t, 32> sha3_256(chain::ByteView data) {
    constexpr std::size_t rate = 136;
    chain::KeccakState state{};
    std::size_t at = 0;
    const auto mix = [&state](std::size_t position, std::uint8_t byte) {
        state[position / 8] ^= std::uint64_t{byte} << (8 * (position % 8));
    };
    for (const std::uint8_t byte : data) {
        mix(at++, byte);
        if (at == rate) {
            chain::keccak_f1600(state);
            at = 0;
        }
    }
    mix(at, 0x06);
    mix(rate - 1, 0x80);
    chain::keccak_f1600(state);
    std::array<std::uint8_t, 32> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(state[i / 8] >> (8 * (i % 8)));
    return out;
}

std::array<std::uint8_t, 32> draw(std::uint64_t slot, Draw what, std::uint32_t round, const NodeKey& node) {
    chain::Bytes data;
    chain::append(data, chain::big_endian(slot));
    data.push_back(static_cast<std::uint8_t>(what));
    chain::append(data, chain::big_endian(round));
    chain::append(data, node.view());
    return sha3_256(data);
}

bool is_below(const std::array<std::uint8_t, 32>& number, Weight weight) {
    std::array<std::uint8_t, 32> most{};
    most.fill(0xff);
    const std::array<std::uint64_t, 10> left = product(number, weight.whole);
    const std::array<std::uint64_t, 10> right = product(most, weight.part);
    for (std::size_t i = left.size(); i-- > 0;)
        if (left[i] != right[i]) return left[i] < right[i];
    return false;
}

NodeKey next_leader(std::uint64_t slot, std::uint32_t round, const NodeKey& self, const QuorumSet& set,
                    const NodeKeys& leaders) {
    NodeKeys candidates = nodes_of(set);
    candidates.insert(self);
    NodeKey best = self;
    std::optional<std::array<std::uint8_t, 32>> highest;
    for (const NodeKey& node : candidates) {
        if (leaders.contains(node)) continue;
        const Weight weight = node == self ? Weight{.part = 1, .whole = 1} : weight_of(node, set);
        if (!is_below(draw(slot, Draw::neighbor, round, node), weight)) continue;
        const std::array<std::uint8_t, 32> priority = draw(slot, Draw::priority, round, node);
        if (highest && priority <= *highest) continue;
        highest = priority;
        best = node;
    }
    return best;
}

} // namespace engine::consensus
