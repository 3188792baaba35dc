#include "engine/fog/ingest.hpp"

#include <algorithm>
#include <limits>

namespace engine::fog {
namespace {

constexpr int longest_pause_s = 30;
constexpr int command_tries = 5; // 1 + 2 + 3 + 4 s of pauses
constexpr int claim_rounds = 3;
constexpr int peer_tries = 3;
constexpr Duration watcher_behind_pause = 10ms;
constexpr Duration watcher_unavailable_pause = 1s;

Error because(Code code, const char* origin, const Error& cause) { return Error{code, origin, cause.cause}; }

// A peer or database that did not answer; every other code is passed on.
Error unreachable(const char* origin, const Error& cause) {
    if (is_transient(cause)) return because(Code::unavailable, origin, cause);
    return because(cause.code, origin, cause);
}

bool same_peers(std::vector<std::string> a, std::vector<std::string> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
}

// The first block of a key that is not stored yet.
BlockIndex next_to_scan(const IngressKeyRecord& key) {
    if (key.last_scanned) return key.last_scanned->next();
    return key.start;
}

// Senders were told that outputs may appear before block `expiry`.  The view asks for [start, expiry) only,
// the node scans block `expiry` too, should it come.
template <class Key>
bool is_past_use(const Key& key, BlockIndex next, const Host& host) {
    if (!key.retired) return false;
    host.mark_if(next > key.expiry, Mark::ingest_retired_key_comes_to_its_end);
    return next > key.expiry;
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

// ------------------------------------------------------------------------------------------------ state

IngestNode::IngestNode(Host& host, RecoveryDb& database, const BlockSource& blocks, StateFile& file,
                       PeerDirectory& directory, IngestConfig config)
    : host_(host), database_(database), blocks_(blocks), file_(file), directory_(directory),
      config_(std::move(config)), state_(host.loop()), changed_(host.loop()),
      window_(config_.pubkey_expiry_window), peers_(config_.peers) {
    ENSURE(is_valid_peer_list(peers_));
    ENSURE(config_.max_transactions > 0);
    egress_ = host_.crypto().random_key_pair(host_.rng());

    const Result<std::optional<IngestState>> found = file_.read();
    if (!found || !*found) {
        // No file, or one that could not be read and was moved aside: a node without a past.
        key_ = host_.crypto().random_key_pair(host_.rng());
        save();
        return;
    }
    const IngestState& state = **found;
    key_ = state.ingress_key;
    key_is_saved_ = true;
    next_block_ = state.next_block;
    window_ = state.pubkey_expiry_window;
    if (is_valid_peer_list(state.peers)) peers_ = state.peers;
    open_ = state.open_invocations;
    resuming_ = state.mode == IngestMode::active;
}

IngestSummary IngestNode::summary() const {
    IngestSummary summary;
    summary.mode = mode_;
    summary.next_block = next_block_;
    summary.pubkey_expiry_window = window_;
    summary.ingress_key = key_.open;
    summary.egress_key = egress_.open;
    summary.peers = peers_;
    summary.invocation = invocation_;
    return summary;
}

bool IngestNode::is_valid_peer_list(const std::vector<std::string>& peers) const {
    std::vector<std::string> sorted = peers;
    std::sort(sorted.begin(), sorted.end());
    const bool unique = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
    return unique && std::binary_search(sorted.begin(), sorted.end(), config_.responder_id);
}

BlockIndex IngestNode::expiry_for(BlockIndex next) const {
    const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - next.value;
    return BlockIndex{next.value + std::min(window_, most)};
}

ReportRow IngestNode::report_for(BlockIndex next) const {
    ReportRow report;
    report.fog_report_id = config_.fog_report_id;
    report.ingress_key = key_.open;
    report.expiry = expiry_for(next);
    return report;
}

// A full disk leaves the last content.  Nothing relies on its freshness but the key, which is never changed
// without having been written.
bool IngestNode::save() {
    IngestState state;
    state.mode = IngestMode::idle;
    if (mode_ == IngestMode::active || resuming_) state.mode = IngestMode::active;
    state.next_block = next_block_;
    state.pubkey_expiry_window = window_;
    state.ingress_key = key_;
    state.peers = peers_;
    state.open_invocations = open_;
    const bool written = file_.write(state).has_value();
    host_.mark_if(!written, Mark::ingest_cannot_write_its_state);
    if (written) key_is_saved_ = true;
    return written;
}

void IngestNode::enter_active(BlockIndex start) {
    ENSURE(mode_ == IngestMode::idle && !invocation_ && users_.empty());
    mode_ = IngestMode::active;
    resuming_ = false;
    next_block_ = start;
    ++term_;
    save();
    host_.record(EventKind::ingest_mode, 0, static_cast<std::uint64_t>(mode_), next_block_.value);
    changed_.notify_all();
}

// The block worker closes the invocation; what it was doing ends with its term.
void IngestNode::leave_active() {
    ENSURE(mode_ == IngestMode::active);
    mode_ = IngestMode::idle;
    ++term_;
    abandon_invocation();
    save();
    host_.record(EventKind::ingest_mode, 0, static_cast<std::uint64_t>(mode_), next_block_.value);
    changed_.notify_all();
}

// Forgets the egress key together with every counter, so that no output of its RNG can follow.  The
// invocation stays in `open_` until the database has closed it.
void IngestNode::abandon_invocation() {
    egress_ = host_.crypto().random_key_pair(host_.rng());
    users_.clear();
    invocation_.reset();
}

// @pre idle
Result<IngestSummary> IngestNode::install_key(chain::KeyPair key) {
    const chain::KeyPair before = key_;
    key_ = key;
    if (!save()) {
        key_ = before;
        return Error{Code::disk_full, "ingest: install key"};
    }
    abandon_invocation();
    return summary();
}

// The answers are moved out: direct initialization of a Result<bool> from one that is not const takes its
// explicit conversion to bool for a value (Boost 1.81).
template <class T, class Call>
Task<std::optional<Result<T>>> IngestNode::persist(Call call, Term term) {
    for (int pause_s = 1;; pause_s = std::min(pause_s + 1, longest_pause_s)) {
        Result<T> answer = co_await call();
        if (answer || !is_transient(answer.error())) co_return std::move(answer);
        if (!is_current(term)) co_return std::nullopt;
        co_await changed_.wait("the database", host_.now() + std::chrono::seconds(pause_s));
        if (!is_current(term)) co_return std::nullopt;
    }
}

template <class T, class Call>
Task<Result<T>> IngestNode::repeat(Call call) {
    for (int attempt = 1;; ++attempt) {
        Result<T> answer = co_await call();
        if (answer || !is_transient(answer.error()) || attempt == command_tries) co_return std::move(answer);
        co_await host_.sleep(std::chrono::seconds(attempt), "the database");
    }
}

// ------------------------------------------------------------------------------------------------ life

Task<> IngestNode::run() {
    if (resuming_) co_await resume();
    Nursery nursery(host_.loop(), host_.id());
    nursery.spawn("ingest worker", work());
    nursery.spawn("ingest peer checkup", check_peers());
    co_await nursery.join();
}

Task<> IngestNode::resume() {
    for (int pause_s = 1; resuming_; pause_s = std::min(pause_s + 1, longest_pause_s)) {
        Mutex::Lock lock = co_await state_.lock("its state, to resume");
        if (!resuming_) co_return; // an operator has activated it
        const bool settled = co_await try_resume();
        lock.release();
        if (settled) co_return;
        co_await changed_.wait("the database, to resume", host_.now() + std::chrono::seconds(pause_s));
    }
}

// Goes on as the active node, or finds that it may not.  The file's next block is not looked at: it is stale
// when the process died between a commit and the file, and when a peer went on meanwhile.
// @return false when the database did not answer
Task<bool> IngestNode::try_resume() {
    const std::optional<Error> trouble = co_await close_own_past();
    if (trouble) co_return false;
    const bool elsewhere = co_await is_key_active_elsewhere();
    const chain::PublicKey key = key_.open;
    auto read = [this, key] { return database_.ingress_key(key); };
    const Result<std::optional<IngressKeyRecord>> row =
        co_await repeat<std::optional<IngressKeyRecord>>(read);
    if (!row) co_return false;
    const std::optional<IngressKeyRecord>& record = *row;
    // No row although it was active: the database was replaced, and an operator has to decide.
    const bool may_go_on =
        !elsewhere && record && !record->lost && !is_past_use(*record, next_to_scan(*record), host_);
    if (may_go_on) {
        host_.mark_if(next_block_ != next_to_scan(*record), Mark::ingest_resumes_with_a_stale_state);
        host_.mark(Mark::ingest_resumes);
        enter_active(next_to_scan(*record));
    } else {
        host_.mark(Mark::ingest_may_not_resume);
        resuming_ = false;
        save();
    }
    co_return true;
}

// A peer that cannot be reached is asked a few times, then ignored.  That is safe because a block can be
// stored once for a key: should the peer be active with this key, then one of the two nodes meets the other's
// block, changes its egress key and becomes idle, and no record is lost or doubled.  Waiting for ever would
// not be safe: nobody might be scanning.
Task<bool> IngestNode::is_key_active_elsewhere() {
    const std::vector<std::string> peers = peers_;
    for (const std::string& id : peers) {
        if (id == config_.responder_id) continue;
        for (int attempt = 1; attempt <= peer_tries; ++attempt) {
            IngestPeer* peer = directory_.find(id);
            if (peer != nullptr) {
                const Result<IngestSummary> theirs = co_await peer->status();
                if (theirs) {
                    if (theirs->mode == IngestMode::active && theirs->ingress_key == key_.open)
                        co_return true;
                    break;
                }
            }
            if (attempt < peer_tries)
                co_await host_.sleep(std::chrono::seconds(attempt), "a peer, to resume");
        }
    }
    co_return false;
}

// Closes what earlier processes and terms of this node have opened.  Afterwards a write of theirs that is
// still on its way is refused, so the last scanned block that is read next stays true until somebody else
// scans.
// @pre idle
Task<std::optional<Error>> IngestNode::close_own_past() {
    while (!open_.empty()) {
        const InvocationId oldest = open_.front();
        auto close = [this, oldest] { return database_.decommission_ingest_invocation(oldest); };
        const Result<void> closed = co_await repeat<void>(close);
        if (!closed && is_transient(closed.error()))
            co_return because(Code::unavailable, "ingest: close invocation", closed.error());
        std::erase(open_, oldest); // closed, or not in this database
        save();
    }
    co_return std::nullopt;
}

Task<> IngestNode::check_peers() {
    for (;;) {
        co_await host_.sleep(config_.peer_checkup_period, "the peer checkup");
        if (mode_ != IngestMode::active) continue;
        const Term term = term_;
        const std::vector<std::string> peers = peers_;
        for (const std::string& id : peers) {
            if (id == config_.responder_id) continue;
            IngestPeer* peer = directory_.find(id);
            if (peer == nullptr) continue;
            const Result<IngestSummary> theirs = co_await peer->status();
            if (!is_current(term)) break;
            // What a peer refuses or does not hear is tried again at the next checkup.
            if (theirs) co_await bring_in_line(id, *theirs, key_, peers_);
            if (!is_current(term)) break;
        }
    }
}

// ------------------------------------------------------------------------------------------------ commands

Task<Result<IngestSummary>> IngestNode::get_status() { co_return summary(); }
Task<Result<IngestSummary>> IngestNode::status() { co_return summary(); }
Task<Result<chain::KeyPair>> IngestNode::get_ingress_key() { co_return key_; }

Task<Result<IngestSummary>> IngestNode::activate() {
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
        co_return Error{Code::disk_full, "ingest: set window"};
    }
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::set_peers(std::vector<std::string> peers) {
    if (!is_valid_peer_list(peers)) co_return Error{Code::invalid_argument, "ingest: set peers"};
    peers_.swap(peers);
    if (!save()) {
        peers_.swap(peers);
        co_return Error{Code::disk_full, "ingest: set peers"};
    }
    co_return summary();
}

Task<Result<IngestSummary>> IngestNode::new_keys() {
    const Mutex::Lock lock = co_await state_.lock("its state, for new keys");
    if (mode_ != IngestMode::idle || resuming_)
        co_return Error{Code::failed_precondition, "ingest: not idle"};
    co_return install_key(host_.crypto().random_key_pair(host_.rng()));
}

Task<Result<IngestSummary>> IngestNode::sync_keys_from_remote(std::string responder_id) {
    const Mutex::Lock lock = co_await state_.lock("its state, to sync keys");
    if (mode_ != IngestMode::idle || resuming_)
        co_return Error{Code::failed_precondition, "ingest: not idle"};
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

// ------------------------------------------------------------------------------------------------ blocks

Task<> IngestNode::work() {
    for (;;) {
        const Term term = term_;
        if (mode_ == IngestMode::idle) {
            co_await close_abandoned(0, term);
            if (is_current(term))
                co_await host_.until_next_poll(Polling::looks, config_.poll_interval, "being activated");
            continue;
        }
        BlockPtr block = blocks_.block(next_block_);
        if (block == nullptr) {
            co_await host_.until_next_poll(Polling::looks, config_.poll_interval, "the next block");
            continue;
        }
        co_await process_block(std::move(block), term);
    }
}

Task<> IngestNode::process_block(BlockPtr block, Term term) {
    const BlockIndex index = block->index;
    if (!co_await publish_report(index, term)) co_return;
    co_await host_.yield(YieldPoint::ingest_published);
    const std::optional<std::uint64_t> timestamp_s = co_await block_time(index, term);
    if (!timestamp_s) co_return;

    for (;;) {
        if (!co_await open_invocation(index, term)) co_return;
        const bool had_users = !users_.empty();
        auto rows = std::make_shared<std::vector<Row>>();
        const Scan end = co_await scan(block, *timestamp_s, term, rows.get());
        if (end == Scan::superseded) co_return;
        if (end == Scan::overflow) {
            host_.mark(Mark::ingest_rotates_in_mid_block);
            if (!had_users) {
                // Another egress key would meet the same users again.
                host_.abort("ingest: one block has more users than the user capacity");
                co_await park("its end", Instant::never());
            }
            // The whole block again, not only the chunk: each row goes under the invocation it was made for.
            abandon_invocation();
            continue;
        }

        IngestedBlock scanned;
        scanned.block = index;
        scanned.invocation = *invocation_;
        scanned.cumulative_txo_count = block->cumulative_txo_count;
        scanned.timestamp_s = *timestamp_s;
        scanned.rows = rows;
        const InvocationId invocation = *invocation_;
        co_await host_.yield(YieldPoint::ingest_before_block);
        if (!is_current(term)) co_return;
        auto add = [this, invocation, scanned] { return database_.add_block(invocation, scanned); };
        const std::optional<Result<void>> answer = co_await persist<void>(add, term);
        if (!answer) co_return;
        co_await host_.yield(YieldPoint::ingest_after_block);
        if (!is_current(term)) co_return;
        if (answer->has_value()) {
            next_block_ = index.next();
            host_.record(EventKind::ingested, 0, index.value, rows->size());
            save();
            co_return;
        }
        host_.mark_if(answer->error().code == Code::conflict, Mark::ingest_loses_a_race);
        host_.mark_if(answer->error().code == Code::decommissioned, Mark::ingest_finds_its_invocation_closed);
        if (answer->error().code != Code::decommissioned) {
            // conflict: another node has scanned this block; lost: nobody may; not_found: not the same
            // database.
            leave_active();
            co_return;
        }
        // A cleanup tool took a live invocation for dead.
        std::erase(open_, invocation);
        abandon_invocation();
    }
}

// @return whether the node is still active and may scan the block
Task<bool> IngestNode::publish_report(BlockIndex next, Term term) {
    const chain::PublicKey key = key_.open;
    // Built for each try: the window may have grown meanwhile.
    BlockIndex expiry;
    auto publish = [this, key, next, &expiry] {
        ReportRow report = report_for(next);
        expiry = report.expiry;
        return database_.set_report(key, std::move(report));
    };
    const std::optional<Result<KeyStatus>> status = co_await persist<KeyStatus>(publish, term);
    if (!status || !is_current(term)) co_return false;
    const bool may_scan = status->has_value() && !(*status)->lost && !is_past_use(**status, next, host_);
    host_.mark_if(status->has_value() && (*status)->lost, Mark::ingest_learns_that_its_key_is_lost);
    if (!may_scan) {
        leave_active();
        co_return false;
    }
    if (!(*status)->retired) last_published_expiry_ = expiry;
    co_return true;
}

// The watcher is waited for without limit: a record without the block's time would say so for ever.
// @return nothing when the term ended
Task<std::optional<std::uint64_t>> IngestNode::block_time(BlockIndex block, Term term) {
    for (;;) {
        if (!is_current(term)) co_return std::nullopt;
        const BlockTime time = blocks_.time(block);
        if (time.code == BlockTime::Code::found) co_return time.timestamp_s;
        host_.mark(Mark::ingest_waits_for_a_block_time);
        Duration pause = watcher_behind_pause;
        if (time.code == BlockTime::Code::unavailable) pause = watcher_unavailable_pause;
        co_await host_.until_next_poll(Polling::looks, pause, "the watcher");
    }
}

// Makes sure that the egress key has an invocation; closes those before it.
// @return whether the node is still active
Task<bool> IngestNode::open_invocation(BlockIndex start, Term term) {
    while (!invocation_) {
        co_await host_.yield(YieldPoint::ingest_before_invocation);
        if (!is_current(term)) co_return false;
        if (!co_await close_abandoned(1, term)) co_return false;
        std::optional<InvocationId> previous;
        if (!open_.empty()) previous = open_.back();
        const chain::PublicKey ingress = key_.open;
        const chain::PublicKey egress = egress_.open;
        // A repeat with the same egress key gives the same invocation.
        auto open = [this, previous, ingress, egress, start] {
            return database_.new_ingest_invocation(previous, ingress, egress, start);
        };
        const std::optional<Result<InvocationId>> answer = co_await persist<InvocationId>(open, term);
        if (!answer) co_return false;
        if (answer->has_value()) {
            if (previous) std::erase(open_, *previous);
            open_.push_back(**answer);
            if (is_current(term)) invocation_ = **answer;
            save();
        }
        if (!is_current(term)) co_return false;
        if (!answer->has_value()) {
            if (answer->error().code != Code::conflict) {
                leave_active(); // lost; or not the same database
                co_return false;
            }
            abandon_invocation(); // somebody else has drawn the same egress key
            continue;
        }
        co_await host_.yield(YieldPoint::ingest_after_invocation);
        if (!is_current(term)) co_return false;
    }
    co_return true;
}

// Closes the invocations that nobody can publish under any more, but for the youngest `keep` of them.
// @pre no invocation is in use
// @return whether the term still lasts
Task<bool> IngestNode::close_abandoned(std::size_t keep, Term term) {
    while (is_current(term) && open_.size() > keep) {
        const InvocationId oldest = open_.front();
        auto close = [this, oldest] { return database_.decommission_ingest_invocation(oldest); };
        const std::optional<Result<void>> closed = co_await persist<void>(close, term);
        if (!closed) co_return false;
        std::erase(open_, oldest); // closed, or not in this database
        save();
    }
    co_return is_current(term);
}

Task<IngestNode::Scan> IngestNode::scan(BlockPtr block, std::uint64_t timestamp_s, Term term,
                                        std::vector<Row>* rows) {
    const std::size_t count = block->outputs.size();
    for (std::size_t begin = 0; begin < count; begin += config_.max_transactions) {
        const std::size_t end = begin + std::min(config_.max_transactions, count - begin);
        host_.mark_if(begin > 0, Mark::ingest_scans_a_block_in_chunks);
        for (std::size_t i = begin; i < end; ++i)
            if (!scan_output(*block, i, timestamp_s, *rows)) co_return Scan::overflow;
        co_await host_.yield(YieldPoint::ingest_chunk);
        host_.mark_if(!is_current(term), Mark::ingest_term_ends_in_mid_block);
        if (!is_current(term)) co_return Scan::superseded;
    }
    co_return Scan::complete;
}

// @return false when the egress key has no room for another user
bool IngestNode::scan_output(const LedgerBlock& block, std::size_t number, std::uint64_t timestamp_s,
                             std::vector<Row>& rows) {
    const chain::Crypto& crypto = host_.crypto();
    const chain::TxOut& output = block.outputs[number];
    const std::optional<chain::PublicKey> hinted = crypto.decrypt_hint(key_.secret, output.fog_hint);
    chain::PublicKey view_public;
    // A hint that was not for this key is treated like one for a stranger: the number of rows tells nobody
    // how many outputs are for users of fog.
    if (hinted)
        view_public = *hinted;
    else
        view_public = crypto.random_key_pair(host_.rng()).open;

    const GlobalIndex index{block.first_output().value + number};
    const chain::TxOutRecord record = crypto.make_record(output, index, block.index, timestamp_s);
    std::optional<chain::Bytes> payload = crypto.seal_record(host_.rng(), view_public, record);
    if (!payload) return true; // no point inside a good hint: nobody could open the record

    User stranger;
    User* user = &stranger;
    const auto known = users_.find(view_public);
    if (known != users_.end()) {
        user = &known->second;
    } else {
        const std::optional<chain::SharedSecret> secret = crypto.exchange(egress_.secret, view_public);
        ENSURE(secret); // it was a point a moment ago
        const bool bounded = config_.user_capacity != 0;
        if (bounded && users_.size() >= config_.user_capacity) return false;
        stranger.secret = *secret;
        // Strangers never come twice; where room does not count, they need none.
        if (hinted || bounded) user = &users_.emplace(view_public, stranger).first->second;
    }
    Row row;
    row.search_key = crypto.rng_output(user->secret, user->counter++);
    row.payload = std::make_shared<const chain::Bytes>(std::move(*payload));
    rows.push_back(std::move(row));
    return true;
}

} // namespace engine::fog
