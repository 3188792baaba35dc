#include "engine/chain/sodium.hpp"

#include <sodium.h>

#include "engine/ensure.hpp"

namespace engine::chain {

void init_sodium() {
    static const int ready = sodium_init();
    ENSURE(ready >= 0);
}

} // namespace engine::chain
