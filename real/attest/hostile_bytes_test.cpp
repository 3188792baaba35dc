#include <gtest/gtest.h>

#include "engine/chain/bytes.hpp"
#include "engine/chain/test_support.hpp"
#include "real/attest/evidence.hpp"
#include "real/attest/ias_report.hpp"

// The fuzz targets, fed with seeded mutations of good inputs: the same ones on every machine.

int fuzz_handshake(const std::uint8_t* data, std::size_t size);
int fuzz_evidence(const std::uint8_t* data, std::size_t size);

namespace real::attest {
namespace {

using engine::chain::as_bytes;
using engine::chain::test::SeededBytes;

std::vector<Bytes> good_inputs() {
    const ReportBody body = ReportBody::of(Enclave::view, MrSigner{});
    const auto report = simulated_report(body);
    const ByteView text = as_bytes(report.http_body);
    const X25519Keys own = X25519Keys::from({});
    Initiator client({}, own);
    Bytes message_1 = client.message_1();
    Bytes message_2 = respond({}, own, own, message_1, encode(report))->message_2;
    return {encode(report),
            {text.begin(), text.end()},
            Css::of(Enclave::view, default_modulus()).encode(),
            std::move(message_1),
            std::move(message_2)};
}

Bytes mutate(Bytes bytes, const std::vector<Bytes>& others, SeededBytes& rng) {
    for (std::uint32_t i = 0, n = 1 + rng.below(4); i < n; ++i) {
        const std::size_t at = bytes.empty() ? 0 : rng.below(static_cast<std::uint32_t>(bytes.size()));
        const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (rng.below(5)) {
        case 0:
            if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << rng.below(8));
            break;
        case 1:
            bytes.resize(at);
            break;
        case 2:
            bytes.insert(here, rng.below(40), static_cast<std::uint8_t>(rng.below(256)));
            break;
        case 3: {
            const Bytes& other = others[rng.below(static_cast<std::uint32_t>(others.size()))];
            bytes.insert(here, other.begin(), other.end());
            break;
        }
        default:
            if (!bytes.empty()) bytes.erase(here);
        }
    }
    return bytes;
}

struct HostileBytesTest : testing::TestWithParam<int (*)(const std::uint8_t*, std::size_t)> {};

INSTANTIATE_TEST_SUITE_P(Targets, HostileBytesTest, testing::Values(&fuzz_handshake, &fuzz_evidence));

TEST_P(HostileBytesTest, SeededMutationsCrashNothing) {
    const std::vector<Bytes> inputs = good_inputs();
    SeededBytes rng(7);
    GetParam()(nullptr, 0);
    for (const Bytes& input : inputs) {
        GetParam()(input.data(), input.size());
        for (std::size_t n = 0; n < input.size(); n += 1 + n / 20) {
            const Bytes prefix(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
            GetParam()(prefix.data(), prefix.size());
        }
    }
    for (int round = 0; round < 4000; ++round) {
        // An exact allocation, so that a read past the end is seen.
        const Bytes mutant =
            mutate(inputs[rng.below(static_cast<std::uint32_t>(inputs.size()))], inputs, rng);
        GetParam()(mutant.data(), mutant.size());
    }
}

} // namespace
} // namespace real::attest
