#include "real/consensus/wire.hpp"

#include <type_traits>

#include "engine/chain/archive.hpp"
#include "engine/chain/mint.hpp"
#include "engine/chain/tx/tx_wire.hpp"
#include "engine/chain/wire_fields.hpp"

namespace real::consensus {

using namespace engine::consensus;
using engine::chain::nested;
using engine::chain::read_fields;
using engine::chain::take;
using engine::chain::take_into;
using engine::chain::WireField;
using engine::chain::WireWriter;

namespace {

template <class Fixed>
std::optional<Fixed> fixed(const WireField& field) {
    const auto bytes = field.bytes();
    return bytes ? Fixed::from(*bytes) : std::nullopt;
}

Bytes encode_value(const Value& value) {
    Bytes out(1, static_cast<std::uint8_t>(value.kind));
    out.insert(out.end(), value.hash.bytes.begin(), value.hash.bytes.end());
    return out;
}

std::optional<Value> decode_value(ByteView bytes) {
    if (bytes.empty() || bytes[0] > static_cast<std::uint8_t>(Value::Kind::mint)) return std::nullopt;
    const auto hash = engine::chain::Hash32::from(bytes.subspan(1));
    if (!hash) return std::nullopt;
    return Value{static_cast<Value::Kind>(bytes[0]), *hash};
}

void write_values(WireWriter& out, std::uint32_t field, const Values& values) {
    for (const Value& value : values) out.bytes(field, encode_value(value));
}

Bytes encode_ballot(const Ballot& ballot) {
    WireWriter out;
    out.varint(1, ballot.counter);
    write_values(out, 2, ballot.values);
    return out.take();
}

std::optional<Ballot> decode_ballot(ByteView bytes) {
    Ballot out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.counter, field.varint32());
        case 2:
            return take_into(out.values, nested(field, decode_value));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_topic(const Nominate& topic) {
    WireWriter out;
    write_values(out, 1, topic.voted);
    write_values(out, 2, topic.accepted);
    return out.take();
}

std::optional<Nominate> decode_nominate(ByteView bytes) {
    Nominate out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.voted, nested(field, decode_value));
        case 2:
            return take_into(out.accepted, nested(field, decode_value));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_topic(const Prepare& topic) {
    WireWriter out;
    out.bytes(1, encode_ballot(topic.ballot));
    if (topic.prepared) out.bytes(2, encode_ballot(*topic.prepared));
    if (topic.prepared_prime) out.bytes(3, encode_ballot(*topic.prepared_prime));
    return out.varint(4, topic.commit_counter).varint(5, topic.high_counter).take();
}

std::optional<Prepare> decode_prepare(ByteView bytes) {
    Prepare out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.ballot, nested(field, decode_ballot));
        case 2:
            return take(out.prepared, nested(field, decode_ballot));
        case 3:
            return take(out.prepared_prime, nested(field, decode_ballot));
        case 4:
            return take(out.commit_counter, field.varint32());
        case 5:
            return take(out.high_counter, field.varint32());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_topic(const NominatePrepare& topic) {
    return WireWriter().bytes(1, encode_topic(topic.nominate)).bytes(2, encode_topic(topic.prepare)).take();
}

std::optional<NominatePrepare> decode_nominate_prepare(ByteView bytes) {
    NominatePrepare out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.nominate, nested(field, decode_nominate));
        case 2:
            return take(out.prepare, nested(field, decode_prepare));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_topic(const Commit& topic) {
    return WireWriter()
        .bytes(1, encode_ballot(topic.ballot))
        .varint(2, topic.prepared_counter)
        .varint(3, topic.commit_counter)
        .varint(4, topic.high_counter)
        .take();
}

std::optional<Commit> decode_commit(ByteView bytes) {
    Commit out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.ballot, nested(field, decode_ballot));
        case 2:
            return take(out.prepared_counter, field.varint32());
        case 3:
            return take(out.commit_counter, field.varint32());
        case 4:
            return take(out.high_counter, field.varint32());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_topic(const Externalize& topic) {
    return WireWriter().bytes(1, encode_ballot(topic.commit)).varint(2, topic.high_counter).take();
}

std::optional<Externalize> decode_externalize(ByteView bytes) {
    Externalize out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.commit, nested(field, decode_ballot));
        case 2:
            return take(out.high_counter, field.varint32());
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

/// Field numbers of topics in a message: 10 and what std::variant counts from 0.
constexpr std::uint32_t first_topic = 10;

template <class Decoded>
bool take_topic(std::optional<Topic>& to, std::optional<Decoded> from) {
    if (!from) return false;
    to.emplace(std::move(*from));
    return true;
}

} // namespace

Bytes encode(const Message& value) {
    WireWriter out;
    out.text_or_omit(1, value.sender.responder_id).bytes(2, value.sender.public_key.view());
    out.varint(3, value.slot).bytes(4, engine::chain::encode(*value.quorum_set));
    const auto field = first_topic + static_cast<std::uint32_t>(value.topic.index());
    std::visit([&](const auto& topic) { out.bytes(field, encode_topic(topic)); }, value.topic);
    return out.take();
}

std::optional<Message> decode_message(ByteView bytes) {
    Message out;
    std::optional<QuorumSet> set;
    std::optional<Topic> topic;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(out.sender.responder_id, field.text());
        case 2:
            return take(out.sender.public_key, fixed<NodeKey>(field));
        case 3:
            return take(out.slot, field.varint());
        case 4:
            return take(set, nested(field, engine::chain::decode_quorum_set));
        case first_topic:
            return take_topic(topic, nested(field, decode_nominate));
        case first_topic + 1:
            return take_topic(topic, nested(field, decode_nominate_prepare));
        case first_topic + 2:
            return take_topic(topic, nested(field, decode_prepare));
        case first_topic + 3:
            return take_topic(topic, nested(field, decode_commit));
        case first_topic + 4:
            return take_topic(topic, nested(field, decode_externalize));
        default:
            return true;
        }
    });
    if (!good || !set || !topic) return std::nullopt;
    out.quorum_set = std::make_shared<const QuorumSet>(std::move(*set));
    out.topic = std::move(*topic);
    return out;
}

Bytes encode(const Envelope& value) {
    return WireWriter()
        .bytes(1, encode(value.message))
        .bytes(2, value.previous.view())
        .bytes(3, value.signature.view())
        .take();
}

std::optional<Envelope> decode_envelope(ByteView bytes) {
    std::optional<Message> message;
    Envelope out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(message, nested(field, decode_message));
        case 2:
            return take(out.previous, fixed<engine::chain::BlockId>(field));
        case 3:
            return take(out.signature, fixed<engine::chain::Ed25519Signature>(field));
        default:
            return true;
        }
    });
    if (!good || !message) return std::nullopt;
    out.message = std::move(*message);
    return out;
}

Bytes encode(const Contents& value) {
    WireWriter out;
    for (const auto& tx : value.transactions) out.bytes(1, engine::chain::tx::encode(tx));
    for (const auto& tx : value.mint_config_txs) out.bytes(2, engine::chain::encode(tx));
    for (const auto& tx : value.mint_txs) out.bytes(3, engine::chain::encode(tx));
    return out.take();
}

std::optional<Contents> decode_contents(ByteView bytes) {
    Contents out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take_into(out.transactions, nested(field, engine::chain::tx::decode_tx));
        case 2:
            return take_into(out.mint_config_txs, nested(field, engine::chain::decode_mint_config_tx));
        case 3:
            return take_into(out.mint_txs, nested(field, engine::chain::decode_mint_tx));
        default:
            return true;
        }
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode_values(const Values& values) {
    WireWriter out;
    write_values(out, 1, values);
    return out.take();
}

std::optional<Values> decode_values(ByteView bytes) {
    Values out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        return field.number != 1 || take_into(out, nested(field, decode_value));
    });
    return good ? std::optional(std::move(out)) : std::nullopt;
}

Bytes encode(const LastWord& value) {
    return WireWriter().bytes(1, encode(value.message)).bytes(2, encode(value.contents)).take();
}

std::optional<LastWord> decode_last_word(ByteView bytes) {
    std::optional<Message> message;
    LastWord out;
    const bool good = read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return take(message, nested(field, decode_message));
        case 2:
            return take(out.contents, nested(field, decode_contents));
        default:
            return true;
        }
    });
    if (!good || !message) return std::nullopt;
    out.message = std::move(*message);
    return out;
}

} // namespace real::consensus
