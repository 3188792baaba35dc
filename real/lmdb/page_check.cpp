#include "real/lmdb/page_check.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "real/lmdb/error.hpp"

namespace real::lmdb {
namespace {

// Numbers of the file format, in the byte order and word size of the machine that wrote it.
constexpr std::uint32_t magic = 0xBEEFC0DE;
constexpr std::uint32_t format_version = 1;
constexpr std::size_t page_header = 16;
constexpr std::size_t node_header = 8;
constexpr std::size_t tree_record = 48;
constexpr std::uint64_t no_page = ~std::uint64_t{0};
enum PageFlags : std::uint16_t {
    branch = 0x01,
    leaf = 0x02,
    overflow = 0x04,
    meta_page = 0x08,
    leaf2 = 0x20,
    subpage = 0x40
};
enum NodeFlags : std::uint16_t { big_data = 0x01, sub_tree = 0x02, duplicates = 0x04 };
constexpr std::uint16_t reverse_or_integer = 0x02 | 0x08 | 0x20 | 0x40;
constexpr int deepest_tree = 32; // LMDB's own cursor stack

using Page = std::span<const std::uint8_t>;

template <class T>
T number(Page bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

bool read_at(int file, std::uint64_t offset, std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t n =
            ::pread(file, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

TreeRoot tree_at(Page bytes, std::size_t at) {
    return {.flags = number<std::uint16_t>(bytes, at + 4),
            .depth = number<std::uint16_t>(bytes, at + 6),
            .entries = number<std::uint64_t>(bytes, at + 32),
            .root = number<std::uint64_t>(bytes, at + 40)};
}

/// One walk over one state of one file.
class Walk {
public:
    Walk(int file, const MetaPage& meta, const std::string& path) : file_(file), meta_(meta), path_(path) {
        struct stat info {};
        if (::fstat(file, &info) == 0)
            file_pages_ = static_cast<std::uint64_t>(info.st_size) / meta.page_size;
        used_.resize(std::min(meta.last_page + 1, file_pages_));
    }

    void run() {
        claim(0, 1);
        claim(1, 1);
        in_free_list_ = true;
        tree(meta_.free_pages, "free list", {});
        in_free_list_ = false;
        tree(meta_.names, "list of databases", {});
        for (const auto& [name, root] : found_) tree(root, name, {});
        for (const std::uint64_t page : free_) {
            if (page < used_.size() && used_[page]) bad(page, "is both free and in use");
        }
    }

private:
    struct Count {
        std::uint64_t entries = 0;
    };
    using Bytes = std::vector<std::uint8_t>;

    [[noreturn]] void bad(std::uint64_t page, const std::string& what) const {
        throw Error(ErrorCode::torn, fmt::format("{}: damaged or torn copy: page {} {}", path_, page, what));
    }

    void claim(std::uint64_t first, std::uint64_t count) {
        if (count == 0 || first > meta_.last_page || count > meta_.last_page + 1 - first)
            bad(first, "lies behind the last page of the database");
        if (first + count > used_.size()) bad(first, "lies behind the end of the file");
        for (std::uint64_t page = first; page < first + count; ++page) {
            if (used_[page]) bad(page, "is used in two places");
            used_[page] = true;
        }
    }

    Bytes load(std::uint64_t page) {
        claim(page, 1);
        Bytes bytes(meta_.page_size);
        if (!read_at(file_, page * meta_.page_size, bytes)) bad(page, "cannot be read");
        if (number<std::uint64_t>(bytes, 0) != page) bad(page, "carries another page's number");
        return bytes;
    }

    void tree(const TreeRoot& root, const std::string& name, std::optional<std::uint16_t> parent_flags) {
        if (root.root == no_page) {
            if (root.entries != 0) bad(root.root, "missing: '" + name + "' has entries but no root");
            return;
        }
        if (root.depth == 0 || root.depth > deepest_tree)
            bad(root.root, "as root of '" + name + "' has no possible depth");
        Count count;
        const std::uint16_t flags = parent_flags.value_or(root.flags);
        const Place place{.name = name, .flags = flags, .inner = parent_flags.has_value()};
        Bytes last_key;
        node(root.root, root.depth, place, count, last_key);
        if (count.entries != root.entries)
            bad(root.root, fmt::format("as root of '{}' should lead to {} entries, not {}", name,
                                       root.entries, count.entries));
    }

    struct Place {
        const std::string& name;
        std::uint16_t flags;
        bool inner; ///< the values of one key, kept as a tree
    };

    void node(std::uint64_t number_of_page, int depth, const Place& place, Count& count, Bytes& last_key) {
        const Bytes bytes = load(number_of_page);
        const Page page(bytes);
        const auto kind = number<std::uint16_t>(page, 10);
        if (depth > 1) {
            if ((kind & (branch | leaf | overflow | meta_page)) != branch)
                bad(number_of_page, "should be a branch page");
            const std::vector<std::size_t> at = nodes(page, number_of_page);
            if (at.empty()) bad(number_of_page, "is an empty branch page");
            for (const std::size_t offset : at) {
                const std::uint64_t child = std::uint64_t{number<std::uint16_t>(page, offset)} |
                                            std::uint64_t{number<std::uint16_t>(page, offset + 2)} << 16 |
                                            std::uint64_t{number<std::uint16_t>(page, offset + 4)} << 32;
                if (offset + node_header + number<std::uint16_t>(page, offset + 6) > page.size())
                    bad(number_of_page, "has a key that ends outside");
                node(child, depth - 1, place, count, last_key);
            }
            return;
        }
        if ((kind & (branch | leaf | overflow | meta_page)) != leaf)
            bad(number_of_page, "should be a leaf page");
        if (kind & leaf2) {
            const auto lower = number<std::uint16_t>(page, 12);
            if (lower < page_header || lower > page.size()) bad(number_of_page, "has impossible bounds");
            const std::size_t keys = (lower - page_header) / 2;
            if (page_header + keys * number<std::uint16_t>(page, 8) > page.size())
                bad(number_of_page, "has impossible bounds");
            count.entries += keys;
            return;
        }
        leaf_page(page, number_of_page, place, count, last_key);
    }

    void leaf_page(Page page, std::uint64_t where, const Place& place, Count& count, Bytes& last_key) {
        for (const std::size_t offset : nodes(page, where)) {
            const std::uint32_t size = std::uint32_t{number<std::uint16_t>(page, offset)} |
                                       std::uint32_t{number<std::uint16_t>(page, offset + 2)} << 16;
            const auto flags = number<std::uint16_t>(page, offset + 4);
            const auto key_size = number<std::uint16_t>(page, offset + 6);
            const std::size_t data = offset + node_header + key_size;
            const std::size_t stored = flags & big_data ? sizeof(std::uint64_t) : size;
            if (data > page.size() || stored > page.size() - data)
                bad(where, "has a record that ends outside");
            const Page key = page.subspan(offset + node_header, key_size);
            if ((place.flags & reverse_or_integer) == 0 && !in_free_list_) {
                if (!last_key.empty() &&
                    !std::lexicographical_compare(last_key.begin(), last_key.end(), key.begin(), key.end()))
                    bad(where, "has keys out of order");
                last_key.assign(key.begin(), key.end());
            }
            const Page value = page.subspan(data, stored);
            if (flags & big_data) {
                Bytes large = overflow_pages(number<std::uint64_t>(value, 0), size);
                if (in_free_list_) free_list(large, where);
                ++count.entries;
            } else if (flags & duplicates) {
                if (place.inner) bad(where, "has values within values");
                if (flags & sub_tree) {
                    if (size != tree_record) bad(where, "has a tree record of a wrong size");
                    const TreeRoot inner = tree_at(value, 0);
                    tree(inner, place.name, inner.flags);
                    count.entries += inner.entries;
                } else {
                    count.entries += sub_page(value, where);
                }
            } else if (flags & sub_tree) {
                if (size != tree_record || place.inner) bad(where, "has a tree record of a wrong size");
                std::string name(key.begin(), key.end());
                found_.emplace(name, tree_at(value, 0));
                ++count.entries;
            } else {
                if (in_free_list_) free_list(value, where);
                ++count.entries;
            }
        }
    }

    /// Offsets of a page's nodes.
    std::vector<std::size_t> nodes(Page page, std::uint64_t where) const {
        const auto lower = number<std::uint16_t>(page, 12);
        const auto upper = number<std::uint16_t>(page, 14);
        if (lower < page_header || lower > upper || upper > page.size() || lower % 2)
            bad(where, "has impossible bounds");
        std::vector<std::size_t> out;
        for (std::size_t slot = page_header; slot < lower; slot += 2) {
            const auto offset = number<std::uint16_t>(page, slot);
            if (offset < upper || offset + node_header > page.size()) bad(where, "has a node outside");
            out.push_back(offset);
        }
        return out;
    }

    /// A small set of values of one key, kept as a page within the record.  @return their number
    std::uint64_t sub_page(Page page, std::uint64_t where) const {
        if (page.size() < page_header || !(number<std::uint16_t>(page, 10) & subpage))
            bad(where, "has a value list that is none");
        const auto lower = number<std::uint16_t>(page, 12);
        const auto upper = number<std::uint16_t>(page, 14);
        if (lower < page_header || lower > page.size()) bad(where, "has a value list with impossible bounds");
        const std::size_t keys = (lower - page_header) / 2;
        if (number<std::uint16_t>(page, 10) & leaf2) {
            if (page_header + keys * number<std::uint16_t>(page, 8) > page.size())
                bad(where, "has a value list with impossible bounds");
            return keys;
        }
        if (upper < lower || upper > page.size()) bad(where, "has a value list with impossible bounds");
        for (std::size_t slot = page_header; slot < lower; slot += 2) {
            const auto offset = number<std::uint16_t>(page, slot);
            if (offset < upper || offset + node_header > page.size() ||
                offset + node_header + number<std::uint16_t>(page, offset + 6) > page.size())
                bad(where, "has a value outside its list");
        }
        return keys;
    }

    Bytes overflow_pages(std::uint64_t first, std::uint32_t size) {
        const std::uint64_t pages = (page_header + size + meta_.page_size - 1) / meta_.page_size;
        claim(first, pages);
        Bytes head(page_header);
        if (!read_at(file_, first * meta_.page_size, head)) bad(first, "cannot be read");
        if (number<std::uint64_t>(head, 0) != first) bad(first, "carries another page's number");
        if (!(number<std::uint16_t>(head, 10) & overflow) || number<std::uint32_t>(head, 12) < pages)
            bad(first, "should be the start of a large record");
        Bytes data;
        if (in_free_list_) {
            data.resize(size);
            if (!read_at(file_, first * meta_.page_size + page_header, data)) bad(first, "cannot be read");
        }
        return data;
    }

    void free_list(Page value, std::uint64_t where) {
        if (value.size() < 8) bad(where, "has a free list that is none");
        const auto count = number<std::uint64_t>(value, 0);
        if (count > value.size() / 8 - 1) bad(where, "has a free list longer than its record");
        for (std::uint64_t i = 1; i <= count; ++i) {
            const auto page = number<std::uint64_t>(value, 8 * i);
            if (page < 2 || page > meta_.last_page) bad(where, "lists an impossible page as free");
            free_.push_back(page);
        }
    }

    int file_;
    const MetaPage& meta_;
    const std::string& path_;
    std::uint64_t file_pages_ = 0;
    std::vector<bool> used_;
    std::vector<std::uint64_t> free_;
    std::map<std::string, TreeRoot> found_;
    bool in_free_list_ = false;
};

} // namespace

MetaPages read_meta_pages(int file, const std::string& path) {
    MetaPages out;
    std::uint32_t page_size = 0;
    for (int i = 0; i < 2; ++i) {
        std::vector<std::uint8_t> bytes(page_header + 24 + 2 * tree_record + 16);
        if (!read_at(file, std::uint64_t{page_size} * static_cast<unsigned>(i), bytes))
            throw Error(i == 0 ? ErrorCode::not_a_database : ErrorCode::torn,
                        path + ": too short for an LMDB database");
        const Page page(bytes);
        if (!(number<std::uint16_t>(page, 10) & meta_page) ||
            number<std::uint32_t>(page, page_header) != magic)
            throw Error(i == 0 ? ErrorCode::not_a_database : ErrorCode::torn,
                        path + ": not an LMDB database");
        if (number<std::uint32_t>(page, page_header + 4) != format_version)
            throw Error(ErrorCode::not_a_database,
                        fmt::format("{}: LMDB file format {}, this program reads {}", path,
                                    number<std::uint32_t>(page, page_header + 4), format_version));
        MetaPage& meta = out.page[i];
        meta.page_size = number<std::uint32_t>(page, page_header + 24);
        if (meta.page_size < 512 || meta.page_size > 65536 || (meta.page_size & (meta.page_size - 1)) != 0)
            throw Error(ErrorCode::torn, path + ": a meta page names an impossible page size");
        if (i == 1 && meta.page_size != page_size)
            throw Error(ErrorCode::torn, path + ": the two meta pages disagree about the page size");
        page_size = meta.page_size;
        meta.free_pages = tree_at(page, page_header + 24);
        meta.names = tree_at(page, page_header + 24 + tree_record);
        meta.last_page = number<std::uint64_t>(page, page_header + 24 + 2 * tree_record);
        meta.transaction = number<std::uint64_t>(page, page_header + 24 + 2 * tree_record + 8);
        if (meta.last_page < 1 || meta.last_page > (std::uint64_t{1} << 48))
            throw Error(ErrorCode::torn, path + ": a meta page names an impossible last page");
    }
    return out;
}

void check_pages(int file, const MetaPage& meta, const std::string& path) { Walk(file, meta, path).run(); }

} // namespace real::lmdb
