#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/chain/amount.hpp"
#include "engine/chain/box.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/kex_rng.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/output.hpp"
#include "engine/chain/output_wire.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/test_support.hpp"

namespace engine::chain {
namespace {

using test::fixed;
using test::hex;
using test::Json;

SubaddressTable table_of(const AccountKey& account, std::initializer_list<std::uint64_t> indices) {
    SubaddressTable table;
    for (const std::uint64_t i : indices)
        table.entries.push_back({Point::base_times(subaddress_spend_scalar(account, i)).key(), i});
    return table;
}

Scalar scalar_from(const Json& json) { return Scalar::parse(fixed<PrivateKey>(json)).value(); }

struct MainNetwork {
    Json data = test::test_data("main_network_output.json");
    AccountKey account = account_from_mnemonic(data.at("mnemonic").get<std::string>()).value();
    TxOut output = decode_tx_out(hex(data.at("output").at("stored_bytes"))).value();
};

TEST(MainNetworkOutputTest, bytes_hold_the_printed_fields_and_come_back) {
    const MainNetwork net;
    const Json& fields = net.data.at("output");
    ASSERT_TRUE(net.output.masked_amount && net.output.memo);
    EXPECT_EQ(net.output.masked_amount->version, MaskedAmount::Version::v2);
    EXPECT_EQ(net.output.masked_amount->commitment, fixed<Commitment>(fields.at("commitment")));
    EXPECT_EQ(net.output.masked_amount->masked_value, fields.at("masked_value").get<std::uint64_t>());
    EXPECT_EQ(net.output.masked_amount->masked_token_id, hex(fields.at("masked_token_id")));
    EXPECT_EQ(net.output.target_key, fixed<PublicKey>(fields.at("target_key")));
    EXPECT_EQ(net.output.public_key, fixed<PublicKey>(fields.at("public_key")));
    EXPECT_EQ(net.output.fog_hint, fixed<FogHint>(fields.at("fog_hint")));
    EXPECT_EQ(*net.output.memo, fixed<EncryptedMemo>(fields.at("memo")));
    EXPECT_EQ(encode(net.output), hex(fields.at("stored_bytes")));
}

TEST(MainNetworkOutputTest, its_owner_opens_it) {
    const MainNetwork net;
    const Json& computed = net.data.at("computed");
    const auto owned = open_tx_out(net.account, table_of(net.account, {0, 1}), net.output);
    ASSERT_TRUE(owned);
    EXPECT_EQ(owned->opened.amount.value, net.data.at("printed").at("value").get<std::uint64_t>());
    EXPECT_EQ(owned->opened.amount.token_id, 0u);
    EXPECT_EQ(owned->opened.subaddress, 0u);
    EXPECT_EQ(owned->opened.key_image, fixed<KeyImage>(computed.at("key_image")));
    EXPECT_EQ(*owned->secret, fixed<SharedSecret>(computed.at("shared_secret")));
    EXPECT_EQ(owned->memo->view().size(), 66u);
    EXPECT_EQ(*owned->memo, fixed<MemoPayload>(computed.at("memo_payload")));

    const AmountMask mask = AmountMask::from(MaskedAmount::Version::v2, *owned->secret);
    EXPECT_EQ(mask.value, computed.at("value_mask").get<std::uint64_t>());
    EXPECT_EQ(mask.token_id, computed.at("token_id_mask").get<std::uint64_t>());
    EXPECT_EQ(mask.blinding, scalar_from(computed.at("blinding")));
    EXPECT_EQ(commitment_crc32(net.output.masked_amount->commitment),
              computed.at("commitment_crc32").get<std::uint32_t>());
    const Scalar spend = subaddress_spend_scalar(net.account, 0);
    EXPECT_EQ(spend, scalar_from(computed.at("subaddress_spend_private")));
    const Scalar onetime = onetime_private_key(*owned->secret, spend);
    EXPECT_EQ(onetime, scalar_from(computed.at("onetime_private_key")));
    EXPECT_EQ(Point::base_times(onetime).key(), net.output.target_key);

    EXPECT_FALSE(open_tx_out(net.account, table_of(net.account, {1, 2}), net.output))
        << "subaddress not watched";
    EXPECT_FALSE(open_tx_out(account_from_root_entropy({1}), table_of(net.account, {0}), net.output));
}

TEST(MainNetworkOutputTest, its_sender_proves_itself) {
    const MainNetwork net;
    const MemoPayload memo = fixed<MemoPayload>(net.data.at("computed").at("memo_payload"));
    const PublicAddress sender =
        address_from_b58(net.data.at("printed").at("sender_b58").get<std::string>()).value();
    EXPECT_EQ(memo_type(memo), MemoType::authenticated_sender);
    EXPECT_EQ(short_address_hash(sender),
              fixed<ShortAddressHash>(net.data.at("computed").at("sender_short_address_hash")));
    const Scalar view = subaddress_view_scalar(net.account, 0);
    EXPECT_TRUE(is_authentic(memo, sender, view, net.output.public_key));
    EXPECT_FALSE(is_authentic(memo, sender, view, net.output.target_key));
    EXPECT_FALSE(is_authentic(memo, make_subaddress(net.account, 0), view, net.output.public_key));
    MemoPayload changed = memo;
    changed.bytes[65] ^= 1;
    EXPECT_FALSE(is_authentic(changed, sender, view, net.output.public_key));
}

TEST(SeededOutputTest, origin_outputs_of_block_version_0) {
    const Json data = test::test_data("seeded_outputs.json").at("origin");
    Hc128::Seed seed;
    seed.fill(0x0b);
    Hc128 rng(seed);
    ASSERT_EQ(data.at("outputs").size(), 5u);
    for (std::size_t i = 0; i < 5; ++i) {
        AccountKey account;
        account.view_private = fixed<PrivateKey>(data.at("accounts").at(i).at("view_private"));
        account.spend_private = fixed<PrivateKey>(data.at("accounts").at(i).at("spend_private"));
        const Json& row = data.at("outputs").at(i);
        const std::uint64_t value = rng.next_u32();
        EXPECT_EQ(value, row.at("value").get<std::uint64_t>());
        const Scalar tx_private = Scalar::random(rng);
        EXPECT_EQ(tx_private, scalar_from(row.at("tx_private")));
        const FogHint hint = make_fake_hint(rng);
        const auto sent = make_output(0, {.value = value}, make_subaddress(account, 0), tx_private, hint);
        ASSERT_TRUE(sent);
        EXPECT_EQ(to_hex(encode(sent->output)), row.at("stored_bytes").get<std::string>());
        EXPECT_EQ(decode_tx_out(encode(sent->output)), sent->output);
        const auto owned = open_tx_out(account, table_of(account, {0}), sent->output);
        ASSERT_TRUE(owned);
        EXPECT_EQ(owned->opened.amount, (Amount{value, 0}));
    }
}

TEST(SeededOutputTest, test_block_outputs_of_block_version_4) {
    const Json data = test::test_data("seeded_outputs.json").at("test_block");
    const Json sample = test::test_data("sample_keys.json").at("accounts");
    Hc128 rng(fixed<Hash32>(data.at("rng_seed")).bytes);
    EXPECT_EQ(blake2b_256({little_endian(std::uint64_t{1})}), fixed<Hash32>(data.at("rng_seed")).bytes);
    const Scalar fog = scalar_from(data.at("fog_private"));
    for (std::size_t i = 0; i < data.at("credits").size(); ++i) {
        const Json& credit = data.at("credits").at(i);
        const AccountKey account =
            account_from_mnemonic(
                sample.at(credit.at("account").get<std::size_t>()).at("mnemonic").get<std::string>())
                .value();
        const PublicAddress address = make_subaddress(account, 0);
        const FogHint hint = make_hint(rng, Point::base_times(fog), address.view_public);
        const Scalar tx_private = Scalar::random(rng);
        const Amount amount{.value = credit.at("amount").get<std::uint64_t>()};
        const auto sent = make_output(4, amount, address, tx_private, hint);
        ASSERT_TRUE(sent);
        EXPECT_EQ(*sent->secret, fixed<SharedSecret>(data.at("outputs").at(i).at("shared_secret")));
        EXPECT_EQ(to_hex(encode(sent->output)),
                  data.at("outputs").at(i).at("stored_bytes").get<std::string>());
        EXPECT_EQ(open_hint(fog, hint), address.view_public);
        const auto owned = open_tx_out(account, table_of(account, {0}), sent->output);
        ASSERT_TRUE(owned);
        EXPECT_EQ(owned->opened.key_image, fixed<KeyImage>(data.at("key_images").at(i)));
        EXPECT_EQ(owned->memo, MemoPayload{});
    }
}

TEST(OutputTest, sizes_of_stored_outputs) {
    test::SeededBytes rng(3);
    const PublicAddress address = make_subaddress(account_from_root_entropy({1}), 0);
    const auto size_at = [&](std::uint32_t version) {
        return encode(make_output(version, {.value = 1}, address, Scalar::random(rng), FogHint{})->output)
            .size();
    };
    EXPECT_EQ(size_at(0), 207u);
    EXPECT_EQ(size_at(1), 277u);
    EXPECT_EQ(size_at(2), 287u);
    EXPECT_EQ(size_at(4), 287u);
}

TEST(OutputTest, tokens_and_recipients_that_cannot_be) {
    test::SeededBytes rng(3);
    PublicAddress address = make_subaddress(account_from_root_entropy({1}), 0);
    EXPECT_FALSE(make_output(1, {.value = 1, .token_id = 1}, address, Scalar::random(rng), FogHint{}));
    EXPECT_TRUE(make_output(2, {.value = 1, .token_id = 1}, address, Scalar::random(rng), FogHint{}));
    address.view_public.bytes.fill(0xff);
    EXPECT_FALSE(make_output(2, {.value = 1}, address, Scalar::random(rng), FogHint{}));
}

RC_GTEST_PROP(OutputTest, owner_opens_what_was_sent_at_any_block_version,
              (std::uint64_t value, std::uint8_t seed)) {
    const auto version = *rc::gen::inRange<std::uint32_t>(0, newest_block_version + 1);
    const std::uint64_t token =
        version >= 2 ? *rc::gen::element<std::uint64_t>(0u, 1u, 8192u, ~std::uint64_t{0}) : 0;
    const std::uint64_t index = *rc::gen::element(default_subaddress, legacy_change_subaddress,
                                                  change_subaddress, gift_code_subaddress);
    test::SeededBytes rng(seed);
    const AccountKey account = random_account(rng);
    const AccountKey stranger = random_account(rng);
    MemoPayload memo;
    rng.fill(memo.bytes);
    const auto sent = make_output(version, {value, token}, make_subaddress(account, index),
                                  Scalar::random(rng), FogHint{}, memo);
    RC_ASSERT(sent.has_value());
    RC_ASSERT(decode_tx_out(encode(sent->output)) == sent->output);
    const auto owned = open_tx_out(account, table_of(account, {0, index}), sent->output);
    RC_ASSERT(owned.has_value());
    RC_ASSERT(owned->opened.amount == (Amount{value, token}));
    RC_ASSERT(owned->opened.subaddress == index);
    RC_ASSERT(owned->memo == (version >= 1 ? std::optional(memo) : std::nullopt));
    RC_ASSERT(!open_tx_out(stranger, table_of(stranger, {0, index}), sent->output).has_value());
    TxOut changed = sent->output;
    changed.masked_amount->masked_value ^= 1;
    RC_ASSERT(!open_tx_out(account, table_of(account, {0, index}), changed).has_value());
}

TEST(AmountTest, token_field_lengths) {
    SharedSecret secret;
    secret.bytes[0] = 9;
    for (const auto version : {MaskedAmount::Version::v1, MaskedAmount::Version::v2}) {
        const AmountMask mask = AmountMask::from(version, secret);
        for (std::size_t n = 0; n < 12; ++n) {
            const bool fits = n == 8 || (n == 0 && version == MaskedAmount::Version::v1);
            EXPECT_EQ(unmask_amount(version, 1, Bytes(n), mask).has_value(), fits) << n;
        }
    }
    MaskedAmount masked = mask_amount(MaskedAmount::Version::v1, {.value = 5}, secret, TokenField::absent);
    EXPECT_TRUE(masked.masked_token_id.empty());
    EXPECT_EQ(open_amount(masked, secret)->amount, (Amount{5, 0}));
    masked.version = MaskedAmount::Version::v2;
    EXPECT_FALSE(open_amount(masked, secret));
}

TEST(MemoTest, sender_memos_prove_the_sender_to_the_recipient) {
    test::SeededBytes rng(8);
    const AccountKey alice = random_account(rng);
    const AccountKey bob = random_account(rng);
    const PublicAddress from = make_subaddress(alice, 0);
    const PublicAddress to = make_subaddress(bob, 0);
    const PublicKey tx_key = Point::random(rng).key();
    for (const MemoType type :
         {MemoType::authenticated_sender, MemoType::authenticated_sender_with_payment_request_id,
          MemoType::authenticated_sender_with_payment_intent_id}) {
        const auto memo =
            make_sender_memo(type, from, subaddress_spend_scalar(alice, 0), to.view_public, tx_key, 77);
        ASSERT_TRUE(memo);
        EXPECT_EQ(memo_type(*memo), type);
        EXPECT_EQ(read_sender_memo(*memo)->payment_id, type == MemoType::authenticated_sender ? 0u : 77u);
        EXPECT_TRUE(is_authentic(*memo, from, subaddress_view_scalar(bob, 0), tx_key));
        EXPECT_FALSE(is_authentic(*memo, to, subaddress_view_scalar(bob, 0), tx_key));
        EXPECT_FALSE(is_authentic(*memo, from, subaddress_view_scalar(bob, 1), tx_key));
        PublicAddress same_keys = from;
        same_keys.fog_report_url = "fog://elsewhere";
        EXPECT_FALSE(is_authentic(*memo, same_keys, subaddress_view_scalar(bob, 0), tx_key));
        EXPECT_FALSE(read_destination_memo(*memo));
    }
    EXPECT_FALSE(make_sender_memo(MemoType::destination, from, subaddress_spend_scalar(alice, 0),
                                  to.view_public, tx_key));
    EXPECT_FALSE(is_authentic(MemoPayload{}, from, subaddress_view_scalar(bob, 0), tx_key));
}

std::string repeated(const char* text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

TEST(MemoTest, destination_memos_come_back) {
    DestinationMemo content;
    content.recipient.bytes.fill(7);
    content.recipient_count = 3;
    content.fee = (1ull << 56) - 1;
    content.total_outlay = ~0ull;
    const auto memo = make_destination_memo(content);
    ASSERT_TRUE(memo);
    EXPECT_EQ(memo_type(*memo), MemoType::destination);
    EXPECT_EQ(read_destination_memo(*memo), content);
    // Type, short hash, number of recipients, 7 bytes of fee, 8 of outlay.
    EXPECT_EQ(to_hex(memo->view()),
              "0200" + repeated("07", 16) + "03" + repeated("ff", 15) + repeated("00", 32));
    content.type = MemoType::destination_with_payment_intent_id;
    content.payment_id = 0x0102030405060708;
    const auto with_id = make_destination_memo(content);
    ASSERT_TRUE(with_id);
    EXPECT_EQ(read_destination_memo(*with_id), content);
    EXPECT_EQ(with_id->bytes[2 + 32], 1) << "the id stands behind the outlay, big endian";
    content.type = MemoType::gift_code_funding;
    EXPECT_FALSE(make_destination_memo(content));
    content.type = MemoType::destination;
    content.fee += 1;
    EXPECT_FALSE(make_destination_memo(content));
    EXPECT_FALSE(read_sender_memo(*memo));
}

TEST(MemoTest, unknown_types_have_no_name) {
    MemoPayload memo;
    EXPECT_EQ(memo_type(memo), MemoType::unused);
    int known = 0;
    for (unsigned type = 0; type < 0x10000; ++type) {
        memo.bytes[0] = static_cast<std::uint8_t>(type >> 8);
        memo.bytes[1] = static_cast<std::uint8_t>(type);
        known += memo_type(memo).has_value();
    }
    EXPECT_EQ(known, 12);
}

TEST(BoxTest, key_material_known_answer) {
    const auto shared =
        fixed_from_hex<SharedSecret>("32650466f402f5f6c61ff7b364279789f4858843da879d8fc8e77603ec9c0f1d");
    EXPECT_EQ(to_hex(box_key_material(*shared)),
              "31fd4464cad4affcb9669073692b4b1a86ca3626159b2fea943cac1c86573fd7"
              "86aa59e1435c617f595cdb1c");
}

TEST(BoxTest, opens_only_unchanged_and_for_its_key) {
    test::SeededBytes rng(4);
    const Scalar secret = Scalar::random(rng);
    const Bytes plain{1, 2, 3};
    const Bytes box = seal_box(rng, Point::base_times(secret), plain);
    EXPECT_EQ(box.size(), plain.size() + box_footer_size);
    EXPECT_EQ(open_box(secret, box), plain);
    EXPECT_FALSE(open_box(Scalar::random(rng), box));
    for (std::size_t i = 0; i < box.size(); ++i) {
        Bytes bad = box;
        bad[i] ^= 0x01;
        EXPECT_FALSE(open_box(secret, bad)) << "byte " << i;
        EXPECT_FALSE(open_box(secret, ByteView(box).first(i)));
    }
    EXPECT_EQ(open_box(secret, seal_box(rng, Point::base_times(secret), {})), Bytes{});
}

TEST(BoxTest, hints_need_their_two_magic_bytes) {
    test::SeededBytes rng(4);
    const Scalar secret = Scalar::random(rng);
    Bytes plain(34, 42);
    const auto hint_of = [&] {
        return FogHint::from(seal_box(rng, Point::base_times(secret), plain)).value();
    };
    EXPECT_TRUE(open_hint(secret, hint_of()));
    plain[32] = 43;
    EXPECT_FALSE(open_hint(secret, hint_of()));
    plain[32] = 42;
    plain[33] = 0;
    EXPECT_FALSE(open_hint(secret, hint_of()));
    EXPECT_FALSE(open_hint(secret, make_fake_hint(rng)));
    PublicKey garbage;
    garbage.bytes.fill(0xff);
    EXPECT_EQ(open_hint(secret, make_hint(rng, Point::base_times(secret), garbage)), garbage)
        << "whether the content is a point is for ingest to find out";
}

TEST(KexRngTest, known_answers) {
    PrivateKey secret;
    secret.bytes.fill(1);
    auto rng = BufferedRng::exchange(secret, {.public_key = Bytes(32, 2)});
    ASSERT_TRUE(rng);
    for (const char* expected : {"84f2f5e324c9031e1fb92e6038e7a224", "7236127074fe2f89b2413dc91eb4bb26",
                                 "41592633ad332be7a917b4a612c9eeb2", "483ef15a4eb6739967060d690f3f6ace"})
        EXPECT_EQ(to_hex(rng->next().view()), expected);
    EXPECT_EQ(rng->index(), 4u);
    EXPECT_EQ(to_hex(rng->store().secret),
              "32650466f402f5f6c61ff7b364279789f4858843da879d8fc8e77603ec9c0f1d");
    EXPECT_FALSE(BufferedRng::exchange(secret, {.public_key = Bytes(32, 2), .version = 100}));
    EXPECT_FALSE(BufferedRng::exchange(secret, {.public_key = Bytes(32, 0xff)}));
    EXPECT_FALSE(BufferedRng::exchange(secret, {.public_key = Bytes(31, 2)}));
}

TEST(KexRngTest, a_copy_looks_ahead_and_a_stored_one_goes_on) {
    PrivateKey secret;
    secret.bytes.fill(1);
    BufferedRng rng = BufferedRng::exchange(secret, {.public_key = Bytes(32, 2)}).value();
    BufferedRng ahead = rng;
    ahead.advance();
    EXPECT_EQ(rng.index(), 0u);
    rng.advance();
    EXPECT_EQ(rng.peek(), ahead.peek());

    const StoredRng stored = rng.store();
    EXPECT_EQ(decode_stored_rng(encode(stored)), stored);
    BufferedRng again = BufferedRng::load(stored).value();
    EXPECT_EQ(again.index(), 1u);
    EXPECT_EQ(again.next(), rng.next());
    EXPECT_EQ(again.next(), rng.next());

    StoredRng odd = stored;
    odd.buffer.assign(16, 9);
    EXPECT_EQ(BufferedRng::load(odd)->peek(), *SearchKey::from(Bytes(16, 9)))
        << "the stored buffer is believed";
    odd.buffer.pop_back();
    EXPECT_FALSE(BufferedRng::load(odd));
    odd = stored;
    odd.version = 1;
    EXPECT_FALSE(BufferedRng::load(odd));
    odd = stored;
    odd.secret.push_back(0);
    EXPECT_FALSE(BufferedRng::load(odd));
}

TEST(KexRngTest, messages_round_trip) {
    const KexRngPubkey pubkey{.public_key = Bytes(32, 2), .version = 0};
    EXPECT_EQ(to_hex(encode(pubkey)).substr(0, 4), "0a20");
    EXPECT_EQ(decode_kex_rng_pubkey(encode(pubkey)), pubkey);
    EXPECT_FALSE(decode_kex_rng_pubkey(hex("0801")));
    EXPECT_FALSE(decode_stored_rng(hex("0a")));
}

TxOutRecord sample_record(std::uint32_t block_version) {
    test::SeededBytes rng(6);
    const AccountKey account = random_account(rng);
    const auto sent = make_output(block_version, {.value = 10}, make_subaddress(account, 0),
                                  Scalar::random(rng), FogHint{});
    return make_tx_out_record(sent->output, GlobalIndex{100}, BlockIndex{1}, 10);
}

TEST(TxOutRecordTest, round_trips_in_every_version) {
    for (std::uint32_t version = 0; version <= newest_block_version; ++version)
        EXPECT_EQ(decode_tx_out_record(encode(sample_record(version))), sample_record(version)) << version;
    EXPECT_EQ(encode(sample_record(4)).size(), 187u);
    TxOutRecord zeros = sample_record(4);
    zeros.timestamp_s = 0;
    zeros.commitment_crc32 = 0;
    zeros.block = BlockIndex{0};
    EXPECT_EQ(encode(zeros).size(), 187u - 9 - 5)
        << "time and checksum vanish when zero, the block index does not";
    EXPECT_EQ(decode_tx_out_record(encode(zeros)), zeros);
    TxOutRecord old = sample_record(4);
    old.commitment = Commitment{};
    old.commitment_crc32 = commitment_crc32(*old.commitment);
    EXPECT_EQ(decode_tx_out_record(encode(old)), old);
    TxOutRecord unknown_time = sample_record(4);
    unknown_time.timestamp_s = ~0ull;
    EXPECT_EQ(decode_tx_out_record(encode(unknown_time))->timestamp_s, ~0ull);
}

TEST(TxOutRecordTest, old_commitment_replaces_the_checksum) {
    TxOutRecord record = sample_record(4);
    record.commitment = Commitment{};
    record.commitment_crc32 = 12345;
    EXPECT_EQ(decode_tx_out_record(encode(record))->commitment_crc32, commitment_crc32(Commitment{}));
}

TEST(TxOutRecordTest, refuses_wrong_lengths) {
    const Bytes key(32);
    const auto base = [&] { return WireWriter().fixed64(2, 1).bytes(3, key).bytes(4, key); };
    EXPECT_TRUE(decode_tx_out_record(base().take()));
    EXPECT_EQ(decode_tx_out_record(base().take())->masked_version, MaskedAmount::Version::v1);
    EXPECT_FALSE(decode_tx_out_record({})) << "no keys";
    EXPECT_FALSE(decode_tx_out_record(WireWriter().bytes(3, Bytes(31)).bytes(4, key).take()));
    EXPECT_FALSE(decode_tx_out_record(base().bytes(1, Bytes(31)).take()));
    EXPECT_FALSE(decode_tx_out_record(base().bytes(9, Bytes(65)).take()));
    EXPECT_FALSE(decode_tx_out_record(base().bytes(10, Bytes(7)).take()));
    EXPECT_TRUE(decode_tx_out_record(base().bytes(10, {}).take()));
    EXPECT_FALSE(decode_tx_out_record(base().bytes(11, {}).take()));
    EXPECT_FALSE(decode_tx_out_record(base().varint(9, 1).take()));
    EXPECT_FALSE(decode_tx_out_record(base().varint(2, 1).take()));
}

TEST(TxOutWireTest, tolerates_and_refuses_as_upstream) {
    EXPECT_EQ(decode_tx_out({}), TxOut{}) << "missing keys are zeros";
    EXPECT_FALSE(decode_tx_out(hex("12020a00ff")));
    EXPECT_FALSE(decode_tx_out(WireWriter().wrapped(2, Bytes(31)).take()));
    EXPECT_FALSE(decode_tx_out(WireWriter().varint(6, 1).take()));
    TxOut both = decode_tx_out(WireWriter().bytes(6, {}).bytes(1, {}).take()).value();
    EXPECT_EQ(both.masked_amount->version, MaskedAmount::Version::v1) << "the later one wins";
}

} // namespace
} // namespace engine::chain
