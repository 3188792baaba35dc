#include "tools/fogsim/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "engine/tell/words.hpp"
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
        draw_violations(svg);
        svg += "</svg>\n";
        return "<div class=\"timeline\">\n" + names + "<div class=\"scroll\">\n" + svg + "</div>\n</div>\n";
    }

private:
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
           "logarithm of the time between them. Blue: block counts, of a wallet the one it has shown last; "
           "grey: "
           "the chain's height at that moment, so that the gap is the lag. Green ground: the ingest node is "
           "active; grey: down; violet: paused; orange: a fault is in force. Triangles: steps of the story, "
           "and "
           "where they act. In a wallet's lane a bar is a balance check, each blue stroke in it an answer, "
           "and a "
           "dot what was shown (amount @ block count; hollow: nothing could be). A brown cross is a message "
           "or "
           "a write that was lost. Everything has words behind it: point at it.</p>\n";
}

} // namespace tools::fogsim
