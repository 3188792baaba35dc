#include "real/consensus/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>

#include "engine/chain/archive.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/wire_fields.hpp"
#include "real/consensus/wire.hpp"
#include "real/secret/secret_file.hpp"

namespace real::consensus {

using namespace engine::consensus;
using engine::BlockIndex;
using engine::chain::BlockData;
using grpc::Outcome;
using grpc::Status;
using grpc::StatusCode;
using namespace std::chrono_literals;

namespace {

constexpr const char* say_path = "/fog_consensus.Peer/Say";
constexpr const char* submit_path = "/fog_consensus.Peer/Submit";
constexpr const char* contents_path = "/fog_consensus.Peer/Contents";
constexpr const char* blocks_path = "/fog_consensus.Peer/Blocks";

constexpr engine::Duration call_deadline = 5s;
constexpr engine::Duration first_blocks_deadline = 1s;
constexpr engine::Duration pause_after_failure = 100ms;
constexpr engine::Duration repeat_after = 1s;
constexpr engine::Duration longest_nap = 1s;
constexpr std::size_t most_queued = 1000;
constexpr std::uint64_t most_blocks = 100;
constexpr std::size_t most_block_bytes = std::size_t{3} << 20;

std::string to_string(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

/// What one node asks of another: who asks, and what.
std::string frame(const NodeKey& from, ByteView payload) {
    return to_string(engine::chain::WireWriter().bytes(1, from.view()).bytes(2, payload).data());
}

struct Framed {
    NodeKey from;
    Bytes payload;
};

std::optional<Framed> unframe(const std::string& request) {
    Framed out;
    bool has_sender = false;
    const bool good = engine::chain::read_fields(
        engine::chain::as_bytes(request), [&](const engine::chain::WireField& field) {
            const auto bytes = field.bytes();
            if (field.number == 1) {
                has_sender = bytes && engine::chain::take(out.from, NodeKey::from(*bytes));
                return has_sender;
            }
            if (field.number == 2 && bytes) out.payload.assign(bytes->begin(), bytes->end());
            return field.number != 2 || bytes.has_value();
        });
    if (!good || !has_sender) return std::nullopt;
    return out;
}

std::uint64_t machine_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

/// @return nothing when there is no such file
std::optional<Bytes> content_of(const std::filesystem::path& file) {
    std::error_code failed;
    if (!std::filesystem::exists(file, failed)) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    if (!in || !std::filesystem::is_regular_file(file, failed))
        throw engine::BrokenSurroundings(fmt::format("cannot read {}", file.string()));
    Bytes content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    return content;
}

/// Whether a block is what it says, and comes after `parent`.
bool is_next(const BlockData& data, const engine::chain::Block& parent) {
    const engine::chain::Block& block = data.block;
    return block.index == parent.index.next() && block.parent_id == parent.id &&
           block.contents_hash == engine::chain::contents_hash(data.contents) &&
           block.id == engine::chain::compute_id(block) &&
           (!data.signature || engine::chain::verify(block, *data.signature)) &&
           (!data.metadata || engine::chain::verify(*data.metadata) != false);
}

} // namespace

struct Node::State final : PeerLinks {
    struct Outgoing {
        const char* path;
        Bytes payload;
    };
    struct Link {
        Link(State& state, NodeKey k, bool b, grpc::ChannelOptions options)
            : key(k), broadcast(b), channel(state.runtime, std::move(options)), filled(state.loop) {}
        NodeKey key;
        bool broadcast;
        grpc::Channel channel;
        std::deque<Outgoing> queue;
        engine::Signal filled;
    };

    State(IoLoop& l, grpc::ClientRuntime& r, lmdb::LedgerDb database,
          const engine::chain::tx::TxCrypto& crypto, NodeConfig c)
        : loop(l), runtime(r), config(std::move(c)), ledger(std::move(database)), changed(loop),
          worker(config.settings, crypto, config.rules, ledger, *this) {
        if (!config.unix_s) config.unix_s = machine_time;
        for (const Peer& peer : config.settings.peers) {
            const auto address = config.addresses.find(peer.key);
            if (address == config.addresses.end()) continue; // known by messages only
            grpc::ChannelOptions options(address->second);
            options.chain_id = config.chain_id;
            options.deadline = call_deadline;
            options.reconnect_min = 50ms;
            options.reconnect_max = 500ms;
            links.emplace(peer.key,
                          std::make_unique<Link>(*this, peer.key, peer.broadcast, std::move(options)));
        }
    }

    // PeerLinks
    void send(const NodeKey& to, const Envelope& envelope) override { queue(to, say_path, encode(envelope)); }
    void send_contents(const NodeKey& to, const Contents& contents) override {
        queue(to, submit_path, encode(contents));
    }
    void ask_contents(const NodeKey& from, const Values& names) override {
        queue(from, contents_path, encode_values(names));
    }
    void store(const Message& last) override {
        const LastWord word{last, worker.pool().contents_of(values_of(last.topic))};
        const std::error_code failed = secret::replace_secret_file(config.last_word, encode(word));
        if (failed)
            throw engine::BrokenSurroundings(
                fmt::format("cannot write {}: {}", config.last_word.string(), failed.message()));
    }

    void queue(const NodeKey& to, const char* path, Bytes payload) {
        const auto found = links.find(to);
        if (found == links.end()) return;
        Link& link = *found->second;
        // Newer words say more than older ones.
        if (link.queue.size() == most_queued) link.queue.pop_front();
        link.queue.push_back({path, std::move(payload)});
        link.filled.notify_all();
    }

    /// Does something with the worker; what must not be survived ends `run`.
    template <class Action>
    void act(Action action) {
        if (failure) return;
        try {
            action();
        } catch (...) {
            failure = std::current_exception();
        }
        changed.notify_all();
    }

    Task<> converse(Link* link) {
        for (;;) {
            if (link->queue.empty())
                co_await link->filled.wait("something to say", loop.now() + repeat_after);
            if (link->queue.empty()) {
                const auto last = worker.last_envelope();
                if (!last || !link->broadcast || !started) continue;
                link->queue.push_back({say_path, encode(*last)});
            }
            Outgoing next = std::move(link->queue.front());
            link->queue.pop_front();
            std::string request = frame(config.settings.membership.self.public_key, next.payload);
            const Outcome<std::string> answer =
                co_await link->channel.exchange(next.path, std::move(request), {});
            if (!answer) {
                co_await engine::sleep_until(loop.now() + pause_after_failure, "a peer that may come back");
                continue;
            }
            if (next.path != contents_path) continue;
            const auto contents = decode_contents(engine::chain::as_bytes(*answer));
            if (contents) act([&] { worker.learn(*contents, loop.now()); });
        }
    }

    Task<> keep_time() {
        for (;;) {
            act([&] { worker.tick(loop.now(), config.unix_s()); });
            if (failure) std::rethrow_exception(failure);
            const engine::Instant soonest = loop.now() + 1ms;
            const engine::Instant due = std::clamp(worker.next_timer(), soonest, loop.now() + longest_nap);
            co_await changed.wait("a timer of consensus", due);
        }
    }

    /// Blocks that peers have from `height` on, and who has them.
    struct Offered {
        BlockData data;
        NodeKeys by;
    };
    using Offers = std::map<BlockIndex, std::vector<Offered>>;

    Task<> ask_blocks(Link* link, engine::Duration deadline, Offers* offers) {
        const Bytes payload = engine::chain::WireWriter().varint(1, ledger.num_blocks()).take();
        std::string request = frame(config.settings.membership.self.public_key, payload);
        grpc::CallOptions options;
        options.deadline = deadline;
        options.wait_for_ready = true;
        const Outcome<std::string> answer =
            co_await link->channel.exchange(blocks_path, std::move(request), options);
        if (!answer) co_return;
        const auto blocks = engine::chain::decode_archive_blocks(engine::chain::as_bytes(*answer));
        if (!blocks) co_return;
        for (const BlockData& data : *blocks) {
            std::vector<Offered>& same_index = (*offers)[data.block.index];
            const auto known = std::find_if(same_index.begin(), same_index.end(),
                                            [&](const Offered& o) { return o.data.block == data.block; });
            if (known != same_index.end())
                known->by.insert(link->key);
            else
                same_index.push_back({data, {link->key}});
        }
    }

    /// @return whether the ledger has grown
    Task<bool> catch_up(engine::Duration deadline) {
        Offers offers;
        {
            engine::Nursery nursery(loop, {});
            for (const auto& [key, link] : links)
                nursery.spawn("a peer's blocks", ask_blocks(link.get(), deadline, &offers));
            co_await nursery.join();
        }
        const QuorumSet& set = *config.settings.membership.quorum_set;
        bool grew = false;
        for (const auto& [index, offered] : offers) {
            const engine::chain::Block last = ledger.last_block();
            if (index != last.index.next()) continue;
            for (const Offered& one : offered) {
                if (!is_blocking(set, one.by) || !is_satisfied(set, one.by) || !is_next(one.data, last))
                    continue;
                act([&] { ledger.append(one.data); });
                grew = !failure;
                break;
            }
        }
        if (grew) act([&] { worker.ledger_grew(loop.now()); });
        co_return grew && !failure;
    }

    Task<> follow() {
        for (;;) {
            while (!worker.is_behind()) co_await changed.wait("being behind");
            const bool grew = co_await catch_up(call_deadline);
            if (!grew) co_await engine::sleep_until(loop.now() + pause_after_failure, "more blocks");
        }
    }

    void restore() {
        const auto content = content_of(config.last_word);
        const auto word = content ? decode_last_word(*content) : std::nullopt;
        if (content && !word)
            throw engine::BrokenSurroundings(
                fmt::format("{}: is not what a node has said last", config.last_word.string()));
        if (word) worker.restore(word->message, word->contents, loop.now());
    }

    IoLoop& loop;
    grpc::ClientRuntime& runtime;
    NodeConfig config;
    LmdbNodeLedger ledger;
    engine::Signal changed;
    std::map<NodeKey, std::unique_ptr<Link>> links;
    Worker worker;
    bool started = false;
    std::exception_ptr failure;
};

Node::Node(IoLoop& loop, grpc::ClientRuntime& runtime, lmdb::LedgerDb ledger,
           const engine::chain::tx::TxCrypto& crypto, NodeConfig config)
    : state_(std::make_unique<State>(loop, runtime, std::move(ledger), crypto, std::move(config))) {}
Node::~Node() = default;

bool Node::is_serving() const { return state_->started && !state_->failure && !state_->worker.is_behind(); }
const LmdbNodeLedger& Node::ledger() const { return state_->ledger; }
const Worker& Node::worker() const { return state_->worker; }

namespace {

Task<Outcome<std::string>> ready(Outcome<std::string> answer) { co_return answer; }

Outcome<std::string> malformed() { return Status{StatusCode::invalid_argument, "not what a peer says"}; }

} // namespace

void Node::serve_peers(grpc::Server& server) {
    State* const s = state_.get();
    const grpc::Guard guard{.chain_id = true, .token = false};
    // Hands what a peer has asked to `answer`.
    const auto handle = [&](const char* path, auto answer) {
        server.handle(path, guard, [s, path, answer](const grpc::Call&, std::string request) {
            const auto framed = unframe(request);
            if (!framed) return ready(malformed());
            // Blocks are there before the node is.
            if (s->failure || (!s->started && path != blocks_path))
                return ready(Status{StatusCode::unavailable, "the node has not begun"});
            return ready(answer(*framed));
        });
    };
    handle(say_path, [s](const Framed& framed) -> Outcome<std::string> {
        const auto envelope = decode_envelope(framed.payload);
        if (!envelope) return malformed();
        s->act([&] { s->worker.receive(framed.from, *envelope, s->loop.now()); });
        return std::string();
    });
    handle(submit_path, [s](const Framed& framed) -> Outcome<std::string> {
        const auto contents = decode_contents(framed.payload);
        if (!contents) return malformed();
        s->act([&] { s->worker.submit_from_peer(*contents, s->loop.now()); });
        return std::string();
    });
    handle(contents_path, [s](const Framed& framed) -> Outcome<std::string> {
        const auto names = decode_values(framed.payload);
        if (!names) return malformed();
        return to_string(encode(s->worker.pool().contents_of(*names)));
    });
    handle(blocks_path, [s](const Framed& framed) -> Outcome<std::string> {
        std::uint64_t first = 0;
        const bool good =
            engine::chain::read_fields(framed.payload, [&](const engine::chain::WireField& field) {
                return field.number != 1 || engine::chain::take(first, field.varint());
            });
        if (!good) return malformed();
        std::string out;
        const auto snapshot = s->ledger.database().snapshot();
        for (std::uint64_t n = 0; n < most_blocks && out.size() < most_block_bytes; ++n) {
            const auto block = snapshot->block_data(BlockIndex{first + n});
            if (!block) break;
            out += to_string(engine::chain::encode_archive_blocks({&*block, 1}));
        }
        return out;
    });
}

Task<> Node::run() {
    State& s = *state_;
    for (bool grew = true; grew;) grew = co_await s.catch_up(first_blocks_deadline);
    s.act([&] { s.restore(); });
    if (s.failure) std::rethrow_exception(s.failure);
    s.started = true;
    engine::Nursery nursery(s.loop, {});
    for (const auto& [key, link] : s.links) nursery.spawn("a conversation", s.converse(link.get()));
    nursery.spawn("catching up", s.follow());
    co_await s.keep_time(); // the others end with it
}

std::variant<engine::chain::tx::Verdict, Node::Refusal> Node::submit(const engine::chain::tx::Tx& tx) {
    std::variant<engine::chain::tx::Verdict, Refusal> answer = Refusal::not_serving;
    if (is_serving()) state_->act([&] { answer = state_->worker.submit(tx, state_->loop.now()); });
    return answer;
}

std::variant<std::optional<engine::chain::MintFault>, Node::Refusal>
Node::submit(const engine::chain::MintConfigTx& tx) {
    std::variant<std::optional<engine::chain::MintFault>, Refusal> answer = Refusal::not_serving;
    if (is_serving()) state_->act([&] { answer = state_->worker.submit(tx, state_->loop.now()); });
    return answer;
}

std::variant<std::optional<engine::chain::MintFault>, Node::Refusal>
Node::submit(const engine::chain::MintTx& tx) {
    std::variant<std::optional<engine::chain::MintFault>, Refusal> answer = Refusal::not_serving;
    if (is_serving()) state_->act([&] { answer = state_->worker.submit(tx, state_->loop.now()); });
    return answer;
}

} // namespace real::consensus
