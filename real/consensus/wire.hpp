#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/consensus/ports.hpp"

// Bytes that consensus nodes send each other and keep.  The wire is this project's own: a node of
// MobileCoin's wants an enclave like its own at the other end.

namespace real::consensus {

using engine::chain::Bytes;
using engine::chain::ByteView;

Bytes encode(const engine::consensus::Message& value);
Bytes encode(const engine::consensus::Envelope& value);
Bytes encode(const engine::consensus::Contents& value);
Bytes encode_values(const engine::consensus::Values& values);

// Any bytes are taken; what is malformed gives nothing.  Whether a message makes sense is for fault_of to
// say.
std::optional<engine::consensus::Message> decode_message(ByteView bytes);
std::optional<engine::consensus::Envelope> decode_envelope(ByteView bytes);
std::optional<engine::consensus::Contents> decode_contents(ByteView bytes);
std::optional<engine::consensus::Values> decode_values(ByteView bytes);

/// What a node has said last, with the content of what it names: all that it needs to go on after a restart.
struct LastWord {
    engine::consensus::Message message;
    engine::consensus::Contents contents;
};
Bytes encode(const LastWord& value);
std::optional<LastWord> decode_last_word(ByteView bytes);

} // namespace real::consensus
