#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace engine {

/// A number that means one thing.  Ordered, hashable by value, explicit in both directions.
template <class Tag, class Rep = std::uint64_t>
struct Id {
    Rep value{};

    constexpr Id() = default;
    constexpr explicit Id(Rep v) : value(v) {}
    friend constexpr auto operator<=>(Id, Id) = default;
};

/// Position of a block in the chain; the origin block is 0.
struct BlockIndex : Id<struct BlockIndexTag> {
    using Id::Id;
    /// The count of blocks of a chain whose last block this is.
    constexpr struct BlockCount count_through() const;
    constexpr BlockIndex next() const { return BlockIndex{value + 1}; }
    friend constexpr auto operator<=>(BlockIndex, BlockIndex) = default;
};

/// How many blocks; "state at count n" includes blocks 0..n-1 only.  Block index 11 is the last of count 12.
struct BlockCount : Id<struct BlockCountTag> {
    using Id::Id;
    static constexpr BlockCount unbounded() { return BlockCount{std::numeric_limits<std::uint64_t>::max()}; }
    /// The index of the first block that is not included.
    constexpr BlockIndex end() const { return BlockIndex{value}; }
    constexpr bool includes(BlockIndex block) const { return block.value < value; }
    friend constexpr auto operator<=>(BlockCount, BlockCount) = default;
};

constexpr BlockCount BlockIndex::count_through() const { return BlockCount{value + 1}; }

/// Half-open range of block indices, `[start, end)`.
struct BlockRange {
    BlockIndex start;
    BlockIndex end;

    /// `[0, 2^64-1)`: what upstream writes as the sharding strategy "default".
    static constexpr BlockRange all() {
        return {BlockIndex{0}, BlockIndex{std::numeric_limits<std::uint64_t>::max()}};
    }
    constexpr bool contains(BlockIndex block) const { return start <= block && block < end; }
    constexpr bool empty() const { return end <= start; }
    friend constexpr auto operator<=>(const BlockRange&, const BlockRange&) = default;
};

/// Cursor into the user events of the recovery database; 0 is before the first event.
struct UserEventId : Id<struct UserEventIdTag, std::int64_t> {
    using Id::Id;
    /// A query from here on returns no events and echoes the cursor (upstream: 2^63-1).
    static constexpr UserEventId none() { return UserEventId{std::numeric_limits<std::int64_t>::max()}; }
    friend constexpr auto operator<=>(UserEventId, UserEventId) = default;
};

/// One run of an ingest node under one egress key; the row id of its RNG record.
struct InvocationId : Id<struct InvocationIdTag, std::int64_t> {
    using Id::Id;
    friend constexpr auto operator<=>(InvocationId, InvocationId) = default;
};

/// Position of an output among all outputs of the chain.
struct GlobalIndex : Id<struct GlobalIndexTag> {
    using Id::Id;
    friend constexpr auto operator<=>(GlobalIndex, GlobalIndex) = default;
};

/// A process of the world: a service node, a wallet host, or the scenario itself (0).
struct NodeId : Id<struct NodeIdTag, std::uint32_t> {
    using Id::Id;
    friend constexpr auto operator<=>(NodeId, NodeId) = default;
};

} // namespace engine
