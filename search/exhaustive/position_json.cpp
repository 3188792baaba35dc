#include "search/exhaustive/position_json.hpp"

#include "engine/ensure.hpp"

namespace search::exhaustive {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Step& step) { return Json::array({step.line, step.touched.reads, step.touched.writes}); }

Step step_from(const Json& json) {
    Step step;
    step.line = json.at(0).get<Line>();
    step.touched.reads = json.at(1).get<std::uint64_t>();
    step.touched.writes = json.at(2).get<std::uint64_t>();
    return step;
}

Json json_of(const std::vector<Step>& steps) {
    Json out = Json::array();
    for (const Step& step : steps) out.push_back(json_of(step));
    return out;
}

Json json_of(const std::vector<Branch>& tree) {
    Json out = Json::array();
    for (const Branch& branch : tree)
        out.push_back(Json::array({json_of(branch.first), json_of(branch.then)}));
    return out;
}

std::vector<Branch> tree_from(const Json& json) {
    std::vector<Branch> tree;
    for (const Json& branch : json) tree.push_back({step_from(branch.at(0)), tree_from(branch.at(1))});
    return tree;
}

} // namespace

Json to_json(const Explorer::Position& position) {
    Json out;
    out["begun"] = position.begun;
    out["runs"] = position.counts.runs;
    out["events"] = position.counts.events;
    out["blocked"] = position.counts.blocked;
    out["frames"] = Json::array();
    for (const Frame& frame : position.frames) {
        Json one;
        one["enabled"] = frame.enabled;
        one["taken"] = json_of(frame.taken);
        one["asleep"] = json_of(frame.asleep);
        one["to_do"] = json_of(frame.to_do);
        one["finished"] = frame.finished;
        one["preemptions"] = frame.preemptions;
        out["frames"].push_back(std::move(one));
    }
    return out;
}

Explorer::Position position_from(const Json& json) {
    Explorer::Position position;
    try {
        position.begun = json.at("begun").get<bool>();
        position.counts.runs = json.at("runs").get<std::uint64_t>();
        position.counts.events = json.at("events").get<std::uint64_t>();
        position.counts.blocked = json.at("blocked").get<std::uint64_t>();
        for (const Json& one : json.at("frames")) {
            Frame frame;
            frame.enabled = one.at("enabled").get<std::vector<Line>>();
            frame.taken = step_from(one.at("taken"));
            for (const Json& step : one.at("asleep")) frame.asleep.push_back(step_from(step));
            frame.to_do = tree_from(one.at("to_do"));
            if (frame.to_do.empty()) throw engine::UsageError("a point of the search has nothing left to do");
            frame.finished = one.at("finished").get<std::uint32_t>();
            frame.preemptions = one.at("preemptions").get<std::uint32_t>();
            position.frames.push_back(std::move(frame));
        }
    } catch (const nlohmann::json::exception&) {
        throw engine::UsageError("it is no position of a search");
    }
    return position;
}

} // namespace search::exhaustive
