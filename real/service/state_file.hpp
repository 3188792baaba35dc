#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/chain/crypto.hpp"
#include "engine/fog/ports.hpp"
#include "real/grpc/peer_names.hpp"
#include "real/service/log.hpp"

namespace real::service {

/// A state file is there and cannot be read.  The text has path and reason.
class UnreadableStateFile : public engine::BrokenSurroundings {
    using BrokenSurroundings::BrokenSurroundings;
};

/// An ingest node's state file: upstream's IngestStateFile, with the private ingress key in the clear where
/// upstream has it sealed by the enclave, and with the open invocations in a field upstream does not know and
/// skips.
///
/// Rules
/// 1. Replaced as a whole: written beside its place, synced, renamed.  After any failure the old content
///    is there.
/// 2. Readable by its owner only.
/// 3. A file that is no state file is moved to `NAME.bak` (`.bak2` and so on), never deleted or written over.
/// 4. A file that is there and cannot be read is left alone, and nothing starts: the only copy of the key may
/// be in
///    it.
/// @source mobilecoin a2229c005 fog/ingest/server/src/state_file.rs, fog/api/proto/ingest_common.proto
/// @differs  upstream overwrites in place, and replaces the file's extension by `bak` where this appends it
class DiskStateFile final : public engine::fog::StateFile {
public:
    /// @param log, crypto  outlive the file
    DiskStateFile(std::filesystem::path path, const engine::chain::Crypto& crypto, grpc::PeerNames peers,
                  Log& log);

    /// @throws UnreadableStateFile
    engine::Result<std::optional<engine::fog::IngestState>> read() override;
    engine::Result<void> write(const engine::fog::IngestState& state) override;

    /// The last read() found a state whose key this program cannot open (sealed by an enclave, or damaged).
    bool key_was_refused() const { return key_refused_; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::optional<engine::fog::IngestState> parse(engine::chain::ByteView bytes);
    [[noreturn]] void refuse(const char* why) const;
    /// @throws UnreadableStateFile  when it cannot be moved
    void move_aside(const char* why);

    const std::filesystem::path path_;
    const engine::chain::Crypto& crypto_;
    const grpc::PeerNames peers_; ///< peers stand as URIs in the file
    Log& log_;
    bool key_refused_ = false;
};

} // namespace real::service
