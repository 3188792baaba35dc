#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/loop.hpp"
#include "engine/task.hpp"

namespace engine::fog::testing {

/// Carries calls between ingest nodes.  A call runs as a task of the called node, so that neither side's
/// death pulls away the ground from under the other; the caller of a node that dies meanwhile hears nothing
/// (unknown, after 5 s).
class PeerNetwork final : public PeerDirectory {
public:
    explicit PeerNetwork(Loop& loop) : loop_(loop) {}

    /// @param peer  outlives its connection; null disconnects
    void connect(const std::string& responder_id, NodeId node, IngestPeer* peer) {
        Link& link = links_.try_emplace(responder_id, loop_, responder_id).first->second;
        link.node = node;
        link.peer = peer;
    }
    void set_reachable(const std::string& responder_id, bool reachable) {
        links_.at(responder_id).reachable = reachable;
    }
    int calls(const std::string& responder_id) const { return links_.at(responder_id).calls; }

    IngestPeer* find(const std::string& responder_id) override {
        const auto found = links_.find(responder_id);
        return found == links_.end() ? nullptr : &found->second;
    }

private:
    template <class T>
    struct Pending {
        explicit Pending(Loop& loop) : answered(loop) {}
        std::optional<Result<T>> answer;
        Signal answered;
    };

    struct Link final : IngestPeer {
        Link(Loop& l, std::string name) : loop(l), id(std::move(name)) {}

        const std::string& responder_id() const override { return id; }
        Task<Result<IngestSummary>> status() override {
            auto ask = [](IngestPeer& p) { return p.status(); };
            return call<IngestSummary>(ask);
        }
        Task<Result<IngestSummary>> set_ingress_key(chain::KeyPair key) override {
            auto ask = [key](IngestPeer& p) { return p.set_ingress_key(key); };
            return call<IngestSummary>(ask);
        }
        Task<Result<chain::KeyPair>> get_ingress_key() override {
            auto ask = [](IngestPeer& p) { return p.get_ingress_key(); };
            return call<chain::KeyPair>(ask);
        }
        Task<Result<IngestSummary>> set_peers(std::vector<std::string> peers) override {
            auto ask = [peers](IngestPeer& p) { return p.set_peers(peers); };
            return call<IngestSummary>(ask);
        }

        template <class T, class Ask>
        Task<Result<T>> call(Ask ask) {
            ++calls;
            co_await yield("a peer");
            if (!reachable || peer == nullptr) co_return Error{Code::unavailable, "peer network"};
            auto pending = std::make_shared<Pending<T>>(loop);
            Task<Result<T>> served = ask(*peer);
            spawn(loop, node, "peer call", serve<T>(std::move(served), pending));
            const Instant due = loop.now() + 5s;
            while (!pending->answer && loop.now() < due)
                co_await pending->answered.wait("a peer's answer", due);
            if (!pending->answer) co_return Error{Code::unknown, "peer network"};
            co_return std::move(*pending->answer);
        }
        template <class T>
        static Task<> serve(Task<Result<T>> served, std::shared_ptr<Pending<T>> pending) {
            Result<T> answer = co_await std::move(served);
            pending->answer.emplace(std::move(answer));
            pending->answered.notify_all();
        }

        Loop& loop;
        std::string id;
        NodeId node;
        IngestPeer* peer = nullptr;
        bool reachable = true;
        int calls = 0;
    };

    Loop& loop_;
    std::map<std::string, Link> links_;
};

} // namespace engine::fog::testing
