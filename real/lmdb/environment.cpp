#include "real/lmdb/environment.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "real/lmdb/page_check.hpp"

namespace real::lmdb {
namespace {

constexpr unsigned max_databases = 24; // ledger_db has 18, watcher_db 10
constexpr std::size_t smallest_map = std::size_t{1} << 20;
constexpr mode_t file_mode = 0644;

class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }
    int release() { return std::exchange(value_, -1); }

private:
    int value_;
};

MDB_val to_value(ByteView bytes) { return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())}; }
ByteView bytes(const MDB_val& value) {
    return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

// LMDB forbids mapping a file twice in one process (closing one copy drops the locks of the other), so the
// open environments have to be known process-wide.
using FileId = std::pair<dev_t, ino_t>;
struct Registry {
    std::recursive_mutex mutex; ///< an environment may be let go of while one is opened
    std::map<FileId, std::weak_ptr<Environment>> open;
};
Registry& registry() {
    static Registry instance;
    return instance;
}

ErrorCode classify(int native_code) {
    switch (native_code) {
    case MDB_MAP_FULL:
        return ErrorCode::map_full;
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
        return ErrorCode::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
        return ErrorCode::refused;
    case ENOENT:
    case ENOTDIR:
        return ErrorCode::missing;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return ErrorCode::not_a_database;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
        return ErrorCode::torn;
    default:
        return ErrorCode::other;
    }
}

} // namespace

void Environment::fail(int native_code, const std::string& what) const {
    throw Error(classify(native_code),
                fmt::format("{}: {}: {}", data_file(), what, mdb_strerror(native_code)), native_code);
}

std::shared_ptr<Environment> Environment::open(const std::filesystem::path& directory,
                                               const Options& options) {
    const std::filesystem::path file = directory / "data.mdb";
    const bool create = options.access == Options::Access::create;
    std::error_code ignored;
    if (!std::filesystem::is_directory(directory, ignored)) {
        if (!create)
            throw Error(ErrorCode::missing, fmt::format("{}: no such directory", directory.string()));
        std::error_code failed;
        std::filesystem::create_directories(directory, failed);
        if (failed)
            throw Error(classify(failed.value()), fmt::format("{}: cannot make the directory: {}",
                                                              directory.string(), failed.message()));
    }

    Registry& known = registry();
    const std::lock_guard guard(known.mutex);
    struct stat info {};
    const bool there = ::stat(file.c_str(), &info) == 0;
    if (!there && !create)
        throw Error(ErrorCode::missing,
                    fmt::format("{}: no database here (data.mdb is missing)", directory.string()));
    std::shared_ptr<Environment> environment;
    if (there) {
        if (const auto it = known.open.find({info.st_dev, info.st_ino}); it != known.open.end())
            environment = it->second.lock();
    }
    if (!environment) {
        if (there) {
            const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
            if (descriptor.get() < 0)
                throw Error(classify(errno), fmt::format("{}: {}", file.string(), std::strerror(errno)),
                            errno);
            read_meta_pages(descriptor.get(), file.string());
        }
        environment = std::shared_ptr<Environment>(new Environment(directory), [](Environment* last) {
            const std::lock_guard closing(
                registry().mutex); // nobody may map the file again before it is let go
            delete last;
        });
        environment->start(options);
        if (::stat(file.c_str(), &info) != 0)
            throw Error(ErrorCode::missing, fmt::format("{}: vanished while it was opened", file.string()));
        std::erase_if(known.open, [](const auto& entry) { return entry.second.expired(); });
        known.open[{info.st_dev, info.st_ino}] = environment;
        if (options.check_pages && there) environment->check_snapshot();
    }
    if (options.access != Options::Access::read) environment->become_writer(options);
    return environment;
}

// LMDB makes its lock file as a hole and maps it: on a full disk its first reader or writer dies of SIGBUS.
void Environment::reserve_lock_file() const {
    constexpr off_t whole = 8192; // 126 readers
    const std::string path = (directory_ / "lock.mdb").string();
    struct stat present {};
    const bool there = ::stat(path.c_str(), &present) == 0;
    if (there && present.st_blocks * 512 >= std::max(whole, present.st_size)) return;
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
    if (file.get() < 0) return; // LMDB finds out, and has words for it
    const int rc = ::posix_fallocate(file.get(), 0, std::max(whole, there ? present.st_size : 0));
    if (rc != ENOSPC && rc != EFBIG && rc != EDQUOT) return;
    if (!there) ::unlink(path.c_str());
    throw Error(ErrorCode::no_space,
                fmt::format("{}: cannot make its lock file: {}", data_file(), std::strerror(rc)), rc);
}

// Where no lock can be taken (a disk or folder that is not ours to write), a reader must know that nobody
// writes.
bool Environment::is_nobody_writing() {
    Descriptor descriptor(::open(data_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0 || ::flock(descriptor.get(), LOCK_SH | LOCK_NB) != 0) return false;
    reader_lock_ = descriptor.release(); // for as long as we read, nobody begins to
    return true;
}

void Environment::start(const Options& options) {
    reserve_lock_file();
    map_bytes_max_ = std::max(options.map_bytes_max, options.map_bytes);
    unsigned flags = MDB_NOTLS | MDB_NOSYNC;
    for (std::size_t size = options.map_bytes;;) {
        if (const int rc = mdb_env_create(&env_); rc != 0) fail(rc, "cannot set up LMDB");
        mdb_env_set_maxdbs(env_, max_databases);
        mdb_env_set_mapsize(env_, size);
        const int rc = mdb_env_open(env_, directory_.c_str(), flags, file_mode);
        if (rc == 0) break;
        mdb_env_close(env_);
        env_ = nullptr;
        if (rc == ENOMEM && size / 2 >= smallest_map) {
            size /= 2; // little address space here: start small, grow on demand
        } else if ((rc == EACCES || rc == EROFS) && !(flags & MDB_RDONLY) &&
                   options.access == Options::Access::read) {
            flags |= MDB_RDONLY;
        } else if (rc == EACCES && !(flags & MDB_NOLOCK) && options.access == Options::Access::read &&
                   is_nobody_writing()) {
            flags |= MDB_NOLOCK;
        } else {
            fail(rc, "cannot open");
        }
    }
    int dead = 0;
    mdb_reader_check(env_, &dead);
}

void Environment::become_writer(const Options& options) {
    const std::lock_guard guard(mutex_);
    unsigned flags = 0;
    mdb_env_get_flags(env_, &flags);
    if (flags & MDB_RDONLY) throw Error(ErrorCode::refused, data_file() + ": not writable");
    Descriptor descriptor(::open(data_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0) fail(errno, "cannot lock");
    // flock, not fcntl: it belongs to this descriptor, so that neither a fork nor LMDB's own closing ends it.
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            throw Error(ErrorCode::writer_present, data_file() + ": another writer has this database open");
        fail(errno, "cannot lock");
    }
    if (const int rc = mdb_env_set_flags(env_, MDB_NOSYNC, options.sync ? 0 : 1); rc != 0)
        fail(rc, "cannot set up");
    map_bytes_max_ = std::max({map_bytes_max_, options.map_bytes_max, options.map_bytes});
    writer_lock_ = descriptor.release();
}

void Environment::release_writer() {
    const std::lock_guard guard(mutex_);
    if (writer_lock_ >= 0) ::close(std::exchange(writer_lock_, -1));
}

Environment::~Environment() {
    if (env_ != nullptr) mdb_env_close(env_);
    if (writer_lock_ >= 0) ::close(writer_lock_);
    if (reader_lock_ >= 0) ::close(reader_lock_);
}

void Environment::check_snapshot() {
    const Descriptor file(::open(data_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) fail(errno, "cannot open");
    // An open transaction keeps its pages from being used again.  A writer may replace its meta page
    // meanwhile, hence the attempts.
    for (int attempt = 0; attempt < 100; ++attempt) {
        const ReadTransaction pin(*this);
        const MetaPages meta = read_meta_pages(file.get(), data_file());
        for (std::size_t i = 0; i < 2; ++i) {
            const MetaPage page = meta.page[i];
            if (page.transaction != mdb_txn_id(pin.native())) continue;
            try {
                return check_pages(file.get(), page, data_file());
            } catch (const Error&) {
                // A meta page read while it was being replaced says nothing about the file.
                if (read_meta_pages(file.get(), data_file()).page[i] == page) throw;
            }
        }
    }
    throw Error(ErrorCode::other, data_file() + ": changes faster than it can be checked");
}

std::size_t Environment::map_bytes() const {
    MDB_envinfo info{};
    mdb_env_info(env_, &info);
    return info.me_mapsize;
}

bool Environment::grow() {
    const std::lock_guard guard(mutex_);
    const std::size_t now = map_bytes();
    if (now >= map_bytes_max_) return false;
    if (open_transactions_ != 0)
        throw Error(ErrorCode::map_full,
                    data_file() + ": the map has to grow, but this process still reads in it");
    std::size_t size = std::min(map_bytes_max_, now * 2);
    if (mdb_env_set_mapsize(env_, size) == 0) return true;
    // LMDB has already let go of the old map.
    if (const int rc = mdb_env_set_mapsize(env_, now); rc != 0) fail(rc, "lost the memory map");
    return false;
}

MDB_txn* Environment::begin(bool write) {
    if (write && writer_lock_ < 0)
        throw Error(ErrorCode::refused, data_file() + ": opened for reading, cannot be written");
    for (int attempt = 0;; ++attempt) {
        {
            const std::lock_guard guard(mutex_);
            ++open_transactions_;
        }
        MDB_txn* txn = nullptr;
        const int rc = mdb_txn_begin(env_, nullptr, write ? 0 : MDB_RDONLY, &txn);
        if (rc == 0) return txn;
        const std::lock_guard guard(mutex_);
        --open_transactions_;
        if (rc == MDB_MAP_RESIZED && open_transactions_ == 0 && attempt < 100) {
            if (const int failed = mdb_env_set_mapsize(env_, 0); failed != 0)
                fail(failed, "cannot follow its growth");
        } else if (rc == MDB_READERS_FULL && attempt == 0) {
            int dead = 0;
            mdb_reader_check(env_, &dead);
        } else {
            fail(rc, write ? "cannot begin to write" : "cannot begin to read");
        }
    }
}

void Environment::ended() {
    const std::lock_guard guard(mutex_);
    --open_transactions_;
}

std::optional<Database> Environment::database(const std::string& name) {
    const std::lock_guard guard(names_mutex_); // recursive: `fill` above may ask
    if (const auto it = databases_.find(name); it != databases_.end()) return it->second;
    ReadTransaction transaction(*this);
    Database database;
    const int rc = mdb_dbi_open(transaction.native(), name.c_str(), 0, &database.handle);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    if (rc != 0) fail(rc, "cannot open the database '" + name + "'");
    // A handle opened in a reading transaction outlives it only if that commits.
    mdb_txn_commit(std::exchange(transaction.txn_, nullptr));
    databases_[name] = database;
    return database;
}

void Environment::create_databases(const std::vector<DatabaseName>& names,
                                   const std::function<void(WriteTransaction&)>& fill) {
    retry_while_growing([&] {
        std::unique_lock guard(names_mutex_, std::defer_lock); // until the transaction is over, either way
        WriteTransaction transaction(*this);
        guard
            .lock(); // after the writer's turn has come: a body of write() that asks for a name does the same
        const std::map<std::string, Database> before = databases_;
        try {
            for (const auto& [name, flags] : names) {
                Database database;
                if (const int rc =
                        mdb_dbi_open(transaction.native(), name, flags | MDB_CREATE, &database.handle);
                    rc != 0)
                    fail(rc, std::string("cannot make the database '") + name + "'");
                databases_[name] = database;
            }
            if (fill) fill(transaction);
            transaction.commit();
        } catch (...) {
            databases_ = before; // the handles die with the transaction
            throw;
        }
    });
}

void Environment::write(const std::function<void(WriteTransaction&)>& body) {
    retry_while_growing([&] {
        WriteTransaction transaction(*this);
        body(transaction);
        transaction.commit();
    });
}

void Environment::retry_while_growing(const std::function<void()>& attempt) {
    for (bool last = false;;) {
        try {
            attempt();
            return;
        } catch (const Error& error) {
            if (error.native != MDB_MAP_FULL || last) throw;
        }
        if (!grow()) {
            int dead = 0;
            mdb_reader_check(env_, &dead); // a reader that died keeps old pages from being used again
            if (dead == 0)
                throw Error(
                    ErrorCode::map_full,
                    fmt::format("{}: full: the map of {} bytes may not grow", data_file(), map_bytes()),
                    MDB_MAP_FULL);
            last = true;
        }
    }
}

Transaction::Transaction(Environment& environment, bool write)
    : environment_(environment), txn_(environment.begin(write)) {}

Transaction::~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    environment_.ended();
}

std::optional<ByteView> Transaction::get(Database database, ByteView key) const {
    MDB_val k = to_value(key), value{};
    const int rc = mdb_get(txn_, database.handle, &k, &value);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    if (rc != 0) environment_.fail(rc, "cannot read");
    return bytes(value);
}

std::uint64_t Transaction::entries(Database database) const {
    MDB_stat stat{};
    if (const int rc = mdb_stat(txn_, database.handle, &stat); rc != 0) environment_.fail(rc, "cannot read");
    return stat.ms_entries;
}

bool WriteTransaction::put(Database database, ByteView key, ByteView value, unsigned flags) {
    MDB_val k = to_value(key), v = to_value(value);
    const int rc = mdb_put(txn_, database.handle, &k, &v, flags);
    if (rc == MDB_KEYEXIST) return false;
    if (rc != 0) environment_.fail(rc, "cannot write");
    return true;
}

bool WriteTransaction::remove(Database database, ByteView key) {
    MDB_val k = to_value(key);
    const int rc = mdb_del(txn_, database.handle, &k, nullptr);
    if (rc == MDB_NOTFOUND) return false;
    if (rc != 0) environment_.fail(rc, "cannot write");
    return true;
}

bool WriteTransaction::remove_pair(Database database, ByteView key, ByteView value) {
    MDB_val k = to_value(key), v = to_value(value);
    const int rc = mdb_del(txn_, database.handle, &k, &v);
    if (rc == MDB_NOTFOUND) return false;
    if (rc != 0) environment_.fail(rc, "cannot write");
    return true;
}

void WriteTransaction::commit() {
    const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
    // LMDB calls a write that came out short, as on a disk that fills up under it, an input/output error.
    if (rc == EIO)
        throw Error(ErrorCode::no_space,
                    fmt::format("{}: cannot commit: the disk is full or failing", environment_.data_file()),
                    rc);
    if (rc != 0) environment_.fail(rc, "cannot commit");
}

Cursor::Cursor(const Transaction& transaction, Database database) : transaction_(transaction) {
    if (const int rc = mdb_cursor_open(transaction.native(), database.handle, &cursor_); rc != 0)
        transaction.environment().fail(rc, "cannot read");
}

Cursor::~Cursor() { mdb_cursor_close(cursor_); }

std::optional<Cursor::Pair> Cursor::move(MDB_cursor_op op) {
    MDB_val key{}, value{};
    const int rc = mdb_cursor_get(cursor_, &key, &value, op);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    if (rc != 0) transaction_.environment().fail(rc, "cannot read");
    return Pair{bytes(key), bytes(value)};
}

std::optional<Cursor::Pair> Cursor::seek(ByteView key) {
    MDB_val k = to_value(key), value{};
    const int rc = mdb_cursor_get(cursor_, &k, &value, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    if (rc != 0) transaction_.environment().fail(rc, "cannot read");
    return Pair{bytes(k), bytes(value)};
}

} // namespace real::lmdb
