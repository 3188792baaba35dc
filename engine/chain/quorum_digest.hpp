#pragma once

#include "engine/chain/block.hpp"

// What block metadata and peer messages have in common.

namespace engine::chain {

void append_digest(DigestTranscript& to, std::string_view context, const QuorumNode& value);
void append_digest(DigestTranscript& to, std::string_view context, const QuorumSet& value);

} // namespace engine::chain
