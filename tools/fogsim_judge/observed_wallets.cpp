#include "tools/fogsim_judge/observed_wallets.hpp"

#include <utility>

#include "engine/tell/answers.hpp"

namespace tools::fogsim {

using namespace engine::tell;

void ObservedWallets::see(std::uint32_t wallet, const sim::ForeignEvent& event) {
    if (const auto* request = std::get_if<sim::ForeignRequest>(&event)) {
        Asked asked;
        if (const auto* query = std::get_if<0>(&request->question)) {
            asked.events_after = query->events_after;
            asked.things = query->keys.size();
        } else if (const auto* images = std::get_if<1>(&request->question)) {
            asked.things = images->size();
        }
        asked_[wallet][request->number] = asked;
        return;
    }
    met_.take(wallet, Reported{});
    asked_.erase(wallet);
}

sim::ForeignEvent ObservedWallets::next(std::uint32_t wallet) {
    sim::ForeignEvent event = inner_.next(wallet);
    see(wallet, event);
    return event;
}

std::optional<sim::ForeignEvent> ObservedWallets::look(std::uint32_t wallet) {
    std::optional<sim::ForeignEvent> event = inner_.look(wallet);
    if (event) see(wallet, *event);
    return event;
}

void ObservedWallets::answer(std::uint32_t wallet, std::uint64_t request, sim::ForeignAnswer answer) {
    std::map<std::uint64_t, Asked>& open = asked_[wallet];
    if (const auto found = open.find(request); found != open.end()) {
        const Asked asked = found->second;
        open.erase(found);
        if (const auto* view = std::get_if<0>(&answer))
            met_.take(wallet, answered(AskedView{{}, asked.events_after, asked.things}, *view));
        else if (const auto* images = std::get_if<1>(&answer))
            met_.take(wallet, answered(AskedImages{{}, asked.things}, *images));
        else if (const auto* blocks = std::get_if<2>(&answer))
            met_.take(wallet, answered(AskedBlocks{}, *blocks));
    }
    inner_.answer(wallet, request, std::move(answer));
}

void ObservedWallets::end_life(std::uint32_t wallet) noexcept {
    inner_.end_life(wallet);
    met_.forget(wallet);
}

} // namespace tools::fogsim
