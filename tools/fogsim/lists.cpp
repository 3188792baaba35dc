#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "engine/known_words.hpp"
#include "scenarios/catalogue.hpp"
#include "sim/defect_catalogue.hpp"
#include "sim/mark_catalogue.hpp"
#include "tools/fogsim/commands.hpp"
#include "tools/program.hpp"

namespace tools::fogsim {
namespace {

template <class List>
std::size_t widest(const List& list, const char* std::decay_t<decltype(*std::begin(list))>::*field) {
    std::size_t width = 0;
    for (const auto& entry : list) width = std::max(width, std::string_view(entry.*field).size());
    return width;
}

} // namespace

std::string no_such_defect(const std::string& name) {
    std::vector<std::string_view> known;
    for (const sim::DefectInfo& defect : sim::defect_catalogue()) known.push_back(defect.name);
    return fmt::format("there is no defect '{}'{}", name,
                       engine::known_words(name, known, "fogsim --list-defects"));
}

void list_scenarios() {
    const std::size_t width = widest(scenarios::all(), &engine::Scenario::name);
    for (const engine::Scenario& s : scenarios::all()) tools::say("{:<{}}  {}\n", s.name, width, s.summary);
}

void list_defects() {
    const auto catalogue = sim::defect_catalogue();
    const std::size_t name_width = widest(catalogue, &sim::DefectInfo::name);
    const std::size_t component_width = widest(catalogue, &sim::DefectInfo::component);
    for (const sim::DefectInfo& d : catalogue)
        tools::say("{:<{}}  {:<{}}  {:<12}  {} [{}{}]\n", d.name, name_width, d.component, component_width,
                   name(d.seen_by), d.breaks, d.source, d.upstream_7_0_0 ? ", upstream 7.0.0" : "");
}

void list_marks() {
    const auto catalogue = sim::mark_catalogue();
    const std::size_t name_width = widest(catalogue, &sim::MarkInfo::name);
    const std::size_t component_width = widest(catalogue, &sim::MarkInfo::component);
    for (const sim::MarkInfo& m : catalogue) {
        tools::say("{:<{}}  {:<{}}  {}", m.name, name_width, m.component, component_width, m.meaning);
        if (m.required_within_runs != 0) tools::say(" Required within {} runs.", m.required_within_runs);
        tools::say("\n");
    }
}

} // namespace tools::fogsim
