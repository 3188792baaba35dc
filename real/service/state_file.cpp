#include "real/service/state_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/chain/secret_buffer.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/secret/secret_file.hpp"

namespace real::service {
namespace {

using engine::Code;
using engine::Error;
using engine::InvocationId;
using engine::chain::ByteView;
using engine::chain::KeyPair;
using engine::chain::PrivateKey;
using engine::chain::PublicKey;
using engine::chain::SecretBytes;
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
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

private:
    int fd_;
};

/// @return nothing, with errno set, when it cannot be read to its end
std::optional<SecretBytes> read_all(int fd) {
    SecretBytes out(largest_file + 1);
    std::size_t size = 0;
    while (size < out.size()) {
        const ssize_t got = ::read(fd, out.data() + size, out.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    out.resize(size);
    return out;
}

/// Where a link leads; a path that cannot be followed stays, and read() says why.
std::filesystem::path followed(const std::filesystem::path& path) {
    std::error_code broken;
    if (!std::filesystem::is_symlink(path, broken)) return path;
    std::filesystem::path target = std::filesystem::canonical(path, broken);
    return broken ? path : target;
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
    : path_(followed(path)), crypto_(crypto), peers_(std::move(peers)), log_(log) {}

engine::Result<std::optional<IngestState>> DiskStateFile::read() {
    key_refused_ = false;
    struct stat found {};
    if (::lstat(path_.c_str(), &found) != 0 && errno == ENOENT) return std::optional<IngestState>{};
    // O_NONBLOCK: a pipe with nobody at its other end is no reason to wait for ever.
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) refuse(errno == ENOENT ? "it is a link that leads nowhere" : std::strerror(errno));
    if (::fstat(file.get(), &found) != 0) refuse(std::strerror(errno));
    if (!S_ISREG(found.st_mode))
        refuse(S_ISDIR(found.st_mode) ? "it is a directory" : "it is no regular file");
    const std::optional<SecretBytes> bytes = read_all(file.get());
    if (!bytes) refuse(std::strerror(errno));
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

void DiskStateFile::refuse(const char* why) const {
    throw UnreadableStateFile(fmt::format(
        "cannot read {}: {}; the node does not start with a new key in its place", path_.string(), why));
}

void DiskStateFile::move_aside(const char* why) {
    for (int n = 1;; ++n) {
        const std::string aside = path_.string() + ".bak" + (n == 1 ? "" : std::to_string(n));
        struct stat older {};
        if (::lstat(aside.c_str(), &older) == 0) continue; // it may hold a key, too
        if (::rename(path_.c_str(), aside.c_str()) != 0)
            refuse(fmt::format("{}, and it cannot be moved to {}: {}", why, aside, std::strerror(errno))
                       .c_str());
        log_.error("state file {}: {}; moved to {}", path_.string(), why, aside);
        return;
    }
}

engine::Result<void> DiskStateFile::write(const IngestState& state) {
    WireWriter summary;
    summary.varint_or_omit(1, static_cast<std::uint64_t>(state.mode));
    summary.varint_or_omit(2, state.next_block.value);
    summary.varint_or_omit(3, state.pubkey_expiry_window);
    summary.wrapped(4, state.ingress_key.open.view());
    for (const std::string& id : state.peers) summary.text(7, peers_.to_uri(id));
    WireWriter head;
    head.bytes(1, summary.data());
    WireWriter tail;
    for (const InvocationId id : state.open_invocations)
        tail.varint(open_invocations_field, static_cast<std::uint64_t>(id.value));
    // Field 2, the key: its bytes stand in no buffer but this one.
    const ByteView key = state.ingress_key.secret.view();
    SecretBytes file(head.data().begin(), head.data().end());
    file.reserve(file.size() + 2 + key.size() + tail.data().size());
    static_assert(PrivateKey::size < 128, "a length of one byte");
    file.insert(file.end(), {2u << 3u | static_cast<std::uint8_t>(engine::chain::WireType::bytes),
                             static_cast<std::uint8_t>(key.size())});
    file.insert(file.end(), key.begin(), key.end());
    file.insert(file.end(), tail.data().begin(), tail.data().end());
    if (const std::error_code why = secret::replace_secret_file(path_, file)) {
        log_.error("state file {}: cannot be written, the old content stays: {}", path_.string(),
                   why.message());
        return Error{Code::disk_full, "state file: write"};
    }
    return {};
}

} // namespace real::service
