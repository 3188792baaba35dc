#include <gtest/gtest.h>

#include <algorithm>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/kex_rng.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/test_blocks.hpp"
#include "engine/chain/test_support.hpp"

// The fuzz targets, fed with seeded mutations of good inputs: the same ones on every machine and in every
// build, so that the sanitizers meet hostile bytes without a fuzzer at hand.

int fuzz_addresses(const std::uint8_t* data, std::size_t size);
int fuzz_blocks(const std::uint8_t* data, std::size_t size);
int fuzz_outputs(const std::uint8_t* data, std::size_t size);
int fuzz_wire(const std::uint8_t* data, std::size_t size);

namespace engine::chain {
namespace {

Bytes of_text(std::string_view text) {
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

/// Inputs that are accepted by some parser.
std::vector<Bytes> good_inputs() {
    test::SeededBytes rng(2);
    AccountKey account = account_from_root_entropy({1});
    account.fog_report_url = "fog://a.example";
    account.fog_report_id = "id";
    account.fog_authority_spki = {1, 2, 3};
    const PublicAddress address = make_subaddress(account, 0);
    const FogHint hint = make_hint(rng, Point::base_times(Scalar::from_u64(7)), address.view_public);
    std::vector<Bytes> inputs{
        encode(account),
        encode(address),
        of_text(to_b58(address)),
        of_text(*mnemonic_from_entropy(Bytes(32, 5))),
        of_text(to_json({.mnemonic = *mnemonic_from_entropy(Bytes(16, 5)), .fog_authority_spki = Bytes{1}})),
        of_text(to_b58(PaymentRequest{.public_address = address, .value = 4, .memo = "m"})),
        Bytes(hint.bytes.begin(), hint.bytes.end())};
    for (const std::uint32_t version : {0u, 2u, 4u}) {
        const auto sent = make_output(version, {.value = 9}, address, Scalar::random(rng), hint);
        inputs.push_back(encode(sent->output));
        const Bytes record = encode(make_tx_out_record(sent->output, GlobalIndex{1}, BlockIndex{2}, 3));
        inputs.push_back(record);
        inputs.push_back(seal_box(rng, *Point::parse(address.view_public), record));
    }
    const KexRngPubkey pubkey{.public_key =
                                  Bytes(address.view_public.bytes.begin(), address.view_public.bytes.end())};
    inputs.push_back(encode(pubkey));
    inputs.push_back(encode(BufferedRng::exchange(account.view_private, pubkey)->store()));
    Hc128 block_rng(Hc128::Seed{2});
    draw_chain(block_rng, 3, 2, {address}, 2, 5, 0, [&](const BlockData& data) {
        inputs.push_back(encode(data));
        inputs.push_back(encode(data.contents));
        inputs.push_back(encode(*data.metadata));
        return true;
    });
    return inputs;
}

/// One to four changes: flipped, replaced, cut, doubled or spliced bytes.
Bytes mutate(Bytes bytes, const std::vector<Bytes>& others, test::SeededBytes& rng) {
    const std::uint32_t changes = 1 + rng.below(4);
    for (std::uint32_t i = 0; i < changes; ++i) {
        const std::size_t size = bytes.size();
        const std::size_t at = size == 0 ? 0 : rng.below(static_cast<std::uint32_t>(size));
        const auto here = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (rng.below(6)) {
        case 0:
            if (size != 0) bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << rng.below(8));
            break;
        case 1:
            if (size != 0) bytes[at] = static_cast<std::uint8_t>(rng.below(2) != 0 ? 0xff : rng.below(256));
            break;
        case 2:
            bytes.resize(at);
            break;
        case 3:
            bytes.insert(here, rng.below(40), static_cast<std::uint8_t>(rng.below(256)));
            break;
        case 4: {
            const Bytes& other = others[rng.below(static_cast<std::uint32_t>(others.size()))];
            bytes.insert(here, other.begin(), other.end());
            break;
        }
        default:
            if (size != 0) bytes.erase(here);
        }
    }
    return bytes;
}

struct HostileBytesTest : testing::TestWithParam<int (*)(const std::uint8_t*, std::size_t)> {};

INSTANTIATE_TEST_SUITE_P(Targets, HostileBytesTest,
                         testing::Values(&fuzz_addresses, &fuzz_blocks, &fuzz_outputs, &fuzz_wire));

TEST_P(HostileBytesTest, seeded_mutations_crash_nothing) {
    const std::vector<Bytes> inputs = good_inputs();
    test::SeededBytes rng(11);
    GetParam()(nullptr, 0);
    for (const Bytes& input : inputs) GetParam()(input.data(), input.size());
    for (int round = 0; round < 4000; ++round) {
        // An exact allocation, so that a read past the end is seen.
        const Bytes mutant =
            mutate(inputs[rng.below(static_cast<std::uint32_t>(inputs.size()))], inputs, rng);
        GetParam()(mutant.data(), mutant.size());
    }
}

TEST(HostilePrefixTest, every_prefix_of_every_good_input_is_survived) {
    for (const Bytes& input : good_inputs())
        for (std::size_t n = 0; n < input.size(); n += 1 + n / 40) {
            const Bytes prefix(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(n));
            for (auto* target : {&fuzz_addresses, &fuzz_blocks, &fuzz_outputs, &fuzz_wire})
                target(prefix.data(), prefix.size());
        }
}

} // namespace
} // namespace engine::chain
