// A third backend, on paper: no network, no database, no processes, no lag but what a test asks for. Whatever
// the body of a world needed of the simulator or of processes would be missing here.

#include "engine/world/world_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/scenario.hpp"
#include "engine/tell/words.hpp"
#include "engine/testing/plain_loop.hpp"

namespace engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PlainLoop;

class PaperCopy final : public ChainCopy {
public:
    PaperCopy(std::string name, const model::ChainModel& chain) : name_(std::move(name)), chain_(chain) {}
    const std::string& name() const override { return name_; }
    BlockCount count() const override { return held_at_ ? *held_at_ : chain_.height(); }
    void hold() override { held_at_ = count(); }
    void release() override { held_at_.reset(); }
    void advance_to(BlockCount count) override { held_at_ = count; }

private:
    std::string name_;
    const model::ChainModel& chain_;
    std::optional<BlockCount> held_at_;
};

class PaperStore final : public BlockStore {
public:
    void make_copies(const Roster& roster, const model::ChainModel& chain) {
        chain_ = &chain;
        for (const Roster::Copy& copy : roster.copies())
            copies_.push_back(std::make_unique<PaperCopy>(copy.name, chain));
    }
    OriginBlock make_origin(const std::vector<Account>& accounts, chain::ByteSource& bytes) override {
        const chain::Crypto& crypto = chain::fast_crypto();
        OriginBlock origin;
        origin.outputs_each = 1;
        origin.block = std::make_shared<fog::LedgerBlock>();
        chain::Amount amount;
        amount.value = 1000;
        for (const Account& account : accounts)
            origin.block->outputs.push_back(
                crypto.create_output(bytes, amount, account.address, crypto.fake_hint(bytes)));
        origin.block->cumulative_txo_count = origin.block->outputs.size();
        return origin;
    }
    std::shared_ptr<fog::LedgerBlock> make_block(std::vector<chain::TxOut> outputs,
                                                 std::vector<chain::KeyImage> images,
                                                 chain::ByteSource&) override {
        auto block = std::make_shared<fog::LedgerBlock>();
        block->index = chain_->height().end();
        block->cumulative_txo_count = chain_->txo_count(chain_->height()) + outputs.size();
        block->outputs = std::move(outputs);
        block->key_images = std::move(images);
        return block;
    }
    void on_block(const fog::LedgerBlock&, const std::vector<model::Coin>&) override {}
    void publish() override {}
    std::vector<ChainCopy*> copies() override {
        std::vector<ChainCopy*> all;
        for (const auto& copy : copies_) all.push_back(copy.get());
        return all;
    }

private:
    const model::ChainModel* chain_ = nullptr;
    std::vector<std::unique_ptr<PaperCopy>> copies_;
};

/// Switches, and what a copy of the chain says.
template <class Interface>
class PaperNode : public Interface {
public:
    PaperNode(const Roster::Service& who, const ChainCopy* copy) : who_(who), copy_(copy) {}
    NodeId id() const override { return who_.id; }
    NodeKind kind() const override { return who_.kind; }
    const std::string& name() const override { return who_.name; }
    bool is_up() const override { return up_; }
    Task<> start() override {
        up_ = true;
        co_return;
    }
    Task<> stop() override { return crash(); }
    Task<> crash() override {
        up_ = paused_ = false;
        co_return;
    }
    void pause() override { paused_ = true; }
    void resume() override { paused_ = false; }
    bool is_paused() const { return paused_; }

protected:
    const Roster::Service& who_;
    const ChainCopy* copy_;
    bool up_ = true;
    bool paused_ = false;
};

class PaperIngest final : public PaperNode<IngestNode>, public fog::IngestApi {
public:
    PaperIngest(const Roster::Service& who, const ChainCopy* copy, BlockCount& scanned)
        : PaperNode(who, copy), scanned_(scanned) {}

    fog::IngestApi& api() override { return *this; }
    const std::string& responder_id() const override { return who_.name; }
    fog::IngestMode mode() const override { return mode_; }
    void delete_state_file() override {}
    void save_state_file() override {}
    void put_back_state_file() override {}
    void scan() {
        if (up_ && !paused_ && mode_ == fog::IngestMode::active)
            scanned_ = std::max(scanned_, copy_->count());
    }

    using Answer = Task<Result<fog::IngestSummary>>;
    Answer get_status() override {
        fog::IngestSummary summary;
        summary.mode = mode_;
        co_return summary;
    }
    Answer activate() override {
        mode_ = fog::IngestMode::active;
        return get_status();
    }
    Answer retire() override { return get_status(); }
    Answer unretire() override { return get_status(); }
    Answer set_pubkey_expiry_window(std::uint64_t) override { return get_status(); }
    Answer set_peers(std::vector<std::string>) override { return get_status(); }
    Answer new_keys() override { return get_status(); }
    Answer sync_keys_from_remote(std::string) override { return get_status(); }
    Task<Result<bool>> report_lost_ingress_key(chain::PublicKey) override { co_return true; }
    Task<Result<std::vector<BlockRange>>> get_missed_block_ranges() override {
        co_return std::vector<BlockRange>{};
    }
    Task<Result<std::vector<fog::IngressKeyRecord>>> get_ingress_key_records(BlockIndex, bool,
                                                                             bool) override {
        co_return std::vector<fog::IngressKeyRecord>{};
    }

private:
    BlockCount& scanned_;
    fog::IngestMode mode_ = fog::IngestMode::idle;
};

/// A store of either kind: it has what its source has, unless it is held.
template <class Interface>
class PaperShard : public PaperNode<Interface> {
public:
    using Source = std::function<BlockCount()>;
    PaperShard(const Roster::Service& who, Source source)
        : PaperNode<Interface>(who, nullptr), source_(std::move(source)) {}
    BlockRange range() const override { return this->who_.range; }
    BlockCount count() const override {
        if (!this->up_) return BlockCount{};
        return held_at_ ? std::min(*held_at_, source_()) : source_();
    }
    void hold(BlockCount at) override { held_at_ = at; }
    void release() override { held_at_.reset(); }

private:
    Source source_;
    std::optional<BlockCount> held_at_;
};

class PaperView final : public PaperShard<ViewStoreNode> {
public:
    using PaperShard::PaperShard;
    bool is_ready() const override { return up_; }
};

class PaperWorld;

/// Adds up what the chain says, as far as every store has come; with a slip of the pen when asked.
class PaperWallet final : public WalletDevice {
public:
    PaperWallet(PaperWorld& world, NodeId id, AccountId account)
        : world_(world), id_(id), account_(account) {}
    Task<Result<fog::BalanceReport>> check() override;
    void forget() override {}
    Task<Result<fog::Wallet::Landing>> landing(chain::PublicKey, BlockIndex) override {
        co_return Error{Code::unavailable, "paper"};
    }
    fog::LedgerApi& ledger() override { throw InternalError("nobody asks for proofs on paper"); }
    std::string debug_text() const override { return "paper"; }

private:
    PaperWorld& world_;
    NodeId id_;
    AccountId account_;
};

class PaperMachinery {
protected:
    PlainLoop loop_;
    Choices choices_{7};
    FaultTable table_{loop_};
    PaperStore store_;
};

class PaperWorld final : private PaperMachinery, public WorldBody {
public:
    explicit PaperWorld(const Topology& topology)
        : WorldBody(topology, {PaperMachinery::loop_, PaperMachinery::choices_, chain::fast_crypto(),
                               PaperMachinery::store_, table_}) {
        StreamBytes bytes(Stream(PaperMachinery::choices_, Domain::plan, 0, 0));
        std::vector<Account> accounts;
        for (std::uint32_t a = 0; a < topology.accounts; ++a) {
            std::array<std::uint8_t, 32> entropy{};
            bytes.fill(entropy);
            accounts.push_back(
                make_account(chain::fast_crypto(), chain::fast_crypto().account_from_entropy(entropy)));
        }
        set_accounts(std::move(accounts));
        PaperMachinery::store_.make_copies(roster(), chain().model());
        for (const Roster::Service& who : roster().services()) make_node(who);
        chain().begin();
        hint_.key = chain::fast_crypto().random_key_pair(bytes).open;
        hint_.expiry = BlockIndex{1'000'000};
    }
    ~PaperWorld() override { PaperMachinery::loop_.kill_all(); }

    /// Tells a story until it has ended or something is violated.
    void run(Task<> story) {
        Telling telling;
        Task<> task = tell(std::move(story), telling);
        spawn(PaperMachinery::loop_, NodeId{}, "story", std::move(task));
        while (!telling.ended && !checks().any_violation() && PaperMachinery::loop_.step()) scan();
        if (telling.error) std::rethrow_exception(telling.error);
        story_has_ended = telling.ended;
    }

    bool can(Capability capability) const override { return capability != Capability::clocks; }
    Task<> sleep(Duration duration) override { co_await sleep_until(now() + duration, "the story's pause"); }

    Task<Result<Hint>> ask_report() override { co_return hint_; }
    std::unique_ptr<WalletDevice> make_wallet(NodeId id, AccountId account) override {
        return std::make_unique<PaperWallet>(*this, id, account);
    }
    std::shared_ptr<fog::RecoveryDb> operator_db() override { return nullptr; }
    std::int64_t wall_clock_s() const override { return 0; }
    Task<bool> wait_for(std::function<bool()> holds, Instant deadline) override {
        while (!holds()) {
            if (now() >= deadline) co_return false;
            co_await sleep_until(now() + 10ms, "a condition");
        }
        co_return true;
    }
    void on_fault(FaultId, const Fault& fault, bool begins) override {
        told.push_back((begins ? "begins: " : "ends: ") + std::string(engine::name(fault.kind())));
    }

    std::vector<std::string> told;
    bool story_has_ended = false;
    std::uint64_t slip = 0; ///< what wallets add to their balances

    BlockCount known() {
        BlockCount lowest = chain().height();
        for (const StoreNode* store : stores()) lowest = std::min(lowest, store->count());
        return lowest;
    }
    Cause trouble_of(NodeId wallet) const {
        Cause cause = table_.strike<faults::Isolate>(wallet);
        for (const auto& node : nodes_)
            if (!cause && !node->is_up() && kind_info(node->kind()).answers) {
                cause.what = Cause::What::down;
                cause.to = node->id();
                cause.until = now();
            }
        return cause;
    }

private:
    void scan() {
        for (IngestNode* node : ingest_nodes()) static_cast<PaperIngest*>(node)->scan();
    }
    void make_node(const Roster::Service& who) {
        const ChainCopy* copy = who.copy ? copies().at(*who.copy) : nullptr;
        std::unique_ptr<Node> node;
        switch (who.kind) {
        case NodeKind::ingest:
            node = std::make_unique<PaperIngest>(who, copy, scanned_);
            break;
        case NodeKind::view_store:
            node = std::make_unique<PaperView>(who, [this] { return scanned_; });
            break;
        case NodeKind::image_store:
            node = std::make_unique<PaperShard<ImageStoreNode>>(who, [copy] { return copy->count(); });
            break;
        case NodeKind::view_router:
        case NodeKind::ledger_router:
        case NodeKind::report_server:
            node = std::make_unique<PaperNode<Node>>(who, copy);
            break;
        }
        add(*node);
        nodes_.push_back(std::move(node));
    }

    BlockCount scanned_;
    Hint hint_{};
    std::vector<std::unique_ptr<Node>> nodes_;
};

Task<Result<fog::BalanceReport>> PaperWallet::check() {
    co_await yield("an answer");
    if (const Cause cause = world_.trouble_of(id_)) co_return Error{Code::unavailable, "paper", cause};
    const model::ChainModel& chain = world_.chain().model();
    fog::BalanceReport report;
    report.count = world_.known();
    report.by_token[0] = world_.slip;
    for (const model::Coin& coin : chain.coins()) {
        const bool is_there =
            coin.account == account_ && coin.block.value > 0 && report.count.includes(coin.block);
        const bool is_gone = coin.spent_in && report.count.includes(*coin.spent_in);
        if (is_there && !is_gone) report.by_token[0] += coin.amount.value;
    }
    co_return report;
}

Topology small() {
    Topology topology;
    topology.accounts = 2;
    topology.ingest_nodes = 2;
    topology.view_shards = 1;
    topology.image_shards = 2;
    topology.shard_blocks = 2;
    topology.own_copies = true;
    return topology;
}

// Alice is paid twice and spends her first coin, while a key image store and the tip are held back, a wallet
// is cut off, and the view router dies.  Then everything is healed, and the truth is demanded of everybody.
Task<> story(PaperWorld* world, fog::Value* in_the_dark, Code* cut_off) {
    const AccountId alice{0};
    Wallet& wallet = world->new_wallet(alice);
    (void)co_await world->ingest(0).api().activate();
    Credit one;
    one.to = alice;
    one.amount = 1;
    Credit two = one;
    two.amount = 2;
    BlockPlan plan;
    plan.credits = {one, two};
    const AppendedBlock paid = co_await world->chain().append(plan);
    std::function<bool()> level = [world] { return world->is_level(); };
    co_await world->until("the first payment", level, 10s);
    (void)co_await wallet.poll();

    world->image_store(0).hold(paid.index.count_through());
    BlockPlan spending;
    spending.spends = {paid.credits.at(0)};
    (void)co_await world->chain().append(spending);
    const Result<fog::BalanceReport> early = co_await wallet.poll();
    *in_the_dark = early ? early->value() : fog::Value{0};

    const faults::Isolate lonely{wallet.id()};
    world->faults().begin(lonely);
    const Result<fog::BalanceReport> nothing = co_await wallet.poll();
    *cut_off = nothing ? Code::internal : nothing.error().code;
    world->view_store(0).pause();
    co_await world->view_router().crash();
    co_await close(*world);
}

TEST(WorldBody, tells_a_whole_story_without_a_simulator_and_without_processes) {
    PaperWorld world(small());
    fog::Value in_the_dark{0};
    Code cut_off{};
    world.run(story(&world, &in_the_dark, &cut_off));
    EXPECT_TRUE(world.story_has_ended);
    EXPECT_FALSE(world.checks().any_violation());
    EXPECT_EQ(in_the_dark, fog::Value{3}) << "as of the block that every store has, the coin is not spent";
    EXPECT_EQ(cut_off, Code::unavailable);

    EXPECT_THAT(world.told, ElementsAre("begins: isolate", "ends: isolate"));
    EXPECT_FALSE(world.faults().any());
    for (Node* node : world.nodes()) EXPECT_TRUE(node->is_up()) << node->name();
    EXPECT_FALSE(static_cast<PaperView&>(world.view_store(0)).is_paused()) << "healing resumes";
    EXPECT_TRUE(world.is_level()) << "healing releases";

    ASSERT_EQ(world.checks().excuses().size(), 1u);
    EXPECT_EQ(world.checks().excuses()[0].cause.what, Cause::What::fault);
    EXPECT_GE(world.checks().judged(check::CheckId::balance), 4u);
    EXPECT_GE(world.checks().judged(check::CheckId::final), 3u)
        << "the old wallet and a fresh one of each account";
}

TEST(WorldBody, judges_a_backend_whose_wallets_are_wrong) {
    PaperWorld world(small());
    world.slip = 1;
    fog::Value in_the_dark{0};
    Code cut_off{};
    world.run(story(&world, &in_the_dark, &cut_off));
    ASSERT_TRUE(world.checks().any_violation());
    EXPECT_EQ(world.checks().violations()[0].check, check::CheckId::balance);
    EXPECT_FALSE(world.story_has_ended);
}

Task<> wait_in_vain(PaperWorld* world) {
    co_await world->ingest(1).crash();
    BlockPlan nothing;
    (void)co_await world->chain().append(nothing); // nobody scans
    std::function<bool()> level = [world] { return world->is_level(); };
    co_await world->until("everybody", level, 2s);
}

TEST(WorldBody, a_condition_that_is_not_reached_is_a_violation_of_liveness) {
    PaperWorld world(small());
    world.run(wait_in_vain(&world));
    ASSERT_TRUE(world.checks().any_violation());
    EXPECT_EQ(world.checks().violations()[0].check, check::CheckId::liveness);
    EXPECT_THAT(tell::in_words(world.checks().violations()[0]),
                ::testing::StartsWith("everybody (ingest1 is down) not reached within 2 s; view0.0 at "));
}

TEST(WorldFaults, what_the_world_cannot_have_is_refused_by_name_and_leaves_nothing) {
    PaperWorld world(small());
    faults::ClockJump jump;
    jump.node = world.ingest(0).id();
    jump.by = std::chrono::seconds(5);
    try {
        world.faults().begin(jump);
        ADD_FAILURE() << "it was begun";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("fault clock_jump: this world cannot"));
    }
    EXPECT_FALSE(world.faults().any());
    EXPECT_TRUE(world.told.empty());
}

TEST(WorldFaults, one_that_is_healed_or_used_up_is_healed_once) {
    PaperWorld world(small());
    faults::FailCommit commit;
    commit.node = world.ingest(0).id();
    commit.commits.left = 2;
    const FaultId used_up = world.faults().begin(commit);
    const FaultId healed = world.faults().begin(faults::DbDown{});
    FaultTable& table = world.faults().table();
    EXPECT_FALSE(table.take_commit(world.ingest(1).id())) << "another node's";
    ASSERT_TRUE(table.take_commit(commit.node));
    EXPECT_TRUE(table.take_commit(commit.node)->was_its_last);
    EXPECT_FALSE(table.take_commit(commit.node));
    world.faults().heal(used_up);
    world.faults().heal(healed);
    world.faults().heal(healed);
    EXPECT_THAT(world.told, ElementsAre("begins: fail_commit", "begins: db_down", "ends: db_down"));
}

TEST(FaultTable, a_fault_explains_while_it_is_in_force_and_lingers_for_a_stated_time) {
    PlainLoop loop;
    FaultTable table(loop);
    const auto any = [](const Fault&) { return true; };
    EXPECT_FALSE(table.cause(any, loop.now(), 6s));
    const FaultId id = table.add(faults::DbDown{});
    EXPECT_TRUE(table.cause(any, loop.now(), 6s));
    table.remove(id);
    EXPECT_TRUE(table.cause(any, Instant{} + 6s, 6s));
    EXPECT_FALSE(table.cause(any, Instant{} + 6s + 1ns, 6s));
    EXPECT_FALSE(table.cause([](const Fault& f) { return f.kind() == FaultKind::cut; }, loop.now(), 6s));
}

} // namespace
} // namespace engine
