#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "engine/chain/account.hpp"
#include "engine/chain/account_file.hpp"
#include "engine/chain/address_wire.hpp"
#include "engine/chain/hex.hpp"
#include "engine/chain/printable.hpp"
#include "engine/chain/x509.hpp"

// The key tools as their users meet them: run as programs, judged by files, output and exit code.

namespace tools {
namespace {

namespace fs = std::filesystem;
using namespace engine::chain;

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Outcome {
    int exit_code = -1;
    std::string out;
    std::string err;
};

/// A scratch folder and a shell in it.
class ToolTest : public testing::Test {
protected:
    ToolTest() {
        std::string pattern = (fs::temp_directory_path() / "key-tools-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    ~ToolTest() override { fs::remove_all(folder_); }

    Outcome run(const std::string& command) const {
        const std::string line =
            "cd " + folder_.string() + " && PATH=" FOG_PROGRAM_DIR ":$PATH " + command + " 2>stderr.txt";
        Outcome outcome;
        FILE* pipe = ::popen(line.c_str(), "r");
        char buffer[4096];
        for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
            outcome.out.append(buffer, n);
        const int status = ::pclose(pipe);
        outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        outcome.err = read(folder_ / "stderr.txt");
        return outcome;
    }
    /// Refused: exit code 2, nothing on stdout, one line on stderr that holds `text`.
    void expect_refused(const std::string& command, const std::string& text) const {
        const Outcome outcome = run(command);
        EXPECT_EQ(outcome.exit_code, 2) << command;
        EXPECT_EQ(outcome.out, "") << command;
        EXPECT_NE(outcome.err.find(text), std::string::npos) << command << "\n" << outcome.err;
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }

    fs::path folder_;
};

using SampleKeysTest = ToolTest;
using KeyGenTest = ToolTest;
using TestChainsTest = ToolTest;

nlohmann::json sample_keys() {
    return nlohmann::json::parse(read(fs::path(FOG_SOURCE_DIR) / "engine/chain/testdata/sample_keys.json"));
}

std::string text_of(const nlohmann::json& json) { return json.get<std::string>(); }

// Seen by running MobileCoin's own sample-keys 7.0.0 with the same words.
TEST_F(SampleKeysTest, takes_and_refuses_what_upstreams_does) {
    for (const char* words : {"-n ''", "-n 0x2", "-n ' 2'", "-n 1 --output-dir ''"})
        EXPECT_EQ(run(std::string("sample-keys ") + words).exit_code, 2) << words;
    for (const char* variable :
         {"MC_NUM", "MC_SEED", "MC_OUTPUT_DIR", "MC_FOG_REPORT_URL", "MC_FOG_AUTHORITY_ROOT"})
        expect_refused(std::string(variable) + "= sample-keys",
                       std::string(variable) + ": is set, and empty");
    EXPECT_EQ(run("sample-keys -n=1").exit_code, 0);
    EXPECT_EQ(run("sample-keys -n 010 --output-dir ten").exit_code, 0);
    EXPECT_TRUE(fs::exists(folder_ / "ten/account_keys_9.pub")) << "no octal";
    EXPECT_EQ(run("sample-keys -n 0 --output-dir none").exit_code, 0);
    EXPECT_FALSE(fs::exists(folder_ / "none"));
    EXPECT_EQ(run("sample-keys -n 1 --fog-report-url fog://a --fog-authority-spki ''").exit_code, 0);
}

TEST_F(SampleKeysTest, empty_url_keeps_the_report_id_in_the_address) {
    const Outcome outcome =
        run("sample-keys -n 1 --fog-report-url '' --fog-report-id abc --fog-authority-spki "
            "MCowBQYDK2VwAyEAQtCKwXmGOjevaZtNWYiiTjd0lFzrvtOS7zKnacTNvG4=");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(read(folder_ / "keys/account_keys_0.pub")
                    .ends_with("\x22\x03"
                               "abc"));
}

TEST_F(SampleKeysTest, root_certificate_may_have_upstreams_other_forms) {
    const std::string root = run("mc-crypto-x509-test-vectors --kind chain --test-name ok_rsa_head").out;
    const std::string pem = read(root.substr(0, root.find('\n')));
    const std::string url = "sample-keys -n 1 --fog-report-url fog://a --fog-authority-root ";
    std::ofstream(folder_ / "indent.pem") << "  " << std::regex_replace(pem, std::regex("\n"), "\n  ");
    std::ofstream(folder_ / "x509.pem") << std::regex_replace(pem, std::regex("CERT"), "X509 CERT");
    for (const char* file : {"indent.pem", "x509.pem"}) EXPECT_EQ(run(url + file).exit_code, 0) << file;
    std::ofstream(folder_ / "good.pem") << pem;
    expect_refused(url + "good.pem --fog-authority-spki '!!'", "--fog-authority-spki: not standard base64");
}

TEST_F(SampleKeysTest, default_seed_makes_the_known_accounts) {
    const Outcome outcome = run("sample-keys");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "Writing 10 keys to \"" + (fs::canonical(folder_) / "keys").string() + "\"\n");
    const auto known = sample_keys();
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "keys")) names.insert(entry.path().filename());
    EXPECT_EQ(names.size(), 30u);
    const fs::path keys = folder_ / "keys";
    for (std::size_t i = 0; i < 10; ++i) {
        const std::string stem = "account_keys_" + std::to_string(i);
        EXPECT_EQ(read(keys / (stem + ".b58pub")), text_of(known["accounts"][i]["b58_without_fog"]));
        const std::string json = read(keys / (stem + ".json"));
        EXPECT_EQ(text_of(nlohmann::json::parse(json)["mnemonic"]),
                  text_of(known["accounts"][i]["mnemonic"]));
        std::string why;
        const auto account = account_from_json(json, why);
        const std::string pub = read(keys / (stem + ".pub"));
        EXPECT_EQ(decode_public_address(Bytes(pub.begin(), pub.end())), make_subaddress(account.value(), 0));
    }
    EXPECT_EQ(read(keys / "account_keys_0.json"), text_of(known["first_account"]["json_without_fog"]));
    const std::string pub = read(keys / "account_keys_0.pub");
    EXPECT_EQ(to_hex(Bytes(pub.begin(), pub.end())), text_of(known["first_account"]["pub_without_fog"]));
}

TEST_F(SampleKeysTest, fog_options_reach_the_addresses) {
    const Outcome outcome =
        run("MC_FOG_REPORT_URL=insecure-fog://localhost:6200 sample-keys --num 5 --output-dir out "
            "--fog-authority-spki AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "Writing 5 keys to \"out\"\n");
    const auto known = sample_keys();
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(read(folder_ / "out" / ("account_keys_" + std::to_string(i) + ".b58pub")),
                  text_of(known["accounts"][i]["b58_with_fog"]));
    EXPECT_FALSE(fs::exists(folder_ / "out/account_keys_5.json"));
    const auto json = nlohmann::json::parse(read(folder_ / "out/account_keys_0.json"));
    EXPECT_EQ(text_of(json["fog_report_url"]), "insecure-fog://localhost:6200");
    EXPECT_EQ(text_of(json["fog_report_id"]), "");
    EXPECT_EQ(json["fog_authority_spki"].size(), 32u);
}

TEST_F(SampleKeysTest, authority_root_wins_over_the_spki) {
    const std::string root = run("mc-crypto-x509-test-vectors --kind chain --test-name ok_rsa_head").out;
    const std::string path = root.substr(0, root.size() - 1);
    EXPECT_EQ(
        run("sample-keys -n 1 --fog-report-url fog://a --fog-authority-spki AAEC --fog-authority-root " +
            path)
            .exit_code,
        0);
    std::string why;
    const auto account = account_from_json(read(folder_ / "keys/account_keys_0.json"), why);
    const auto spki = spki_of_first_certificate(read(path), why);
    EXPECT_EQ(account.value().fog_authority_spki, spki.value());
    const auto address = address_from_b58(read(folder_ / "keys/account_keys_0.b58pub"));
    EXPECT_TRUE(verify_fog_authority(address.value(), *spki));
}

TEST_F(SampleKeysTest, refuses_bad_input_with_one_line) {
    expect_refused("sample-keys --seed 01", "--seed: needs exactly 64 hex digits");
    expect_refused("MC_SEED=zz sample-keys", "--seed");
    expect_refused("sample-keys --num many", "--num");
    expect_refused("sample-keys --nonsense", "--nonsense");
    expect_refused("sample-keys --fog-report-url fog://a",
                   "--fog-report-url: needs --fog-authority-root or --fog-authority-spki");
    expect_refused("sample-keys --fog-authority-spki AAEC", "--fog-authority-spki: needs --fog-report-url");
    expect_refused("sample-keys --fog-report-url fog://a --fog-authority-spki '*'",
                   "--fog-authority-spki: not standard base64");
    expect_refused("sample-keys --fog-report-url fog://a --fog-authority-root absent.pem",
                   "--fog-authority-root: cannot read absent.pem: No such file");
    expect_refused("sample-keys --fog-report-url fog://a --fog-authority-root .",
                   "--fog-authority-root: cannot read .: Is a directory");
    std::ofstream(folder_ / "bad.pem") << "nothing";
    expect_refused("sample-keys --fog-report-url fog://a --fog-authority-root bad.pem",
                   "--fog-authority-root: bad.pem: no PEM block");
    expect_refused("sample-keys --output-dir bad.pem/keys", "--output-dir: cannot create bad.pem/keys");
    EXPECT_FALSE(fs::exists(folder_ / "keys"));
    EXPECT_EQ(run("sample-keys --help").exit_code, 0);
}

unsigned mode_of(const fs::path& path) {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777u;
}

TEST_F(SampleKeysTest, a_mnemonic_is_for_its_owner_only) {
    ASSERT_EQ(run("sh -c 'umask 0; exec sample-keys -n 1 --output-dir k'").exit_code, 0);
    EXPECT_EQ(mode_of(folder_ / "k/account_keys_0.json"), 0600u);
    ::chmod((folder_ / "k/account_keys_0.json").c_str(), 0666);
    ASSERT_EQ(run("sh -c 'umask 0; exec sample-keys -n 1 --output-dir k'").exit_code, 0);
    EXPECT_EQ(mode_of(folder_ / "k/account_keys_0.json"), 0600u) << "whatever stood there before";
}

TEST_F(SampleKeysTest, a_mnemonic_is_not_written_through_a_link) {
    fs::create_directory(folder_ / "k");
    std::ofstream(folder_ / "other") << "mine";
    fs::create_symlink("../other", folder_ / "k/account_keys_0.json");
    const Outcome outcome = run("sample-keys -n 1 --output-dir k");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.err.find("--output-dir: cannot write k/account_keys_0.json: it is a symbolic link"),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(read(folder_ / "other"), "mine");
}

TEST_F(SampleKeysTest, a_full_disk_leaves_no_empty_key) {
    const Outcome outcome =
        run("sh -c 'ulimit -f 0; trap \"\" XFSZ; exec sample-keys -n 1 --output-dir k 2>/dev/null'");
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(fs::is_empty(folder_ / "k"));
}

TEST_F(KeyGenTest, prints_the_known_key) {
    const std::string expected = "-----BEGIN PRIVATE KEY-----\r\n"
                                 "MC4CAQAwBQYDK2VwBCIEIKgP3Ibu+9IHGE4VqMX6AYsXQJqswH0glLdOpzSq/nhA\r\n"
                                 "-----END PRIVATE KEY-----\r\n\n";
    std::string seed;
    for (int i = 0; i < 32; ++i) seed += "aB";
    EXPECT_EQ(run("mc-util-seeded-ed25519-key-gen --seed " + seed).out, expected);
    EXPECT_EQ(run("MC_SEED=" + seed + " mc-util-seeded-ed25519-key-gen").out, expected);
    expect_refused("mc-util-seeded-ed25519-key-gen", "--seed");
    expect_refused("mc-util-seeded-ed25519-key-gen --seed " + seed + "0",
                   "--seed: needs exactly 64 hex digits");
}

std::vector<std::shared_ptr<X509>> certificates_of(const fs::path& path) {
    std::vector<std::shared_ptr<X509>> out;
    FILE* file = std::fopen(path.c_str(), "r");
    EXPECT_NE(file, nullptr) << path;
    while (X509* one = PEM_read_X509(file, nullptr, nullptr, nullptr)) out.emplace_back(one, X509_free);
    std::fclose(file);
    return out;
}

/// The acceptance rule of the report server: each certificate issued by the next, all valid now, the last by
/// itself.
bool accepted(const std::vector<std::shared_ptr<X509>>& chain) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
        X509* issuer = chain[std::min(i + 1, chain.size() - 1)].get();
        const bool signed_by = X509_verify(chain[i].get(), X509_get0_pubkey(issuer)) == 1;
        const bool now = X509_cmp_current_time(X509_get0_notBefore(chain[i].get())) < 0 &&
                         X509_cmp_current_time(X509_get0_notAfter(chain[i].get())) > 0;
        if (!signed_by || !now) return false;
    }
    return !chain.empty();
}

bool key_fits(const fs::path& key_path, X509* leaf) {
    FILE* file = std::fopen(key_path.c_str(), "r");
    EXPECT_NE(file, nullptr) << key_path;
    const std::shared_ptr<EVP_PKEY> key(PEM_read_PrivateKey(file, nullptr, nullptr, nullptr), EVP_PKEY_free);
    std::fclose(file);
    return key && X509_check_private_key(leaf, key.get()) == 1;
}

TEST_F(TestChainsTest, chains_are_what_their_names_say) {
    const auto path = [this](const std::string& name, const std::string& kind) {
        const Outcome outcome = run("mc-crypto-x509-test-vectors --test-name " + name + " --kind " + kind);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        EXPECT_EQ(outcome.out.back(), '\n');
        return fs::path(outcome.out.substr(0, outcome.out.size() - 1));
    };
    const struct {
        const char* name;
        std::size_t certificates;
        bool accepted;
        bool key_fits;
        int key_type;
    } rows[] = {
        {"ok_rsa_chain_25519_leaf", 3, true, true, EVP_PKEY_ED25519},
        {"ok_rsa_chain_depth_10", 10, true, true, EVP_PKEY_ED25519},
        {"fail_missing_head", 2, false, true, EVP_PKEY_ED25519},
        {"fail_missing_link", 2, false, true, EVP_PKEY_ED25519},
        {"fail_leaf_expired", 3, false, false, EVP_PKEY_ED25519},
        {"fail_leaf_too_soon", 3, false, true, EVP_PKEY_ED25519},
        {"ok_rsa_tree", 5, false, true, EVP_PKEY_ED25519}, // good only for a verifier that picks the branch
        {"ok_self_signed_1", 1, true, true, EVP_PKEY_RSA},
        {"ok_self_signed_2", 1, true, true, EVP_PKEY_RSA},
    };
    for (const auto& row : rows) {
        const auto chain = certificates_of(path(row.name, "chain"));
        ASSERT_EQ(chain.size(), row.certificates) << row.name;
        EXPECT_EQ(accepted(chain), row.accepted) << row.name;
        EXPECT_EQ(key_fits(path(row.name, "key"), chain[0].get()), row.key_fits) << row.name;
        EXPECT_EQ(EVP_PKEY_get_base_id(X509_get0_pubkey(chain[0].get())), row.key_type) << row.name;
    }
    EXPECT_TRUE(accepted(certificates_of(path("ok_rsa_head", "chain"))));
    auto swapped = certificates_of(path("ok_rsa_out_of_order", "chain"));
    EXPECT_FALSE(accepted(swapped));
    std::reverse(swapped.begin(), swapped.end());
    EXPECT_TRUE(accepted(swapped));
    const auto tree = certificates_of(path("ok_rsa_tree", "chain"));
    EXPECT_TRUE(accepted({tree[0], tree[3], tree[4]}));
    EXPECT_TRUE(accepted({tree[1], tree[4]}));
    EXPECT_TRUE(accepted({tree[2], tree[1], tree[4]}));
}

TEST_F(TestChainsTest, paths_stay_the_same_and_bad_input_is_refused) {
    const std::string command = "mc-crypto-x509-test-vectors --test-name ok_rsa_head --type chain";
    EXPECT_EQ(run(command).out,
              run("MC_TEST_NAME=ok_rsa_head MC_TYPE=chain mc-crypto-x509-test-vectors").out);
    expect_refused("mc-crypto-x509-test-vectors --test-name nonsense --kind chain",
                   "--test-name: no test vector 'nonsense'");
    expect_refused("mc-crypto-x509-test-vectors --test-name ok_rsa_head --kind key",
                   "--test-name: ok_rsa_head has no key");
    expect_refused("mc-crypto-x509-test-vectors --test-name ok_rsa_head --kind both", "--kind");
    expect_refused("mc-crypto-x509-test-vectors --kind chain", "--test-name");
}

} // namespace
} // namespace tools
