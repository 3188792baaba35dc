#include <iostream>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "engine/chain/account_file.hpp"
#include "engine/fog/wallet.hpp"
#include "real/grpc/auth_token.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/view.hpp"
#include "real/loop/real_host.hpp"
#include "tools/fog_node/attestation.hpp"
#include "tools/fog_node/programs.hpp"
#include "tools/fog_node/tool.hpp"

// balance_check: the balance of an account file, again for every key pressed.
// source: fog/sample-paykit/src/bin/balance_check.rs

namespace fog_node {
namespace {

using engine::Task;
using namespace real::service;

constexpr engine::Duration deadline = std::chrono::seconds(20);

struct Flags {
    std::string chain_id;
    std::string keyfile;
    std::string ledger_uri;
    std::string view_uri;
    AttestationFlags attestation;
};

real::grpc::ChannelOptions options_of(const Uri& uri, const std::string& chain_id) {
    real::grpc::ChannelOptions options(uri.address());
    options.chain_id = chain_id;
    options.deadline = deadline;
    if (!uri.user().empty())
        options.authorization = real::grpc::basic_authorization(uri.user(), uri.password());
    return options;
}

std::string decimal(engine::fog::Value value) {
    std::string digits;
    do digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    while ((value /= 10) != 0);
    return digits;
}

// Numbers beyond 64 bits are written as they are: JSON has no limit, its readers may.
void print(const engine::fog::BalanceReport& report) {
    std::cout << "{\"balance\":{";
    bool first = true;
    for (const auto& [token, value] : report.by_token) {
        std::cout << (first ? "" : ",") << '"' << token << "\":" << decimal(value);
        first = false;
    }
    std::cout << "},\"block_count\":" << report.count.value << "}" << std::endl;
}

Task<int> check(ToolWorld world, Flags flags, engine::chain::AccountKey account, Uri view_at, Uri ledger_at) {
    const auto signer = flags.attestation.signer();
    say_attestation(world.log, signer.get());
    const auto abort = [](const char* why) { throw ToolFailure(why); };
    real::RealHost host(world.loop, engine::NodeId{1}, engine::chain::ristretto_crypto(), abort);
    real::grpc::Channel view_channel(world.runtime, options_of(view_at, flags.chain_id));
    real::grpc::Channel ledger_channel(world.runtime, options_of(ledger_at, flags.chain_id));
    real::grpc::ClientAttestation at_view;
    at_view.signer = signer;
    at_view.responder_id = view_at.responder_id();
    real::grpc::ClientAttestation at_ledger;
    at_ledger.signer = signer;
    at_ledger.responder_id = ledger_at.responder_id();
    real::grpc::ViewClient view(view_channel, real::grpc::ViewProtocol::unary, at_view);
    real::grpc::LedgerClient ledger(ledger_channel, real::grpc::LedgerClient::KeyImages::unary, at_ledger);
    engine::fog::Wallet wallet(host, std::move(account), view, ledger);
    for (;;) {
        const auto report = co_await wallet.check();
        if (!report) {
            const std::string said = describe(ledger_channel.last_failure());
            throw ToolFailure(fmt::format("check_balance: {}: {}", report.error().origin, said));
        }
        print(*report);
        char key = 0;
        // Nothing else runs in this program, so waiting for a key may block.
        if (::read(STDIN_FILENO, &key, 1) != 1) co_return 0;
        if (key == 'd') {
            world.log.info("{}", wallet.debug_text());
            co_return 0;
        }
    }
}

} // namespace

int balance_check(int argc, char** argv) {
    Parameters parameters("balance_check",
                          "Prints the balance of an account as a line of JSON: once, and again for "
                          "every byte on stdin; d prints what the wallet knows and ends");
    Flags flags;
    parameters.text("--chain-id", flags.chain_id, "The network's name")->required()->check(header_value());
    parameters.text("--keyfile", flags.keyfile, "The account's file")->required();
    parameters.text("--ledger-uri", flags.ledger_uri, "insecure-fog-ledger://")->required();
    parameters.text("--view-uri", flags.view_uri, "insecure-fog-view://")->required();
    flags.attestation.add_to(parameters);
    return run_tool(parameters, argc, argv, [&](ToolWorld world) {
        const Uri view = to_uri("--view-uri", view_uri, flags.view_uri);
        const Uri ledger = to_uri("--ledger-uri", ledger_uri, flags.ledger_uri);
        std::string why;
        auto account =
            engine::chain::account_from_json(tools::read_secret_file("--keyfile", flags.keyfile), why);
        if (!account) throw tools::BadInput(fmt::format("--keyfile: {}: {}", flags.keyfile, why));
        return check(world, flags, std::move(*account), view, ledger);
    });
}

} // namespace fog_node
