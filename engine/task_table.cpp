#include "engine/task_table.hpp"

#include <fmt/format.h>

namespace engine {

std::string TaskSlots::who_waits() const {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 1; i < slots_.size(); ++i)
        if (slots_[i].state != State::free && slots_[i].state != State::running) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return slots_[a].birth < slots_[b].birth; });
    std::string text;
    for (std::uint32_t i : order) {
        const Slot& s = slots_[i];
        text += fmt::format("  node {}: task {} '{}' waits for {}", s.node.value, s.birth, s.name, s.what);
        if (s.state == State::timed) text += fmt::format(" (due at {} ms)", s.due.ms());
        if (s.state == State::held) text += " (node paused)";
        if (s.state == State::ready) text += " (ready)";
        text += '\n';
    }
    return text;
}

} // namespace engine
