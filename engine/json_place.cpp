#include "engine/json_place.hpp"

#include <algorithm>
#include <charconv>

namespace engine {
namespace {

// Walks over text that is known to be JSON.
class Walker {
public:
    explicit Walker(std::string_view text) : text_(text) { skip_blanks(); }

    std::size_t at() const { return at_; }
    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool ended() const { return at_ >= text_.size(); }

    void step() {
        ++at_;
        skip_blanks();
    }
    /// Over a string.  @return what stands in it, as it is written
    std::string_view string() {
        const std::size_t begin = ++at_;
        while (here() != '"' && !ended()) at_ += here() == '\\' ? 2 : 1;
        const std::string_view inner = text_.substr(std::min(begin, text_.size()), at_ - begin);
        step();
        return inner;
    }
    /// Over a whole value.
    void value() {
        std::size_t depth = 0;
        do {
            const char c = here();
            if (c == '"') {
                string();
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if (c == '}' || c == ']') --depth;
            if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':')
                step();
            else
                word();
        } while (depth > 0 && !ended());
    }
    /// Into a member of the object here.  @return whether there is one
    bool enter(std::string_view member) {
        if (here() != '{') return false;
        step();
        while (here() == '"') {
            const std::string_view name = string();
            step(); // the colon
            if (name == member) return true;
            value();
            if (here() == ',') step();
        }
        return false;
    }
    /// Into an element of the array here.
    bool enter(std::size_t element) {
        if (here() != '[') return false;
        step();
        for (; element > 0 && here() != ']' && !ended(); --element) {
            value();
            if (here() == ',') step();
        }
        return element == 0 && here() != ']';
    }

private:
    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    void skip_blanks() {
        while (!ended() && is_blank(here())) ++at_;
    }
    void word() {
        do {
            ++at_;
        } while (!ended() && std::string_view(",:]}").find(here()) == std::string_view::npos &&
                 !is_blank(here()));
        skip_blanks();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

std::size_t line_of_byte(std::string_view text, std::size_t byte) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
    return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

std::size_t line_of(std::string_view json, std::string_view place) {
    Walker walker(json);
    std::size_t found = walker.at();
    std::size_t i = std::min(place.find_first_of(".["), place.size());
    while (i < place.size()) {
        const bool member = place[i] == '.';
        const std::size_t end = std::min(place.find_first_of(member ? ".[" : "]", i + 1), place.size());
        const std::string_view name = place.substr(i + 1, end - i - 1);
        std::size_t element = 0;
        if (!member) std::from_chars(name.data(), name.data() + name.size(), element);
        if (!(member ? walker.enter(name) : walker.enter(element))) break;
        found = walker.at();
        i = member ? end : end + 1;
    }
    return line_of_byte(json, found);
}

} // namespace engine
