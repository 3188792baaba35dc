#pragma once

namespace engine::chain {

/// Makes libsodium ready, its random bytes above all; any number of calls, from any thread.
/// @errors InternalError when the machine has no source of randomness
void init_sodium();

} // namespace engine::chain
