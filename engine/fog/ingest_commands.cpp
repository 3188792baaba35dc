// What an operator, or a peer, tells an ingest node to do.
#include <algorithm>

#include "engine/fog/ingest.hpp"
#include "engine/fog/ingest_support.hpp"

namespace engine::fog {
namespace {

constexpr int claim_rounds = 3;

bool same_peers(std::vector<std::string> a, std::vector<std::string> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
}

std::vector<std::string> without_repeats(std::vector<std::string> peers) {
    std::vector<std::string> once;
    for (std::string& peer : peers)
        if (std::find(once.begin(), once.end(), peer) == once.end()) once.push_back(std::move(peer));
    return once;
}

class Raised {
public:
    explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
    ~Raised() { flag_ = false; }
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;

private:
    bool& flag_;
};

} // namespace

Task<Result<IngestSummary>> IngestNode::get_status() { co_return summary(); }
Task<Result<IngestSummary>> IngestNode::status() { co_return summary(); }
Task<Result<chain::KeyPair>> IngestNode::get_ingress_key() { co_return key_; }

Task<Result<IngestSummary>> IngestNode::activate() {
    host_.mark_if(state_.is_locked(), Mark::ingest_commands_meet);
    const Mutex::Lock lock = co_await state_.lock("its state, to activate");
    if (mode_ == IngestMode::active) co_return summary();
    const Raised activating(activating_);
    if (!key_is_saved_ && !save()) co_return Error{Code::disk_full, "ingest: activate"};
    const std::optional<Error> trouble = co_await prepare_peers();
    if (trouble) co_return *trouble;
    co_await host_.yield(YieldPoint::ingest_activating);
    const Result<BlockIndex> start = co_await claim_key();
    if (!start) co_return start.error();
    enter_active(*start);
    co_return summary();
}

// Nobody else is active, and everybody has this node's key and peer list.
Task<std::optional<Error>> IngestNode::prepare_peers() {
    const std::vector<std::string> peers = peers_;
    std::vector<IngestSummary> answers;
    for (const std::string& id : peers) {
        if (id == config_.responder_id) continue;
        IngestPeer* peer = directory_.find(id);
        if (peer == nullptr) co_return Error{Code::unavailable, "ingest: no such peer"};
        const Result<IngestSummary> theirs = co_await peer->status();
        if (!theirs) co_return because(Code::unavailable, "ingest: peer status", theirs.error());
        if (theirs->mode == IngestMode::active)
            co_return Error{Code::failed_precondition, "ingest: another active peer"};
        answers.push_back(*theirs);
    }
    std::size_t next = 0;
    for (const std::string& id : peers) {
        if (id == config_.responder_id) continue;
        const std::optional<Error> trouble = co_await bring_in_line(id, answers[next++], key_, peers);
        if (trouble) co_return trouble;
    }
    co_return std::nullopt;
}

// An active peer keeps its key: it would refuse another.
Task<std::optional<Error>> IngestNode::bring_in_line(std::string peer_id, IngestSummary theirs,
                                                     chain::KeyPair key, std::vector<std::string> peers) {
    IngestPeer* peer = directory_.find(peer_id);
    if (peer == nullptr) co_return Error{Code::unavailable, "ingest: no such peer"};
    if (theirs.ingress_key != key.open && theirs.mode == IngestMode::idle) {
        const Result<IngestSummary> pushed = co_await peer->set_ingress_key(key);
        if (!pushed) co_return unreachable("ingest: push key", pushed.error());
    }
    if (!same_peers(theirs.peers, peers)) {
        const Result<IngestSummary> pushed = co_await peer->set_peers(peers);
        if (!pushed) co_return unreachable("ingest: push peers", pushed.error());
    }
    co_return std::nullopt;
}

// Makes sure that the database has the key, finds where to begin, and tells senders.
// @return the first block to scan
Task<Result<BlockIndex>> IngestNode::claim_key() {
    const std::optional<Error> past = co_await close_own_past();
    if (past) co_return *past;
    const chain::PublicKey key = key_.open;
    for (int round = 0; round < claim_rounds; ++round) {
        auto read = [this, key] { return database_.ingress_key(key); };
        const Result<std::optional<IngressKeyRecord>> row =
            co_await repeat<std::optional<IngressKeyRecord>>(read);
        if (!row) co_return unreachable("ingest: read key", row.error());
        const std::optional<IngressKeyRecord>& record = *row;

        BlockIndex start;
        if (record) {
            start = next_to_scan(*record);
            if (record->lost) co_return Error{Code::lost, "ingest: activate"};
            if (is_past_use(*record, start, host_)) co_return Error{Code::retired, "ingest: activate"};
        } else {
            auto read_highest = [this] { return database_.highest_known_block(); };
            const Result<std::optional<BlockIndex>> highest =
                co_await repeat<std::optional<BlockIndex>>(read_highest);
            if (!highest) co_return unreachable("ingest: highest known block", highest.error());
            BlockIndex wanted = blocks_.count().end();
            if (*highest) wanted = std::max(wanted, (*highest)->next());
            auto create = [this, key, wanted] { return database_.new_ingress_key(key, wanted); };
            const Result<BlockIndex> accepted = co_await repeat<BlockIndex>(create);
            // Another node with the same key has created it and gone on: read what it left.
            if (!accepted && accepted.error().code == Code::conflict) continue;
            if (!accepted) co_return unreachable("ingest: new key", accepted.error());
            start = *accepted; // not `wanted`: a block may have been stored since the highest one was read
            host_.mark_if(*accepted != wanted, Mark::ingest_key_starts_later_than_wanted);
        }

        ReportRow report = report_for(start);
        const BlockIndex expiry = report.expiry;
        auto publish = [this, key, report] { return database_.set_report(key, report); };
        const Result<KeyStatus> status = co_await repeat<KeyStatus>(publish);
        if (!status && status.error().code == Code::not_found) continue;
        if (!status) co_return unreachable("ingest: publish report", status.error());
        if (status->lost) co_return Error{Code::lost, "ingest: activate"};
        if (is_past_use(*status, start, host_)) co_return Error{Code::retired, "ingest: activate"};
        if (!status->retired) last_published_expiry_ = expiry;
        co_await host_.yield(YieldPoint::ingest_published);
        co_return start;
    }
    co_return Error{Code::unavailable, "ingest: key keeps changing in the database"};
}

Task<Result<IngestSummary>> IngestNode::retire() { return set_retired(true); }
Task<Result<IngestSummary>> IngestNode::unretire() { return set_retired(false); }

Task<Result<IngestSummary>> IngestNode::set_retired(bool retired) {
    host_.mark_if(state_.is_locked(), Mark::ingest_commands_meet);
    const Mutex::Lock lock = co_await state_.lock("its state, to retire");
    const chain::PublicKey key = key_.open;
    auto write = [this, key, retired] { return database_.retire_ingress_key(key, retired); };
    const Result<void> done = co_await repeat<void>(write);
    if (!done) co_return because(done.error().code, "ingest: retire", done.error());
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::set_pubkey_expiry_window(std::uint64_t blocks) {
    const bool in_use = mode_ == IngestMode::active || activating_ || resuming_;
    if (in_use && blocks < window_) co_return Error{Code::failed_precondition, "ingest: window would shrink"};
    const std::uint64_t before = window_;
    window_ = blocks;
    if (!save()) {
        window_ = before;
        host_.mark(Mark::ingest_refuses_a_command_on_a_full_disk);
        co_return Error{Code::disk_full, "ingest: set window"};
    }
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::set_peers(std::vector<std::string> peers) {
    peers = without_repeats(std::move(peers));
    if (!is_valid_peer_list(peers)) co_return Error{Code::invalid_argument, "ingest: set peers"};
    peers_.swap(peers);
    if (!save()) {
        peers_.swap(peers);
        host_.mark(Mark::ingest_refuses_a_command_on_a_full_disk);
        co_return Error{Code::disk_full, "ingest: set peers"};
    }
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::new_keys() {
    host_.mark_if(state_.is_locked(), Mark::ingest_commands_meet);
    const Mutex::Lock lock = co_await state_.lock("its state, for new keys");
    if (mode_ != IngestMode::idle || resuming_)
        co_return Error{Code::failed_precondition, "ingest: not idle"};
    const Result<IngestSummary> installed = install_key(host_.crypto().random_key_pair(host_.rng()));
    if (!installed) co_return installed.error();
    abandon_invocation();
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::sync_keys_from_remote(std::string responder_id) {
    host_.mark_if(state_.is_locked(), Mark::ingest_commands_meet);
    const Mutex::Lock lock = co_await state_.lock("its state, to sync keys");
    if (mode_ != IngestMode::idle || resuming_)
        co_return Error{Code::failed_precondition, "ingest: not idle"};
    if (responder_id == config_.responder_id)
        co_return Error{Code::permission_denied, "ingest: sync keys from itself"};
    IngestPeer* peer = directory_.find(responder_id);
    if (peer == nullptr) co_return Error{Code::unavailable, "ingest: no such peer"};
    const Result<chain::KeyPair> theirs = co_await peer->get_ingress_key();
    if (!theirs) co_return unreachable("ingest: get key", theirs.error());
    co_return install_key(*theirs);
}

Task<Result<IngestSummary>> IngestNode::set_ingress_key(chain::KeyPair key) {
    // About to be active, and possibly waiting for the very peer that calls: no waiting here.
    if (activating_ || resuming_) co_return Error{Code::failed_precondition, "ingest: not idle"};
    const Mutex::Lock lock = co_await state_.lock("its state, for a peer's key");
    host_.mark_if(mode_ != IngestMode::idle, Mark::ingest_refuses_a_key_while_active);
    if (mode_ != IngestMode::idle) co_return Error{Code::failed_precondition, "ingest: not idle"};
    if (key.open == key_.open) co_return summary();
    co_return install_key(key);
}

Task<Result<bool>> IngestNode::report_lost_ingress_key(chain::PublicKey key) {
    // Its own key: not in the middle of an activation, which would end active with a key that is lost.
    Mutex::Lock lock;
    if (key == key_.open) lock = co_await state_.lock("its state, to report its key lost");
    auto report = [this, key] { return database_.report_lost_ingress_key(key); };
    const Result<bool> announced = co_await repeat<bool>(report);
    if (!announced) co_return because(announced.error().code, "ingest: report lost", announced.error());
    if (mode_ == IngestMode::active && key == key_.open) leave_active();
    co_return *announced;
}

Task<Result<std::vector<BlockRange>>> IngestNode::get_missed_block_ranges() {
    Result<std::vector<BlockRange>> ranges = co_await database_.missed_block_ranges();
    if (!ranges) co_return unreachable("ingest: missed block ranges", ranges.error());
    co_return ranges;
}

Task<Result<std::vector<IngressKeyRecord>>>
IngestNode::get_ingress_key_records(BlockIndex start_at_least, bool include_lost, bool include_retired) {
    const Result<IngressKeys> keys = co_await database_.ingress_keys();
    if (!keys) co_return unreachable("ingest: key records", keys.error());
    std::vector<IngressKeyRecord> chosen;
    for (const IngressKeyRecord& record : keys->records)
        if (record.start >= start_at_least && (include_lost || !record.lost) &&
            (include_retired || !record.retired))
            chosen.push_back(record);
    co_return chosen;
}

} // namespace engine::fog
