#include "engine/fog/ingest.hpp"

#include <algorithm>
#include <limits>

#include "engine/fog/ingest_support.hpp"

namespace engine::fog {
namespace {

constexpr int longest_pause_s = 30;
constexpr int peer_tries = 3;
constexpr Duration watcher_behind_pause = 10ms;
constexpr Duration watcher_unavailable_pause = 1s;

} // namespace

bool is_past_use(bool retired, BlockIndex expiry, BlockIndex next, const Host& host) {
    if (!retired) return false;
    host.mark_if(next > expiry, Mark::ingest_retired_key_comes_to_its_end);
    return next > expiry;
}

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

// The egress key stays: an idle node has given none of its outputs away.
// @pre idle
Result<IngestSummary> IngestNode::install_key(chain::KeyPair key) {
    ENSURE(!invocation_ && users_.empty());
    const chain::KeyPair before = key_;
    key_ = key;
    if (!save()) {
        key_ = before;
        host_.mark(Mark::ingest_refuses_a_command_on_a_full_disk);
        return Error{Code::disk_full, "ingest: install key"};
    }
    return summary();
}

// Moved out as in `repeat`.
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
            host_.mark_if(users_records_ > 0, Mark::ingest_overflows_after_a_users_record);
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
    users_records_ = 0;
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
    users_records_ += hinted ? 1 : 0;
    row.search_key = crypto.rng_output(user->secret, user->counter++);
    row.payload = std::make_shared<const chain::Bytes>(std::move(*payload));
    rows.push_back(std::move(row));
    return true;
}

} // namespace engine::fog
