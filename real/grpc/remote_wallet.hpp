#pragma once

#include <cstdint>
#include <string>

#include "real/grpc/channel.hpp"
#include "real/grpc/server.hpp"

// remote_wallet.RemoteWalletApi: how a test steers a wallet in another process.

namespace real::grpc {

struct FreshBalanceRequest {
    std::string mnemonic;
    std::string fog_uri;
    std::uint32_t account_index = 0;
    std::string chain_id; ///< empty: none is sent to the services
};

struct BalanceCheck {
    std::uint32_t client_id = 0;
    std::uint64_t balance = 0; ///< picoMOB
    std::uint64_t block_count = 0;
};

class RemoteWalletApi {
public:
    virtual ~RemoteWalletApi() = default;
    /// Makes a wallet and checks its balance; keeps the wallet when that worked.
    /// @errors INVALID_ARGUMENT (unusable mnemonic), INTERNAL (failed check, scheme of the URI)
    virtual Task<Outcome<BalanceCheck>> fresh_balance_check(FreshBalanceRequest request) = 0;
    /// @errors INVALID_ARGUMENT (unknown or stopped id), INTERNAL
    virtual Task<Outcome<BalanceCheck>> followup_balance_check(std::uint32_t client_id) = 0;
    /// Forgets a wallet; twice is fine.  @errors INVALID_ARGUMENT (an id never given)
    virtual Task<Outcome<void>> stop(std::uint32_t client_id) = 0;
    /// Text about a wallet, without asking anybody.  @errors INVALID_ARGUMENT
    virtual Task<Outcome<std::string>> debug(std::uint32_t client_id) = 0;
    /// Forgets all; ids start again at 0.
    virtual Task<Outcome<void>> reset() = 0;
};

/// @param wallet  outlives the server
void serve_remote_wallet(Server& server, RemoteWalletApi& wallet);

class RemoteWalletClient final : public RemoteWalletApi {
public:
    /// @param channel  outlives the client
    explicit RemoteWalletClient(Channel& channel) : channel_(channel) {}

    Task<Outcome<BalanceCheck>> fresh_balance_check(FreshBalanceRequest request) override;
    Task<Outcome<BalanceCheck>> followup_balance_check(std::uint32_t client_id) override;
    Task<Outcome<void>> stop(std::uint32_t client_id) override;
    Task<Outcome<std::string>> debug(std::uint32_t client_id) override;
    Task<Outcome<void>> reset() override;

private:
    Channel& channel_;
};

} // namespace real::grpc
