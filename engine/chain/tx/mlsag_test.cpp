#include "engine/chain/tx/mlsag.hpp"

#include <gtest/gtest.h>

#include "engine/chain/testing/upstream_vectors.hpp"

namespace engine::chain::tx {
namespace {

using Kind = RingFailure::Kind;
using test::Json;

/// A ring of random members, one of them ours.
struct MadeRing {
    std::vector<RingMember> ring;
    RingSecrets secrets;
    Commitment pseudo;
};

MadeRing make_ring(ByteSource& rng, std::size_t size, std::size_t real) {
    MadeRing out;
    out.secrets = {real, Scalar::random(rng), Scalar::random(rng), Scalar::random(rng), {17, 3}};
    for (std::size_t i = 0; i < size; ++i) {
        RingMember member{Point::random(rng).key(), commit({i, 3}, Scalar::random(rng))};
        if (i == real)
            member = {Point::base_times(out.secrets.onetime_private).key(),
                      commit(out.secrets.amount, out.secrets.input_blinding)};
        out.ring.push_back(member);
    }
    out.pseudo = commit(out.secrets.amount, out.secrets.pseudo_blinding);
    return out;
}

RingMlsag sign(ByteSource& rng, ByteView message, const MadeRing& made) {
    return std::get<RingMlsag>(sign_ring(rng, message, made.ring, made.secrets));
}

void bump(RingScalar& scalar) { scalar.bytes = (Scalar::reduce(scalar.bytes) + Scalar::from_u64(1)).bytes(); }

TEST(MlsagTest, every_position_of_every_ring_signs_and_hides_nothing_in_the_image) {
    test::SeededBytes rng(21);
    const Bytes message{1, 2, 3};
    for (const std::size_t size : {1u, 2u, 3u, 11u})
        for (std::size_t real = 0; real < size; ++real) {
            const MadeRing made = make_ring(rng, size, real);
            const RingMlsag signature = sign(rng, message, made);
            EXPECT_EQ(signature.key_image, key_image(made.secrets.onetime_private));
            EXPECT_EQ(signature.responses.size(), 2 * size);
            EXPECT_FALSE(verify_ring(message, made.ring, made.pseudo, signature));
        }
}

TEST(MlsagTest, whatever_is_changed_is_noticed) {
    test::SeededBytes rng(22);
    const Bytes message{1, 2, 3};
    const MadeRing made = make_ring(rng, 4, 2);
    const RingMlsag good = sign(rng, message, made);
    const auto kind_of = [&](const RingMlsag& signature, const std::vector<RingMember>& ring,
                             const Commitment& pseudo, ByteView text) -> std::optional<Kind> {
        const auto failure = verify_ring(text, ring, pseudo, signature);
        return failure ? std::optional(failure->kind) : std::nullopt;
    };
    RingMlsag changed = good;
    bump(changed.c_zero);
    EXPECT_EQ(kind_of(changed, made.ring, made.pseudo, message), Kind::bad_signature);
    for (std::size_t i = 0; i < good.responses.size(); ++i) {
        changed = good;
        bump(changed.responses[i]);
        EXPECT_EQ(kind_of(changed, made.ring, made.pseudo, message), Kind::bad_signature);
    }
    changed = good;
    changed.key_image = key_image(Scalar::from_u64(5));
    EXPECT_EQ(kind_of(changed, made.ring, made.pseudo, message), Kind::bad_signature);
    changed.key_image = {};
    EXPECT_EQ(kind_of(changed, made.ring, made.pseudo, message), Kind::bad_signature);
    changed.key_image.bytes.fill(0xff);
    EXPECT_EQ(kind_of(changed, made.ring, made.pseudo, message), Kind::bad_key_image);
    changed.responses.pop_back();
    EXPECT_EQ(verify_ring(message, made.ring, made.pseudo, changed),
              (RingFailure{Kind::length_mismatch, 8, 7}));
    EXPECT_EQ(kind_of(good, made.ring, made.pseudo, Bytes{1, 2, 3, 0}), Kind::bad_signature);
    EXPECT_EQ(kind_of(good, made.ring, commit({18, 3}, made.secrets.pseudo_blinding), message),
              Kind::bad_signature);
    EXPECT_EQ(kind_of(good, made.ring, commit({17, 4}, made.secrets.pseudo_blinding), message),
              Kind::bad_signature);
    Commitment no_point;
    no_point.bytes.fill(0xff);
    EXPECT_EQ(kind_of(good, made.ring, no_point, message), Kind::bad_point);
    auto ring = made.ring;
    std::swap(ring[0], ring[1]);
    EXPECT_EQ(kind_of(good, ring, made.pseudo, message), Kind::bad_signature);
    ring = made.ring;
    ring[3].target_key.bytes.fill(0xff);
    EXPECT_EQ(kind_of(good, ring, made.pseudo, message), Kind::bad_point);
    EXPECT_EQ(kind_of(good, made.ring, made.pseudo, message), std::nullopt);
}

TEST(MlsagTest, refuses_what_cannot_balance_but_not_a_wrong_key) {
    test::SeededBytes rng(23);
    MadeRing made = make_ring(rng, 3, 1);
    made.secrets.amount.value += 1;
    EXPECT_EQ(std::get<RingRefusal>(sign_ring(rng, {}, made.ring, made.secrets)),
              RingRefusal::value_not_conserved);
    made.secrets.amount.value -= 1;
    made.secrets.real_index = 3;
    EXPECT_EQ(std::get<RingRefusal>(sign_ring(rng, {}, made.ring, made.secrets)),
              RingRefusal::index_out_of_bounds);
    made.secrets.real_index = 1;
    made.secrets.onetime_private = made.secrets.onetime_private + Scalar::from_u64(1);
    EXPECT_EQ(verify_ring({}, made.ring, made.pseudo, sign(rng, {}, made))->kind, Kind::bad_signature);
}

/// Answers with bytes written down beforehand.
class Replayed final : public ByteSource {
public:
    explicit Replayed(Bytes bytes) : bytes_(std::move(bytes)) {}
    void fill(std::span<std::uint8_t> out) override {
        ASSERT_LE(at_ + out.size(), bytes_.size());
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), out.size(), out.begin());
        at_ += out.size();
    }
    bool empty() const { return at_ == bytes_.size(); }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

/// How upstream names a verdict.
std::string name_of(const std::optional<RingFailure>& failure) {
    if (!failure) return "valid";
    switch (failure->kind) {
    case Kind::length_mismatch:
        return "LengthMismatch(" + std::to_string(failure->expected) + ", " + std::to_string(failure->found) +
               ")";
    case Kind::bad_key_image:
        return "InvalidKeyImage";
    case Kind::bad_point:
        return "InvalidCurvePoint";
    case Kind::bad_signature:
        return "InvalidSignature";
    }
    return "";
}

class RingAnswersTest : public test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(RingAnswersTest);

TEST_P(RingAnswersTest, ring_signatures) {
    const Json cases = document("tx/up_mlsag.json").at("cases");
    ASSERT_EQ(cases.size(), expected(2, 7, "rings"));
    std::size_t verdicts = 0;
    for (const Json& c : cases) {
        std::vector<RingMember> ring;
        for (const Json& member : c.at("ring"))
            ring.push_back({test::fixed<PublicKey>(member.at(0)), test::fixed<Commitment>(member.at(1))});
        const auto scalar = [&](const char* name) {
            return Scalar::parse(test::fixed<PrivateKey>(c.at(name))).value();
        };
        const Bytes message = test::hex(c.at("message"));
        const RingSecrets secrets{
            c.at("real_position").get<std::size_t>(),
            scalar("onetime_private_key"),
            scalar("blinding"),
            scalar("output_blinding"),
            {c.at("value").get<std::uint64_t>(), c.at("token_id").get<std::uint64_t>()}};
        Replayed rng(test::hex(c.at("random_bytes")));
        const auto made = std::get<RingMlsag>(sign_ring(rng, message, ring, secrets));
        EXPECT_TRUE(rng.empty());
        EXPECT_EQ(made.c_zero, test::fixed<RingScalar>(c.at("c_zero")));
        EXPECT_EQ(made.key_image, test::fixed<KeyImage>(c.at("key_image")));
        ASSERT_EQ(made.responses.size(), c.at("responses").size());
        for (std::size_t i = 0; i < made.responses.size(); ++i)
            EXPECT_EQ(made.responses[i], test::fixed<RingScalar>(c.at("responses").at(i)));
        const auto pseudo = test::fixed<Commitment>(c.at("output_commitment"));
        EXPECT_FALSE(verify_ring(message, ring, pseudo, made));

        for (const Json& v : c.at("verify")) {
            const auto name = v.at("name").get<std::string>();
            RingMlsag signature = made;
            Bytes text = message;
            auto members = ring;
            Commitment output = pseudo;
            if (name == "c_zero plus 1")
                bump(signature.c_zero);
            else if (name == "response 0 plus 1")
                bump(signature.responses[0]);
            else if (name == "response 1 plus 1")
                bump(signature.responses[1]);
            else if (name == "last response missing")
                signature.responses.pop_back();
            else if (name == "key image ff x 32")
                signature.key_image.bytes.fill(0xff);
            else if (name == "key image identity")
                signature.key_image = {};
            else if (name == "a zero byte after the message")
                text.push_back(0);
            else if (name == "output commitment of value xor 1")
                output = commit({secrets.amount.value ^ 1, secrets.amount.token_id}, secrets.pseudo_blinding);
            else if (name == "commitment of member 0 ff x 32")
                members[0].commitment.bytes.fill(0xff);
            else if (name == "ring rotated by one")
                std::rotate(members.begin(), members.begin() + 1, members.end());
            else
                EXPECT_EQ(name, "public key of member 0 ff x 32 (not used by the ring signature)");
            EXPECT_EQ(name_of(verify_ring(text, members, output, signature)),
                      v.at("verdict").get<std::string>())
                << name;
            ++verdicts;
        }
    }
    EXPECT_EQ(verdicts, expected(21, 76, "verdicts on altered rings"));
}

} // namespace
} // namespace engine::chain::tx
