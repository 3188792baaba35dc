// fogsim-judge: what `fogsim judge HOST:PORT` and `fogsim --remote-wallet HOST:PORT` run.  A program of its
// own, because it speaks gRPC, which the simulator can do without.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
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
    "fogsim judge HOST:PORT [flags]\n"
    "fogsim --remote-wallet HOST:PORT [flags]\n\n"
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
    "  --one-check-at-a-time   the wallet's program works on one balance check at a time, of all its "
    "wallets\n"
    "  --wallet-limit SECONDS  real time that the wallet may think without a word (default: 10)\n"
    "  --shrink-limit SECONDS  real time spent on making a failure small (default: 60)\n"
    "  --no-talk               no conversation before the sweep\n\n"
    "All flags of a sweep are understood, too (fogsim --help).  Without --runs, --seed, --scenario,\n"
    "--plan and --replay the sweep is of the scenario lag and takes --time-limit 60.  --jobs N\n"
    "(default: 1) makes N runs at a time, for wallets that may be asked for several balance checks\n"
    "at once.  The second form is any run or sweep of fogsim, with fogsim's own defaults and no\n"
    "conversation, in which the wallets are this program's.\n"
    "Exit codes: 0 held, 1 violated, 2 usage, 3 liveness violated, 4 nondeterminism found, 6 inconclusive: "
    "the\n"
    "wallet cannot be judged, has ended or hangs.\n";

struct Flags {
    std::string address;
    bool is_judgement = true; ///< else: a run of fogsim's with somebody else's wallet
    bool clear = false;
    std::string enclave_key{};
    std::string enclave_css{};
    std::string fog_host{};
    bool talks = true;
    bool one_at_a_time = false;
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
        } else if (words[i] == "--one-check-at-a-time") {
            flags.one_at_a_time = true;
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
        } else if (auto wallet = value(i, "--remote-wallet")) {
            if (!flags.address.empty()) throw engine::UsageError("--remote-wallet: one wallet is enough");
            flags.address = *wallet;
            flags.is_judgement = flags.talks = false;
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
    std::string text =
        std::string("./run fogsim ") + (flags.is_judgement ? "judge " : "--remote-wallet ") + flags.address;
    if (flags.clear) text += " --attestation clear";
    if (!flags.enclave_key.empty()) text += " --enclave-key " + tools::shell_word(flags.enclave_key);
    if (!flags.enclave_css.empty()) text += " --enclave-css " + tools::shell_word(flags.enclave_css);
    if (flags.one_at_a_time) text += " --one-check-at-a-time";
    if (!flags.fog_host.empty()) text += " --fog-host " + tools::shell_word(flags.fog_host);
    return text;
}

// What repeats the run of a seed that never came to its end.
std::string flags_of_seed(const Arguments& arguments, std::uint64_t seed) {
    std::string text = arguments.plan.empty() ? "--scenario " + arguments.scenario
                                              : "--plan " + tools::shell_word(arguments.plan);
    // A sweep tries one strategy after another, a single run none.
    if (!arguments.strategy.empty())
        text += " --strategy " + arguments.strategy;
    else if (arguments.runs != "1")
        text += " --strategy portfolio";
    for (const std::string& change : arguments.topology) text += " --topology " + tools::shell_word(change);
    return text + fmt::format(" --seed {}", seed);
}

void check_address(const Flags& flags) {
    const std::string& address = flags.address;
    const char* const what = flags.is_judgement ? "judge" : "--remote-wallet";
    const std::size_t colon = address.rfind(':');
    if (address.empty())
        throw engine::UsageError(fmt::format("{}: say where the wallet is, HOST:PORT", what));
    if (colon == std::string::npos || colon == 0)
        throw engine::UsageError(fmt::format("{}: '{}' is not HOST:PORT", what, address));
    const std::string flag = fmt::format("{}: HOST:PORT", what);
    (void)number(flag.c_str(), address.substr(colon + 1), 1, 65'535);
}

/// One bridge for each thread that makes runs: all lead to the same program.
///
/// Rules
/// 1. Outlives the threads.
/// 2. What a run is does not depend on the bridge that it goes over.
class Bridges {
public:
    struct One {
        explicit One(const judge::BridgeOptions& options) : bridge(options), observed(bridge, met) {}
        judge::Bridge bridge;
        Situations met;
        ObservedWallets observed;
        std::optional<std::uint64_t> seed{};
        bool has_thread = false;
    };

    explicit Bridges(judge::BridgeOptions options) : options_(std::move(options)) {}

    One& first() {
        const std::lock_guard lock(mutex_);
        return all_.empty() ? add() : *all_.front();
    }
    /// Before a run: this thread's wallets are the program's from now on.
    void begin_run(std::uint64_t seed) {
        thread_local std::optional<sim::ForeignWalletsInstalled> installed;
        thread_local One* mine = nullptr;
        const std::lock_guard lock(mutex_);
        if (mine == nullptr) {
            const bool is_first = !all_.empty() && !all_.front()->has_thread;
            mine = is_first ? all_.front().get() : &add();
            mine->has_thread = true;
            installed.emplace(mine->observed);
        }
        mine->seed = seed;
        mine->met.next_run();
    }
    /// What wallets met while all went well, over all threads.  Call when none of them makes a run.
    /// @param held  the last runs held, too
    Situations::Counts met(bool held) const {
        const std::lock_guard lock(mutex_);
        Situations::Counts sum;
        for (const auto& one : all_)
            if (one->seed) sum += one->met.counts(held);
        return sum;
    }
    std::uint64_t checks() const {
        const std::lock_guard lock(mutex_);
        std::uint64_t sum = 0;
        for (const auto& one : all_) sum += one->bridge.checks();
        return sum;
    }
    bool asks_at_once() const {
        const std::lock_guard lock(mutex_);
        return std::any_of(all_.begin(), all_.end(),
                           [](const auto& one) { return one->bridge.asks_at_once(); });
    }
    /// The lowest seed whose run the program left; none: it was not in a run.
    std::optional<std::uint64_t> seed_of_the_end() const {
        const std::lock_guard lock(mutex_);
        std::optional<std::uint64_t> lowest;
        for (const auto& one : all_)
            if (one->seed && one->bridge.is_given_up() && (!lowest || *one->seed < *lowest))
                lowest = one->seed;
        return lowest;
    }

private:
    One& add() {
        all_.push_back(std::make_unique<One>(options_));
        return *all_.back();
    }

    const judge::BridgeOptions options_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<One>> all_; // guarded by the mutex; what they point at stays
};

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
    check_address(flags);
    Arguments arguments;
    if (flags.is_judgement) arguments.scenario = "lag";
    arguments.crypto = "ristretto";
    std::vector<std::string> rest = flags.rest;
    const bool names_one = flags.names("--seed") || flags.names("--plan") || flags.names("--replay") ||
                           flags.names("--scenario");
    if (flags.is_judgement && !flags.names("--runs") && !names_one) {
        arguments.runs = "1000000";
        if (!flags.names("--time-limit")) arguments.time_limit = "60";
    }
    std::vector<char*> words{argv[0]};
    for (std::string& word : rest) words.push_back(word.data());
    if (const std::optional<int> ended = parse(static_cast<int>(words.size()), words.data(), arguments))
        return *ended;
    if (arguments.crypto != "ristretto")
        throw engine::UsageError("--crypto: a wallet of somebody else needs the real one, ristretto");
    if (!arguments.known.empty()) throw engine::UsageError("--known: not with a wallet of somebody else");
    if (arguments.strategy == "novelty")
        throw engine::UsageError("--strategy: novelty is not for a wallet of somebody else, whose inside "
                                 "leaves no marks");
    if (!arguments.jobs.empty() && number("--jobs", arguments.jobs, 1, 1024) > 1 && flags.one_at_a_time)
        throw engine::UsageError("--jobs: only 1 with --one-check-at-a-time");
    if (arguments.jobs.empty()) arguments.jobs = "1"; // not every wallet can be asked twice at once
    arguments.foreign_wallet = true;

    judge::BridgeOptions options;
    options.wallet = flags.address;
    options.limit = std::chrono::seconds(flags.wallet_limit_s);
    options.signer = signer_of(flags);
    options.one_check_at_a_time = flags.one_at_a_time;
    if (!flags.fog_host.empty()) options.fog_host = flags.fog_host;
    arguments.program = program_of(flags);
    Bridges bridges(std::move(options));
    Bridges::One& first = bridges.first();
    arguments.wallet_address = flags.address;
    arguments.wallet_met = [&bridges](bool held) { return bridges.met(held); };
    std::optional<tools::OutputFile> page; // of a wallet that cannot be judged
    if (!arguments.report.empty()) page.emplace("--report", arguments.report);
    try {
        if (flags.talks) {
            const judge::Talk talk = judge::converse(first.bridge);
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
        arguments.on_run = [&bridges](std::uint64_t seed) { bridges.begin_run(seed); };
        std::optional<std::chrono::steady_clock::time_point> end;
        arguments.stops_shrinking = [&end, &flags] {
            const auto now = std::chrono::steady_clock::now();
            if (!end) end = now + std::chrono::seconds(flags.shrink_limit_s);
            return now > *end;
        };
        const sim::ForeignWalletsInstalled installed(first.observed);
        const std::uint64_t before = bridges.checks();
        const auto begun = std::chrono::steady_clock::now();
        const int code = simulate(arguments);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        const std::uint64_t checks = bridges.checks() - before;
        tools::tell("{} balance checks of the wallet in {:.1f} s: {:.0f} a second, shrinking included\n",
                    checks, took.count(), static_cast<double>(checks) / took.count());
        if (bridges.asks_at_once())
            tools::tell(
                "The wallet makes several requests at once: which of them comes first is its own doing, "
                "so a seed need not give the same run twice.\n");
        return code;
    } catch (const sim::WalletGone& gone) {
        tools::say("judge: {}.\n", gone.what());
        const std::optional<std::uint64_t> seed = bridges.seed_of_the_end();
        if (seed)
            tools::say("It was in the run of seed {}. Start the wallet anew, then repeat with: {} {}\n",
                       *seed, arguments.program, flags_of_seed(arguments, *seed));
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
