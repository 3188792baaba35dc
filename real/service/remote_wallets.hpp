#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/fog/wallet.hpp"
#include "real/grpc/attestation.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/service/log.hpp"
#include "real/service/uri.hpp"

namespace real::service {

/// Where a wallet finds fog: one address given, two meant.
struct FogAddresses {
    Uri view;
    Uri ledger;
};
/// `fog://H:P` stands for fog-view://H:P and fog-ledger://H:P, `insecure-fog://` likewise; parameters are
/// kept.
/// @param why  set to the reason when nothing is returned
std::optional<FogAddresses> fog_addresses(const std::string& fog_uri, std::string& why);

/// Wallets that somebody else steers: what sample_paykit_remote_wallet offers.
///
/// Rules
/// 1. Ids count up from 0; a stopped id stays empty, only reset() begins anew.
/// 2. A fresh check keeps its wallet, and uses up an id, only when it succeeded.
/// 3. Checks of one wallet follow one another; different wallets, debug, stop and reset never wait for a
///    check. A wallet that is stopped in the middle of a check ends it first.
/// 4. Only token 0 is reported.
/// 5. A wallet has its connections for itself.  They outlive it: a later wallet of the same fog takes them as
///    long as they hold, and opens sessions of its own.  So do the keys of an account: a phrase takes its
///    time.
/// @source mobilecoin a2229c005 fog/sample-paykit/src/bin/sample_paykit_remote_wallet.rs
/// @differs  upstream holds one lock over every follow-up, and panics at addresses that do not parse
class RemoteWallets final : public grpc::RemoteWalletApi {
public:
    struct Config {
        engine::fog::WalletConfig wallet{};
        /// Of each request to fog.  Upstream sets none, and a hung server hangs its wallet.
        engine::Duration deadline = std::chrono::seconds(20);
        /// Of fog's enclaves; null: sessions in clear text.
        std::shared_ptr<const attest::Signer> signer{};

        Config() {}
    };

    /// @param host, runtime, log  outlive the wallets
    RemoteWallets(engine::Host& host, grpc::ClientRuntime& runtime, Log& log, Config config = Config());
    ~RemoteWallets() override;

    Task<grpc::Outcome<grpc::BalanceCheck>> fresh_balance_check(grpc::FreshBalanceRequest request) override;
    Task<grpc::Outcome<grpc::BalanceCheck>> followup_balance_check(std::uint32_t client_id) override;
    Task<grpc::Outcome<void>> stop(std::uint32_t client_id) override;
    Task<grpc::Outcome<std::string>> debug(std::uint32_t client_id) override;
    Task<grpc::Outcome<void>> reset() override;

private:
    struct Client;
    struct Connections;
    struct Accounts;
    struct Balance {
        std::uint64_t value = 0;
        std::uint64_t count = 0;
    };
    std::shared_ptr<Client> find(std::uint32_t client_id) const;
    Task<grpc::Outcome<Balance>> check(std::shared_ptr<Client> client);

    engine::Host& host_;
    Log& log_;
    const Config config_;
    std::unique_ptr<Accounts> accounts_;
    std::shared_ptr<Connections> connections_;     ///< with each client
    std::vector<std::shared_ptr<Client>> clients_; ///< by id; null when stopped
};

} // namespace real::service
