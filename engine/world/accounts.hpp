#pragma once

#include <vector>

#include "engine/chain/crypto.hpp"
#include "engine/model/chain_model.hpp"

namespace engine {

using model::AccountId;

/// An account of a world, as who writes its chain knows it.
struct Account {
    chain::AccountKey keys;
    chain::PublicAddress address; ///< of the default subaddress
    chain::SubaddressTable subaddresses;
};
Account make_account(const chain::Crypto& crypto, const chain::AccountKey& keys);

/// @throws UsageError  when the topology has fewer
const Account& account_of(const std::vector<Account>& accounts, AccountId account);

} // namespace engine
