#include "search/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "engine/tell/words.hpp"
#include "scenarios/lag/words.hpp"
#include "search/decisions.hpp"

namespace search {

using namespace engine::tell;
using scenarios::lag::Action;
using scenarios::lag::Plan;
using scenarios::lag::PlannedStep;

namespace {

constexpr std::size_t most_sentences = 80;

/// A sentence of the story, and what it can be left out for.
struct Sentence {
    std::string text;
    bool is_answer = false; ///< what a wallet was told or has shown
    engine::NodeId node{};
};

/// Says what the chain gets; blocks that pay and spend nothing are told together.
class Blocks {
public:
    void add(const Appended& block, std::vector<Sentence>& told) {
        const bool plain = block.block.value != 0 && block.paid.empty() && block.spent.empty();
        if (!plain) {
            told.push_back({fmt::format("The chain gets {}.", in_words(block))});
            many_ = false;
            return;
        }
        if (many_ && sentence_ + 1 == told.size()) {
            told.back().text =
                fmt::format("The chain gets blocks {} to {}, all without anything of an account.",
                            first_.value, block.block.value);
            return;
        }
        told.push_back({fmt::format("The chain gets {}, without anything of an account.", in_words(block))});
        first_ = block.block;
        sentence_ = told.size() - 1;
        many_ = true;
    }

private:
    engine::BlockIndex first_;
    std::size_t sentence_ = 0;
    bool many_ = false; ///< the next one may join the sentence
};

// Whether there is anything to undo when a plan has been told.
bool leaves_something(const Plan& plan) {
    return std::any_of(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) {
        return step.action == Action::hold || step.action == Action::hold_store ||
               step.action == Action::pause || step.action == Action::fault;
    });
}

// The wallet whose number is wrong: who the judge explains, else who has shown something last.
engine::NodeId wallet_in_question(const std::vector<Note>& notes) {
    for (auto note = notes.rbegin(); note != notes.rend(); ++note)
        if (note->is_why() || note->as<Reported>() != nullptr) return note->node;
    return {};
}

// Long runs are mostly polls that go well: those of other wallets are left out first, then the oldest.
std::vector<std::string> shortened(std::vector<Sentence> told, engine::NodeId in_question) {
    std::size_t too_many = told.size() > most_sentences ? told.size() - most_sentences : 0;
    std::vector<bool> out(told.size(), false);
    for (const bool others : {true, false})
        for (std::size_t i = 0; i < told.size() && too_many > 0; ++i) {
            if (!told[i].is_answer || out[i] || (others && told[i].node == in_question)) continue;
            out[i] = true;
            --too_many;
        }
    std::vector<std::string> sentences;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i <= told.size(); ++i) {
        if (i < told.size() && out[i]) {
            ++left_out;
            continue;
        }
        if (left_out > 0)
            sentences.push_back(fmt::format("({} answers and balances are left out.)", left_out));
        left_out = 0;
        if (i < told.size()) sentences.push_back(std::move(told[i].text));
    }
    return sentences;
}

// How many blocks a step has appended before its own.
std::size_t empty_blocks_before(const std::vector<Note>& notes, std::size_t step) {
    std::size_t blocks = 0;
    for (std::size_t i = step + 1; i < notes.size() && notes[i].as<Step>() == nullptr; ++i)
        if (notes[i].as<Appended>() != nullptr) ++blocks;
    return blocks == 0 ? 0 : blocks - 1;
}

std::string beginning_with_a_capital(std::string text) {
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

/// Makes the sentences of a run, in order.
class Storyteller {
public:
    Storyteller(const Case& what, const sim::RunResult& run)
        : what_(what), notes_(run.notes), names_{run.node_names, run.copy_names} {
        if (what.plan) words_.emplace(*what.plan, run.topology);
    }

    std::vector<Sentence> tell() {
        for (std::size_t i = 0; i < notes_.size(); ++i) add(i);
        return std::move(told_);
    }

private:
    void add(std::size_t number) {
        const Note& note = notes_[number];
        if (const auto* step = note.as<Step>())
            add_step(note, *step, number);
        else if (const auto* heights = note.as<Heights>())
            add_heights(*heights);
        else if (const auto* block = note.as<Appended>())
            blocks_.add(*block, told_);
        else if (note.is_answer())
            add_of_wallet(note, "hears: " + answer_in_words(note, names_));
        else if (const auto* reported = note.as<Reported>())
            add_of_wallet(note, in_words(*reported));
        else if (const auto* landing = note.as<Landing>())
            add_of_wallet(note, in_words(*landing));
        else if (note.is_why())
            told_.push_back({why_in_words(note, notes_, names_) + "."});
    }

    void add_of_wallet(const Note& note, const std::string& text) {
        const std::string who = beginning_with_a_capital(names_.of(note.node));
        told_.push_back({fmt::format("{}, at {} ms, {}.", who, note.at.ms(), text), true, note.node});
    }

    void add_step(const Note& note, const Step& step, std::size_t number) {
        const std::size_t planned = what_.plan ? what_.plan->steps.size() : 0;
        if (step.number == 0 || step.number > planned) {
            told_.push_back({fmt::format("At {} ms: {}.", note.at.ms(), step.text)});
            return;
        }
        told_.push_back({fmt::format("At {} ms {}.", note.at.ms(),
                                     words_->of(step.number - 1, empty_blocks_before(notes_, number)))});
        if (step.number == planned && leaves_something(*what_.plan))
            told_.push_back({"With that the plan ends: whatever is held or broken is released and healed."});
    }

    void add_heights(const Heights& now) {
        const std::string text = in_words(now, before_, names_);
        if (!text.empty())
            told_.push_back({fmt::format(
                "{}: {}.", before_ == nullptr ? "Block counts are at first" : "Block counts are now", text)});
        before_ = &now;
    }

    const Case& what_;
    const std::vector<Note>& notes_;
    Names names_;
    std::optional<scenarios::lag::Words> words_;
    std::vector<Sentence> told_;
    Blocks blocks_;
    const Heights* before_ = nullptr;
};

} // namespace

std::vector<std::string> story_of(const Case& what, const sim::RunResult& result) {
    std::vector<Sentence> told = Storyteller(what, result).tell();
    std::vector<std::string> sentences = shortened(std::move(told), wallet_in_question(result.notes));
    if (std::string decisions = decisions_in_words(what, result); !decisions.empty())
        sentences.push_back(std::move(decisions));
    for (const engine::check::Violation& violation : result.violations) {
        if (violation.stated)
            sentences.push_back(fmt::format("At {} ms the story states, and it does not hold: {}.",
                                            violation.at.ms(), in_words(violation)));
        else
            sentences.push_back(fmt::format("At {} ms check {} fails: {}.", violation.at.ms(),
                                            name(violation.check), in_words(violation)));
    }
    return sentences;
}

} // namespace search
