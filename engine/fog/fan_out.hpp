#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/fog/ports.hpp"
#include "engine/host.hpp"

namespace engine::fog {

/// How a router asks its backends.
struct RouterConfig {
    unsigned tries = 3;          ///< per shard and request, over its replicas
    Duration retry_delay = 20ms; ///< times the number of tries so far
};

/// Asks one of a shard's replicas, and another one after a failure.
/// @return the last error when every try failed
/// @cancel safe at every await
template <class Answer, class Api, class Request>
Task<Result<Answer>> ask_replicas(Host& host, const std::vector<Api*>& replicas, RouterConfig config,
                                  Task<Result<Answer>> (Api::*method)(Request), Request request) {
    std::uint32_t replica = host.pick(static_cast<std::uint32_t>(replicas.size()));
    for (unsigned attempt = 1;; ++attempt) {
        Request copy = request;
        Result<Answer> answer = co_await (replicas[replica]->*method)(std::move(copy));
        if (answer || !is_transient(answer.error()) || attempt == config.tries) co_return answer;
        replica = (replica + 1) % static_cast<std::uint32_t>(replicas.size());
        co_await host.sleep(config.retry_delay * attempt, "its next try at a shard");
    }
}

/// Asks every shard at once and waits for all.
template <class Answer, class Shard, class Request, class Api>
Task<std::vector<Result<Answer>>> ask_shards(Host& host, const std::vector<Shard>& shards,
                                             RouterConfig config,
                                             Task<Result<Answer>> (Api::*method)(Request), Request request) {
    std::vector<Result<Answer>> answers;
    answers.reserve(shards.size());
    if (shards.size() == 1) { // the common case needs no tasks of its own
        Result<Answer> only =
            co_await ask_replicas<Answer>(host, shards[0].replicas, config, method, std::move(request));
        answers.push_back(std::move(only));
        co_return answers;
    }
    std::vector<detail::Slot<Result<Answer>>> slots(shards.size());
    Nursery nursery(host.loop(), host.id());
    for (std::size_t i = 0; i < shards.size(); ++i) {
        Task<Result<Answer>> ask = ask_replicas<Answer>(host, shards[i].replicas, config, method, request);
        nursery.spawn("ask a shard", detail::keep(std::move(ask), &slots[i]));
    }
    co_await nursery.join();
    for (auto& slot : slots) {
        if (slot.error) std::rethrow_exception(slot.error);
        answers.push_back(std::move(*slot.value));
    }
    co_return answers;
}

} // namespace engine::fog
