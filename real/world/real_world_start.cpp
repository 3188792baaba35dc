#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/statvfs.h>

#include <array>
#include <fstream>
#include <sstream>

#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"
#include "engine/stream_site.hpp"
#include "real/postgres/cluster.hpp"
#include "real/postgres/pool.hpp"
#include "real/postgres/temporary_database.hpp"
#include "real/postgres/url.hpp"
#include "real/proxy/fault_proxy.hpp"
#include "real/proxy/socket_owner.hpp"
#include "real/service/remote_wallets.hpp"
#include "real/world/real_world.hpp"

namespace real {

using namespace engine;

namespace {

constexpr Duration tool_limit = 30s;
constexpr Duration certificates_limit = 180s; // RSA keys of 4096 bits, the first time, on a busy machine
constexpr Duration start_limit = 30s;
constexpr unsigned report_retry_s = 0; // the harness waits for conditions, its tools do not

std::string words(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

/// Of the enclaves that the services claim to be.
std::shared_ptr<const attest::Signer> signer_of(const Deployment& d) {
    const bool is_key = !d.enclave_key.empty();
    const std::filesystem::path& file = is_key ? d.enclave_key : d.enclave_css;
    if (file.empty()) return std::make_shared<const attest::Signer>();
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    std::string why;
    const auto signer = is_key ? attest::Signer::of_key(text.str(), why)
                               : attest::Signer::of_css(engine::chain::as_bytes(text.str()), why);
    if (!signer)
        throw UsageError(
            fmt::format("{}: {}: {}", is_key ? "--enclave-key" : "--enclave-css", file.string(), why));
    return std::make_shared<const attest::Signer>(*signer);
}

std::string last_words(const Child& child) {
    std::string out;
    for (const std::string& line : child.exit()->last_lines) out += "\n    " + line;
    return out;
}

} // namespace

RealMachinery::RealMachinery(IoLoop& loop, const WorkDirectory& work, RealOptions options)
    : loop_(loop), work_(work), options_(std::move(options)),
      log_(work.path() / "events.jsonl", [&loop] { return loop.now(); }), choices_(options_.seed),
      store_(log_), faults_(loop) {}

WorldBody::Parts RealMachinery::parts() {
    WorldBody::Parts parts{loop_, choices_, chain::ristretto_crypto(), store_, faults_};
    parts.reported_tokens = std::set<std::uint64_t>{0}; // remote_wallet.proto has a place for one balance
    return parts;
}

RealWorld::RealWorld(IoLoop& loop, const WorkDirectory& work, RealOptions options)
    : RealMachinery(loop, work, std::move(options)), WorldBody(options_.topology, parts()), waits_(loop),
      proxy_chances_(open_stream(choices_, StreamSite::message_fate, 0)),
      supervisor_(loop,
                  [&work] {
                      const std::filesystem::path logs = work.path() / "logs";
                      std::filesystem::create_directory(logs);
                      return logs;
                  }()),
      runtime_(std::make_unique<grpc::ClientRuntime>(loop)),
      host_(loop, NodeId{}, chain::ristretto_crypto(),
            [](const char* why) { throw InternalError(std::string("the harness' own wallet: ") + why); }),
      responses_(checks(), chain().model(), recovery_), answers_{responses_, chain().model(),
                                                                 [this] { return look_at_database(); }},
      observing_(loop), looking_(loop) {
    if (!options_.postgres_url.empty()) {
        const postgres::ConnectUrl url = postgres::ConnectUrl::parse(options_.postgres_url, "--postgres");
        // Only a server on this machine's loopback can have a proxy in front.
        const std::string host = url.setting("host");
        const std::string port = url.setting("port");
        if (host == "localhost" || host == "127.0.0.1")
            database_port_ = static_cast<std::uint16_t>(port.empty() ? 5432 : std::stoi(port));
    }
    auto next = [this] { return ports_.reserve(); };
    deployment_ = lay_out(topology(), next, options_.fixed_ports, options_.fixed_ports);
    deployment_.programs = options_.programs;
    deployment_.work = work.path();
    deployment_.front = options_.front;
    deployment_.clear_text = options_.clear_text;
    deployment_.enclave_key = options_.enclave_key;
    deployment_.enclave_css = options_.enclave_css;
    deployment_.clients = options_.clients;
    for (ServicePlace& place : deployment_.services) {
        if (kind_info(place.kind).is_commanded)
            place.state_file = work.path() / "state" / (place.name + "-state-file");
        if (!options_.proxies) continue;
        place.ports.via = ports_.reserve();
        if (place.peer != 0) place.peer_via = ports_.reserve();
    }
}

RealWorld::~RealWorld() {
    stopping_ = true;
    observers_.reset();
    drop_wallets();
}

// ------------------------------------------------------------------------------------------------ starting

Task<> RealWorld::start() {
    supervisor_.on_death([this](Child& child) { on_death(child); });
    for (const char* folder : {"state", "chain", "keys", "nginx"})
        std::filesystem::create_directories(work_.path() / folder);
    if (options_.fixed_ports)
        for (const std::uint16_t port : ports_of(deployment_)) ports_.reserve_fixed(port);
    if (options_.postgres_url.empty()) {
        if (const std::string why = postgres::Cluster::missing(); !why.empty()) throw BrokenSurroundings(why);
        const Stopwatch watch(*this, Phase::database);
        postgres::ClusterOptions options;
        options.log = work_.path() / "logs" / "postgres.log";
        options.tcp = true;
        options.say = options_.progress;
        cluster_ = std::make_unique<postgres::Cluster>(options);
        options_.progress("started a private Postgres cluster in " + cluster_->directory().string());
    }
    {
        const Stopwatch watch(*this, Phase::tools);
        co_await run_tools();
    }
    {
        const Stopwatch watch(*this, Phase::database);
        co_await start_database();
    }
    {
        const Stopwatch watch(*this, Phase::tools);
        options_.progress("making the schema");
        const Child* child = co_await supervisor_.run(migrations(deployment_), tool_limit);
        if (!child->exit()->ok())
            throw BrokenSurroundings(fmt::format("fog-sql-recovery-db-migrations: {}{}",
                                                 child->exit()->text(), last_words(*child)));
    }
    {
        const Stopwatch watch(*this, Phase::services);
        // The supervisor has them in the order in which they are started: stores before routers.
        for (const Roster::Service* who : roster().in_plans()) processes_.push_back(make_node(*who));
        if (options_.proxies) make_proxies();
        co_await start_services();
    }
    observers_ = std::make_unique<Nursery>(loop_, NodeId{});
    observers_->spawn("observer", keep_observing());
}

Task<> RealWorld::run_tools() {
    options_.progress("making keys and the origin block");
    struct Wanted {
        const char* name;
        const char* kind;
        std::filesystem::path* path;
    };
    const Wanted wanted[] = {{"ok_rsa_head", "chain", &deployment_.authority_root},
                             {"ok_rsa_chain_25519_leaf", "chain", &deployment_.signing_chain},
                             {"ok_rsa_chain_25519_leaf", "key", &deployment_.signing_key}};
    for (const Wanted& one : wanted) {
        const Child* child =
            co_await supervisor_.run(test_vector(deployment_, one.name, one.kind), certificates_limit);
        *one.path = words(child->standard_output());
        if (!child->exit()->ok() || !std::filesystem::exists(*one.path))
            throw BrokenSurroundings(fmt::format("mc-crypto-x509-test-vectors: {}: no file '{}'{}",
                                                 child->exit()->text(), one.path->string(),
                                                 last_words(*child)));
    }
    const Child* keys = co_await supervisor_.run(sample_keys(deployment_), tool_limit);
    if (!keys->exit()->ok())
        throw BrokenSurroundings(fmt::format("sample-keys: {}{}", keys->exit()->text(), last_words(*keys)));
    key_files_ = read_accounts(deployment_.keys(), topology().accounts);
    std::vector<Account> accounts;
    for (const KeyFile& file : key_files_) accounts.push_back(file.account);
    std::vector<check::RecordChecker::Owner> owners;
    for (const Account& account : accounts)
        owners.push_back({host_.crypto().subaddress_view_private(account.keys, chain::default_subaddress)});
    responses_.records().know_owners(host_.crypto(), std::move(owners));
    set_accounts(std::move(accounts));

    std::vector<std::pair<std::string, std::filesystem::path>> places;
    std::vector<std::string> ingest_copies;
    for (const Roster::Copy& copy : roster().copies()) {
        places.emplace_back(copy.name, deployment_.ledger_db(copy.name).parent_path());
        if (copy.side == CopySide::ingest) ingest_copies.push_back(copy.name);
    }
    log_.run(options_.story, options_.seed, ingest_copies);
    store_.set_places(std::move(places));
    chain().begin();
}

Task<> RealWorld::start_database() {
    postgres::ConnectUrl url;
    if (cluster_) {
        co_await cluster_->until_ready(loop_);
        url = cluster_->tcp_url().with("sslmode", "disable");
        database_port_ = static_cast<std::uint16_t>(std::stoi(url.setting("port")));
    } else {
        database_ = std::make_unique<postgres::TemporaryDatabase>(
            postgres::ConnectUrl::parse(options_.postgres_url, "--postgres"));
        url = database_->url();
    }
    operator_database_ = url;
    if (options_.proxies && database_port_ != 0) {
        FaultProxy::Rules rules = rules_for(NodeId{});
        rules.weather = [this](NodeId from) { return database_weather(faults_, from); };
        rules.on_commit = [this](NodeId from) { return next_commit(from); };
        const std::uint16_t via = ports_.reserve();
        proxies_.push_back(std::make_unique<FaultProxy>(loop_, via, database_port_, std::move(rules)));
        url = url.with("host", "127.0.0.1").with("port", std::to_string(via)).with("sslmode", "disable");
    }
    deployment_.database_url = url.with_password();
}

std::unique_ptr<ServiceProcess> RealWorld::make_node(const Roster::Service& who) {
    const Surroundings surroundings{supervisor_, *runtime_, log_, waits_,
                                    [this](std::string text) { hear(std::move(text)); }};
    const Deployment& d = deployment_;
    auto added = [this](auto node) {
        add(*node);
        return node;
    };
    const ServicePlace& place = d.of(who);
    switch (who.kind) {
    case NodeKind::ingest:
        return added(std::make_unique<RealIngestNode>(surroundings, who, d, place));
    case NodeKind::view_store:
        return added(std::make_unique<RealViewStore>(surroundings, who, d, place));
    case NodeKind::image_store:
        return added(std::make_unique<RealImageStore>(surroundings, who, d, place));
    case NodeKind::view_router:
    case NodeKind::ledger_router:
    case NodeKind::report_server:
        return added(std::make_unique<RealPlainNode>(surroundings, who, service_launch(d, place),
                                                     place.ports.listen, place.ports.admin));
    }
    throw InternalError("a kind of node that has no program");
}

FaultProxy::Rules RealWorld::rules_for(NodeId to) {
    FaultProxy::Rules rules;
    rules.weather = [this, to](NodeId from) { return link_weather(faults_, roster(), from, to); };
    rules.chance = [this](std::uint32_t of) { return proxy_chances_.below(256) < of; };
    rules.who = [this](std::uint16_t client_port, std::uint16_t proxy_port) {
        std::vector<pid_t> groups;
        for (const auto& process : processes_)
            if (process->up()) groups.push_back(process->child().pid());
        const pid_t owner = owner_of_connection(client_port, proxy_port, groups);
        return owner == 0 ? NodeId{} : node_with(owner);
    };
    return rules;
}

NodeId RealWorld::node_with(pid_t pid) const {
    for (const auto& process : processes_)
        if (process->child().pid() == pid) return process->id();
    return NodeId{};
}

void RealWorld::make_proxies() {
    auto put = [this](std::uint16_t via, std::uint16_t target, NodeId to) {
        proxies_.push_back(std::make_unique<FaultProxy>(loop_, via, target, rules_for(to)));
    };
    for (const Roster::Service* who : roster().in_plans()) {
        const ServicePlace& place = deployment_.of(*who);
        put(place.ports.via, place.ports.listen, who->id);
        if (place.peer != 0) put(place.peer_via, place.peer, who->id);
    }
}

Task<> RealWorld::start_services() {
    options_.progress(fmt::format("starting the services of {}", deployment_.programs.string()));
    if (options_.front == Front::nginx) {
        std::ofstream(nginx_conf_path(deployment_)) << nginx_conf(deployment_);
        supervisor_.add(nginx(deployment_)).start();
    }
    Child* wallet = nullptr;
    if (options_.own_wallet) {
        wallet = &supervisor_.add(remote_wallet(deployment_));
        wallet->start();
    }
    for (const auto& process : processes_) process->launch();
    if (options_.fixed_ports)
        for (const Launch& launch : launches(deployment_, false))
            if (launch.program.filename() == "mc-admin-http-gateway") supervisor_.add(launch).start();

    for (const auto& process : processes_) {
        co_await process->until_listening(start_limit);
        if (process->up()) continue;
        throw BrokenSurroundings(fmt::format("{} ends while starting with {}{}", process->child().name(),
                                             process->child().exit()->text(), last_words(process->child())));
    }
    const Instant due = now() + start_limit;
    if (options_.front == Front::nginx) {
        Child* front = supervisor_.find("nginx");
        auto listens = [front, port = deployment_.front_port] {
            return is_listening(port) && is_listened_on_by(port, front->pid());
        };
        co_await supervisor_.until("nginx to listen", std::move(listens), due, front);
    }
    std::string target = options_.remote_wallet;
    if (wallet != nullptr) {
        auto listens = [wallet, port = deployment_.wallet_port] {
            return is_listening(port) && is_listened_on_by(port, wallet->pid());
        };
        co_await supervisor_.until("the wallet to listen", std::move(listens), due, wallet);
        if (target.empty()) target = fmt::format("127.0.0.1:{}", deployment_.wallet_port);
    }
    grpc::ChannelOptions to_wallet(target);
    // Upstream sets none.  A check that hangs for so long is a finding; a slow machine is not.
    to_wallet.deadline = 180s;
    to_wallet.reconnect_min = 100ms;
    to_wallet.reconnect_max = 500ms;
    wallet_channel_ = std::make_unique<grpc::Channel>(*runtime_, to_wallet);
    wallet_client_ = std::make_unique<grpc::RemoteWalletClient>(*wallet_channel_);
    // As a wallet of our own would dial.
    const bool direct = options_.front == Front::none;
    auto to_router = [this, direct](NodeKind kind) {
        grpc::ChannelOptions options(
            fmt::format("127.0.0.1:{}", direct ? deployment_.the(kind).ports.via : deployment_.front_port));
        options.deadline = 20s;
        return std::make_unique<grpc::Channel>(*runtime_, options);
    };
    view_channel_ = to_router(NodeKind::view_router);
    ledger_channel_ = to_router(NodeKind::ledger_router);
    grpc::ClientAttestation to_view;
    grpc::ClientAttestation to_ledger;
    std::string why;
    const std::optional<service::FogAddresses> fog = service::fog_addresses(deployment_.fog_uri(), why);
    if (!fog) throw InternalError("the address of our own front: " + why);
    if (!deployment_.clear_text) {
        to_view.signer = to_ledger.signer = signer_of(deployment_);
        to_view.responder_id = fog->view.responder_id();
        to_ledger.responder_id = fog->ledger.responder_id();
    }
    view_client_ = std::make_unique<grpc::ViewClient>(*view_channel_, grpc::ViewProtocol::unary, to_view);
    ledger_client_ = std::make_unique<grpc::LedgerClient>(*ledger_channel_,
                                                          grpc::LedgerClient::KeyImages::unary, to_ledger);
    judged_view_ = std::make_unique<JudgedView>(*view_client_, answers_);
    judged_ledger_ = std::make_unique<JudgedLedger>(*ledger_client_, answers_);
    co_await observe_all();
}

Task<> RealWorld::stop() {
    const Stopwatch watch(*this, Phase::stopping);
    stopping_ = true;
    observers_.reset();
    proxies_.clear();
    co_await supervisor_.stop_all(2s);
    database_.reset();
    if (cluster_) {
        co_await cluster_->stop(loop_);
        cluster_.reset();
    }
}

Task<> RealWorld::restart_database(bool with_kill) {
    ENSURE(cluster_ != nullptr);
    restarting_database_ = now(); // an exception ends the run
    if (with_kill) {
        co_await cluster_->kill(loop_);
        cluster_->start_again();
        co_await cluster_->until_ready(loop_);
    } else {
        co_await cluster_->restart(loop_);
    }
    faults_.note({faults::DbDown{}, *restarting_database_, now()});
    restarting_database_.reset();
}

// ---------------------------------------------------------------------------------------------- surroundings

namespace {

/// What a process says that the machine gave too little.
constexpr std::array exhausted{
    "Too many open files",  "Cannot allocate memory", "Resource temporarily unavailable",
    "No space left on",     "std::bad_alloc",         "no file descriptor left",
    "pthread_create failed"};

} // namespace

std::string RealWorld::database_trouble() const {
    if (!cluster_ || restarting_database_ || stopping_) return {};
    if (!cluster_->is_running()) return "the database server has ended, and nobody asked for it";
    if (cluster_->is_stopped()) return "the database server has been stopped by somebody else";
    return {};
}

Task<std::string> RealWorld::surroundings_trouble() {
    if (const std::string why = database_trouble(); !why.empty()) co_return why;
    for (const Child* child : supervisor_.children())
        for (const std::string& line : child->last_lines(20))
            for (const char* word : exhausted)
                if (line.find(word) != line.npos) co_return fmt::format("{} says: {}", child->name(), line);
    struct statvfs disk {};
    constexpr std::uint64_t least_bytes = 1 << 20;
    if (::statvfs(work_.path().c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < least_bytes)
        co_return fmt::format("no space is left on the disk of {}", work_.path().string());
    if (faults().any() || operator_database_.settings().empty()) co_return std::string();
    postgres::PoolOptions options;
    options.connection_timeout = 3s;
    postgres::Pool pool(loop_, operator_database_, options);
    const postgres::PgResult<postgres::Pool::Lease> lease = co_await pool.acquire();
    if (!lease) co_return "the database does not answer: " + lease.error().text;
    co_return std::string();
}

// ------------------------------------------------------------------------------------------------ reports

Task<Result<Hint>> RealWorld::ask_report() {
    const Stopwatch watch(*this, Phase::commands);
    const Waits::One wait(waits_, "what the report server says");
    const Child* child = co_await supervisor_.run(report_cli(deployment_, report_retry_s), tool_limit);
    if (!child->exit()->ok()) {
        const bool nothing = !child->exit()->by_signal() && child->exit()->code() == 1;
        co_return Error{nothing ? Code::not_found : Code::unavailable, "fog-report-cli"};
    }
    const nlohmann::json json = nlohmann::json::parse(child->standard_output(), nullptr, false);
    if (!json.is_object() || !json.contains("pubkey") || !json.contains("pubkey_expiry"))
        throw BrokenSurroundings("fog-report-cli: unexpected output: " + child->standard_output());
    const auto key = chain::fixed_from_hex<chain::PublicKey>(json["pubkey"].get<std::string>());
    if (!key) throw BrokenSurroundings("fog-report-cli: no key in its output: " + child->standard_output());
    Hint hint{*key, BlockIndex{json["pubkey_expiry"].get<std::uint64_t>()}};
    log_.hint(hint.key, hint.expiry);
    co_return hint;
}

} // namespace real
