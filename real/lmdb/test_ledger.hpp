#pragma once

#include <functional>
#include <stdexcept>
#include <vector>

#include "engine/chain/ristretto.hpp"
#include "real/lmdb/ledger_db.hpp"
#include "real/lmdb/watcher_db.hpp"

// Ledgers for tests, byte for byte as upstream's tools make them from the same seed and keys.
// @source mobilecoin 7.0.0 fog/test_infra/src/bin/{init_test_ledger,add_test_block}.rs,
// util/generate-sample-ledger

namespace real::lmdb {

/// What is asked for cannot be done; nothing was changed.
class TestLedgerError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The source under which test blocks stand in the watcher.
inline constexpr const char* test_block_url = "https://localhost/";
inline constexpr std::uint64_t total_mob = 250'000'000;
inline constexpr std::uint64_t pico_mob = 1'000'000'000'000;
/// Upstream's builders insist on a set of outputs that rings can be drawn from.
inline constexpr std::uint64_t fewest_outputs = 16;

/// Makes both databases: an origin block that gives each of k addresses k outputs, and a watcher that knows
/// nothing. Either both directories hold a database afterwards or neither does.
/// @throws TestLedgerError, Error  also when one is there already
void init_test_ledger(const std::filesystem::path& ledger_dir, const std::filesystem::path& watcher_dir,
                      const std::vector<engine::chain::PublicAddress>& addresses, std::uint64_t seed);

struct TestCredit {
    engine::chain::AccountKey account;
    std::uint64_t amount = 0; ///< picoMOB
};

/// Appends one block that pays the credits with real fog hints and spends the key images, then tells the
/// watcher.
/// @param fog_key  the ingress key that hints are made for
/// @return the key images of the new outputs, in the order of the credits
/// @throws TestLedgerError when the ledger refuses the block; Error
std::vector<engine::chain::KeyImage>
add_test_block(const std::filesystem::path& ledger_dir, const std::filesystem::path& watcher_dir,
               const engine::chain::Point& fog_key, const std::vector<TestCredit>& credits,
               const std::vector<engine::chain::KeyImage>& key_images, std::uint64_t seed);

struct SampleLedger {
    std::uint64_t txs = 100; ///< outputs for each address, block and token
    std::uint64_t blocks = 1;
    std::uint64_t max_token_id = 0;
    std::array<std::uint8_t, 32> seed{};
};
/// Value of each output of a sample ledger.
/// @throws TestLedgerError when there would be too few outputs, or too many to give each anything
std::uint64_t sample_value(const SampleLedger& sample, std::uint64_t addresses);

/// @throws TestLedgerError, Error; the directory then has no ledger
void generate_sample_ledger(const std::filesystem::path& ledger_dir,
                            const std::vector<engine::chain::PublicAddress>& addresses,
                            const SampleLedger& sample);

/// Makes a database beside its place and moves it there when `build` is done, so that a failure or a kill
/// leaves nothing that looks like one.
/// @throws Error exists when `directory` has a database
class StagedDatabase {
public:
    explicit StagedDatabase(std::filesystem::path directory);
    StagedDatabase(const StagedDatabase&) = delete;
    StagedDatabase& operator=(const StagedDatabase&) = delete;
    ~StagedDatabase();

    /// Where to build.
    const std::filesystem::path& staging() const { return staging_; }
    /// Moves data.mdb into its place.  The database must be closed.
    void publish();
    /// Takes it away again.
    void withdraw();

private:
    std::filesystem::path directory_;
    std::filesystem::path staging_;
    bool made_directory_ = false;
    bool published_ = false;
};

} // namespace real::lmdb
