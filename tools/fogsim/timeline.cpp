#include "tools/fogsim/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "engine/tell/words.hpp"
#include "sim/network.hpp"
#include "tools/fogsim/timeline_lanes.hpp"
#include "tools/markup.hpp"

namespace tools::fogsim {
namespace {

using engine::Instant;

// Pixels.
constexpr std::uint64_t widest = 6000;
constexpr std::uint64_t margin = 12;
constexpr std::uint64_t room_at_the_end = 150; // for the last labels
constexpr std::uint64_t names_width = 150;
constexpr std::uint64_t axis_height = 20;
constexpr std::uint64_t label_room = 15;
constexpr std::size_t most_titles = 8; // of marks that share a place

class Picture {
public:
    Picture(const sim::RunResult& run, const scenarios::lag::Plan* plan) : run_(run), lanes_(run, plan) {
        if (!run.violations.empty()) failed_lane_ = lane_of(run.violations.front());
        fold_wallets();
        find_messages();
        lay_out();
    }

    std::string html() {
        std::string names =
            fmt::format("<svg class=\"names\" xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" "
                        "height=\"{}\" role=\"img\" aria-label=\"names of the lanes\">\n",
                        names_width, height_);
        for (const Lane& lane : lanes_.all()) {
            if (lane.height == 0) continue;
            names += fmt::format("<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n", names_width - 6,
                                 lane.top + lane.height / 2 + 4, escaped(lane.name));
        }
        names += "</svg>\n";
        std::string svg = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" "
                                      "role=\"img\" aria-label=\"time line of the run\">\n",
                                      width_, height_);
        draw_axis(svg);
        for (const Lane& lane : lanes_.all())
            if (lane.height != 0) draw(svg, lane);
        for (const Message& message : messages_) draw(svg, message);
        draw_violations(svg);
        svg += "</svg>\n";
        return "<div class=\"timeline\">\n" + names + "<div class=\"scroll\">\n" + svg + "</div>\n</div>\n";
    }

private:
    /// A request or an answer that came from one lane to another.
    struct Message {
        const Lane* from;
        const Lane* to;
        Instant sent;
        Instant arrived;
        bool answer;
        std::string title;
    };

    // Wallets of one account do the same work.  Where they are many, they share a lane: all but one that has
    // shown a wrong number.
    void fold_wallets() {
        constexpr std::size_t few = 3;
        std::map<std::string, std::vector<Lane*>> of_account;
        for (Lane& lane : lanes_.all()) {
            const std::size_t at = lane.name.find(" of ");
            if (lane.is_wallet && &lane != failed_lane_ && at != std::string::npos)
                of_account[lane.name.substr(at)].push_back(&lane);
        }
        for (auto& [account, wallets] : of_account) {
            if (wallets.size() < few) continue;
            Lane& one = *wallets.front();
            one.name = fmt::format("{} wallets{}", wallets.size(), account);
            one.levels.clear(); // each has a block count of its own; the dots say it
            folded_[&one] = &one;
            for (Lane* other : wallets) {
                if (other == &one) continue;
                one.marks.insert(one.marks.end(), other->marks.begin(), other->marks.end());
                one.spans.insert(one.spans.end(), other->spans.begin(), other->spans.end());
                other->height = 0;
                folded_[other] = &one;
            }
            const auto earlier = [](const auto& a, const auto& b) { return a.at < b.at; };
            std::stable_sort(one.marks.begin(), one.marks.end(), earlier);
        }
    }

    const Lane* shown(const Lane& lane) const {
        const auto found = folded_.find(&lane);
        return found == folded_.end() ? &lane : found->second;
    }

    // Those that begin or end at a wallet, and few enough to be told apart.
    void find_messages() {
        constexpr std::size_t most = 400;
        struct Asked {
            const engine::Event* request;
            const engine::Event* delivered;
        };
        std::map<std::uint64_t, Asked> calls; // by number
        const engine::Roster roster(run_.topology);
        const auto add = [&](engine::NodeId from, engine::NodeId to, Instant sent, Instant arrived,
                             bool answer, std::uint64_t method) {
            messages_.push_back(
                {shown(lanes_.of(from)), shown(lanes_.of(to)), sent, arrived, answer,
                 fmt::format("{} to {}: {}", answer ? "an answer" : "a request", run_.node_names[to.value],
                             sim::name(static_cast<sim::Method>(method)))});
        };
        for (const engine::Event& e : run_.events) {
            if (e.kind == engine::EventKind::request && roster.is_wallet(e.node)) calls[e.b] = {&e, nullptr};
            if (e.kind == engine::EventKind::delivered) {
                const auto call = calls.find(e.b);
                if (call == calls.end()) continue;
                call->second.delivered = &e;
                add(call->second.request->node, e.node, call->second.request->at, e.at, false, e.a);
            }
            if (e.kind == engine::EventKind::answered) {
                const auto call = std::find_if(calls.begin(), calls.end(), [&e](const auto& entry) {
                    const Asked& asked = entry.second;
                    return asked.delivered != nullptr && asked.delivered->node == e.node &&
                           asked.request->node.value == e.object && asked.request->a == e.a;
                });
                if (call == calls.end()) continue;
                const engine::NodeId wallet = call->second.request->node;
                add(e.node, wallet, e.at, heard_at(wallet, e.at), true, e.a);
                calls.erase(call);
            }
        }
        if (messages_.size() > most) messages_.clear();
    }

    // When a wallet hears something after a moment; that moment, when it never does.
    Instant heard_at(engine::NodeId wallet, Instant after) const {
        for (const engine::tell::Note& note : run_.notes)
            if (note.node == wallet && note.is_answer() && note.at >= after) return note.at;
        return after;
    }

    void lay_out() {
        std::vector<std::int64_t> moments{0, lanes_.end().ns};
        for (const Lane& lane : lanes_.all()) {
            for (const Level& level : lane.levels) moments.push_back(level.at.ns);
            for (const Mark& mark : lane.marks) moments.push_back(mark.at.ns);
            for (const Span& span : lane.spans) {
                moments.push_back(span.from.ns);
                if (span.to) moments.push_back(span.to->ns);
            }
        }
        for (const auto& violation : run_.violations) moments.push_back(violation.at.ns);
        for (const Message& message : messages_) {
            moments.push_back(message.sent.ns);
            moments.push_back(message.arrived.ns);
        }
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
        for (Lane& lane : lanes_.all()) {
            lane.top = top;
            top += lane.height;
        }
        height_ = top + 4;
    }

    std::uint64_t x(Instant at) const { return margin + x_.at(at.ns); }
    std::uint64_t y(const Lane& lane, std::uint64_t count) const {
        const std::uint64_t room = lane.height - 16;
        const std::uint64_t bottom = lane.top + lane.height - 4;
        return bottom - std::min(count, lanes_.highest_count()) * room /
                            std::max<std::uint64_t>(lanes_.highest_count(), 1);
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
            if (&lane != &lanes_.chain()) draw_levels(out, lane, lanes_.chain().levels, "tip", false);
            draw_levels(out, lane, lane.levels, "count", !lane.is_wallet);
        }
        draw_marks(out, lane);
    }

    void draw(std::string& out, const Message& message) const {
        if (message.from == message.to || message.from->height == 0 || message.to->height == 0) return;
        const auto middle = [](const Lane& lane) { return lane.top + lane.height / 2; };
        out += fmt::format("<path class=\"{}\" d=\"M{} {}L{} {}\"><title>{} ({} to {} ms)</title></path>\n",
                           message.answer ? "answer" : "request", x(message.sent), middle(*message.from),
                           x(message.arrived), middle(*message.to), escaped(message.title), message.sent.ms(),
                           message.arrived.ms());
    }

    void draw(std::string& out, const Lane& lane, const Span& span) const {
        const std::uint64_t from = x(span.from);
        const std::uint64_t to = std::max(x(span.to.value_or(lanes_.end())), from + 2);
        const bool thin = std::string_view(span.style) == "poll";
        out += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} "
                           "({} to {} ms)</title></rect>\n",
                           span.style, from, thin ? lane.top + lane.height - 4 : lane.top + 1, to - from,
                           thin ? 3 : lane.height - 2, escaped(span.title), span.from.ms(),
                           span.to.value_or(lanes_.end()).ms());
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
        for (std::size_t i = 0; i < levels.size(); ++i) {
            const Level& level = levels[i];
            const std::uint64_t here = x(level.at);
            if (i + 1 < levels.size() && x(levels[i + 1].at) == here) continue; // gone as soon as it came
            if (level.count == last) continue;
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
        if (last) path += fmt::format("H{}", x(lanes_.end()));
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
                                 engine::tell::in_words(violation));
        out += fmt::format("<line class=\"failure\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"><title>{3}"
                           "</title></line>\n",
                           here, axis_height, height_, escaped(title));
        std::uint64_t label_at = axis_height + 10;
        std::string label = fmt::format("{} fails", name(first.check));
        if (const Lane* lane = lane_of(first)) {
            label_at = lane->top + lane->height - 8;
            if (first.shown)
                label = fmt::format("shows {}, true is {}", engine::check::to_text(*first.shown),
                                    first.truth ? engine::check::to_text(*first.truth) : "something else");
            out += fmt::format("<rect class=\"failed\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                               lane->top + 1, width_, lane->height - 2);
            out +=
                fmt::format("<circle class=\"failed\" cx=\"{}\" cy=\"{}\" r=\"8\"><title>{}</title>"
                            "</circle>\n",
                            here, lane->top + std::min<std::uint64_t>(16, lane->height / 2), escaped(title));
        }
        out += fmt::format("<text class=\"failed\" x=\"{}\" y=\"{}\">{}</text>\n", here + 12, label_at,
                           escaped(label));
    }

    // Where a violation was seen: the wallet that has just shown the number, or the service that it names.
    // Null: it is about no single one.
    const Lane* lane_of(const engine::check::Violation& violation) const {
        if (lanes_.last_report() && violation.count && violation.shown)
            return &lanes_.of(lanes_.last_report()->node);
        for (std::size_t node = 1; node < run_.node_names.size(); ++node)
            if (violation.place == run_.node_names[node])
                return &lanes_.of(engine::NodeId{static_cast<std::uint32_t>(node)});
        return nullptr;
    }

    const sim::RunResult& run_;
    Lanes lanes_;
    const Lane* failed_lane_ = nullptr;
    std::map<const Lane*, const Lane*> folded_; // lanes of wallets, and the one that stands for them
    std::vector<Message> messages_;
    std::map<std::int64_t, std::uint64_t> x_; // by moment, before the margin
    std::uint64_t width_ = 0;
    std::uint64_t height_ = 0;
};

} // namespace

std::string timeline(const sim::RunResult& run, const scenarios::lag::Plan* plan) {
    return Picture(run, plan).html();
}

const char* timeline_style() {
    return R"(.timeline { display: flex; border: 1px solid var(--line); }
.timeline svg { display: block; font: 11px sans-serif; fill: var(--ink); }
.timeline .names { flex: none; background: var(--soft); border-right: 1px solid var(--line); }
.scroll { overflow-x: auto; }
.name { text-anchor: end; }
.time { fill: var(--faint); font-size: 10px; }
.grid { stroke: var(--grid); }
.edge { stroke: var(--line); }
.tip { fill: none; stroke: var(--line); stroke-width: 1.5; }
.count { fill: none; stroke: var(--blue); stroke-width: 1.5; }
.number { fill: var(--blue); font-size: 9px; }
.active { fill: var(--active); }
.down { fill: var(--down); }
.paused { fill: var(--paused); }
.fault { fill: var(--fault); fill-opacity: 0.8; stroke: #c88a00; stroke-dasharray: 3 2; }
.poll { fill: var(--poll); }
.of_span { fill: var(--brown); font-size: 9px; }
.of_mark { fill: var(--ink); font-size: 10px; }
.step, .act { fill: var(--faint); }
.told { stroke: var(--blue); stroke-width: 2; }
.block { stroke: var(--faint); stroke-width: 2; }
.lost { stroke: #b05000; stroke-width: 1.5; fill: none; }
.request, .answer { stroke: var(--blue); stroke-width: 0.7; stroke-opacity: 0.6; fill: none; }
.answer { stroke-dasharray: 2 2; }
.shown { fill: var(--green); }
.nothing { fill: var(--paper); stroke: var(--faint); }
line.failure { stroke: var(--red); stroke-width: 1.5; stroke-dasharray: 5 3; }
rect.failed { fill: var(--red); fill-opacity: 0.08; }
circle.failed { fill: none; stroke: var(--red); stroke-width: 2.5; }
text.failed { fill: var(--red); font-weight: bold; }
.legend { position: sticky; top: 0; z-index: 1; background: var(--paper); color: var(--faint); font-size: 0.85em;
  margin: 0; padding: 0.3em 0; display: flex; flex-wrap: wrap; gap: 0.2em 1em; list-style: none; }
.legend svg { width: 22px; height: 12px; vertical-align: middle; margin-right: 0.3em; }
)";
}

std::string timeline_legend() {
    struct Entry {
        const char* sign;
        const char* meaning;
    };
    const Entry entries[] = {
        {"<path class=\"count\" d=\"M1 10H8V4H21\"/>", "block count; of a wallet, what it has shown last"},
        {"<path class=\"tip\" d=\"M1 8H8V2H21\"/>", "height of the chain: the gap is the lag"},
        {"<path class=\"step\" d=\"M11 10l-4 -8h8z\"/>", "a step of the story, and where it acts"},
        {"<path class=\"request\" d=\"M1 2L21 10\"/>", "a wallet's request"},
        {"<path class=\"answer\" d=\"M1 10L21 2\"/>", "the answer"},
        {"<path class=\"lost\" d=\"M8 3l6 6m0 -6l-6 6\"/>", "lost, or a write that failed"},
        {"<rect class=\"poll\" x=\"1\" y=\"5\" width=\"20\" height=\"3\"/>", "a balance check"},
        {"<path class=\"shown\" d=\"M7 6a4 4 0 1 0 8 0a4 4 0 1 0 -8 0\"/>", "shown: amount @ block count"},
        {"<path class=\"nothing\" d=\"M7 6a4 4 0 1 0 8 0a4 4 0 1 0 -8 0\"/>", "nothing could be shown"},
        {"<rect class=\"active\" width=\"22\" height=\"12\"/>", "active ingest node"},
        {"<rect class=\"down\" width=\"22\" height=\"12\"/>", "down"},
        {"<rect class=\"paused\" width=\"22\" height=\"12\"/>", "paused"},
        {"<rect class=\"fault\" width=\"22\" height=\"12\"/>", "a fault is in force"},
    };
    std::string out = "<ul class=\"legend\">\n";
    for (const Entry& entry : entries)
        out += fmt::format(
            "<li><svg xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\">{}</svg>{}</li>\n",
            entry.sign, entry.meaning);
    return out +
           "<li>Time goes to the right; the room between two moments grows with the logarithm of the time "
           "between them. Point at anything for its words.</li>\n</ul>\n";
}

} // namespace tools::fogsim
