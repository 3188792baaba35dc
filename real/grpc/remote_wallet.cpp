#include "real/grpc/remote_wallet.hpp"

#include <google/protobuf/empty.pb.h>

#include "proto/remote_wallet.pb.h"
#include "real/grpc/message.hpp"

namespace real::grpc {
namespace {

namespace wire = ::remote_wallet;
using google::protobuf::Empty;

constexpr const char* fresh_path = "/remote_wallet.RemoteWalletApi/FreshBalanceCheck";
constexpr const char* followup_path = "/remote_wallet.RemoteWalletApi/FollowupBalanceCheck";
constexpr const char* stop_path = "/remote_wallet.RemoteWalletApi/Stop";
constexpr const char* debug_path = "/remote_wallet.RemoteWalletApi/Debug";
constexpr const char* reset_path = "/remote_wallet.RemoteWalletApi/Reset";

Task<Outcome<wire::BalanceCheckResponse>> to_wire(Task<Outcome<BalanceCheck>> check) {
    const Outcome<BalanceCheck> done = co_await std::move(check);
    if (!done) co_return done.error();
    wire::BalanceCheckResponse reply;
    reply.set_client_id(done->client_id);
    reply.set_balance(done->balance);
    reply.set_block_count(done->block_count);
    co_return reply;
}

Task<Outcome<Empty>> to_wire(Task<Outcome<void>> command) {
    const Outcome<void> done = co_await std::move(command);
    if (!done) co_return done.error();
    co_return Empty{};
}

Task<Outcome<wire::DebugResponse>> to_wire(Task<Outcome<std::string>> text) {
    Outcome<std::string> done = co_await std::move(text);
    if (!done) co_return done.error();
    wire::DebugResponse reply;
    reply.set_debug_info(std::move(*done));
    co_return reply;
}

Task<Outcome<BalanceCheck>> from_wire(Task<Outcome<wire::BalanceCheckResponse>> check) {
    const Outcome<wire::BalanceCheckResponse> reply = co_await std::move(check);
    if (!reply) co_return reply.error();
    co_return BalanceCheck{reply->client_id(), reply->balance(), reply->block_count()};
}

Task<Outcome<void>> from_wire(Task<Outcome<Empty>> command) {
    const Outcome<Empty> reply = co_await std::move(command);
    if (!reply) co_return reply.error();
    co_return Outcome<void>();
}

Task<Outcome<std::string>> from_wire(Task<Outcome<wire::DebugResponse>> text) {
    Outcome<wire::DebugResponse> reply = co_await std::move(text);
    if (!reply) co_return reply.error();
    co_return std::move(*reply->mutable_debug_info());
}

} // namespace

void serve_remote_wallet(Server& server, RemoteWalletApi& wallet) {
    add_unary<wire::FreshBalanceCheckRequest, wire::BalanceCheckResponse>(
        server, fresh_path, {}, [&wallet](const Call&, wire::FreshBalanceCheckRequest message) {
            FreshBalanceRequest request;
            request.mnemonic = std::move(*message.mutable_mnemonic());
            request.fog_uri = std::move(*message.mutable_fog_uri());
            request.account_index = message.account_index();
            request.chain_id = std::move(*message.mutable_chain_id());
            return to_wire(wallet.fresh_balance_check(std::move(request)));
        });
    add_unary<wire::FollowupBalanceCheckRequest, wire::BalanceCheckResponse>(
        server, followup_path, {}, [&wallet](const Call&, wire::FollowupBalanceCheckRequest message) {
            return to_wire(wallet.followup_balance_check(message.client_id()));
        });
    add_unary<wire::StopRequest, Empty>(server, stop_path, {},
                                        [&wallet](const Call&, wire::StopRequest message) {
                                            return to_wire(wallet.stop(message.client_id()));
                                        });
    add_unary<wire::DebugRequest, wire::DebugResponse>(server, debug_path, {},
                                                       [&wallet](const Call&, wire::DebugRequest message) {
                                                           return to_wire(wallet.debug(message.client_id()));
                                                       });
    add_unary<Empty, Empty>(server, reset_path, {},
                            [&wallet](const Call&, Empty) { return to_wire(wallet.reset()); });
}

Task<Outcome<BalanceCheck>> RemoteWalletClient::fresh_balance_check(FreshBalanceRequest request) {
    wire::FreshBalanceCheckRequest message;
    message.set_mnemonic(std::move(request.mnemonic));
    message.set_fog_uri(std::move(request.fog_uri));
    message.set_account_index(request.account_index);
    message.set_chain_id(std::move(request.chain_id));
    return from_wire(call<wire::BalanceCheckResponse>(channel_, fresh_path, message));
}

Task<Outcome<BalanceCheck>> RemoteWalletClient::followup_balance_check(std::uint32_t client_id) {
    wire::FollowupBalanceCheckRequest message;
    message.set_client_id(client_id);
    return from_wire(call<wire::BalanceCheckResponse>(channel_, followup_path, message));
}

Task<Outcome<void>> RemoteWalletClient::stop(std::uint32_t client_id) {
    wire::StopRequest message;
    message.set_client_id(client_id);
    return from_wire(call<Empty>(channel_, stop_path, message));
}

Task<Outcome<std::string>> RemoteWalletClient::debug(std::uint32_t client_id) {
    wire::DebugRequest message;
    message.set_client_id(client_id);
    return from_wire(call<wire::DebugResponse>(channel_, debug_path, message));
}

Task<Outcome<void>> RemoteWalletClient::reset() {
    return from_wire(call<Empty>(channel_, reset_path, Empty()));
}

} // namespace real::grpc
