#include "engine/consensus/worker.hpp"

#include <algorithm>
#include <utility>

#include "engine/ensure.hpp"

namespace engine::consensus {

Worker::Worker(Settings settings, const chain::tx::TxCrypto& crypto, const NetworkRules& rules,
               NodeLedger& ledger, PeerLinks& links)
    : settings_(std::move(settings)), ledger_(ledger), links_(links), pool_(crypto, rules, ledger),
      node_(settings_.membership, ledger.num_blocks(), pool_),
      known_(nodes_of(*settings_.membership.quorum_set)) {
    ENSURE(settings_.message_key.public_key() == settings_.membership.self.public_key);
    for (const Peer& peer : settings_.peers) known_.insert(peer.key);
}

std::optional<Worker::Refusal> Worker::refusal() const {
    if (pool_.is_full()) return Refusal::over_capacity;
    if (behind_) return Refusal::not_serving;
    return std::nullopt;
}

std::variant<chain::tx::Verdict, Worker::Refusal> Worker::submit(const chain::tx::Tx& tx, Instant now) {
    if (const auto refused = refusal()) return *refused;
    chain::tx::Verdict verdict = pool_.submit(tx);
    if (verdict.accepted()) submitted(pool_.name_of(tx), now);
    return verdict;
}

std::variant<std::optional<chain::MintFault>, Worker::Refusal> Worker::submit(const chain::MintConfigTx& tx,
                                                                              Instant now) {
    if (const auto refused = refusal()) return *refused;
    std::optional<chain::MintFault> fault = pool_.submit(tx);
    if (!fault) submitted(Pool::name_of(tx), now);
    return fault;
}

std::variant<std::optional<chain::MintFault>, Worker::Refusal> Worker::submit(const chain::MintTx& tx,
                                                                              Instant now) {
    if (const auto refused = refusal()) return *refused;
    std::optional<chain::MintFault> fault = pool_.submit(tx);
    if (!fault) submitted(Pool::name_of(tx), now);
    return fault;
}

void Worker::submitted(const Value& name, Instant now) {
    const Contents contents = pool_.contents_of({name});
    for (const Peer& peer : settings_.peers)
        if (peer.broadcast) links_.send_contents(peer.key, contents);
    propose(now);
}

void Worker::submit_from_peer(const Contents& contents, Instant now) {
    if (behind_) return;
    for (const chain::tx::Tx& tx : contents.transactions) pool_.submit(tx);
    for (const chain::MintConfigTx& tx : contents.mint_config_txs) pool_.submit(tx);
    for (const chain::MintTx& tx : contents.mint_txs) pool_.submit(tx);
    propose(now);
}

void Worker::receive(const NodeKey& from, const Envelope& envelope, Instant now) {
    const Message& message = envelope.message;
    if (!known_.contains(from) || !known_.contains(message.sender.public_key) || fault_of(message)) return;
    const chain::Hash32 digest = signed_digest(message, envelope.previous, {});
    if (remembered_.contains(digest)) return;
    if (!chain::ed25519_verify(message.sender.public_key, digest.view(), envelope.signature)) return;
    std::uint64_t& slot = slots_of_peers_[message.sender.public_key];
    slot = std::max(slot, message.slot);
    // Whoever hears of nothing but later slots has no other timer.
    if (!behind_ && !ahead_since_ && peers_are_ahead()) ahead_since_ = now;
    if (!behind_) consider(from, envelope, now);
}

void Worker::consider(const NodeKey& from, const Envelope& envelope, Instant now) {
    const Message& message = envelope.message;
    const std::uint64_t current = node_.current().index();
    if (message.slot == 0 || message.slot + 1 < current) return;
    if (message.slot > current) return wait(from, envelope);
    if (!is_about_this_chain(envelope)) return;
    // What is decided needs no judging of values any more.
    if (message.slot == current) {
        const Values missing = pool_.missing(values_of(message.topic));
        if (!missing.empty()) {
            wait(from, envelope);
            links_.ask_contents(from, missing);
            return;
        }
    }
    if (!remember(signed_digest(message, envelope.previous, {}))) return;
    broadcast(envelope, {message.sender.public_key, from});
    node_.handle({message}, now);
    act(now);
}

bool Worker::is_about_this_chain(const Envelope& envelope) const {
    const chain::Block last = ledger_.last_block();
    return envelope.previous == (envelope.message.slot == ledger_.num_blocks() ? last.id : last.parent_id);
}

void Worker::wait(const NodeKey& from, const Envelope& envelope) {
    if (waiting_.size() < most_waiting) waiting_.push_back({from, envelope});
}

void Worker::consider_waiting(Instant now) {
    const std::vector<Waiting> waiting = std::exchange(waiting_, {});
    for (const Waiting& held : waiting) consider(held.from, held.envelope, now);
}

void Worker::learn(const Contents& contents, Instant now) {
    if (contents.empty()) return;
    pool_.learn(contents);
    std::vector<Waiting> ready;
    std::vector<Waiting> still;
    for (Waiting& held : waiting_) {
        const Message& message = held.envelope.message;
        const bool is_ready =
            message.slot == node_.current().index() && pool_.missing(values_of(message.topic)).empty();
        (is_ready ? ready : still).push_back(std::move(held));
    }
    waiting_ = std::move(still);
    for (const Waiting& held : ready) consider(held.from, held.envelope, now);
}

bool Worker::restore(const Message& last, const Contents& contents, Instant now) {
    if (last.slot != node_.current().index()) return false;
    pool_.learn(contents);
    if (!pool_.missing(values_of(last.topic)).empty()) return false;
    node_.restore(last, now);
    act(now);
    return true;
}

bool Worker::remember(const chain::Hash32& digest) {
    if (!remembered_.insert(digest).second) return false;
    remembered_order_.push_back(digest);
    if (remembered_order_.size() > most_remembered) {
        remembered_.erase(remembered_order_.front());
        remembered_order_.pop_front();
    }
    return true;
}

void Worker::broadcast(const Envelope& envelope, const std::set<NodeKey>& but_not) {
    for (const Peer& peer : settings_.peers)
        if (peer.broadcast && !but_not.contains(peer.key)) links_.send(peer.key, envelope);
}

void Worker::propose(Instant now) {
    if (behind_ || pool_.pending() == 0) return;
    const Values values = pool_.to_propose();
    if (values.empty()) return;
    node_.propose(values, now);
    act(now);
}

void Worker::act(Instant now) {
    for (Message& message : node_.take_messages()) {
        links_.store(message);
        // A decided slot is not in the ledger yet: the last block is the one before.
        Envelope envelope{
            .message = std::move(message), .previous = ledger_.last_block().id, .signature = {}};
        const chain::Hash32 digest = signed_digest(envelope.message, envelope.previous, {});
        envelope.signature = settings_.message_key.sign(digest.view());
        remember(digest);
        last_envelope_ = envelope;
        broadcast(envelope, {});
    }
    const std::optional<Decision> decision = node_.take_decision();
    if (!decision) return;
    append(*decision);
    consider_waiting(now);
    propose(now);
}

void Worker::append(const Decision& decision) {
    ENSURE(decision.slot == ledger_.num_blocks());
    auto formed = pool_.form(decision.values);
    // Every value was judged by this node or by a quorum: what they agree on makes a block, or the node may
    // not go on.
    if (const auto* fault = std::get_if<std::string>(&formed))
        throw InternalError("block " + std::to_string(decision.slot) + " cannot be formed: " + *fault);
    const auto& [block, contents] = std::get<chain::tx::FormedBlock>(formed);
    chain::BlockMetadataContents about;
    about.block_id = block.id;
    about.quorum_set = *settings_.membership.quorum_set;
    about.responder_id = settings_.membership.self.responder_id;
    about.evidence = chain::VerificationReport{}; // an empty one: upstream's readers end where it is absent
    chain::BlockData data;
    data.block = block;
    data.contents = contents;
    data.signature = chain::sign_block(block, settings_.block_key, unix_s_);
    data.metadata = chain::sign_metadata(std::move(about), settings_.message_key);
    ledger_.append(data);
    pool_.finish(decision.values);
}

void Worker::tick(Instant now, std::uint64_t unix_s) {
    unix_s_ = unix_s;
    if (!peers_are_ahead()) {
        ahead_since_.reset();
        behind_ = false;
    } else if (!ahead_since_) {
        ahead_since_ = now;
    } else if (now - *ahead_since_ >= grace) {
        behind_ = true;
    }
    if (behind_) return;
    node_.process_timers(now);
    act(now);
}

bool Worker::peers_are_ahead() const {
    NodeKeys ahead;
    for (const auto& [peer, slot] : slots_of_peers_)
        if (slot > node_.current().index()) ahead.insert(peer);
    const QuorumSet& set = *settings_.membership.quorum_set;
    return is_blocking(set, ahead) && is_satisfied(set, ahead);
}

void Worker::ledger_grew(Instant now) {
    if (ledger_.num_blocks() <= node_.current().index()) return;
    node_.skip_to(ledger_.num_blocks());
    pool_.finish({});
    if (!peers_are_ahead()) {
        ahead_since_.reset();
        behind_ = false;
    }
    if (behind_) return;
    consider_waiting(now);
    propose(now);
}

Instant Worker::next_timer() const {
    Instant next = behind_ ? Instant::never() : node_.next_timer();
    if (ahead_since_ && !behind_) next = std::min(next, *ahead_since_ + grace);
    return next;
}

} // namespace engine::consensus
