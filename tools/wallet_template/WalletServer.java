// A service around your wallet SDK, for `fogsim judge` and `fogreal --remote-wallet`: fill in two functions.
//
//     apt-get install default-jdk-headless libgrpc-java libnetty-java libperfmark-java libprotobuf-java \
//         libguava-java protobuf-compiler
//     mkdir -p build/wallet
//     protoc -I proto --java_out=build/wallet proto/remote_wallet.proto
//     javac -cp '/usr/share/java/*' -d build/wallet $(find build/wallet -name '*.java') \
//         tools/wallet_template/WalletServer.java
//     java -cp 'build/wallet:/usr/share/java/*' WalletServer 127.0.0.1:9090

import com.example.myapplication.proto.RemoteWalletProto.*;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

public class WalletServer {
    // ------------------------------------------------------- yours: these two, and a third if you like

    /** What a balance check has come to. */
    static class Checked {
        final Object wallet;
        final long picoMob;
        /** What the balance is true for: the number of blocks, which is the last block's index plus one. */
        final long blockCount;

        Checked(Object wallet, long picoMob, long blockCount) {
            this.wallet = wallet;
            this.picoMob = picoMob;
            this.blockCount = blockCount;
        }
    }

    /** Makes a wallet with no memory and checks its balance once, at fogUri (insecure-fog://HOST:PORT). */
    static Checked checkFromScratch(String mnemonic, int accountIndex, String fogUri, String chainId)
            throws Exception {
        throw new UnsupportedOperationException("call your SDK here");
    }

    /** Checks the balance of the same wallet once more. */
    static Checked checkAgain(Object wallet) throws Exception {
        throw new UnsupportedOperationException("call your SDK here");
    }

    /** What your wallet believes, in words: shown when something is wrong. */
    static String describe(Object wallet) {
        return wallet.toString();
    }

    // ------------------------------------------------------- the service: nothing to change below

    interface Call<Request, Answer> {
        Answer of(Request request) throws Exception;
    }

    private final List<Object> wallets = new ArrayList<>(); // by client id; null: stopped

    private synchronized Object find(int clientId) {
        Object wallet = clientId >= 0 && clientId < wallets.size() ? wallets.get(clientId) : null;
        if (wallet == null)
            throw Status.INVALID_ARGUMENT.withDescription("no wallet " + clientId).asRuntimeException();
        return wallet;
    }

    private synchronized int keep(Object wallet) {
        wallets.add(wallet);
        return wallets.size() - 1;
    }

    private static BalanceCheckResponse answer(int clientId, Checked checked) {
        return BalanceCheckResponse.newBuilder().setClientId(clientId).setBalance(checked.picoMob)
                .setBlockCount(checked.blockCount).build();
    }

    private BalanceCheckResponse fresh(FreshBalanceCheckRequest request) throws Exception {
        Checked checked = checkFromScratch(request.getMnemonic(), request.getAccountIndex(), request.getFogUri(),
                request.getChainId());
        return answer(keep(checked.wallet), checked);
    }

    private BalanceCheckResponse followup(FollowupBalanceCheckRequest request) throws Exception {
        return answer(request.getClientId(), checkAgain(find(request.getClientId())));
    }

    private DebugResponse debug(DebugRequest request) {
        return DebugResponse.newBuilder().setDebugInfo(describe(find(request.getClientId()))).build();
    }

    private synchronized Empty stop(StopRequest request) {
        find(request.getClientId());
        wallets.set(request.getClientId(), null);
        return Empty.getDefaultInstance();
    }

    private synchronized Empty reset(Empty request) {
        wallets.clear();
        return Empty.getDefaultInstance();
    }

    private static <Request extends Message, Answer extends Message> void add(
            ServerServiceDefinition.Builder service, String name, Request request, Answer answer,
            Call<Request, Answer> call) {
        MethodDescriptor<Request, Answer> method = MethodDescriptor.<Request, Answer>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("remote_wallet.RemoteWalletApi", name))
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(answer)).build();
        service.addMethod(method, ServerCalls.asyncUnaryCall((got, observer) -> {
            try {
                observer.onNext(call.of(got));
                observer.onCompleted();
            } catch (StatusRuntimeException status) {
                observer.onError(status);
            } catch (Exception error) { // whatever your SDK throws is a failed check, with its words
                observer.onError(Status.INTERNAL.withDescription(error.toString()).asRuntimeException());
            }
        }));
    }

    public static void main(String[] arguments) throws Exception {
        String listen = arguments.length > 0 ? arguments[0] : "127.0.0.1:9090";
        String host = listen.substring(0, listen.lastIndexOf(':'));
        int port = Integer.parseInt(listen.substring(listen.lastIndexOf(':') + 1)); // 0: any free one
        WalletServer wallets = new WalletServer();
        ServerServiceDefinition.Builder service =
                ServerServiceDefinition.builder("remote_wallet.RemoteWalletApi");
        BalanceCheckResponse balance = BalanceCheckResponse.getDefaultInstance();
        Empty empty = Empty.getDefaultInstance();
        add(service, "FreshBalanceCheck", FreshBalanceCheckRequest.getDefaultInstance(), balance, wallets::fresh);
        add(service, "FollowupBalanceCheck", FollowupBalanceCheckRequest.getDefaultInstance(), balance,
                wallets::followup);
        add(service, "Debug", DebugRequest.getDefaultInstance(), DebugResponse.getDefaultInstance(), wallets::debug);
        add(service, "Stop", StopRequest.getDefaultInstance(), empty, wallets::stop);
        add(service, "Reset", empty, empty, wallets::reset);
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .addService(service.build()).build().start();
        System.out.println("listening on " + host + ":" + server.getPort());
        server.awaitTermination();
    }
}
