#pragma once

#include "real/grpc/admin.hpp"
#include "real/grpc/health.hpp"
#include "real/grpc/ingest.hpp"
#include "real/grpc/ledger.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/grpc/report.hpp"
#include "real/grpc/testing/scripted_services.hpp"
#include "real/grpc/view.hpp"

namespace real::grpc::testing {

struct QuietAdmin final : AdminApi {
    std::string metrics() override { return {}; }
    AdminInfo info() override { return {}; }
    std::optional<std::string> set_rust_log(const std::string&) override { return std::nullopt; }
    void test_log_error() override {}
};

struct QuietWallet final : RemoteWalletApi {
    static Task<Outcome<BalanceCheck>> check() { co_return BalanceCheck{}; }
    static Task<Outcome<void>> done() { co_return Outcome<void>(); }
    static Task<Outcome<std::string>> text() { co_return std::string(); }
    Task<Outcome<BalanceCheck>> fresh_balance_check(FreshBalanceRequest) override { return check(); }
    Task<Outcome<BalanceCheck>> followup_balance_check(std::uint32_t) override { return check(); }
    Task<Outcome<void>> stop(std::uint32_t) override { return done(); }
    Task<Outcome<std::string>> debug(std::uint32_t) override { return text(); }
    Task<Outcome<void>> reset() override { return done(); }
};

/// One server with everything this folder can serve; not started.
struct AllServices {
    explicit AllServices(IoLoop& loop) : server(loop, {}, {}) {
        serve_health(server);
        serve_admin(server, admin);
        serve_build_info(server, {});
        serve_remote_wallet(server, wallet);
        serve_view(server, view, ViewProtocol::unary);
        serve_view(server, view, ViewProtocol::streaming);
        serve_view_store(server, view_store, {"", engine::BlockRange::all()});
        serve_view_router_admin(server, [](const std::string&) { return std::nullopt; });
        serve_ledger(server, ledger, {});
        serve_key_image_store(server, images, "", {});
        serve_ledger_router_admin(server, [](const std::string&) { return std::nullopt; });
        serve_report(server, report, {});
        serve_ingest(server, ingest, insecure_peer_names());
        serve_ingest_peer(server, peer, chain::fast_crypto(), insecure_peer_names());
    }

    QuietAdmin admin;
    QuietWallet wallet;
    ScriptedView view;
    ScriptedViewStore view_store;
    ScriptedLedger ledger;
    ScriptedKeyImageStore images;
    ScriptedReport report;
    ScriptedIngest ingest;
    ScriptedPeer peer;
    Server server;
};

} // namespace real::grpc::testing
