#pragma once

#include <lmdb.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chain/bytes.hpp"
#include "real/lmdb/error.hpp"

namespace real::lmdb {

using engine::chain::as_bytes;
using engine::chain::ByteView;

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline constexpr std::size_t upstream_map_bytes = std::size_t{1} << 40;

struct EnvironmentOptions {
    enum class Access {
        read,   ///< the database must exist; nothing of it is changed
        write,  ///< the database must exist; this is its only writer
        create, ///< like write, and an empty database is made where there is none
    };
    Access access = Access::read;
    /// Wait for the disk at each commit.  Without it a commit survives the death of the process, not of the
    /// machine.
    bool sync = false;
    /// Walk all pages when opening.  Only where the file is known to be good may this be left out.
    bool check_pages = true;
    /// Address space for the file.  Where the system grants less, the map starts smaller and grows when
    /// needed.
    std::size_t map_bytes = upstream_map_bytes;
    std::size_t map_bytes_max = upstream_map_bytes;
};

struct DatabaseName {
    const char* name;
    unsigned flags = 0; ///< MDB_DUPSORT or nothing
};

/// One named database inside an environment.
struct Database {
    MDB_dbi handle = 0;
};

/// An open LMDB directory.
///
/// Rules
/// 1. A directory is mapped at most once a process, as LMDB demands: opening it again shares the environment.
/// 2. There is one writer, over all processes: it holds a lock on data.mdb that ends with the process.
///    Programs not of this project do not know that lock; against them LMDB's own mutex lets one wait for
///    the other.
/// 3. A file that is missing, empty, foreign or torn is refused before LMDB may touch it.
/// 4. Transactions belong to a stack frame: they are neither copied nor moved, and never live across an
///    await.
class Environment : public std::enable_shared_from_this<Environment> {
public:
    using Options = EnvironmentOptions;

    /// @throws Error  see ErrorCode; the files are as they were
    static std::shared_ptr<Environment> open(const std::filesystem::path& directory, const Options& options);

    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment();

    const std::filesystem::path& directory() const { return directory_; }
    std::string data_file() const { return (directory_ / "data.mdb").string(); }
    bool writable() const { return writer_lock_ >= 0; }

    /// Handles serve transactions that begin after this call.
    /// @return nothing when there is no database of this name
    std::optional<Database> database(const std::string& name);
    /// Makes those databases that are absent and runs `fill`, all in one transaction.  For the writer.
    void create_databases(const std::vector<DatabaseName>& names,
                          const std::function<void(class WriteTransaction&)>& fill = {});

    /// Runs `body` in a write transaction until it is committed: where the map is full it is grown and `body`
    /// runs again from the start, on the state as it was.  `body` must not keep anything between runs.
    /// @throws Error  map_full, no_space, or what body throws; nothing is kept then
    void write(const std::function<void(class WriteTransaction&)>& body);

    /// Bytes of the map now.
    std::size_t map_bytes() const;
    /// Ends this process's role as writer; the environment stays open for its readers.
    void release_writer();

    [[noreturn]] void fail(int native, const std::string& what) const;

private:
    friend class Transaction;
    friend class ReadTransaction;
    friend class WriteTransaction;
    explicit Environment(std::filesystem::path directory) : directory_(std::move(directory)) {}

    void reserve_lock_file() const;
    bool is_nobody_writing();
    void start(const Options& options);
    void become_writer(const Options& options);
    MDB_txn* begin(bool write);
    void ended();
    bool grow();
    void retry_while_growing(const std::function<void()>& attempt);
    void check_snapshot();

    std::filesystem::path directory_;
    MDB_env* env_ = nullptr;
    int writer_lock_ = -1; ///< descriptor that holds the lock of rule 2
    int reader_lock_ = -1; ///< keeps writers away where LMDB's own lock file cannot be had
    std::size_t map_bytes_max_ = upstream_map_bytes;
    std::mutex mutex_;                 ///< guards the map's place and the next member
    int open_transactions_ = 0;        ///< the map is only moved when there are none
    std::recursive_mutex names_mutex_; ///< LMDB opens names one at a time
    std::map<std::string, Database> databases_;
};

/// What reading and writing transactions share.
class Transaction {
public:
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// @return the value's bytes, valid until the transaction ends or writes; nothing when there is no such
    /// key
    std::optional<ByteView> get(Database database, ByteView key) const;
    /// Number of values in a database, duplicates counted.
    std::uint64_t entries(Database database) const;

    MDB_txn* native() const { return txn_; }
    Environment& environment() const { return environment_; }

protected:
    Transaction(Environment& environment, bool write);
    ~Transaction();

    Environment& environment_;
    MDB_txn* txn_;
};

/// A view of the newest commit at its construction.
class ReadTransaction : public Transaction {
public:
    explicit ReadTransaction(Environment& environment) : Transaction(environment, false) {}

private:
    friend class Environment;
};

/// Made by Environment::write.
class WriteTransaction : public Transaction {
public:
    /// @return false when the key is there already and `flags` holds MDB_NOOVERWRITE (or the pair,
    /// MDB_NODUPDATA)
    bool put(Database database, ByteView key, ByteView value, unsigned flags = 0);
    /// Removes a key with all its values.  @return false when there is none
    bool remove(Database database, ByteView key);
    /// Removes one value of a key.  @return false when there is none
    bool remove_pair(Database database, ByteView key, ByteView value);

private:
    friend class Environment;
    explicit WriteTransaction(Environment& environment) : Transaction(environment, true) {}
    void commit();
};

/// Walks the pairs of a database in key order, values of a key in value order.
class Cursor {
public:
    using Pair = std::pair<ByteView, ByteView>;

    Cursor(const Transaction& transaction, Database database);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    std::optional<Pair> first() { return move(MDB_FIRST); }
    std::optional<Pair> last() { return move(MDB_LAST); }
    std::optional<Pair> next() { return move(MDB_NEXT); }
    /// The next value of the same key.
    std::optional<Pair> next_duplicate() { return move(MDB_NEXT_DUP); }
    /// The first pair whose key is not below `key`.
    std::optional<Pair> seek(ByteView key);

private:
    std::optional<Pair> move(MDB_cursor_op op);

    const Transaction& transaction_;
    MDB_cursor* cursor_ = nullptr;
};

} // namespace real::lmdb
