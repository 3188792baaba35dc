#include "engine/chain/wire.hpp"

#include "engine/chain/fuzz/target.hpp"

// The wire format itself: fields walked, nested messages too.

using namespace engine::chain;

namespace {

void walk(ByteView bytes, int depth) {
    WireReader reader(bytes);
    std::size_t total = 0;
    while (const auto field = reader.next()) {
        must_hold(field->number != 0);
        must_hold(field->varint().has_value() + field->fixed32().has_value() + field->fixed64().has_value() +
                      field->bytes().has_value() ==
                  1);
        if (const auto text = field->text()) must_hold(text->size() == field->payload.size());
        if (const auto content = field->wrapped()) must_hold(content->size() <= field->payload.size());
        total += field->payload.size();
        if (depth > 0) walk(field->payload, depth - 1);
    }
    must_hold(total <= bytes.size());
    must_hold(!reader.next());
}

} // namespace

FOG_FUZZ_TARGET(wire);
FOG_FUZZ_TARGET(wire) {
    walk({data, size}, 3);
    return 0;
}
