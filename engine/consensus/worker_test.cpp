#include "engine/consensus/worker.hpp"

#include <gtest/gtest.h>

#include "engine/chain/testing/tx_world.hpp"
#include "engine/consensus/testing/scp_network.hpp"

namespace engine::consensus {
namespace {

using chain::test::MemoryLedger;
using chain::test::TxWorld;
using chain::tx::TxCode;
using test::others;

/// A node's ledger in memory.  Begins as the world's: outputs, and a last block made up for them.
class TestLedger final : public NodeLedger {
public:
    explicit TestLedger(TxWorld& world) : outputs_(world.ledger()) {
        last_.version = world.rules().block_version;
        last_.index = BlockIndex{outputs_.num_blocks() - 1};
        last_.cumulative_txo_count = outputs_.num_outputs();
        last_.id = chain::compute_id(last_);
    }
    std::uint64_t num_blocks() const override { return outputs_.num_blocks(); }
    std::uint64_t num_outputs() const override { return outputs_.num_outputs(); }
    chain::TxOutMembershipProof membership_proof(std::uint64_t index) const override {
        return outputs_.membership_proof(index);
    }
    bool contains_key_image(const chain::KeyImage& image) const override {
        return outputs_.contains_key_image(image);
    }
    bool contains_output_public_key(const chain::PublicKey& key) const override {
        return outputs_.contains_output_public_key(key);
    }
    chain::Block last_block() const override { return last_; }
    chain::TxOutMembershipElement root() const override { return outputs_.root(); }
    std::optional<chain::ActiveMintConfigs> active_mint_configs(std::uint64_t token_id) const override {
        const auto found = active_.find(token_id);
        return found == active_.end() ? std::nullopt : std::optional(found->second);
    }
    bool contains_mint_config_nonce(std::uint64_t token_id, const chain::Bytes& nonce) const override {
        return config_nonces_.contains({token_id, nonce});
    }
    bool contains_mint_nonce(std::uint64_t token_id, const chain::Bytes& nonce) const override {
        return mint_nonces_.contains({token_id, nonce});
    }
    void append(const chain::BlockData& data) override {
        blocks.push_back(data);
        last_ = data.block;
        for (const chain::TxOut& output : data.contents.outputs) outputs_.append(output);
        for (const chain::KeyImage& image : data.contents.key_images) outputs_.spend(image);
        for (const chain::ValidatedMintConfigTx& validated : data.contents.validated_mint_config_txs) {
            const chain::MintConfigTxPrefix& prefix = validated.mint_config_tx.prefix;
            config_nonces_.emplace(prefix.token_id, prefix.nonce);
            chain::ActiveMintConfigs& active = active_[prefix.token_id];
            active = {.configs = {}, .mint_config_tx = validated.mint_config_tx};
            for (const chain::MintConfig& config : prefix.configs) active.configs.push_back({config, 0});
        }
        for (const chain::MintTx& tx : data.contents.mint_txs) {
            mint_nonces_.emplace(tx.prefix.token_id, tx.prefix.nonce);
            active_.at(tx.prefix.token_id).configs.front().total_minted += tx.prefix.amount;
        }
        outputs_.finish(data.block.index.value + 1);
    }

    std::vector<chain::BlockData> blocks;

private:
    MemoryLedger outputs_;
    chain::Block last_;
    std::map<std::uint64_t, chain::ActiveMintConfigs> active_;
    std::set<std::pair<std::uint64_t, chain::Bytes>> config_nonces_;
    std::set<std::pair<std::uint64_t, chain::Bytes>> mint_nonces_;
};

chain::Ed25519KeyPair keys(std::uint8_t number) {
    chain::Ed25519Seed seed;
    seed.bytes.fill(number);
    return chain::Ed25519KeyPair(seed);
}
QuorumNode keyed_node(std::uint8_t number) {
    QuorumNode out = test::node(number);
    out.public_key = keys(number).public_key();
    return out;
}

/// Workers that hear each other over links that lose nothing unless they are cut.
class WorkerNetwork {
public:
    WorkerNetwork(TxWorld& world, std::uint8_t nodes, std::uint32_t threshold, NetworkRules rules)
        : world_(world), rules_(std::move(rules)) {
        for (std::uint8_t i = 1; i <= nodes; ++i) {
            QuorumSet set = others(i, nodes, threshold);
            std::vector<Peer> peers;
            for (QuorumSetMember& member : set.members) {
                member.node = keyed_node(static_cast<std::uint8_t>(member.node->public_key.bytes[0]));
                peers.push_back({member.node->public_key, true});
            }
            places_[keys(i).public_key()] = nodes_.size();
            Node& added = nodes_.emplace_back(*this, nodes_.size(), world);
            Membership membership{.self = keyed_node(i),
                                  .quorum_set = std::make_shared<const QuorumSet>(set)};
            added.settings = Worker::Settings{.membership = std::move(membership),
                                              .peers = std::move(peers),
                                              .message_key = keys(i),
                                              .block_key = keys(static_cast<std::uint8_t>(100 + i))};
            start(added);
        }
    }

    Worker& worker(std::size_t i) { return *nodes_[i].worker; }
    TestLedger& ledger(std::size_t i) { return nodes_[i].ledger; }
    std::size_t size() const { return nodes_.size(); }
    Instant now() const { return now_; }
    void stop(std::size_t i) { nodes_[i].stopped = true; }
    void resume(std::size_t i) { nodes_[i].stopped = false; }
    /// With its ledger, its last message and the content of it: the rest is gone.
    /// @return whether it goes on where it was
    bool restart(std::size_t i) {
        Node& node = nodes_[i];
        const std::optional<Message> last = node.links.stored;
        const Contents contents = last ? node.worker->pool().contents_of(values_of(last->topic)) : Contents{};
        start(node);
        return last && node.worker->restore(*last, contents, now_);
    }
    /// What an archive does: the blocks that `i` lacks.
    void catch_up(std::size_t i, std::size_t from) {
        const std::vector<chain::BlockData>& theirs = nodes_[from].ledger.blocks;
        TestLedger& own = nodes_[i].ledger;
        for (std::size_t b = own.blocks.size(); b < theirs.size(); ++b) own.append(theirs[b]);
        nodes_[i].worker->ledger_grew(now_);
    }
    /// Delivers, ticks, and lets time pass whether or not anything happens.
    void run_for(Duration duration) {
        const Instant last = now_ + duration;
        while (now_ < last) {
            deliver();
            now_ = std::min(last, now_ + 500ms);
            tick();
        }
        deliver();
    }
    /// Submissions are not passed on, so that peers have to ask.
    void keep_contents() { keeps_contents_ = true; }

    /// Until all running nodes have that many blocks more than at the beginning.
    bool run_until_blocks(std::size_t blocks, Duration most = 100s) {
        const Instant last = now_ + most;
        for (;;) {
            deliver();
            Instant next = Instant::never();
            bool done = true;
            for (const Node& node : nodes_) {
                if (node.stopped) continue;
                done = done && node.ledger.blocks.size() >= blocks;
                next = std::min(next, node.worker->next_timer());
            }
            if (done) return true;
            if (next == Instant::never() || next > last) return false;
            now_ = std::max(now_, next);
            tick();
        }
    }

private:
    struct Node;

    void start(Node& node) {
        node.worker =
            std::make_unique<Worker>(node.settings, world_.crypto(), rules_, node.ledger, node.links);
    }
    void deliver() {
        while (!inbox_.empty()) {
            const auto [to, delivery] = std::move(inbox_.front());
            inbox_.pop_front();
            if (!nodes_[to].stopped) delivery(*nodes_[to].worker);
        }
    }
    void tick() {
        for (Node& node : nodes_)
            if (!node.stopped) node.worker->tick(now_, 1'700'000'000);
    }
    using Delivery = std::pair<std::size_t, std::function<void(Worker&)>>;

    class Links final : public PeerLinks {
    public:
        Links(WorkerNetwork& network, std::size_t self) : network_(network), self_(self) {}
        void send(const NodeKey& to, const Envelope& envelope) override {
            const NodeKey from = key_of(self_);
            post(to,
                 [this, from, envelope](Worker& worker) { worker.receive(from, envelope, network_.now_); });
        }
        void send_contents(const NodeKey& to, const Contents& contents) override {
            if (network_.keeps_contents_) return;
            post(to, [this, contents](Worker& worker) { worker.submit_from_peer(contents, network_.now_); });
        }
        void ask_contents(const NodeKey& from, const Values& names) override {
            ++network_.asked;
            const Contents contents =
                network_.nodes_[network_.places_.at(from)].worker->pool().contents_of(names);
            post(key_of(self_), [this, contents](Worker& worker) { worker.learn(contents, network_.now_); });
        }
        void store(const Message& last) override { stored = last; }
        std::optional<Message> stored;

    private:
        NodeKey key_of(std::size_t place) const {
            return keys(static_cast<std::uint8_t>(place + 1)).public_key();
        }
        void post(const NodeKey& to, std::function<void(Worker&)> deliver) {
            network_.inbox_.emplace_back(network_.places_.at(to), std::move(deliver));
        }
        WorkerNetwork& network_;
        std::size_t self_;
    };

    struct Node {
        Node(WorkerNetwork& network, std::size_t place, TxWorld& world)
            : ledger(world), links(network, place) {}
        TestLedger ledger;
        Links links;
        Worker::Settings settings{
            .membership = {}, .peers = {}, .message_key = keys(0), .block_key = keys(0)};
        std::unique_ptr<Worker> worker;
        bool stopped = false;
    };

    TxWorld& world_;
    NetworkRules rules_;
    std::map<NodeKey, std::size_t> places_;
    std::deque<Node> nodes_;
    std::deque<Delivery> inbox_;
    Instant now_;
    bool keeps_contents_ = false;

public:
    std::size_t asked = 0;
};

class WorkerTest : public testing::Test {
protected:
    NetworkRules rules() { return {.chain = world_.rules(), .governors = {}}; }
    /// Spends input number `n` of the world.
    chain::tx::Tx payment(std::uint64_t n, std::uint64_t tombstone_after = 50) {
        chain::tx::TxParts parts;
        parts.fee = {400'000'000, 0};
        parts.tombstone_block = world_.ledger().num_blocks() + tombstone_after;
        auto own = world_.input(n);
        const chain::tx::MadeOutput made = world_.make({own.secrets.amount.value - parts.fee.value, 0});
        parts.inputs.emplace_back(std::move(own));
        parts.outputs.emplace_back(made.output, made.secrets);
        return world_.sign(std::move(parts));
    }
    static bool accepted(const std::variant<chain::tx::Verdict, Worker::Refusal>& answer) {
        const auto* verdict = std::get_if<chain::tx::Verdict>(&answer);
        return verdict != nullptr && verdict->accepted();
    }
    static std::optional<TxCode> code(const std::variant<chain::tx::Verdict, Worker::Refusal>& answer) {
        return std::get<chain::tx::Verdict>(answer).code;
    }
    static void expect_equal_chains(WorkerNetwork& network) {
        for (std::size_t i = 1; i < network.size(); ++i) {
            ASSERT_EQ(network.ledger(i).blocks.size(), network.ledger(0).blocks.size());
            for (std::size_t b = 0; b < network.ledger(0).blocks.size(); ++b)
                EXPECT_EQ(network.ledger(i).blocks[b].block, network.ledger(0).blocks[b].block);
        }
    }

    TxWorld world_{chain::tx::fast_tx_crypto(), 4};
};

TEST_F(WorkerTest, PaymentsLandInTheSameBlocksEverywhere) {
    for (const auto& [nodes, threshold] : {std::pair<std::uint8_t, std::uint32_t>{3, 1}, {5, 3}}) {
        WorkerNetwork network(world_, nodes, threshold, rules());
        for (std::uint64_t n = 0; n < 4; ++n)
            EXPECT_TRUE(accepted(network.worker(n % nodes).submit(payment(n), network.now())));
        ASSERT_TRUE(network.run_until_blocks(1));
        std::size_t images = 0;
        ASSERT_TRUE(network.run_until_blocks(network.ledger(0).blocks.size()));
        expect_equal_chains(network);
        for (const chain::BlockData& data : network.ledger(0).blocks) {
            images += data.contents.key_images.size();
            EXPECT_TRUE(std::ranges::is_sorted(data.contents.key_images));
            EXPECT_TRUE(chain::verify(data.block, *data.signature));
            EXPECT_EQ(chain::verify(*data.metadata), true);
            EXPECT_EQ(data.metadata->contents.evidence.index(), 1u)
                << "MobileCoin's readers end where it is absent";
            EXPECT_EQ(data.block.contents_hash, chain::contents_hash(data.contents));
        }
        EXPECT_GE(images, 1u);
        EXPECT_NE(network.ledger(0).blocks[0].signature->signer,
                  network.ledger(1).blocks[0].signature->signer);
    }
}

TEST_F(WorkerTest, ConflictingPaymentsOneLandsAndTheOtherIsRefused) {
    WorkerNetwork network(world_, 3, 1, rules());
    const chain::tx::Tx a = payment(0), b = payment(0);
    EXPECT_TRUE(accepted(network.worker(0).submit(a, network.now())));
    EXPECT_TRUE(accepted(network.worker(1).submit(b, network.now())));
    ASSERT_TRUE(network.run_until_blocks(1));
    expect_equal_chains(network);
    EXPECT_EQ(network.ledger(0).blocks[0].contents.key_images.size(), 1u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(network.worker(i).pool().pending(), 0u) << "the loser is not kept";
        EXPECT_EQ(code(network.worker(i).submit(a, network.now())), TxCode::contains_spent_key_image);
        EXPECT_EQ(code(network.worker(i).submit(b, network.now())), TxCode::contains_spent_key_image);
    }
}

TEST_F(WorkerTest, TheSamePaymentToAllLandsOnce) {
    WorkerNetwork network(world_, 5, 3, rules());
    const chain::tx::Tx tx = payment(1);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(accepted(network.worker(i).submit(tx, network.now())));
    ASSERT_TRUE(network.run_until_blocks(1));
    EXPECT_FALSE(network.run_until_blocks(2));
    expect_equal_chains(network);
    EXPECT_EQ(network.ledger(0).blocks[0].contents.key_images.size(), 1u);
}

TEST_F(WorkerTest, ContentThatIsMissingIsAskedFor) {
    WorkerNetwork network(world_, 3, 1, rules());
    network.keep_contents();
    EXPECT_TRUE(accepted(network.worker(0).submit(payment(2), network.now())));
    ASSERT_TRUE(network.run_until_blocks(1));
    expect_equal_chains(network);
    EXPECT_GT(network.asked, 0u);
}

TEST_F(WorkerTest, OneOfFiveStoppedGoesOnTwoHaltAndResume) {
    WorkerNetwork network(world_, 5, 3, rules());
    network.stop(4);
    EXPECT_TRUE(accepted(network.worker(0).submit(payment(0), network.now())));
    ASSERT_TRUE(network.run_until_blocks(1));
    network.stop(3);
    EXPECT_TRUE(accepted(network.worker(0).submit(payment(1), network.now())));
    EXPECT_FALSE(network.run_until_blocks(2)) << "three of four that are needed";
}

TEST_F(WorkerTest, ClientsAreRefusedAboveTheLimit) {
    // Alone it decides nothing, so all stays pending: payments of one coin, each valid by itself.
    WorkerNetwork network(world_, 5, 3, rules());
    for (std::size_t i = 1; i < 5; ++i) network.stop(i);
    Worker& worker = network.worker(0);
    for (std::size_t i = 0; i < Pool::most_pending; ++i)
        ASSERT_TRUE(accepted(worker.submit(payment(0), network.now()))) << i;
    EXPECT_EQ(worker.pool().pending(), 500u);
    EXPECT_EQ(std::get<Worker::Refusal>(worker.submit(payment(1), network.now())),
              Worker::Refusal::over_capacity);
}

TEST_F(WorkerTest, ASlotIsOfferedAHundredInOrderOfArrival) {
    const NetworkRules rules = this->rules();
    const TestLedger ledger(world_);
    Pool pool(world_.crypto(), rules, ledger);
    Values arrived;
    for (std::size_t i = 0; i < 103; ++i) {
        const chain::tx::Tx tx = payment(0);
        ASSERT_TRUE(pool.submit(tx).accepted());
        arrived.push_back(pool.name_of(tx));
        EXPECT_TRUE(pool.submit(tx).accepted()) << "twice is once";
    }
    EXPECT_EQ(pool.pending(), 103u);
    arrived.resize(100);
    EXPECT_EQ(pool.to_propose(), arrived);
    std::ranges::sort(arrived);
    EXPECT_EQ(pool.combine(arrived).size(), 1u) << "all spend the same coin";
}

TEST_F(WorkerTest, APaymentPastItsTombstoneIsNoValueAndIsDropped) {
    const NetworkRules rules = this->rules();
    TestLedger ledger(world_);
    Pool pool(world_.crypto(), rules, ledger);
    // Valid for the next block only.
    const chain::tx::Tx last_chance = payment(0, 1);
    ASSERT_TRUE(pool.submit(last_chance).accepted());
    EXPECT_TRUE(pool.is_valid(pool.name_of(last_chance)));
    const chain::tx::Tx other = payment(1);
    ASSERT_TRUE(pool.submit(other).accepted());
    auto formed = std::get<chain::tx::FormedBlock>(pool.form({pool.name_of(other)}));
    chain::BlockData data;
    data.block = formed.block;
    data.contents = formed.contents;
    ledger.append(data);
    EXPECT_FALSE(pool.is_valid(pool.name_of(last_chance)));
    EXPECT_EQ(pool.submit(last_chance).code, TxCode::tombstone_exceeded);
    pool.finish({pool.name_of(other)});
    EXPECT_EQ(pool.pending(), 0u);
}

TEST_F(WorkerTest, ForgedMessagesDoNotCount) {
    WorkerNetwork network(world_, 3, 1, rules());
    Message message{.sender = keyed_node(2),
                    .slot = network.ledger(0).num_blocks(),
                    .quorum_set = std::make_shared<const QuorumSet>(others(2, 3, 1)),
                    .topic = Nominate{}};
    Envelope envelope{.message = message, .previous = network.ledger(0).last_block().id, .signature = {}};
    envelope.signature = keys(3).sign(signed_digest(message, envelope.previous, {}).view());
    network.worker(0).receive(keyed_node(3).public_key, envelope, network.now());
    EXPECT_TRUE(network.worker(0).node().current().heard().empty()) << "signed by another";
    envelope.previous.bytes[0] ^= 1;
    envelope.signature = keys(2).sign(signed_digest(message, envelope.previous, {}).view());
    network.worker(0).receive(keyed_node(3).public_key, envelope, network.now());
    EXPECT_TRUE(network.worker(0).node().current().heard().empty()) << "of another chain";
    envelope.previous.bytes[0] ^= 1;
    envelope.signature = keys(2).sign(signed_digest(message, envelope.previous, {}).view());
    network.worker(0).receive(keyed_node(3).public_key, envelope, network.now());
    EXPECT_EQ(network.worker(0).node().current().heard().size(), 1u);
}

TEST_F(WorkerTest, ARestartedNodeGoesOnWhereItWas) {
    // Of three all are needed, so that nothing is decided without the one that restarts.
    WorkerNetwork network(world_, 3, 2, rules());
    network.stop(2);
    EXPECT_TRUE(accepted(network.worker(0).submit(payment(0), network.now())));
    EXPECT_FALSE(network.run_until_blocks(1, 5s));
    const auto said = network.worker(0).node().last_message();
    ASSERT_TRUE(said);
    ASSERT_TRUE(network.restart(0));
    const auto says = network.worker(0).node().last_message();
    ASSERT_TRUE(says);
    EXPECT_TRUE(compare(says->topic, said->topic) >= 0) << "it never takes back what it said";
    network.resume(2);
    // The one that was stopped has missed everything: clients come again.
    EXPECT_TRUE(accepted(network.worker(2).submit(payment(1), network.now())));
    ASSERT_TRUE(network.run_until_blocks(1));
    expect_equal_chains(network);
}

TEST_F(WorkerTest, ANodeThatIsBehindServesNobodyUntilItHasTheBlocks) {
    WorkerNetwork network(world_, 5, 3, rules());
    network.stop(4);
    for (std::uint64_t n = 0; n < 2; ++n) {
        EXPECT_TRUE(accepted(network.worker(0).submit(payment(n), network.now())));
        ASSERT_TRUE(network.run_until_blocks(n + 1));
    }
    network.resume(4);
    // It hears of the next slot, and that it is not its own.
    EXPECT_TRUE(accepted(network.worker(0).submit(payment(2), network.now())));
    ASSERT_FALSE(network.run_until_blocks(3, 5s));
    EXPECT_FALSE(network.worker(4).is_behind()) << "peers may be ahead for ten seconds";
    network.run_for(Worker::grace);
    ASSERT_TRUE(network.worker(4).is_behind());
    EXPECT_EQ(std::get<Worker::Refusal>(network.worker(4).submit(payment(3), network.now())),
              Worker::Refusal::not_serving);
    network.catch_up(4, 0);
    EXPECT_FALSE(network.worker(4).is_behind());
    // Now two others may go: it is needed, and takes part.
    network.stop(3);
    EXPECT_TRUE(accepted(network.worker(4).submit(payment(3), network.now())));
    network.run_for(100s);
    for (std::size_t i : {0u, 1u, 2u, 4u}) EXPECT_EQ(network.ledger(i).blocks.size(), 4u) << i;
    for (std::size_t b = 0; b < network.ledger(0).blocks.size(); ++b)
        EXPECT_EQ(network.ledger(4).blocks[b].block, network.ledger(0).blocks[b].block);
}

/// Token 5: governor 50 says that signer 51 may mint up to 100, 60 of them under the first config.
class MintingTest : public WorkerTest {
protected:
    NetworkRules minting() {
        NetworkRules out = rules();
        out.governors[5] = signer(50);
        return out;
    }
    static chain::SignerSet signer(std::uint8_t number) {
        return {.individual_signers = {keys(number).public_key()}, .multi_signers = {}, .threshold = 1};
    }
    chain::MintConfigTx config(std::uint8_t nonce, std::uint8_t signed_by = 50) {
        chain::MintConfigTx tx;
        tx.prefix = {.token_id = 5,
                     .configs = {{.token_id = 5, .signer_set = signer(51), .mint_limit = 60}},
                     .nonce = chain::Bytes(64, nonce),
                     .tombstone_block = world_.ledger().num_blocks() + 20,
                     .total_mint_limit = 100};
        tx.signature.signatures = {keys(signed_by).sign(chain::mint_config_prefix_hash(tx.prefix).view())};
        return tx;
    }
    chain::MintTx mint(std::uint64_t amount, std::uint8_t nonce, std::uint8_t signed_by = 51) {
        chain::MintTx tx;
        const chain::PublicAddress to = world_.wallet().subaddress(world_.account(), 0);
        tx.prefix = {.token_id = 5,
                     .amount = amount,
                     .view_public_key = to.view_public,
                     .spend_public_key = to.spend_public,
                     .nonce = chain::Bytes(64, nonce),
                     .tombstone_block = world_.ledger().num_blocks() + 20,
                     .fog_hint = std::nullopt};
        tx.signature.signatures = {keys(signed_by).sign(chain::mint_prefix_hash(tx.prefix).view())};
        return tx;
    }
    using MintAnswer = std::variant<std::optional<chain::MintFault>, Worker::Refusal>;
    static chain::MintCode code(const MintAnswer& answer) {
        const auto& fault = std::get<0>(answer);
        return fault ? fault->code : chain::MintCode::ok;
    }
};

TEST_F(MintingTest, GovernorsConfigureAndSignersMint) {
    using chain::MintCode;
    WorkerNetwork network(world_, 3, 1, minting());
    Worker& worker = network.worker(0);
    EXPECT_EQ(code(worker.submit(mint(10, 1), network.now())), MintCode::no_matching_config);
    EXPECT_EQ(code(worker.submit(config(1, 52), network.now())), MintCode::invalid_signature);
    chain::MintConfigTx other_token = config(1);
    other_token.prefix.token_id = 6;
    EXPECT_EQ(code(worker.submit(other_token, network.now())), MintCode::no_governors);
    EXPECT_EQ(code(worker.submit(config(1), network.now())), MintCode::ok);
    ASSERT_TRUE(network.run_until_blocks(1));
    EXPECT_EQ(code(worker.submit(config(1), network.now())), MintCode::nonce_used);

    EXPECT_EQ(code(worker.submit(mint(61, 1), network.now())), MintCode::amount_exceeds_limit);
    EXPECT_EQ(code(worker.submit(mint(10, 1, 50), network.now())), MintCode::no_matching_config);
    const std::uint64_t outputs = network.ledger(0).num_outputs();
    EXPECT_EQ(code(worker.submit(mint(10, 1), network.now())), MintCode::ok);
    ASSERT_TRUE(network.run_until_blocks(2));
    EXPECT_EQ(network.ledger(0).num_outputs(), outputs + 1);
    EXPECT_EQ(code(network.worker(1).submit(mint(10, 1), network.now())), MintCode::nonce_used);
    EXPECT_EQ(code(network.worker(1).submit(mint(51, 2), network.now())), MintCode::amount_exceeds_limit);
    EXPECT_EQ(code(network.worker(1).submit(mint(50, 2), network.now())), MintCode::ok);
    ASSERT_TRUE(network.run_until_blocks(3));
    EXPECT_EQ(code(network.worker(2).submit(mint(1, 3), network.now())), MintCode::amount_exceeds_limit);
    expect_equal_chains(network);
}

TEST_F(MintingTest, AConfigMintsOnceABlock) {
    const NetworkRules rules = minting();
    WorkerNetwork network(world_, 3, 1, rules);
    EXPECT_EQ(code(network.worker(0).submit(config(1), network.now())), chain::MintCode::ok);
    ASSERT_TRUE(network.run_until_blocks(1));

    // Each is within the limit, both together are not.
    const chain::MintTx a = mint(40, 1), b = mint(40, 2);
    Pool pool(world_.crypto(), rules, network.ledger(0));
    EXPECT_FALSE(pool.submit(a));
    EXPECT_FALSE(pool.submit(b));
    Values names{Pool::name_of(a), Pool::name_of(b)};
    EXPECT_EQ(pool.to_propose(), names);
    std::ranges::sort(names);
    EXPECT_EQ(pool.combine(names), Values{names.front()});

    EXPECT_EQ(code(network.worker(0).submit(a, network.now())), chain::MintCode::ok);
    EXPECT_EQ(code(network.worker(1).submit(b, network.now())), chain::MintCode::ok);
    ASSERT_TRUE(network.run_until_blocks(2));
    EXPECT_FALSE(network.run_until_blocks(3)) << "the second is over the limit now, and dropped";
    EXPECT_EQ(network.ledger(0).blocks[1].contents.mint_txs.size(), 1u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(network.worker(i).pool().pending(), 0u);
    expect_equal_chains(network);
}

} // namespace
} // namespace engine::consensus
