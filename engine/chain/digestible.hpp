#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/chain/bytes.hpp"
#include "engine/chain/merlin.hpp"

// How MobileCoin hashes structured data: every value becomes typed, labelled nodes of a Merlin transcript, so
// that two values of different structure can never be read as the same bytes.
//
// A type takes part by a function beside it,
//
//     void append_digest(DigestTranscript& to, std::string_view context, const T& value);
//
// which appends exactly one node.  Three rules come from upstream's derive macro and are easy to miss: fields
// stand in declaration order, not in wire order; empty texts, byte strings, lists and absent options are left
// out inside an aggregate (omit_*), but never inside a sequence or a variant; a zero integer is never left
// out.
// @source mobilecoin 7.0.0 crypto/digestible

namespace engine::chain {

class DigestTranscript {
public:
    explicit DigestTranscript(std::string_view label = "digestible") : transcript_(label) {}

    void primitive(std::string_view context, std::string_view type, ByteView data) {
        transcript_.append(context, "prim");
        transcript_.append(type, data);
    }
    /// Natural width: four bytes for u32, eight for u64.
    template <std::unsigned_integral T>
    void integer(std::string_view context, T value) {
        static_assert(sizeof(T) > 1, "a single byte has no digest of its own");
        primitive(context, "uint", little_endian(value));
    }
    void bytes(std::string_view context, ByteView data) { primitive(context, "bytes", data); }
    void text(std::string_view context, std::string_view value) {
        primitive(context, "str", as_bytes(value));
    }
    /// A compressed point, whether or not it decompresses.
    void point(std::string_view context, ByteView data) { primitive(context, "ristretto", data); }

    /// Begins a sequence of `size` > 0 elements, which follow under the empty context.
    void sequence(std::string_view context, std::uint64_t size) {
        transcript_.append(context, "seq");
        transcript_.append("len", little_endian(size));
    }
    void begin_aggregate(std::string_view context, std::string_view name) {
        transcript_.append(context, "agg");
        transcript_.append("name", name);
    }
    void end_aggregate(std::string_view context, std::string_view name) {
        transcript_.append(context, "agg-end");
        transcript_.append("name", name);
    }
    /// Begins a variant; one node follows, its context being the possibility's name.
    void variant(std::string_view context, std::string_view name, std::uint32_t which) {
        transcript_.append(context, "var");
        transcript_.append("name", name);
        transcript_.append("which", little_endian(which));
    }
    void none(std::string_view context) { transcript_.append(context, ""); }

    void omit_empty_bytes(std::string_view context, ByteView data) {
        if (!data.empty()) bytes(context, data);
    }
    /// A field that is a list of values with append_digest.
    template <class T>
    void omit_empty_list(std::string_view context, const std::vector<T>& list) {
        if (list.empty()) return;
        sequence(context, list.size());
        for (const T& value : list) append_digest(*this, "", value);
    }

    Hash32 digest32() { return {transcript_.challenge<32>("digest32")}; }

private:
    Transcript transcript_;
};

/// An aggregate that lasts as long as this object.  Both texts must live as long.
class DigestAggregate {
public:
    DigestAggregate(DigestTranscript& to, std::string_view context, std::string_view name)
        : to_(to), context_(context), name_(name) {
        to_.begin_aggregate(context_, name_);
    }
    ~DigestAggregate() { to_.end_aggregate(context_, name_); }
    DigestAggregate(const DigestAggregate&) = delete;
    DigestAggregate& operator=(const DigestAggregate&) = delete;

private:
    DigestTranscript& to_;
    std::string_view context_;
    std::string_view name_;
};

/// The 32-byte digest of a value in a given context.
template <class T>
Hash32 digest32(std::string_view context, const T& value) {
    DigestTranscript transcript;
    append_digest(transcript, context, value);
    return transcript.digest32();
}

} // namespace engine::chain
