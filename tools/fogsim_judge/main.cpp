// fogsim-judge: what `fogsim judge HOST:PORT` runs.  A program of its own, because it speaks gRPC, which the
// simulator can do without.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/chain/bytes.hpp"
#include "engine/ensure.hpp"
#include "engine/input_file.hpp"
#include "judge/talk.hpp"
#include "sim/run.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/fogsim/report_wallet.hpp"
#include "tools/fogsim_judge/observed_wallets.hpp"
#include "tools/markup.hpp"
#include "tools/output_file.hpp"
#include "tools/program.hpp"

namespace {

using namespace tools::fogsim;
using sim::Verdict;

constexpr const char* help =
    "fogsim judge HOST:PORT [flags]\n\n"
    "Judges a wallet that serves remote_wallet.proto at HOST:PORT under thousands of orderings of what fog "
    "does:\n"
    "a short conversation first, then a sweep of drawn stories in virtual time (docs/your-wallet.md).\n\n"
    "  --attestation MODE      simulated: what wallets built with SGX_MODE=SW speak, no security (default);\n"
    "                          clear: readable sessions\n"
    "  --enclave-key FILE      PEM file of the RSA key that the enclaves count as signed with, for a wallet "
    "that\n"
    "                          expects their signer (also MC_ENCLAVE_KEY; default: nobody's)\n"
    "  --enclave-css FILE      signature structure of an enclave (.css) that names the signer, in place of a "
    "key\n"
    "                          (also MC_ENCLAVE_CSS)\n"
    "  --fog-host HOST         as which host the wallet reaches this machine: its fog_uri is\n"
    "                          insecure-fog://HOST:PORT (default: localhost; 10.0.2.2 in an Android "
    "emulator)\n"
    "  --wallet-limit SECONDS  real time that the wallet may think without a word (default: 10)\n"
    "  --shrink-limit SECONDS  real time spent on making a failure small (default: 60)\n"
    "  --no-talk               no conversation before the sweep\n\n"
    "All flags of a sweep are understood, too (fogsim --help).  Without --runs, --seed, --plan and --replay "
    "the\n"
    "sweep is of the scenario lag and takes --time-limit 60.\n"
    "Exit codes: 0 held, 1 violated, 2 usage, 3 liveness violated, 4 nondeterminism found, 6 inconclusive: "
    "the\n"
    "wallet cannot be judged, has ended or hangs.\n";

struct Flags {
    std::string address;
    bool clear = false;
    std::string enclave_key{};
    std::string enclave_css{};
    std::string fog_host{};
    bool talks = true;
    std::uint64_t wallet_limit_s = 10;
    std::uint64_t shrink_limit_s = 60;
    std::vector<std::string> rest{}; ///< of the sweep
    bool names(const std::string& flag) const {
        for (const std::string& one : rest)
            if (one == flag || one.starts_with(flag + "=")) return true;
        return false;
    }
};

Flags flags_of(int argc, char** argv) {
    Flags flags;
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto value = [&words](std::size_t& i, const char* flag) -> std::optional<std::string> {
        const std::string prefix = std::string(flag) + "=";
        if (words[i].starts_with(prefix)) return words[i].substr(prefix.size());
        if (words[i] != flag) return std::nullopt;
        if (++i == words.size()) throw engine::UsageError(std::string(flag) + ": a value is missing");
        return words[i];
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--no-talk") {
            flags.talks = false;
        } else if (auto mode = value(i, "--attestation")) {
            if (*mode != "simulated" && *mode != "clear")
                throw engine::UsageError(
                    fmt::format("--attestation: '{}' is neither simulated nor clear", *mode));
            flags.clear = *mode == "clear";
        } else if (auto key = value(i, "--enclave-key")) {
            flags.enclave_key = *key;
        } else if (auto css = value(i, "--enclave-css")) {
            flags.enclave_css = *css;
        } else if (auto host = value(i, "--fog-host")) {
            if (host->empty() || host->find_first_of(":/?@ ") != std::string::npos)
                throw engine::UsageError(fmt::format("--fog-host: '{}' is no name of a host", *host));
            flags.fog_host = *host;
        } else if (auto limit = value(i, "--wallet-limit")) {
            flags.wallet_limit_s = number("--wallet-limit", *limit, 1, 3600);
        } else if (auto shrinking = value(i, "--shrink-limit")) {
            flags.shrink_limit_s = number("--shrink-limit", *shrinking, 1, 86'400);
        } else if (i == 0 && !words[i].starts_with("-")) {
            flags.address = words[i];
        } else {
            flags.rest.push_back(words[i]);
        }
    }
    return flags;
}

// What the services' flags of the same names do.
std::shared_ptr<const real::attest::Signer> signer_of(Flags& flags) {
    const auto named = [](std::string& flag, const char* variable) {
        const char* text = flag.empty() ? std::getenv(variable) : nullptr;
        if (text != nullptr) flag = text;
        return !flag.empty();
    };
    const bool by_key = named(flags.enclave_key, "MC_ENCLAVE_KEY");
    const bool by_css = named(flags.enclave_css, "MC_ENCLAVE_CSS");
    if (by_key && by_css) throw engine::UsageError("--enclave-css: goes without --enclave-key");
    if (flags.clear) return nullptr;
    if (!by_key && !by_css) return std::make_shared<const real::attest::Signer>();
    const char* flag = by_key ? "--enclave-key" : "--enclave-css";
    const std::string& path = by_key ? flags.enclave_key : flags.enclave_css;
    const std::string file = engine::read_input_file(flag, path);
    std::string why;
    const auto signer = by_key ? real::attest::Signer::of_key(file, why)
                               : real::attest::Signer::of_css(engine::chain::as_bytes(file), why);
    if (!signer) throw engine::UsageError(fmt::format("{}: {}: {}", flag, path, why));
    return std::make_shared<const real::attest::Signer>(*signer);
}

// What repeats a run begins with.
std::string program_of(const Flags& flags) {
    std::string text = "./run fogsim judge " + flags.address;
    if (flags.clear) text += " --attestation clear";
    if (!flags.enclave_key.empty()) text += " --enclave-key " + tools::shell_word(flags.enclave_key);
    if (!flags.enclave_css.empty()) text += " --enclave-css " + tools::shell_word(flags.enclave_css);
    if (!flags.fog_host.empty()) text += " --fog-host " + flags.fog_host;
    return text;
}

void check_address(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (address.empty()) throw engine::UsageError("judge: say where the wallet is, HOST:PORT");
    if (colon == std::string::npos || colon == 0)
        throw engine::UsageError(fmt::format("judge: '{}' is not HOST:PORT", address));
    (void)number("judge: HOST:PORT", address.substr(colon + 1), 1, 65'535);
}

int inconclusive(const char* reason, std::optional<std::uint64_t> seed) {
    tools::say("fogsim: INCONCLUSIVE{} reason={}\n", seed ? fmt::format(" seed={}", *seed) : "", reason);
    return static_cast<int>(Verdict::inconclusive);
}

int act(int argc, char** argv) {
    Flags flags = flags_of(argc, argv);
    for (const std::string& word : flags.rest)
        if (word == "--help" || word == "-h") {
            tools::say_text(help);
            return 0;
        }
    check_address(flags.address);
    Arguments arguments;
    arguments.scenario = "lag";
    arguments.crypto = "ristretto";
    std::vector<std::string> rest = flags.rest;
    const bool names_one = flags.names("--seed") || flags.names("--plan") || flags.names("--replay") ||
                           flags.names("--scenario");
    if (!flags.names("--runs") && !names_one) {
        arguments.runs = "1000000";
        if (!flags.names("--time-limit")) arguments.time_limit = "60";
    }
    std::vector<char*> words{argv[0]};
    for (std::string& word : rest) words.push_back(word.data());
    if (const std::optional<int> ended = parse(static_cast<int>(words.size()), words.data(), arguments))
        return *ended;
    if (arguments.crypto != "ristretto")
        throw engine::UsageError("--crypto: a wallet of somebody else needs the real one, ristretto");
    if (!arguments.jobs.empty() && arguments.jobs != "1")
        throw engine::UsageError("--jobs: one wallet serves one run at a time: only 1");
    if (!arguments.known.empty()) throw engine::UsageError("--known: not with a wallet of somebody else");
    arguments.jobs = "1";
    arguments.foreign_wallet = true;

    judge::BridgeOptions options;
    options.wallet = flags.address;
    options.limit = std::chrono::seconds(flags.wallet_limit_s);
    options.signer = signer_of(flags);
    if (!flags.fog_host.empty()) options.fog_host = flags.fog_host;
    arguments.program = program_of(flags);
    judge::Bridge bridge(std::move(options));
    std::optional<std::uint64_t> seed;
    Situations met;
    arguments.wallet_address = flags.address;
    arguments.wallet_met = &met;
    std::optional<tools::OutputFile> page; // of a wallet that cannot be judged
    if (!arguments.report.empty()) page.emplace("--report", arguments.report);
    try {
        if (flags.talks) {
            const judge::Talk talk = judge::converse(bridge);
            for (const std::string& text : talk.good) tools::say("judge: {}.\n", text);
            for (const std::string& text : talk.odd) tools::say("judge: {}.\n", text);
            for (const std::string& text : talk.bad) tools::say("judge: {}.\n", text);
            if (!talk.bad.empty()) {
                std::vector<std::string> said = talk.bad;
                said.insert(said.end(), talk.odd.begin(), talk.odd.end());
                if (page) (void)page->try_commit("fogsim", to_wallet_html(flags.address, said));
                return inconclusive("the-wallet-cannot-be-judged", std::nullopt);
            }
        }
        page.reset();
        arguments.on_run = [&seed, &met](std::uint64_t s) {
            seed = s;
            met.next_run();
        };
        std::optional<std::chrono::steady_clock::time_point> end;
        arguments.stops_shrinking = [&end, &flags] {
            const auto now = std::chrono::steady_clock::now();
            if (!end) end = now + std::chrono::seconds(flags.shrink_limit_s);
            return now > *end;
        };
        ObservedWallets observed(bridge, met);
        const sim::ForeignWalletsInstalled installed(observed);
        const std::uint64_t before = bridge.checks();
        const auto begun = std::chrono::steady_clock::now();
        const int code = simulate(arguments);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        const std::uint64_t checks = bridge.checks() - before;
        tools::tell("{} balance checks of the wallet in {:.1f} s: {:.0f} a second, shrinking included\n",
                    checks, took.count(), static_cast<double>(checks) / took.count());
        return code;
    } catch (const sim::WalletGone& gone) {
        tools::say("judge: {}.\n", gone.what());
        if (seed)
            tools::say("It was in the run of seed {}. Start the wallet anew, then repeat with: {} --scenario "
                       "{} --seed "
                       "{}\n",
                       *seed, arguments.program, arguments.scenario, *seed);
        return inconclusive("the-wallet-is-gone-or-hangs", seed);
    }
}

} // namespace

int main(int argc, char** argv) {
    tools::begin_program();
    std::signal(SIGPIPE, SIG_IGN);
    int code = 0;
    try {
        code = act(argc, argv);
    } catch (const engine::UsageError& error) {
        tools::tell("fogsim: {}\n", error.what());
        code = static_cast<int>(Verdict::usage);
    } catch (const std::exception& error) {
        tools::tell("fogsim: internal error: {}\n", error.what());
        code = static_cast<int>(Verdict::internal_error);
    }
    return tools::end_program("fogsim", code, static_cast<int>(Verdict::inconclusive));
}
