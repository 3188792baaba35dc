#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/check/excuse.hpp"
#include "engine/fault_table.hpp"
#include "engine/model/recovery_model.hpp"
#include "engine/model/recovery_rows.hpp"
#include "engine/world/world_body.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/grpc/view.hpp"
#include "real/loop/real_host.hpp"
#include "real/postgres/url.hpp"
#include "real/process/ports.hpp"
#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"
#include "real/world/deployment.hpp"
#include "real/world/event_log.hpp"
#include "real/world/faults.hpp"
#include "real/world/judged.hpp"
#include "real/world/nodes.hpp"
#include "real/world/real_chain.hpp"
#include "real/world/waits.hpp"
#include "real/world/wallets.hpp"

namespace real {

namespace postgres {
class Cluster;
class TemporaryDatabase;
} // namespace postgres

/// Where the time of a run goes.
enum class Phase : std::uint8_t {
    database,
    tools,
    services,
    waits,
    commands,
    blocks,
    checks,
    pauses,
    stopping
};
inline constexpr std::size_t phase_count = 9;
const char* name(Phase phase);

struct RealOptions {
    std::filesystem::path programs; ///< folder of the executables
    bool upstream = false;          ///< they are MobileCoin's own
    engine::Topology topology{};
    std::uint64_t seed = 1;     ///< of keys, plan and faults, not of the interleaving
    std::string postgres_url{}; ///< of a server to make a database on; empty: a cluster of our own
    Front front = Front::nginx;
    bool clear_text = false;             ///< sessions of wallets
    std::filesystem::path enclave_key{}; ///< see Deployment
    std::filesystem::path enclave_css{}; ///< likewise
    std::filesystem::path clients{};     ///< likewise
    bool fixed_ports = false;            ///< upstream's numbers, admin HTTP gateways included
    bool proxies = false;                ///< fault proxies between the services
    bool own_wallet = true;              ///< start sample_paykit_remote_wallet
    std::string remote_wallet{};         ///< host:port of a wallet that is there already
    std::string story = "?";             ///< its name, for the event log
    std::string fog_uri{};               ///< what wallets are told; empty: the front
    bool follow_ups = true;
    /// A line about what is being done.
    std::function<void(const std::string& line)> progress = [](const std::string&) {};
};

/// What a world of processes runs on.
class RealMachinery {
protected:
    RealMachinery(IoLoop& loop, const WorkDirectory& work, RealOptions options);
    engine::WorldBody::Parts parts();

    IoLoop& loop_;
    const WorkDirectory& work_;
    RealOptions options_;
    EventLog log_;
    engine::Choices choices_;
    DiskStore store_;
    engine::FaultTable faults_;
};

/// A world of operating system processes.
///
/// Rules
/// 1. start() makes everything, stop() and the destructor leave nothing.
/// 2. Heights and modes are what the services' admin ports said last; whoever waits asks anew.
/// 3. A failure of surroundings is engine::BrokenSurroundings, never a violation.
/// 4. A wallet's check that fails has a cause where a fault lies on the way of its calls (the routers, their
///    stores, their database), or one of those services is down, paused or was started a moment ago, and
///    for no longer than engine::check::longest_consequence afterwards.  A wallet that names the service
///    which failed it is believed: the cause must lie on the way to that one.  A service that ends itself has
///    a cause in its own faults, the database's, and what was done to itself.  Nothing excuses a signal that
///    nobody sent, or a wrong balance.
class RealWorld final : private RealMachinery, public engine::WorldBody {
public:
    /// @param work  directory of the run; outlives the world
    RealWorld(IoLoop& loop, const WorkDirectory& work, RealOptions options);
    ~RealWorld() override;

    /// What would be started, without starting anything.
    const Deployment& deployment() const { return deployment_; }
    Task<> start();
    Task<> stop();
    /// Tells the story until it has ended, something is violated, or `interrupted` says so.
    /// @return whether the story has ended by itself
    Task<bool> run(Task<> story, const bool* interrupted);

    bool can(engine::Capability capability) const override;
    /// Why no run of this world can do it; empty when some can.
    static std::string never(engine::Capability capability);
    /// Why a fault of this kind can be had in no run of this world; empty when it can in some.
    static std::string never(engine::FaultKind kind);
    Task<> sleep(engine::Duration duration) override;
    Task<> sleep_unless(std::function<bool()> holds, engine::Duration at_most) override;
    bool follows_up() const override { return options_.follow_ups; }

    // The devices.
    Task<engine::Result<engine::Hint>> ask_report() override;
    std::unique_ptr<engine::WalletDevice> make_wallet(engine::NodeId id, engine::AccountId account) override;
    std::shared_ptr<engine::fog::RecoveryDb> operator_db() override;
    std::int64_t wall_clock_s() const override;
    Task<bool> wait_for(std::function<bool()> holds, engine::Instant deadline) override;
    bool is_troubled(engine::Instant begun) const override;
    engine::Duration pause_after_trouble() const override;
    std::string why_no_fault(engine::FaultKind kind) const override;
    void on_fault(engine::FaultId id, const engine::Fault& fault, bool begins) override;
    void on_step(const std::string& text) override;
    void on_poll(const engine::JudgedWallet& wallet,
                 const engine::Result<engine::fog::BalanceReport>& result) override;
    void on_report(const engine::JudgedWallet& wallet, const engine::fog::BalanceReport& report) override;
    void on_final(const engine::JudgedWallet& wallet, const engine::fog::BalanceReport& report) override;
    void on_landing(const engine::JudgedWallet& wallet, const engine::chain::PublicKey& output,
                    engine::BlockIndex tombstone, const engine::fog::Wallet::Landing& landing) override;

    /// What the machine, and not the system under test, has done to the run: the database server has died or
    /// does not answer, no room, memory or descriptors are left.  Empty when nothing is known.  Asked after a
    /// violation, which may be no more than its consequence.
    Task<std::string> surroundings_trouble();
    /// That, where it came with a violation, which is then no finding; empty: what was found stands.
    const std::string& trouble_with_violation() const { return trouble_with_violation_; }
    EventLog& log() { return log_; }
    /// What somebody was answered, in words, and during which step.
    struct Heard {
        std::size_t step = 0; ///< the first is 1; 0: before any
        std::string text;
    };
    const std::vector<Heard>& heard() const { return heard_; }
    /// What the story waits for, in which step, and who is down: for a story that does not end.
    std::string what_is_waited_for();
    /// Writes what the recovery database holds, and the log's last line.  @pre the story has ended
    /// @return why the database could not be read; empty when it was
    Task<std::string> end_log();
    Supervisor& supervisor() { return supervisor_; }
    postgres::Cluster* cluster() { return cluster_.get(); }
    std::array<engine::Duration, phase_count> times() const { return times_; }
    /// Kills and restarts the database server.  @pre cluster()
    Task<> restart_database(bool with_kill);

private:
    friend class RealWallet;
    friend class Stopwatch;
    using RealMachinery::choices_;
    using RealMachinery::faults_;
    using RealMachinery::loop_;
    using RealMachinery::store_;

    /// Adds the time it lives to a phase.
    class Stopwatch {
    public:
        Stopwatch(RealWorld& world, Phase phase) : world_(world), phase_(phase), begun_(world.loop_.now()) {}
        Stopwatch(const Stopwatch&) = delete;
        Stopwatch& operator=(const Stopwatch&) = delete;
        ~Stopwatch() { world_.times_[static_cast<std::size_t>(phase_)] += world_.loop_.now() - begun_; }

    private:
        RealWorld& world_;
        Phase phase_;
        engine::Instant begun_;
    };

    std::unique_ptr<ServiceProcess> make_node(const engine::Roster::Service& who);
    void make_proxies();
    FaultProxy::Rules rules_for(engine::NodeId to);
    CommitFate next_commit(engine::NodeId from);
    void fill_disk(engine::NodeId node, bool full);
    engine::NodeId node_with(pid_t pid) const;
    Task<> start_database();
    Task<> run_tools();
    Task<> start_services();
    Task<> observe_all();
    Task<> keep_observing();
    void on_death(Child& child);
    /// On whose side a call of a wallet is.
    enum class Side : std::uint8_t { view, ledger, either };
    engine::check::CallPath path_to(Side side) const;
    /// What lies on the way of a check that began then; empty: nothing that was done on purpose.
    engine::Cause cause_on_the_way(Side side, engine::Instant begun) const;
    /// What explains that it has ended; empty: nothing does.
    engine::Cause cause_of_death(const ServiceProcess& service) const;
    Task<> judge_giving_up(RealIngestNode& node);
    Task<> judge_who_gave_up();
    /// A check of each account by a wallet of the harness' own, every answer to which is judged.
    Task<> ask_as_wallets();
    /// Says what fog answers a wallet of an account that something was found wrong with.
    Task<> tell_what_fog_answers();
    Task<bool> ask_again(engine::AccountId account);
    /// Why wallets cannot know anything: nobody has asked fog-view, or a router has refused everything.
    /// Nothing when neither is so, or MobileCoin's own programs serve, whose pages say it otherwise.
    Task<std::optional<std::string>> refusal_of_wallets();
    std::string database_trouble() const;
    void hear(std::string text);
    /// Reads what is new in the recovery database, into the log and for the judges.
    /// @return why that failed; empty when it did not
    Task<std::string> look_at_database();
    Task<std::string> read_database(engine::fog::RecoveryDb& db);

    Waits waits_;
    std::vector<Heard> heard_;
    PortPool ports_;
    Deployment deployment_;
    engine::Stream proxy_chances_;
    Supervisor supervisor_;
    std::unique_ptr<grpc::ClientRuntime> runtime_;
    RealHost host_;
    std::unique_ptr<postgres::Cluster> cluster_;
    std::unique_ptr<postgres::TemporaryDatabase> database_;
    postgres::ConnectUrl operator_database_; // not through a proxy
    std::uint16_t database_port_ = 0;        // on 127.0.0.1; 0: not to be proxied
    std::vector<KeyFile> key_files_;
    std::vector<std::unique_ptr<ServiceProcess>> processes_; // in the order in which they are started
    std::vector<std::unique_ptr<FaultProxy>> proxies_;
    std::unique_ptr<grpc::Channel> wallet_channel_;
    std::unique_ptr<grpc::RemoteWalletClient> wallet_client_;
    std::unique_ptr<grpc::Channel> view_channel_;
    std::unique_ptr<grpc::Channel> ledger_channel_;
    std::unique_ptr<grpc::ViewClient> view_client_;
    std::unique_ptr<grpc::LedgerClient> ledger_client_;
    engine::model::RecoveryModel recovery_; // as far as was looked
    engine::check::ResponseChecker responses_;
    AnswerJudge answers_;
    std::unique_ptr<JudgedView> judged_view_;
    std::unique_ptr<JudgedLedger> judged_ledger_;
    bool some_wallet_works_ = false;                     ///< has shown a block
    std::optional<engine::Instant> wallets_blind_since_; ///< a wallet shows no block though all is well
    std::unique_ptr<engine::Nursery> observers_;
    engine::Mutex observing_;
    std::uint64_t observed_ = 0; // rounds
    engine::Mutex looking_;
    std::uint64_t views_looked_up_ = 0;                           // EventLog::view_counts() at the last look
    engine::model::RecoveryRows rows_;                            // as far as was looked
    std::vector<engine::fog::UserEvent> closed_;                  // not told the model yet
    std::map<engine::chain::PublicKey, engine::BlockIndex> next_; // block to read, by key
    std::exception_ptr broken_;
    std::string trouble_with_violation_;
    std::array<engine::Duration, phase_count> times_{};
    bool stopping_ = false;
    std::optional<engine::Instant> restarting_database_; // since when
};

} // namespace real
