#include "engine/world.hpp"

namespace engine {

namespace {

template <class T>
T& at(const std::vector<T*>& nodes, std::size_t i, const char* what) {
    if (i < nodes.size()) return *nodes[i];
    throw UsageError("the scenario needs " + std::to_string(i + 1) + " of the topology's " + what +
                     ", there are " + std::to_string(nodes.size()));
}

} // namespace

IngestNode& World::ingest(std::size_t i) { return at(ingest_nodes(), i, "ingest nodes"); }
ViewStoreNode& World::view_store(std::size_t i) { return at(view_stores(), i, "view stores"); }
ImageStoreNode& World::image_store(std::size_t i) { return at(image_stores(), i, "key image stores"); }

std::vector<StoreNode*> World::stores() {
    std::vector<StoreNode*> all;
    for (const Roster::Service* who : roster().stores())
        all.push_back(static_cast<StoreNode*>(of(who->kind).at(who->number))); // its kind says what it is
    return all;
}

std::vector<Node*> World::nodes() {
    std::vector<Node*> all;
    for (const Roster::Service* who : roster().in_plans()) all.push_back(of(who->kind).at(who->number));
    return all;
}

Task<> World::until(std::string what, std::function<bool()> holds) {
    return until(std::move(what), std::move(holds), 300s);
}

Task<> World::sleep_unless(std::function<bool()>, Duration at_most) { return sleep(at_most); }

void expect(World& world, CheckId check, bool holds, const std::string& text) {
    if (holds) {
        world.checks().held(check);
        return;
    }
    check::Violation violation;
    violation.check = check;
    violation.what = check::findings::Said{text};
    violation.stated = true;
    world.checks().violated(std::move(violation));
}

} // namespace engine
