#include "engine/chain/secret.hpp"

#include <sodium.h>

namespace engine::chain {

void wipe(void* data, std::size_t size) noexcept { sodium_memzero(data, size); }

} // namespace engine::chain
