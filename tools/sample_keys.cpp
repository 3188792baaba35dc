#include <iomanip>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/base64.hpp"
#include "engine/chain/hc128.hpp"
#include "engine/chain/mnemonic.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/secret.hpp"
#include "engine/chain/x509.hpp"
#include "tools/command_line.hpp"
#include "tools/program.hpp"

// sample-keys: writes the account files that every test network and ledger tool starts from.  The accounts
// follow from the seed alone: the fog options change what the files say about fog, never a key. source:
// util/keyfile/src/bin/sample_keys_main.rs

namespace {

namespace fs = std::filesystem;
using namespace engine::chain;

struct Options {
    std::uint32_t count = 10;
    std::string seed = "0101010101010101010101010101010101010101010101010101010101010101";
    std::optional<std::string> output_dir;
    std::optional<std::string> fog_report_url;
    std::string fog_report_id;
    std::optional<std::string> fog_authority_root;
    std::optional<std::string> fog_authority_spki;
};

/// The authority key the flags name; the root certificate wins.
std::optional<Bytes> authority_spki(const Options& options) {
    std::optional<Bytes> spki;
    if (options.fog_authority_spki) {
        spki = from_base64(*options.fog_authority_spki);
        if (!spki) throw tools::BadInput("--fog-authority-spki: not standard base64 with padding");
    }
    if (!options.fog_authority_root) return spki;
    const std::string& root = *options.fog_authority_root;
    std::string why;
    spki = spki_of_first_certificate(tools::read_file("--fog-authority-root", root), why);
    if (!spki) throw tools::BadInput(fmt::format("--fog-authority-root: {}: {}", root, why));
    return spki;
}

void write_account(const fs::path& folder, std::size_t number, const AccountFile& file) {
    AccountKey account = account_from_mnemonic(file.mnemonic, file.account_index).value();
    account.fog_report_url = file.fog_report_url.value_or("");
    if (file.fog_report_url) account.fog_report_id = file.fog_report_id;
    account.fog_authority_spki = file.fog_authority_spki.value_or(Bytes{});
    const PublicAddress address = make_subaddress(account, default_subaddress);
    wipe_keys(account);

    const fs::path stem = folder / fmt::format("account_keys_{}", number);
    const auto write = [&stem](const char* extension, std::string_view content) {
        tools::write_file("--output-dir", fs::path(stem) += extension, content);
    };
    std::string json = to_json(file);
    tools::write_secret_file("--output-dir", fs::path(stem) += ".json", json);
    wipe(json.data(), json.size());
    const Bytes encoded = encode(address);
    write(".pub", {reinterpret_cast<const char*>(encoded.data()), encoded.size()});
    write(".b58pub", to_b58(address));
}

void make_accounts(const Options& options) {
    Hc128 rng(tools::parse_seed("--seed", options.seed));
    const auto spki = authority_spki(options);
    if (options.fog_report_url && !spki)
        throw tools::BadInput(
            "--fog-report-url: needs --fog-authority-root or --fog-authority-spki beside it");
    if (spki && !options.fog_report_url)
        throw tools::BadInput(
            fmt::format("{}: needs --fog-report-url beside it",
                        options.fog_authority_root ? "--fog-authority-root" : "--fog-authority-spki"));
    if (options.output_dir && options.output_dir->empty())
        throw tools::BadInput("--output-dir: needs the name of a folder");
    const fs::path folder = options.output_dir ? fs::path(*options.output_dir) : fs::current_path() / "keys";
    if (options.count != 0) tools::create_directories("--output-dir", folder);
    std::cout << "Writing " << options.count << " keys to " << std::quoted(folder.string()) << std::endl;
    for (std::size_t i = 0; i < options.count; ++i) {
        Secret<Digest32> entropy;
        rng.fill(*entropy);
        write_account(folder, i,
                      {.mnemonic = mnemonic_from_entropy(*entropy).value(),
                       .fog_report_url = options.fog_report_url,
                       .fog_report_id = options.fog_report_id,
                       .fog_authority_spki = spki});
    }
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    CLI::App app("Writes account key files for test networks", "sample-keys");
    Options options;
    app.add_option("-n,--num", options.count, "How many accounts")
        ->transform(tools::whole_number(~0U))
        ->envname("MC_NUM")
        ->capture_default_str();
    app.add_option("-s,--seed", options.seed, "Seed of the generator, 64 hex digits")
        ->envname("MC_SEED")
        ->capture_default_str();
    app.add_option("--output-dir", options.output_dir, "Where the files go (default: ./keys)")
        ->envname("MC_OUTPUT_DIR");
    app.add_option("--fog-report-url", options.fog_report_url, "Report server the addresses name")
        ->envname("MC_FOG_REPORT_URL");
    app.add_option("--fog-report-id", options.fog_report_id, "Report the addresses name")
        ->envname("MC_FOG_REPORT_ID");
    app.add_option("--fog-authority-root", options.fog_authority_root,
                   "PEM file whose first certificate has the authority key")
        ->envname("MC_FOG_AUTHORITY_ROOT");
    app.add_option("--fog-authority-spki", options.fog_authority_spki,
                   "DER SubjectPublicKeyInfo of the authority, base64")
        ->envname("MC_FOG_AUTHORITY_SPKI");
    return tools::run(app, argc, argv, [&options] { make_accounts(options); });
}
