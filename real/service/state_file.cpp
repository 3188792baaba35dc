#include "real/service/state_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/chain/wire_fields.hpp"

namespace real::service {
namespace {

using engine::Code;
using engine::Error;
using engine::InvocationId;
using engine::chain::Bytes;
using engine::chain::ByteView;
using engine::chain::KeyPair;
using engine::chain::PrivateKey;
using engine::chain::PublicKey;
using engine::chain::WireField;
using engine::chain::WireWriter;
using engine::fog::IngestMode;
using engine::fog::IngestState;

constexpr std::size_t largest_file = 1 << 20; ///< a state is a few hundred bytes

/// Ours; far from what upstream numbers.
constexpr std::uint32_t open_invocations_field = 1001;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { (void)close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

private:
    int fd_;
};

bool write_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

std::optional<Bytes> read_all(int fd) {
    Bytes out;
    std::uint8_t buffer[4096];
    for (;;) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0 || out.size() > largest_file) return out;
        out.insert(out.end(), buffer, buffer + got);
    }
}

/// Replaces `path`.  @return false with errno set when the old content stays
bool replace(const std::filesystem::path& path, ByteView bytes) {
    const std::filesystem::path staged = path.string() + ".new";
    ::unlink(staged.c_str()); // of a process that died in the middle
    Descriptor file(::open(staged.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    const bool written = file && write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close() &&
                         ::rename(staged.c_str(), path.c_str()) == 0;
    if (!written) {
        const int why = errno;
        ::unlink(staged.c_str());
        errno = why;
        return false;
    }
    // The rename itself survives a power failure only once the folder is synced; the content is whole either
    // way.
    std::filesystem::path folder = path.parent_path();
    if (folder.empty()) folder = ".";
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory) (void)::fsync(directory.get());
    return true;
}

struct StoredSummary {
    IngestMode mode = IngestMode::idle;
    std::uint64_t next_block = 0;
    std::uint64_t window = 0;
    std::optional<PublicKey> ingress_key;
    std::vector<std::string> peers;
};

std::optional<StoredSummary> parse_summary(ByteView bytes) {
    StoredSummary out;
    const bool good = engine::chain::read_fields(bytes, [&out](const WireField& field) {
        switch (field.number) {
        case 1: {
            const auto mode = field.varint();
            if (!mode || *mode > 1) return false;
            out.mode = static_cast<IngestMode>(*mode);
            return true;
        }
        case 2:
            return engine::chain::take(out.next_block, field.varint());
        case 3:
            return engine::chain::take(out.window, field.varint());
        case 4:
            return engine::chain::take(out.ingress_key, engine::chain::wrapped_fixed<PublicKey>(field));
        case 7:
            return engine::chain::take_into(out.peers, field.text());
        default:
            return true;
        }
    });
    if (!good) return std::nullopt;
    return out;
}

} // namespace

DiskStateFile::DiskStateFile(std::filesystem::path path, const engine::chain::Crypto& crypto,
                             grpc::PeerNames peers, Log& log)
    : path_(std::move(path)), crypto_(crypto), peers_(std::move(peers)), log_(log) {}

engine::Result<std::optional<IngestState>> DiskStateFile::read() {
    key_refused_ = false;
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::optional<IngestState>{};
    std::optional<Bytes> bytes;
    if (file) bytes = read_all(file.get());
    if (!bytes) {
        log_.error("state file {}: cannot be read: {}", path_.string(), std::strerror(errno));
        return Error{Code::internal, "state file: read"};
    }
    std::optional<IngestState> state = parse(*bytes);
    if (!state) {
        move_aside(key_refused_ ? "its ingress key cannot be opened" : "it is no state file");
        return Error{Code::internal, "state file: content"};
    }
    return state;
}

std::optional<IngestState> DiskStateFile::parse(ByteView bytes) {
    std::optional<StoredSummary> summary;
    ByteView sealed_key;
    IngestState state;
    if (bytes.size() > largest_file) return std::nullopt;
    const bool good = engine::chain::read_fields(bytes, [&](const WireField& field) {
        switch (field.number) {
        case 1:
            return engine::chain::take(summary, engine::chain::nested(field, parse_summary));
        case 2:
            return engine::chain::take(sealed_key, field.bytes());
        case open_invocations_field: {
            const auto id = field.varint();
            if (id) state.open_invocations.push_back(InvocationId{static_cast<std::int64_t>(*id)});
            return id.has_value();
        }
        default:
            return true;
        }
    });
    if (!good) return std::nullopt;
    // A file of no bytes parses, and is refused here: it has no key.
    const auto secret = PrivateKey::from(sealed_key);
    if (!secret || !summary) {
        key_refused_ = true;
        return std::nullopt;
    }
    state.ingress_key = KeyPair{*secret, crypto_.public_key(*secret)};
    if (summary->ingress_key && *summary->ingress_key != state.ingress_key.open) {
        key_refused_ = true; // damaged: the key is not the one the summary is about
        return std::nullopt;
    }
    state.mode = summary->mode;
    state.next_block = engine::BlockIndex{summary->next_block};
    state.pubkey_expiry_window = summary->window;
    for (const std::string& uri : summary->peers) {
        const auto id = peers_.to_responder_id(uri);
        if (!id) return std::nullopt;
        state.peers.push_back(*id);
    }
    return state;
}

void DiskStateFile::move_aside(const char* why) {
    const std::string aside = path_.string() + ".bak";
    if (::rename(path_.c_str(), aside.c_str()) == 0)
        log_.error("state file {}: {}; moved to {}", path_.string(), why, aside);
    else
        log_.error("state file {}: {}, and it cannot be moved to {}: {}", path_.string(), why, aside,
                   std::strerror(errno));
}

engine::Result<bool> DiskStateFile::write(const IngestState& state) {
    WireWriter summary;
    summary.varint_or_omit(1, static_cast<std::uint64_t>(state.mode));
    summary.varint_or_omit(2, state.next_block.value);
    summary.varint_or_omit(3, state.pubkey_expiry_window);
    summary.wrapped(4, state.ingress_key.open.view());
    for (const std::string& id : state.peers) summary.text(7, peers_.to_uri(id));
    WireWriter file;
    file.bytes(1, summary.data());
    file.bytes(2, state.ingress_key.secret.view());
    for (const InvocationId id : state.open_invocations)
        file.varint(open_invocations_field, static_cast<std::uint64_t>(id.value));
    if (!replace(path_, file.data())) {
        log_.error("state file {}: cannot be written, the old content stays: {}", path_.string(),
                   std::strerror(errno));
        return Error{Code::disk_full, "state file: write"};
    }
    return true;
}

} // namespace real::service
