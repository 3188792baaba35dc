#include "engine/world/accounts.hpp"

#include <fmt/format.h>

#include "engine/ensure.hpp"

namespace engine {

Account make_account(const chain::Crypto& crypto, const chain::AccountKey& keys) {
    Account account;
    account.keys = keys;
    account.address = crypto.subaddress(keys, chain::default_subaddress);
    account.subaddresses = crypto.default_subaddresses(keys);
    return account;
}

const Account& account_of(const std::vector<Account>& accounts, AccountId account) {
    if (account.value < accounts.size()) return accounts[account.value];
    throw UsageError(
        fmt::format("the scenario needs account {}, the topology has {}", account.value, accounts.size()));
}

} // namespace engine
