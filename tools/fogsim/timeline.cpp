#include "tools/fogsim/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "search/story.hpp"
#include "tools/fogsim/markup.hpp"

namespace tools::fogsim {
namespace {

using engine::Event;
using engine::EventKind;
using engine::FaultKind;
using engine::Instant;
using engine::NodeId;
using scenarios::lag::Action;
using sim::Note;

// Pixels.
constexpr std::uint64_t widest = 6000;
constexpr std::uint64_t margin = 12;
constexpr std::uint64_t room_at_the_end = 150; // for the last labels
constexpr std::uint64_t names_width = 150;
constexpr std::uint64_t axis_height = 20;
constexpr std::uint64_t label_room = 15;
constexpr std::size_t most_titles = 8; // of marks that share a place

/// A block count from a moment on; nothing: there is none (the process is down).
struct Level {
    Instant at;
    std::optional<std::uint64_t> count;
};

struct Mark {
    Instant at;
    const char* style; ///< also its shape
    std::string title;
    std::string label{};
};

struct Span {
    Instant from;
    std::optional<Instant> to; ///< nothing: until the end
    const char* style;
    std::string title;
    std::string label{};
};

struct Lane {
    std::string name;
    std::uint64_t height = 24;
    bool has_counts = false;
    std::vector<Level> levels{};
    std::vector<Span> spans{};
    std::vector<Mark> marks{};
    std::optional<std::size_t> open_poll{}; ///< among the spans
    std::uint64_t top = 0;
};

std::string spaced(std::string text) {
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

class Picture {
public:
    Picture(const sim::RunResult& run, const scenarios::lag::Plan* plan) : run_(run), plan_(plan) {
        make_lanes();
        for (const Event& event : run_.events) take(event);
        for (const Note& note : run_.notes) take(note);
        for (Lane& lane : lanes_) close_poll(lane, std::nullopt);
        // No lane for the database unless something is in it.
        Lane& database = lanes_[nodes_.front()];
        if (database.spans.empty() && database.marks.empty()) database.height = 0;
        lay_out();
    }

    std::string html() {
        std::string names =
            fmt::format("<svg class=\"names\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" "
                        "height=\"{}\" role=\"img\" aria-label=\"names of the lanes\">\n",
                        names_width, height_);
        for (const Lane& lane : lanes_) {
            if (lane.height == 0) continue;
            names += fmt::format("<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n", names_width - 6,
                                 lane.top + lane.height / 2 + 4, escaped(lane.name));
        }
        names += "</svg>\n";
        std::string svg = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
                                      "role=\"img\" aria-label=\"time line of the run\">\n",
                                      width_, height_);
        draw_axis(svg);
        for (const Lane& lane : lanes_)
            if (lane.height != 0) draw(svg, lane);
        draw_violations(svg);
        svg += "</svg>\n";
        return "<div class=\"timeline\">\n" + names + "<div class=\"scroll\">\n" + svg + "</div>\n</div>\n";
    }

private:
    static constexpr const char* database_name = "recovery database";

    // -------------------------------------------------------------------------------------------- lanes

    void make_lanes() {
        add_lane("steps", 24, false);
        tip_ = add_lane("chain", 44, true);
        for (const std::string& name : run_.copy_names)
            copies_.push_back(add_lane("copy " + name, 44, true));
        nodes_.assign(run_.node_names.size(), 0);
        std::vector<std::size_t> wallets;
        for (std::size_t n = 1; n < run_.node_names.size(); ++n) {
            const std::string& name = run_.node_names[n];
            if (name.starts_with("wallet")) {
                wallets.push_back(n);
                continue;
            }
            const bool counts = name.starts_with("ingest") || is_store(name);
            nodes_[n] = add_lane(name, counts ? 44 : 24, counts);
            if (name.starts_with("ingest")) ingest_.push_back(nodes_[n]);
            if (is_store(name)) stores_.push_back(nodes_[n]);
            services_.push_back(nodes_[n]);
        }
        nodes_.at(0) = add_lane(database_name, 24, false); // what has no node of its own happens there
        for (const std::size_t n : wallets) {
            nodes_[n] = add_lane(run_.node_names[n], 44, true);
            wallets_.push_back(nodes_[n]);
        }
    }
    static bool is_store(const std::string& name) {
        return name.find('.') != std::string::npos;
    }
    std::size_t add_lane(std::string name, std::uint64_t height, bool counts) {
        lanes_.push_back({std::move(name), height, counts});
        return lanes_.size() - 1;
    }
    Lane& lane_of(NodeId node) {
        return lanes_[node.value < nodes_.size() ? nodes_[node.value] : nodes_.front()];
    }
    std::string name_of(std::uint32_t node) const {
        return node != 0 && node < run_.node_names.size() ? run_.node_names[node] : "the scenario";
    }

    // -------------------------------------------------------------------------------------------- events

    void take(const Event& e) {
        end_ = std::max(end_, e.at);
        switch (e.kind) {
        case EventKind::block_appended:
            highest_ = std::max(highest_, e.a + 1);
            lanes_[tip_].levels.push_back({e.at, e.a + 1});
            break;
        case EventKind::copy_advanced:
            if (e.object < copies_.size()) lanes_[copies_[e.object]].levels.push_back({e.at, e.a});
            break;
        case EventKind::view_published:
        case EventKind::images_published:
        case EventKind::reported:
            lane_of(e.node).levels.push_back({e.at, e.a});
            break;
        case EventKind::ingested:
            lane_of(e.node).levels.push_back({e.at, e.a + 1});
            break;
        case EventKind::ingest_mode:
            end_span(lane_of(e.node), "active", e.at);
            if (e.a == 1)
                lane_of(e.node).spans.push_back({e.at, {}, "active", "active: it scans blocks"});
            break;
        case EventKind::node_started:
            end_span(lane_of(e.node), "down", e.at);
            break;
        case EventKind::node_stopped:
            end_span(lane_of(e.node), "active", e.at);
            end_span(lane_of(e.node), "paused", e.at);
            lane_of(e.node).levels.push_back({e.at, std::nullopt});
            lane_of(e.node).spans.push_back({e.at, {}, "down", "down", "down"});
            break;
        case EventKind::node_paused:
            end_span(lane_of(e.node), "paused", e.at);
            lane_of(e.node).spans.push_back({e.at, {}, "paused", "paused", "paused"});
            break;
        case EventKind::node_resumed:
            end_span(lane_of(e.node), "paused", e.at);
            break;
        case EventKind::fault_began:
            begin_fault(e);
            break;
        case EventKind::fault_ended:
            end_fault(e.object, e.at);
            break;
        case EventKind::db_committed:
            use_up(FaultKind::lose_commit_ack, e);
            break;
        case EventKind::db_failed:
            use_up(FaultKind::fail_commit, e);
            lane_of(e.node).marks.push_back({e.at, "lost", "a write to the recovery database fails"});
            break;
        case EventKind::lost:
            lane_of(e.node).marks.push_back(
                {e.at, "lost",
                 fmt::format("{} to {} is lost", e.b == 0 ? "a request" : "an answer", name_of(e.object))});
            break;
        case EventKind::request:
            begin_poll(e);
            break;
        case EventKind::wallet_polled:
            close_poll(lane_of(e.node), e.at);
            break;
        case EventKind::resumed:
        case EventKind::delivered:
        case EventKind::answered:
        case EventKind::checked:
        case EventKind::step:
            break;
        }
    }

    static void end_span(Lane& lane, std::string_view style, Instant at) {
        for (Span& span : lane.spans)
            if (!span.to && span.style == style) span.to = at;
    }

    struct FaultInForce {
        FaultKind kind;
        NodeId node;
        std::uint64_t left;
        std::size_t lane;
        std::size_t span;
    };
    void begin_fault(const Event& e) {
        const auto kind = static_cast<FaultKind>(e.a);
        std::size_t lane = e.node.value < nodes_.size() ? nodes_[e.node.value] : nodes_.front();
        if (kind == FaultKind::watcher_behind && e.b < copies_.size()) lane = copies_[e.b];
        if (kind == FaultKind::db_down) lane = nodes_.front();
        const std::string name = spaced(engine::name(kind));
        lanes_[lane].spans.push_back(
            {e.at, {}, "fault", fmt::format("fault: {} (amount {})", name, e.b), name});
        faults_[e.object] = {kind, e.node, e.b, lane, lanes_[lane].spans.size() - 1};
    }
    void end_fault(std::uint32_t id, Instant at) {
        const auto found = faults_.find(id);
        if (found == faults_.end()) return;
        lanes_[found->second.lane].spans[found->second.span].to = at;
        faults_.erase(found);
    }
    // These faults strike so many times and are over then, without an event of their own.
    void use_up(FaultKind kind, const Event& e) {
        for (auto& [id, fault] : faults_) {
            if (fault.kind != kind || fault.node != e.node) continue;
            if (fault.left > 1)
                --fault.left;
            else
                end_fault(id, e.at);
            return;
        }
    }

    void begin_poll(const Event& e) {
        if (!name_of(e.node.value).starts_with("wallet")) return;
        Lane& lane = lane_of(e.node);
        if (lane.open_poll) return;
        lane.open_poll = lane.spans.size();
        lane.spans.push_back({e.at, {}, "poll", "a balance check"});
    }
    static void close_poll(Lane& lane, std::optional<Instant> at) {
        if (lane.open_poll && at) lane.spans[*lane.open_poll].to = at;
        lane.open_poll.reset();
    }

    // -------------------------------------------------------------------------------------------- notes

    void take(const Note& note) {
        const std::string when = fmt::format("{} ms: ", note.at.ms());
        switch (note.kind) {
        case Note::Kind::step:
            take_step(note, when);
            break;
        case Note::Kind::chain:
            lanes_[tip_].marks.push_back({note.at, "block", when + "the chain gets " + note.text});
            break;
        case Note::Kind::told:
            lane_of(note.node).marks.push_back({note.at, "told", when + "hears: " + note.text});
            break;
        case Note::Kind::report:
            lane_of(note.node).marks.push_back(
                {note.at, note.text.starts_with("shows") ? "shown" : "nothing", when + note.text,
                 shown_label(note.text)});
            last_report_ = note;
            break;
        case Note::Kind::heights:
        case Note::Kind::why:
            break;
        }
    }

    // "shows 5 at block count 3" as "5 @ 3".
    static std::string shown_label(const std::string& text) {
        constexpr std::string_view shows = "shows ";
        constexpr std::string_view at = " at block count ";
        const std::size_t middle = text.find(at);
        if (!text.starts_with(shows) || middle == std::string::npos) return "?";
        return fmt::format("{} @ {}", text.substr(shows.size(), middle - shows.size()),
                           text.substr(middle + at.size()));
    }

    void take_step(const Note& note, const std::string& when) {
        const bool planned = plan_ != nullptr && note.number > 0 && note.number <= plan_->steps.size();
        const std::string words =
            planned ? search::in_words(*plan_, plan_->steps[note.number - 1]) : note.text;
        const std::string title = fmt::format("step {}, {}{}", note.number, when, words);
        lanes_.front().marks.push_back({note.at, "step", title, std::to_string(note.number)});
        if (!planned) return;
        const scenarios::lag::PlannedStep& step = plan_->steps[note.number - 1];
        if (const auto lane = place_of(step))
            lanes_[*lane].marks.push_back({note.at, "act", title});
    }

    // The lane of what a step acts on, numbered as plans do it.
    std::optional<std::size_t> place_of(const scenarios::lag::PlannedStep& step) const {
        const auto pick = [&](const std::vector<std::size_t>& of) -> std::optional<std::size_t> {
            if (of.empty()) return std::nullopt;
            return of[step.node % of.size()];
        };
        switch (step.action) {
        case Action::advance:
        case Action::hold:
        case Action::release:
            return pick(copies_);
        case Action::hold_store:
        case Action::release_store:
            return pick(stores_);
        case Action::activate:
        case Action::retire:
        case Action::unretire:
        case Action::new_keys:
        case Action::sync_keys:
        case Action::report_lost:
        case Action::set_window:
        case Action::make_peers:
        case Action::lose_state:
        case Action::save_state:
        case Action::put_back_state:
            return pick(ingest_);
        case Action::crash:
        case Action::start:
        case Action::pause:
        case Action::resume:
            return pick(services_);
        case Action::poll:
        case Action::restart_wallet:
        case Action::kill_wallet:
        case Action::landing: { // wallets that never called anybody have no lane
            const std::size_t all = plan_->topology.accounts * plan_->wallets_per_account;
            const std::size_t wallet = all == 0 ? 0 : step.node % all;
            if (wallet < wallets_.size()) return wallets_[wallet];
            return std::nullopt;
        }
        default:
            return std::nullopt;
        }
    }

    // -------------------------------------------------------------------------------------------- layout

    void lay_out() {
        std::vector<std::int64_t> moments{0, end_.ns};
        for (const Lane& lane : lanes_) {
            for (const Level& level : lane.levels) moments.push_back(level.at.ns);
            for (const Mark& mark : lane.marks) moments.push_back(mark.at.ns);
            for (const Span& span : lane.spans) {
                moments.push_back(span.from.ns);
                if (span.to) moments.push_back(span.to->ns);
            }
        }
        for (const auto& violation : run_.violations) moments.push_back(violation.at.ns);
        std::sort(moments.begin(), moments.end());
        moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
        std::uint64_t x = 0;
        std::int64_t before = moments.front();
        for (const std::int64_t moment : moments) {
            const auto gap_10us = static_cast<std::uint64_t>(moment - before) / 10'000;
            if (moment != before) x += 3 + 5 * static_cast<std::uint64_t>(std::bit_width(gap_10us));
            x_[moment] = x;
            before = moment;
        }
        if (x > widest)
            for (auto& [moment, at] : x_) at = at * widest / x;
        width_ = margin + std::min(x, widest) + room_at_the_end;
        std::uint64_t top = axis_height;
        for (Lane& lane : lanes_) {
            lane.top = top;
            top += lane.height;
        }
        height_ = top + 4;
    }

    std::uint64_t x(Instant at) const { return margin + x_.at(at.ns); }
    std::uint64_t y(const Lane& lane, std::uint64_t count) const {
        const std::uint64_t room = lane.height - 16;
        const std::uint64_t bottom = lane.top + lane.height - 4;
        return bottom - std::min(count, highest_) * room / std::max<std::uint64_t>(highest_, 1);
    }

    // -------------------------------------------------------------------------------------------- drawing

    void draw_axis(std::string& out) const {
        std::uint64_t free_from = 0;
        for (const auto& [moment, at] : x_) {
            const std::uint64_t here = margin + at;
            if (here < free_from) continue;
            out += fmt::format("<line class=\"grid\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>"
                               "<text class=\"time\" x=\"{0}\" y=\"12\">{3} ms</text>\n",
                               here, axis_height - 4, height_, moment / 1'000'000);
            free_from = here + 80;
        }
    }

    void draw(std::string& out, const Lane& lane) const {
        out += fmt::format("<line class=\"edge\" x1=\"0\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\"/>\n",
                           lane.top + lane.height, width_);
        for (const Span& span : lane.spans) draw(out, lane, span);
        if (lane.has_counts) {
            if (&lane != &lanes_[tip_]) draw_levels(out, lane, lanes_[tip_].levels, "tip", false);
            draw_levels(out, lane, lane.levels, "count", true);
        }
        draw_marks(out, lane);
    }

    void draw(std::string& out, const Lane& lane, const Span& span) const {
        const std::uint64_t from = x(span.from);
        const std::uint64_t to = std::max(x(span.to.value_or(end_)), from + 2);
        const bool thin = std::string_view(span.style) == "poll";
        out += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} "
                           "({} to {} ms)</title></rect>\n",
                           span.style, from, thin ? lane.top + lane.height - 4 : lane.top + 1, to - from,
                           thin ? 3 : lane.height - 2, escaped(span.title), span.from.ms(),
                           span.to.value_or(end_).ms());
        if (!span.label.empty())
            out += fmt::format("<text class=\"of_span\" x=\"{}\" y=\"{}\">{}</text>\n", from + 3,
                               lane.top + 10, escaped(span.label));
    }

    void draw_levels(std::string& out, const Lane& lane, const std::vector<Level>& levels, const char* style,
                     bool labelled) const {
        std::string path;
        std::string labels;
        std::uint64_t free_from = 0;
        std::optional<std::uint64_t> last;
        for (const Level& level : levels) {
            if (level.count == last) continue;
            const std::uint64_t here = x(level.at);
            if (last) path += fmt::format("H{}", here);
            if (level.count && last)
                path += fmt::format("V{}", y(lane, *level.count));
            else if (level.count)
                path += fmt::format("M{} {}", here, y(lane, *level.count));
            last = level.count;
            if (!labelled || !level.count || here < free_from) continue;
            labels += fmt::format("<text class=\"number\" x=\"{}\" y=\"{}\">{}</text>\n", here + 2,
                                  y(lane, *level.count) - 2, *level.count);
            free_from = here + label_room;
        }
        if (last) path += fmt::format("H{}", x(end_));
        if (!path.empty()) out += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, path);
        out += labels;
    }

    // Marks of one kind at one place are one mark.
    void draw_marks(std::string& out, const Lane& lane) const {
        struct Place {
            std::string title;
            std::string label;
            std::size_t marks = 0;
        };
        std::map<std::pair<std::uint64_t, std::string_view>, Place> places;
        for (const Mark& mark : lane.marks) {
            Place& place = places[{x(mark.at), mark.style}];
            if (++place.marks > most_titles) continue;
            if (!place.title.empty()) place.title += '\n';
            place.title += mark.title;
            place.label = mark.label;
        }
        std::uint64_t free_from = 0;
        for (auto& [where, place] : places) {
            const auto& [here, style] = where;
            if (place.marks > most_titles)
                place.title += fmt::format("\nand {} more", place.marks - most_titles);
            out += fmt::format("<path class=\"{}\" d=\"{}\"><title>{}</title></path>\n", style,
                               shape(lane, style, here), escaped(place.title));
            if (place.label.empty() || here < free_from) continue;
            const bool above = style == "step";
            out += fmt::format("<text class=\"of_mark\" x=\"{}\" y=\"{}\">{}</text>\n", here + 5,
                               above ? lane.top + 15 : lane.top + 10, escaped(place.label));
            free_from = here + 10 + 6 * place.label.size();
        }
    }

    static std::string shape(const Lane& lane, std::string_view style, std::uint64_t x) {
        const std::uint64_t bottom = lane.top + lane.height - 2;
        const std::uint64_t middle = lane.top + lane.height / 2;
        if (style == "told") return fmt::format("M{} {}v-9", x, bottom);
        if (style == "block") return fmt::format("M{} {}v-7", x, bottom);
        if (style == "act") return fmt::format("M{} {}l-4 -7h8z", x, lane.top + 9);
        if (style == "step") return fmt::format("M{} {}l-4 -8h8z", x, middle + 6);
        if (style == "lost") return fmt::format("M{} {}l6 6m0 -6l-6 6", x - 3, middle - 3);
        return fmt::format("M{} {}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", x - 4, lane.top + 16); // what was shown
    }

    void draw_violations(std::string& out) const {
        if (run_.violations.empty()) return;
        const engine::check::Violation& first = run_.violations.front();
        const std::uint64_t here = x(first.at);
        std::string title;
        for (const engine::check::Violation& violation : run_.violations)
            title += fmt::format("{}{}: {}", title.empty() ? "" : "\n", name(violation.check),
                                 violation.text);
        out += fmt::format("<line class=\"failure\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"><title>{3}"
                           "</title></line>\n",
                           here, axis_height, height_, escaped(title));
        std::uint64_t label_at = axis_height + 10;
        std::string label = fmt::format("{} fails", name(first.check));
        if (last_report_ && first.count && first.shown) {
            const Lane& lane = lanes_[nodes_.at(last_report_->node.value)];
            label_at = lane.top + lane.height - 8;
            label = fmt::format("shows {}, true is {}", engine::check::to_text(*first.shown),
                                first.truth ? engine::check::to_text(*first.truth) : "something else");
            out += fmt::format("<rect class=\"failed\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                               lane.top + 1, width_, lane.height - 2);
            out += fmt::format("<circle class=\"failed\" cx=\"{}\" cy=\"{}\" r=\"8\"><title>{}</title>"
                               "</circle>\n",
                               here, lane.top + 16, escaped(title));
        }
        out += fmt::format("<text class=\"failed\" x=\"{}\" y=\"{}\">{}</text>\n", here + 12, label_at,
                           escaped(label));
    }

    const sim::RunResult& run_;
    const scenarios::lag::Plan* plan_;
    std::vector<Lane> lanes_;
    std::size_t tip_ = 0;
    std::vector<std::size_t> copies_;   // lanes, by number of the copy
    std::vector<std::size_t> nodes_;    // lanes, by number of the node
    std::vector<std::size_t> ingest_;   // lanes, in the order in which plans number them
    std::vector<std::size_t> stores_;
    std::vector<std::size_t> services_;
    std::vector<std::size_t> wallets_;
    std::map<std::uint32_t, FaultInForce> faults_;
    std::optional<Note> last_report_;
    Instant end_{};
    std::uint64_t highest_ = 0;
    std::map<std::int64_t, std::uint64_t> x_; // by moment, before the margin
    std::uint64_t width_ = 0;
    std::uint64_t height_ = 0;
};

} // namespace

std::string timeline(const sim::RunResult& run, const scenarios::lag::Plan* plan) {
    return Picture(run, plan).html();
}

const char* timeline_style() {
    return R"(.timeline { display: flex; border: 1px solid #ccc; }
.timeline svg { display: block; font: 11px sans-serif; }
.timeline .names { flex: none; background: #fafafa; border-right: 1px solid #ccc; }
.scroll { overflow-x: auto; }
.name { text-anchor: end; }
.time { fill: #666; font-size: 10px; }
.grid { stroke: #eee; }
.edge { stroke: #ddd; }
.tip { fill: none; stroke: #ccc; stroke-width: 1.5; }
.count { fill: none; stroke: #1a5fb4; stroke-width: 1.5; }
.number { fill: #1a5fb4; font-size: 9px; }
.active { fill: #e3f4e1; }
.down { fill: #d8d8d8; }
.paused { fill: #e6e0f0; }
.fault { fill: #fbe3b5; fill-opacity: 0.8; stroke: #c88a00; stroke-dasharray: 3 2; }
.poll { fill: #9ec5ee; }
.of_span { fill: #7a5200; font-size: 9px; }
.of_mark { fill: #222; font-size: 10px; }
.step, .act { fill: #555; }
.told { stroke: #1a5fb4; stroke-width: 2; }
.block { stroke: #555; stroke-width: 2; }
.lost { stroke: #b05000; stroke-width: 1.5; fill: none; }
.shown { fill: #2e7d32; }
.nothing { fill: #fff; stroke: #888; }
line.failure { stroke: #c01c28; stroke-width: 1.5; stroke-dasharray: 5 3; }
rect.failed { fill: #c01c28; fill-opacity: 0.08; }
circle.failed { fill: none; stroke: #c01c28; stroke-width: 2.5; }
text.failed { fill: #c01c28; font-weight: bold; }
)";
}

std::string timeline_legend() {
    return "<p class=\"legend\">Virtual time goes to the right; the room between two moments grows with the "
           "logarithm of the time between them. Blue: block counts, of a wallet the one it has shown last; grey: "
           "the chain's height at that moment, so that the gap is the lag. Green ground: the ingest node is "
           "active; grey: down; violet: paused; orange: a fault is in force. Triangles: steps of the story, and "
           "where they act. In a wallet's lane a bar is a balance check, each blue stroke in it an answer, and a "
           "dot what was shown (amount @ block count; hollow: nothing could be). A brown cross is a message or "
           "a write that was lost. Everything has words behind it: point at it.</p>\n";
}

} // namespace tools::fogsim
