#include "real/service/remote_wallets.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "engine/chain/account.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hash.hpp"
#include "real/grpc/auth_token.hpp"
#include "real/grpc/header_value.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/view.hpp"

namespace real::service {

using engine::fog::BalanceReport;
using grpc::BalanceCheck;
using grpc::Outcome;
using grpc::Status;
using grpc::StatusCode;

namespace {

grpc::ChannelOptions channel_options(const Uri& uri, const std::string& chain_id, engine::Duration deadline) {
    grpc::ChannelOptions options(uri.address());
    options.chain_id = chain_id;
    options.deadline = deadline;
    if (!uri.user().empty()) options.authorization = grpc::basic_authorization(uri.user(), uri.password());
    return options;
}

Status no_such_client(std::uint32_t id) {
    return Status(StatusCode::invalid_argument, fmt::format("no client {}", id));
}

} // namespace

std::optional<FogAddresses> fog_addresses(const std::string& fog_uri, std::string& why) {
    std::string_view rest = fog_uri;
    std::string prefix;
    if (rest.starts_with("insecure-fog://")) {
        prefix = "insecure-";
        rest.remove_prefix(prefix.size());
    }
    if (!rest.starts_with("fog://")) {
        why = "fog_uri needs insecure-fog:// or fog://, followed by host and port";
        return std::nullopt;
    }
    rest.remove_prefix(std::string_view("fog").size());
    auto view = Uri::parse(view_uri, fmt::format("{}fog-view{}", prefix, rest), why);
    if (!view) return std::nullopt;
    // Without a front the two are at different addresses; the parameter is ours, not upstream's.
    std::string ledger_rest(rest);
    if (const auto apart = view->parameter("ledger")) ledger_rest = "://" + *apart;
    auto ledger = Uri::parse(ledger_uri, fmt::format("{}fog-ledger{}", prefix, ledger_rest), why);
    if (!ledger) return std::nullopt;
    return FogAddresses{std::move(*view), std::move(*ledger)};
}

namespace {

grpc::ClientAttestation attestation_of(const Uri& uri, const RemoteWallets::Config& config) {
    grpc::ClientAttestation attestation;
    attestation.signer = config.signer;
    attestation.responder_id = uri.responder_id();
    return attestation;
}

} // namespace

/// Connections that no wallet uses, until one of the same fog comes.
struct RemoteWallets::Connections {
    static constexpr std::size_t most = 64;

    explicit Connections(grpc::ClientRuntime& r) : runtime(r) {}

    std::unique_ptr<grpc::Channel> take(grpc::ChannelOptions options) {
        const auto fits = [&options](const std::unique_ptr<grpc::Channel>& one) {
            return one->options().target == options.target && one->options().chain_id == options.chain_id &&
                   one->options().authorization == options.authorization;
        };
        for (auto found = std::find_if(idle.begin(), idle.end(), fits); found != idle.end();
             found = std::find_if(idle.begin(), idle.end(), fits)) {
            std::unique_ptr<grpc::Channel> taken = std::move(*found);
            idle.erase(found);
            if (!taken->is_connected()) continue; // who begins anew connects at once, without a pause
            taken->set_last_failure({});
            return taken;
        }
        return std::make_unique<grpc::Channel>(runtime, std::move(options));
    }
    void give_back(std::unique_ptr<grpc::Channel> channel) {
        if (!channel->is_connected()) return;
        if (idle.size() == most) idle.erase(idle.begin()); // the one that has waited longest
        idle.push_back(std::move(channel));
    }

    /// One of them, for as long as it lives.
    class Lease {
    public:
        Lease(std::shared_ptr<Connections> from, grpc::ChannelOptions options)
            : from_(std::move(from)), channel_(from_->take(std::move(options))) {}
        ~Lease() { from_->give_back(std::move(channel_)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        grpc::Channel& get() const { return *channel_; }

    private:
        std::shared_ptr<Connections> from_;
        std::unique_ptr<grpc::Channel> channel_;
    };

    grpc::ClientRuntime& runtime;
    std::vector<std::unique_ptr<grpc::Channel>> idle;
};

/// The keys that the latest phrases stand for.
struct RemoteWallets::Accounts {
    static constexpr std::size_t most = 64;
    using Name = engine::chain::Digest32; // of a phrase and an index: the phrase itself is not kept

    ~Accounts() {
        for (auto& [name, keys] : known) engine::chain::wipe_keys(keys);
    }
    std::optional<engine::chain::AccountKey> of(const std::string& mnemonic, std::uint32_t index) {
        const Name name = name_of(mnemonic, index);
        for (const auto& [one, keys] : known)
            if (one == name) return keys;
        const auto made = engine::chain::account_from_mnemonic(mnemonic, index);
        if (!made) return std::nullopt;
        if (known.size() == most) {
            engine::chain::wipe_keys(known.front().second);
            known.erase(known.begin());
        }
        known.emplace_back(name, *made);
        return *made;
    }
    static Name name_of(const std::string& mnemonic, std::uint32_t index) {
        const std::string number = fmt::format("{}/", index);
        return engine::chain::blake2b_256(
            {engine::chain::as_bytes(number), engine::chain::as_bytes(mnemonic)});
    }

    std::vector<std::pair<Name, engine::chain::AccountKey>> known; // the latest last
};

/// A wallet and its connections.  Neither copied nor moved.
struct RemoteWallets::Client {
    Client(engine::Host& host, const std::shared_ptr<Connections>& connections,
           engine::chain::AccountKey account, const FogAddresses& fog, const std::string& chain_id,
           const Config& config)
        : view_channel(connections, channel_options(fog.view, chain_id, config.deadline)),
          ledger_channel(connections, channel_options(fog.ledger, chain_id, config.deadline)),
          view(view_channel.get(), grpc::ViewProtocol::unary, attestation_of(fog.view, config)),
          ledger(ledger_channel.get(), grpc::LedgerClient::KeyImages::unary,
                 attestation_of(fog.ledger, config)),
          wallet(host, std::move(account), view, ledger, config.wallet), busy(host.loop()) {}

    Connections::Lease view_channel;
    Connections::Lease ledger_channel;
    grpc::ViewClient view;
    grpc::LedgerClient ledger;
    engine::fog::Wallet wallet;
    engine::Mutex busy; ///< held over a check
};

RemoteWallets::RemoteWallets(engine::Host& host, grpc::ClientRuntime& runtime, Log& log, Config config)
    : host_(host), log_(log), config_(std::move(config)), accounts_(std::make_unique<Accounts>()),
      connections_(std::make_shared<Connections>(runtime)) {}
RemoteWallets::~RemoteWallets() = default;

std::shared_ptr<RemoteWallets::Client> RemoteWallets::find(std::uint32_t client_id) const {
    return client_id < clients_.size() ? clients_[client_id] : nullptr;
}

Task<Outcome<RemoteWallets::Balance>> RemoteWallets::check(std::shared_ptr<Client> client) {
    const engine::Mutex::Lock lock = co_await client->busy.lock("the check before it");
    const engine::Result<BalanceReport> report = co_await client->wallet.check();
    if (!report) {
        // The engine's error names the call; the channels know what the servers said.
        const bool is_view =
            std::string_view(report.error().origin).find("fog_view") != std::string_view::npos;
        const Status& said = (is_view ? client->view_channel : client->ledger_channel).get().last_failure();
        co_return Status(StatusCode::internal, fmt::format("check_balance: {}: {}{}{}", report.error().origin,
                                                           engine::name(report.error().code),
                                                           said.text.empty() ? "" : ": ", said.text));
    }
    const engine::fog::Value value = report->value(0);
    if (value > std::numeric_limits<std::uint64_t>::max())
        co_return Status(StatusCode::internal, "check_balance: the balance does not fit into 64 bits");
    Balance balance;
    balance.value = static_cast<std::uint64_t>(value);
    balance.count = report->count.value;
    co_return balance;
}

Task<Outcome<BalanceCheck>> RemoteWallets::fresh_balance_check(grpc::FreshBalanceRequest request) {
    auto account = accounts_->of(request.mnemonic, request.account_index);
    engine::chain::wipe(request.mnemonic.data(), request.mnemonic.size());
    if (!account) co_return Status(StatusCode::invalid_argument, "could not build account key");
    if (!grpc::is_header_value(request.chain_id))
        co_return Status(StatusCode::invalid_argument,
                         "chain_id: no header takes it: only printable ASCII is allowed");
    std::string why;
    const auto fog = fog_addresses(request.fog_uri, why);
    if (!fog) co_return Status(StatusCode::internal, why);
    if (fog->view.is_secure())
        co_return Status(StatusCode::internal, "encrypted connections are not offered, use insecure-fog://");

    auto client = std::make_shared<Client>(host_, connections_, *account, *fog, request.chain_id, config_);
    engine::chain::wipe_keys(*account);
    const Outcome<Balance> balance = co_await check(client);
    if (!balance) {
        log_.warn("fresh check against {}: {}", fog->view.display(), balance.error().text);
        co_return balance.error();
    }
    BalanceCheck answer;
    answer.client_id = static_cast<std::uint32_t>(clients_.size());
    answer.balance = balance->value;
    answer.block_count = balance->count;
    clients_.push_back(std::move(client));
    log_.debug("client {} is new: {} at block count {}", answer.client_id, answer.balance,
               answer.block_count);
    co_return answer;
}

Task<Outcome<BalanceCheck>> RemoteWallets::followup_balance_check(std::uint32_t client_id) {
    const std::shared_ptr<Client> client = find(client_id);
    if (!client) co_return no_such_client(client_id);
    const Outcome<Balance> balance = co_await check(client);
    if (!balance) {
        log_.warn("check of client {}: {}", client_id, balance.error().text);
        co_return balance.error();
    }
    BalanceCheck answer;
    answer.client_id = client_id;
    answer.balance = balance->value;
    answer.block_count = balance->count;
    co_return answer;
}

Task<Outcome<void>> RemoteWallets::stop(std::uint32_t client_id) {
    if (client_id >= clients_.size()) co_return no_such_client(client_id);
    clients_[client_id].reset();
    co_return Outcome<void>();
}

Task<Outcome<std::string>> RemoteWallets::debug(std::uint32_t client_id) {
    const std::shared_ptr<Client> client = find(client_id);
    if (!client) co_return no_such_client(client_id);
    co_return client->wallet.debug_text();
}

Task<Outcome<void>> RemoteWallets::reset() {
    clients_.clear();
    co_return Outcome<void>();
}

} // namespace real::service
