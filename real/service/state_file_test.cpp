#include "real/service/state_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "engine/chain/hex.hpp"
#include "real/lmdb/test_support.hpp"
#include "real/service/uri.hpp"

namespace real::service {
namespace {

namespace fs = std::filesystem;
using engine::Code;
using engine::InvocationId;
using engine::chain::fixed_from_hex;
using engine::chain::PrivateKey;
using engine::fog::IngestMode;
using engine::fog::IngestState;
using lmdb::read_file;
using lmdb::write_file;

class StateFileTest : public testing::Test {
protected:
    StateFileTest() : crypto_(engine::chain::ristretto_crypto()), path_(folder_ / "node.state") {
        LogSettings settings;
        settings.to_stderr = true;
        settings.filter = *LogFilter::parse("off");
        log_.emplace("test", settings);
        file_.emplace(path_, crypto_, names(), *log_);
    }

    static grpc::PeerNames names() {
        grpc::PeerNames names;
        names.to_uri = [](const std::string& id) { return "insecure-igp://" + id + "/"; };
        names.to_responder_id = [](const std::string& uri) -> std::optional<std::string> {
            std::string why;
            const auto parsed = Uri::parse(ingest_peer_uri, uri, why);
            if (!parsed) return std::nullopt;
            return parsed->responder_id();
        };
        return names;
    }

    IngestState state() const {
        IngestState state;
        state.mode = IngestMode::active;
        state.next_block = engine::BlockIndex{9};
        state.pubkey_expiry_window = 1;
        state.ingress_key.secret =
            *fixed_from_hex<PrivateKey>("0101010101010101010101010101010101010101010101010101010101010101");
        state.ingress_key.open = crypto_.public_key(state.ingress_key.secret);
        state.peers = {"localhost:4300", "localhost:4301"};
        state.open_invocations = {InvocationId{3}, InvocationId{4}};
        return state;
    }

    void expect_stored(const IngestState& want) {
        const auto got = file_->read();
        ASSERT_TRUE(got && *got);
        EXPECT_EQ((*got)->mode, want.mode);
        EXPECT_EQ((*got)->next_block, want.next_block);
        EXPECT_EQ((*got)->pubkey_expiry_window, want.pubkey_expiry_window);
        EXPECT_EQ((*got)->ingress_key.secret, want.ingress_key.secret);
        EXPECT_EQ((*got)->ingress_key.open, want.ingress_key.open);
        EXPECT_EQ((*got)->peers, want.peers);
        EXPECT_EQ((*got)->open_invocations, want.open_invocations);
    }

    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
    }

    const engine::chain::Crypto& crypto_;
    lmdb::ScratchDir folder_;
    fs::path path_;
    std::optional<Log> log_;
    std::optional<DiskStateFile> file_;
};

TEST_F(StateFileTest, NoFileIsAnAnswer) {
    const auto found = file_->read();
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
}

TEST_F(StateFileTest, WhatWasWrittenIsRead) {
    ASSERT_TRUE(file_->write(state()));
    expect_stored(state());
    IngestState idle = state();
    idle.mode = IngestMode::idle;
    idle.open_invocations.clear();
    ASSERT_TRUE(file_->write(idle));
    expect_stored(idle);
    EXPECT_EQ(files(), 1u) << "nothing is left beside it";
}

TEST_F(StateFileTest, HasUpstreamsFieldsAndOneThatUpstreamSkips) {
    ASSERT_TRUE(file_->write(state()));
    const std::string content = read_file(path_);
    const engine::chain::ByteView bytes{reinterpret_cast<const std::uint8_t*>(content.data()),
                                        content.size()};
    const std::string open = engine::chain::to_hex(state().ingress_key.open.view());
    std::string summary = "0801"; // mode: Active
    summary += "1009";            // next_block_index
    summary += "1801";            // pubkey_expiry_window
    summary += "2222"
               "0a20" +
               open; // ingress_pubkey.data
    summary += "3a1e"
               "696e7365637572652d6967703a2f2f6c6f63616c686f73743a343330302f"; // peers
    summary += "3a1e"
               "696e7365637572652d6967703a2f2f6c6f63616c686f73743a343330312f";
    ASSERT_EQ(summary.size() / 2, 0x6au);
    std::string secret;
    for (int i = 0; i < 32; ++i) secret += "01";
    EXPECT_EQ(engine::chain::to_hex(bytes), "0a6a" + summary + "1220" + secret + "c83e03" + "c83e04");
}

TEST_F(StateFileTest, OnlyTheOwnerMayReadIt) {
    write_file(path_, "");
    fs::permissions(path_, fs::perms::all);
    ASSERT_TRUE(file_->write(state()));
    struct stat found {};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
}

// Cut short anywhere it is either refused and moved aside, or (cut behind the key, between two fields)
// complete but for the invocations; never half a state.
TEST_F(StateFileTest, ATornFileIsMovedAside) {
    ASSERT_TRUE(file_->write(state()));
    const std::string whole = read_file(path_);
    const std::size_t with_key = whole.size() - 6;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string torn = whole.substr(0, size);
        write_file(path_, torn);
        const auto found = file_->read();
        if (size == with_key || size == with_key + 3) {
            EXPECT_TRUE(found && *found) << size;
            continue;
        }
        ASSERT_FALSE(found) << size;
        EXPECT_EQ(found.error().code, Code::internal);
        EXPECT_FALSE(fs::exists(path_)) << size;
        EXPECT_EQ(read_file(path_.string() + ".bak"), torn) << size;
        fs::remove(path_.string() + ".bak");
        const auto again = file_->read();
        EXPECT_TRUE(again && !*again) << "the next start is a fresh one";
    }
}

TEST_F(StateFileTest, AFileOfAnotherKindIsMovedAside) {
    for (const std::string& content : {std::string("not a state file"), std::string(200, '\xff'),
                                       std::string("\x0a\x02\x08\x07", 4), std::string(2u << 20, 'x')}) {
        write_file(path_, content);
        EXPECT_FALSE(file_->read());
        EXPECT_FALSE(file_->key_was_refused());
        EXPECT_EQ(read_file(path_.string() + ".bak"), content);
        fs::remove(path_.string() + ".bak");
    }
}

TEST_F(StateFileTest, WhatWasMovedAsideIsNeverWrittenOver) {
    for (const char* content : {"first", "second", "third"}) {
        write_file(path_, content);
        EXPECT_FALSE(file_->read());
    }
    EXPECT_EQ(read_file(path_.string() + ".bak"), "first");
    EXPECT_EQ(read_file(path_.string() + ".bak2"), "second");
    EXPECT_EQ(read_file(path_.string() + ".bak3"), "third");
}

// What is there may be the only copy of the ingress key.
TEST_F(StateFileTest, AFileThatCannotBeReadIsLeftAlone) {
    const auto refusal = [](DiskStateFile& file) -> std::string {
        try {
            (void)file.read();
            return "none";
        } catch (const UnreadableStateFile& error) {
            return error.what();
        }
    };
    const std::string at = "cannot read " + path_.string() + ": ";
    const std::string end = "; the node does not start with a new key in its place";

    fs::create_directory(path_);
    EXPECT_EQ(refusal(*file_), at + "it is a directory" + end);
    EXPECT_TRUE(fs::is_directory(path_));
    fs::remove(path_);

    fs::create_symlink(folder_ / "volume/state", path_); // a volume that is not there today
    EXPECT_EQ(refusal(*file_), at + "it is a link that leads nowhere" + end);
    EXPECT_TRUE(fs::is_symlink(path_));
    fs::remove(path_);

    fs::create_symlink(path_, path_);
    EXPECT_EQ(refusal(*file_), at + "Too many levels of symbolic links" + end);
    fs::remove(path_);

    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(refusal(*file_), at + "it is no regular file" + end);
    fs::remove(path_);

    if (::geteuid() == 0) {
        write_file(path_, "key");
        fs::permissions(path_, fs::perms::owner_all);
        fs::permissions(folder_.path(), fs::perms::all);
        ASSERT_EQ(::seteuid(65534), 0);
        const std::string said = refusal(*file_);
        ASSERT_EQ(::seteuid(0), 0);
        EXPECT_EQ(said, at + "Permission denied" + end);
        EXPECT_EQ(read_file(path_), "key");
        fs::remove(path_);
    }
    DiskStateFile broken("/proc/self/mem", crypto_, names(), *log_); // reading its first byte is EIO
    EXPECT_EQ(refusal(broken), "cannot read /proc/self/mem: Input/output error" + end);
    write_file(folder_ / "file", "");
    DiskStateFile below(folder_ / "file/state", crypto_, names(), *log_);
    EXPECT_EQ(refusal(below), "cannot read " + (folder_ / "file/state").string() + ": Not a directory" + end);
    EXPECT_EQ(files(), 1u) << "nothing was made or moved";
}

TEST_F(StateFileTest, ALinkIsFollowedAndStays) {
    fs::create_directory(folder_ / "volume");
    ASSERT_TRUE(DiskStateFile(folder_ / "volume/state", crypto_, names(), *log_).write(state()));
    fs::create_symlink("volume/state", path_);
    file_.emplace(path_, crypto_, names(), *log_);
    expect_stored(state());
    IngestState next = state();
    next.next_block = engine::BlockIndex{10};
    ASSERT_TRUE(file_->write(next));
    EXPECT_TRUE(fs::is_symlink(path_));
    expect_stored(next);
}

TEST_F(StateFileTest, AKeySealedByAnEnclaveIsRefused) {
    ASSERT_TRUE(file_->write(state()));
    std::string content = read_file(path_);
    const std::size_t key = content.size() - 6 - 32;
    content[key - 1] = 31; // one byte shorter
    content.erase(key, 1);
    write_file(path_, content);
    EXPECT_FALSE(file_->read());
    EXPECT_TRUE(file_->key_was_refused());
    // Nor is a key that is not the one the file is about.
    ASSERT_TRUE(file_->write(state()));
    content = read_file(path_);
    content[key] = 2;
    write_file(path_, content);
    EXPECT_FALSE(file_->read());
    EXPECT_TRUE(file_->key_was_refused());
    (void)file_->read();
    EXPECT_FALSE(file_->key_was_refused()) << "a state that is not there has no key";
}

TEST_F(StateFileTest, APeerThatIsNoAddressSpoilsTheFile) {
    auto bad = names();
    bad.to_uri = [](const std::string&) { return std::string("http://x"); };
    DiskStateFile other(path_, crypto_, bad, *log_);
    ASSERT_TRUE(other.write(state()));
    EXPECT_FALSE(file_->read());
}

/// Files of this process may not grow beyond so many bytes, which a write meets as a full disk.  The captured
/// log is such a file, too.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit low{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &low);
    }
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST_F(StateFileTest, AFullDiskLeavesTheOldContent) {
    ASSERT_TRUE(file_->write(state()));
    IngestState next = state();
    next.next_block = engine::BlockIndex{10};
    next.peers.insert(next.peers.end(), 100, "localhost:4302"); // more than the limit below
    log_->set_filter("info");
    testing::internal::CaptureStderr();
    {
        const FileSizeLimit limit(1000);
        const auto written = file_->write(next);
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().code, Code::disk_full);
    }
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("the old content stays: File too large"), std::string::npos) << said;
    expect_stored(state());
    EXPECT_EQ(files(), 1u);
    EXPECT_TRUE(file_->write(next)) << "when there is room again";
    expect_stored(next);
}

TEST_F(StateFileTest, AFolderThatIsNotThereIsSaid) {
    DiskStateFile lost(folder_ / "nowhere/state", crypto_, names(), *log_);
    const auto written = lost.write(state());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::disk_full);
}

} // namespace
} // namespace real::service
