#include "real/archive/folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

#include "engine/ensure.hpp"

namespace real::archive {

namespace fs = std::filesystem;

fs::path block_path(BlockIndex index) {
    const std::string digits = fmt::format("{:016x}", index.value);
    fs::path path;
    for (std::size_t pair = 0; pair < 7; ++pair) path /= digits.substr(2 * pair, 2);
    return path / (digits + ".pb");
}

fs::path merged_path(std::uint64_t size, BlockIndex first) {
    return fs::path(fmt::format("merged-{}", size)) / block_path(first);
}

std::optional<fs::path> folder_of(const std::string& uri, std::string& why) {
    constexpr std::string_view scheme = "file://";
    if (uri.starts_with("s3://")) {
        why = "s3:// is not offered, only file:///absolute/path";
        return std::nullopt;
    }
    if (!uri.starts_with(scheme) || uri.size() <= scheme.size() || uri[scheme.size()] != '/') {
        why = "needs file:// followed by an absolute path, as in file:///var/archive";
        return std::nullopt;
    }
    const std::string path = uri.substr(scheme.size());
    if (path.find_first_of("%?#") != std::string::npos || path.find('\0') != std::string::npos) {
        why = "the path is taken as it stands and may not contain %, ? or #";
        return std::nullopt;
    }
    return fs::path(path);
}

void Folder::write(const BlockData& block) const {
    put(block_path(block.block.index), engine::chain::encode_archive_block(block));
}

void Folder::write_merged(std::span<const BlockData> blocks) const {
    ENSURE(blocks.size() >= 2);
    for (std::size_t i = 1; i < blocks.size(); ++i)
        ENSURE(blocks[i].block.index == blocks[i - 1].block.index.next());
    put(merged_path(blocks.size(), blocks.front().block.index), engine::chain::encode_archive_blocks(blocks));
}

bool Folder::has(BlockIndex index) const {
    std::error_code failed;
    return fs::exists(root_ / block_path(index), failed);
}

std::optional<BlockData> Folder::read(BlockIndex index) const {
    const auto content = get(block_path(index));
    return content ? engine::chain::decode_archive_block(*content) : std::nullopt;
}

std::optional<std::vector<BlockData>> Folder::read_merged(std::uint64_t size, BlockIndex first) const {
    const auto content = get(merged_path(size, first));
    return content ? engine::chain::decode_archive_blocks(*content) : std::nullopt;
}

void Folder::put(const fs::path& relative, engine::chain::ByteView content) const {
    const fs::path path = root_ / relative;
    const fs::path staged = path.string() + ".new";
    const auto fail = [&](const std::string& reason) {
        std::error_code ignored;
        fs::remove(staged, ignored);
        throw engine::BrokenSurroundings(fmt::format("cannot write {}: {}", path.string(), reason));
    };
    std::error_code failed;
    fs::create_directories(path.parent_path(), failed);
    if (failed) fail(failed.message());
    errno = 0;
    std::FILE* const file = std::fopen(staged.c_str(), "wb");
    if (file == nullptr) fail(std::generic_category().message(errno));
    const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    const int reason = errno;
    const bool closed = std::fclose(file) == 0;
    if (!written || !closed) fail(std::generic_category().message(written ? errno : reason));
    fs::rename(staged, path, failed);
    if (failed) fail(failed.message());
}

std::optional<engine::chain::Bytes> Folder::get(const fs::path& relative) const {
    std::ifstream in(root_ / relative, std::ios::binary);
    if (!in) return std::nullopt;
    engine::chain::Bytes content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (in.bad()) return std::nullopt;
    return content;
}

} // namespace real::archive
