#include "real/attest/simulation_root.hpp"

#include "engine/chain/hc128.hpp"

namespace real::attest {
namespace {

struct SimulationKeys {
    P256Key root;
    P256Key signer;
};

const SimulationKeys& keys() {
    static const SimulationKeys both = [] {
        engine::chain::Hc128 stream(engine::chain::Hc128::Seed{});
        std::array<std::uint8_t, 32> root{};
        std::array<std::uint8_t, 128> between{};
        std::array<std::uint8_t, 32> signer{};
        stream.fill(root);
        stream.fill(between);
        stream.fill(signer);
        return SimulationKeys{P256Key::from_scalar(root), P256Key::from_scalar(signer)};
    }();
    return both;
}

} // namespace

const P256Key& simulation_root() { return keys().root; }
const P256Key& simulation_signer() { return keys().signer; }

} // namespace real::attest
