#include "engine/chain/tx/generators.hpp"

#include <memory>
#include <mutex>
#include <stdexcept>

#include <openssl/evp.h>

#include "engine/chain/bytes.hpp"

namespace engine::chain::tx {
namespace {

std::array<AffineElement, range_bits> chain(std::uint8_t letter, std::size_t party) {
    Bytes output(64 * range_bits);
    const auto number = little_endian(static_cast<std::uint32_t>(party));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> shake(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const ByteView label = as_bytes("GeneratorsChain");
    if (EVP_DigestInit_ex(shake.get(), EVP_shake256(), nullptr) != 1 ||
        EVP_DigestUpdate(shake.get(), label.data(), label.size()) != 1 ||
        EVP_DigestUpdate(shake.get(), &letter, 1) != 1 ||
        EVP_DigestUpdate(shake.get(), number.data(), number.size()) != 1 ||
        EVP_DigestFinalXOF(shake.get(), output.data(), output.size()) != 1)
        throw std::runtime_error("OpenSSL lacks SHAKE256");
    std::array<AffineElement, range_bits> out;
    for (std::size_t i = 0; i < range_bits; ++i) {
        Digest64 block;
        std::copy_n(output.begin() + static_cast<std::ptrdiff_t>(64 * i), 64, block.begin());
        out[i] = AffineElement(GroupElement::from(Point::map(block)));
    }
    return out;
}

} // namespace

const PartyGenerators& party_generators(std::size_t party) {
    struct Slot {
        std::once_flag once;
        std::unique_ptr<const PartyGenerators> generators;
    };
    static std::array<Slot, most_parties> slots;
    Slot& slot = slots.at(party);
    std::call_once(slot.once, [&] {
        slot.generators =
            std::make_unique<PartyGenerators>(PartyGenerators{chain('G', party), chain('H', party)});
    });
    return *slot.generators;
}

AffineElement value_element(std::uint64_t token_id) {
    return AffineElement(GroupElement::from(value_generator(token_id)));
}

} // namespace engine::chain::tx
