#include "tools/ledger_tool.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/bytes.hpp"
#include "real/lmdb/test_ledger.hpp"

namespace tools {
namespace {

namespace fs = std::filesystem;
using real::lmdb::Error;
using real::lmdb::ErrorCode;

/// What the user can mend by naming another directory, as opposed to failing surroundings.
bool is_bad_input(ErrorCode code) {
    switch (code) {
    case ErrorCode::missing:
    case ErrorCode::exists:
    case ErrorCode::not_a_database:
    case ErrorCode::torn:
    case ErrorCode::wrong_version:
    case ErrorCode::corrupt:
        return true;
    default:
        return false;
    }
}

/// Puts the flag in front whose directory the message begins with.
std::string with_flag(const std::string& message,
                      const std::map<std::string, const std::string*>& directories) {
    for (const auto& [flag, directory] : directories)
        if (!directory->empty() && message.starts_with(*directory)) return flag + ": " + message;
    return message;
}

std::vector<fs::path> files_of(std::string_view flag, const fs::path& folder, const char* extension) {
    std::error_code failed;
    std::vector<fs::path> out;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
        if (it->path().extension() == extension) out.push_back(it->path());
    if (failed)
        throw BadInput(fmt::format("{}: cannot read {}: {}", flag, folder.string(), failed.message()));
    if (out.empty()) throw BadInput(fmt::format("{}: no *{} files in {}", flag, extension, folder.string()));
    std::sort(out.begin(), out.end(), [](const fs::path& a, const fs::path& b) {
        const std::string &x = a.native(), &y = b.native();
        return x.size() != y.size() ? x.size() < y.size() : x < y;
    });
    return out;
}

} // namespace

int run_ledger_tool(CLI::App& app, int argc, char** argv, int failure_code,
                    const std::map<std::string, const std::string*>& directories,
                    const std::function<void()>& body) {
    int code = 0;
    const int parsed = run(app, argc, argv, [&] {
        try {
            body();
        } catch (const real::lmdb::TestLedgerError& error) {
            throw BadInput(with_flag(error.what(), directories));
        } catch (const Error& error) {
            if (is_bad_input(error.code)) throw BadInput(with_flag(error.what(), directories));
            std::cerr << app.get_name() << ": " << error.what() << '\n';
            code = failure_code;
        } catch (const BadInput&) {
            throw;
        } catch (const std::exception& error) {
            std::cerr << app.get_name() << ": " << error.what() << '\n';
            code = failure_code;
        }
    });
    return parsed != 0 ? parsed : code;
}

std::vector<engine::chain::PublicAddress> read_addresses(std::string_view flag, const fs::path& keys) {
    std::vector<engine::chain::PublicAddress> out;
    for (const fs::path& file : files_of(flag, keys, ".pub")) {
        const auto address =
            engine::chain::decode_public_address(engine::chain::as_bytes(read_file(flag, file)));
        if (!address) throw BadInput(fmt::format("{}: {}: not a public address", flag, file.string()));
        out.push_back(*address);
    }
    return out;
}

std::vector<engine::chain::AccountKey> read_accounts(std::string_view flag, const fs::path& keys) {
    std::vector<engine::chain::AccountKey> out;
    for (const fs::path& file : files_of(flag, keys, ".json")) {
        std::string why;
        auto account = engine::chain::account_from_json(read_secret_file(flag, file), why);
        if (!account) throw BadInput(fmt::format("{}: {}: {}", flag, file.string(), why));
        out.push_back(*account);
        engine::chain::wipe_keys(*account);
    }
    return out;
}

ConfFile::ConfFile(std::uint64_t keys, std::uint64_t outputs_per_account, std::uint64_t blocks,
                   std::uint64_t extra_key_images)
    : staged_(fmt::format(".conf.json.{}", ::getpid())) {
    write_file("conf.json", staged_,
               fmt::format("{{ \"NUM_KEYS\": {}, \"NUM_UTXOS_PER_ACCOUNT\": {}, \"NUM_BLOCKS\": {}, "
                           "\"NUM_EXTRA_KEY_IMAGES_PER_BLOCK\": {}, \"GIT_COMMIT\": \"unknown\" }}",
                           keys, outputs_per_account, blocks, extra_key_images));
}

ConfFile::~ConfFile() {
    std::error_code ignored;
    if (!staged_.empty()) fs::remove(staged_, ignored);
}

void ConfFile::commit() {
    std::error_code failed;
    fs::rename(staged_, "conf.json", failed);
    if (failed) throw BadInput(fmt::format("conf.json: cannot write: {}", failed.message()));
    staged_.clear();
}

} // namespace tools
