#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "engine/chain/archive.hpp"
#include "engine/ids.hpp"

// An archive in a folder: what `ledger-distribution --dest file://...` fills and others download from.

namespace real::archive {

using engine::BlockIndex;
using engine::chain::BlockData;

/// Where a block lies below the archive's root: "00/00/00/00/00/00/1a/0000000000001a2b.pb".
/// @source mobilecoin 7.0.0 api/src (block_num_to_s3block_path)
std::filesystem::path block_path(BlockIndex index);
/// Where a file of `size` blocks lies: "merged-100/00/...".
std::filesystem::path merged_path(std::uint64_t size, BlockIndex first);

/// The folder of a "file:///absolute/path" URI.
/// @return nothing, and why, for any other text
std::optional<std::filesystem::path> folder_of(const std::string& uri, std::string& why);

/// Files of blocks below one root.
///
/// Rules
/// 1. A file appears whole or not at all: it is written as NAME.new and renamed.  Upstream writes in place,
/// and
///    readers may meet half a file.
/// 2. Files are not synced: what a power cut takes can be written again from the ledger.
/// 3. Nothing is cached; a folder may be read while another process writes it.
class Folder {
public:
    explicit Folder(std::filesystem::path root) : root_(std::move(root)) {}
    const std::filesystem::path& root() const { return root_; }

    /// @throws engine::BrokenSurroundings  naming file and reason; what stood there before is as it was
    void write(const BlockData& block) const;
    /// @pre  at least two blocks, which follow one another
    void write_merged(std::span<const BlockData> blocks) const;

    bool has(BlockIndex index) const;
    /// @return nothing when there is no such file, or it is no block
    std::optional<BlockData> read(BlockIndex index) const;
    std::optional<std::vector<BlockData>> read_merged(std::uint64_t size, BlockIndex first) const;

private:
    void put(const std::filesystem::path& relative, engine::chain::ByteView content) const;
    std::optional<engine::chain::Bytes> get(const std::filesystem::path& relative) const;

    std::filesystem::path root_;
};

} // namespace real::archive
