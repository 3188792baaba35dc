#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/chain/account.hpp"
#include "engine/chain/test_support.hpp"
#include "engine/chain/testing/memory_ledger.hpp"
#include "engine/chain/tx/sign.hpp"

namespace engine::chain::test {

/// One account, a ledger full of its outputs, and transactions that spend them: for tests and measurements of
/// either cryptography.
class TxWorld {
public:
    static constexpr std::uint64_t coin = 1'000'000'000'000;

    TxWorld(const tx::TxCrypto& crypto, std::uint32_t block_version, std::uint8_t seed = 1)
        : crypto_(crypto), wallet_(crypto.name() == std::string("fast") ? fast_crypto() : ristretto_crypto()),
          version_(block_version), rng_(seed), ledger_(crypto) {
        rules_.block_version = block_version;
        rules_.fees = tx::FeeMap({{0, 400'000'000}, {1, 1024}});
        account_ = wallet_.account_from_entropy({seed});
        table_ = wallet_.default_subaddresses(account_);
        const std::uint64_t tokens = block_version >= 2 ? 2 : 1;
        for (std::uint64_t i = 0; i < 70; ++i) ledger_.append(make({coin + i, i % tokens}).output);
        ledger_.finish(block_version + 1);
    }

    tx::MadeOutput make(Amount amount) {
        const PublicAddress to = wallet_.subaddress(account_, 0);
        const FogHint hint = wallet_.fake_hint(rng_);
        return crypto_.make_output(version_, amount, to, crypto_.random_scalar(rng_), hint, {}).value();
    }

    /// Input number `n` pays from output 11 n + 3 of those with this token.
    tx::OwnInput input(std::uint64_t n, std::uint64_t token_id = 0) {
        const std::uint64_t tokens = version_ >= 2 ? 2 : 1;
        tx::OwnInput own;
        for (std::uint64_t i = 0; i < tx::ring_size; ++i) {
            const std::uint64_t index = 11 * n + i;
            own.input.ring.push_back(ledger_.output(index));
            own.input.proofs.push_back(ledger_.membership_proof(index));
        }
        own.real_index = 3;
        while ((11 * n + own.real_index) % tokens != token_id) ++own.real_index;
        own.secrets = crypto_.open_for_spending(account_, table_, own.input.ring[own.real_index]).value();
        return own;
    }

    /// Inputs of token 0, all of it paid out again in `outputs` parts but for the fee.
    tx::TxParts parts(std::size_t inputs, std::size_t outputs) {
        tx::TxParts out;
        out.fee = {400'000'000, 0};
        out.tombstone_block = ledger_.num_blocks() + 50;
        std::uint64_t left = 0;
        for (std::size_t i = 0; i < inputs; ++i) {
            auto own = input(i);
            left += own.secrets.amount.value;
            out.inputs.emplace_back(std::move(own));
        }
        left -= out.fee.value;
        for (std::size_t i = 0; i < outputs; ++i) {
            const std::uint64_t value = i + 1 == outputs ? left : left / 3;
            left -= value;
            const tx::MadeOutput made = make({value, 0});
            out.outputs.emplace_back(made.output, made.secrets);
        }
        return out;
    }

    tx::Tx sign(tx::TxParts parts) {
        auto made = tx::sign_tx(crypto_, rng_, version_, std::move(parts));
        return std::get<tx::Tx>(std::move(made));
    }
    tx::Verdict judge(const tx::Tx& tx) const { return tx::judge(crypto_, rules_, ledger_, tx); }

    const tx::TxCrypto& crypto() const { return crypto_; }
    const Crypto& wallet() const { return wallet_; }
    const AccountKey& account() const { return account_; }
    const SubaddressTable& table() const { return table_; }
    test::MemoryLedger& ledger() { return ledger_; }
    tx::ChainRules& rules() { return rules_; }
    ByteSource& rng() { return rng_; }

private:
    const tx::TxCrypto& crypto_;
    const Crypto& wallet_;
    std::uint32_t version_;
    SeededBytes rng_;
    MemoryLedger ledger_;
    tx::ChainRules rules_;
    AccountKey account_;
    SubaddressTable table_;
};

} // namespace engine::chain::test
