#pragma once

#include <cstdint>
#include <string>

namespace real::lmdb {

/// The root of a B+tree as LMDB stores it.
/// @source liblmdb 0.9 mdb.c, MDB_db
struct TreeRoot {
    std::uint16_t flags = 0;
    std::uint16_t depth = 0;
    std::uint64_t entries = 0;
    std::uint64_t root = 0;
    friend bool operator==(const TreeRoot&, const TreeRoot&) = default;
};

/// What a meta page says about the state of its transaction.
struct MetaPage {
    std::uint64_t transaction = 0;
    std::uint32_t page_size = 0;
    std::uint64_t last_page = 0;
    TreeRoot free_pages;
    TreeRoot names;
    friend bool operator==(const MetaPage&, const MetaPage&) = default;
};

struct MetaPages {
    MetaPage page[2];
};
/// Reads both meta pages with plain file reads, before LMDB maps the file: LMDB would take an empty file for
/// one it may format, and would die of SIGBUS in one that is cut short.
/// @throws Error not_a_database, torn
MetaPages read_meta_pages(int file, const std::string& path);

/// Walks every page that the state of `meta` reaches and holds each against what the format demands: its own
/// number, kind, bounds, key order, the number of entries and levels, no page in two places or both used and
/// free.  Reads through the descriptor, in pages, so that neither a short file nor a large one does harm.
/// @throws Error torn, naming the page and what is wrong with it
void check_pages(int file, const MetaPage& meta, const std::string& path);

} // namespace real::lmdb
