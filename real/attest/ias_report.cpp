#include "real/attest/ias_report.hpp"

#include <algorithm>
#include <map>
#include <variant>

#include <fmt/format.h>

#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/hex.hpp"

namespace real::attest {
namespace {

struct Other {}; // null, booleans, objects
struct Number {};
using Texts = std::vector<std::string>;
using Value = std::variant<Other, Number, std::string, Texts>;
using Members = std::map<std::string, Value, std::less<>>;

/// Values of one object.  Nested objects are walked over.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// @return nothing when the text is no such object, or something follows it
    std::optional<Members> document() {
        Members members;
        skip();
        if (!object(members, 0)) return std::nullopt;
        skip();
        if (!rest_.empty()) return std::nullopt;
        return members;
    }

private:
    static constexpr int max_depth = 16;

    void skip() {
        while (!rest_.empty() &&
               (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r'))
            rest_.remove_prefix(1);
    }
    bool take(char c) {
        skip();
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    bool object(Members& to, int depth) {
        if (depth > max_depth || !take('{')) return false;
        for (;;) {
            if (take('}')) return true; // also after a comma
            std::string name;
            Value value;
            skip();
            if (!text(name) || !take(':') || !any(value, depth)) return false;
            to.insert_or_assign(std::move(name), std::move(value));
            if (!take(',')) return take('}');
        }
    }
    bool list(Value& to, int depth) {
        if (depth > max_depth || !take('[')) return false;
        Texts texts;
        bool only_texts = true;
        for (;;) {
            if (take(']')) break;
            Value value;
            if (!any(value, depth)) return false;
            if (auto* element = std::get_if<std::string>(&value))
                texts.push_back(std::move(*element));
            else
                only_texts = false;
            if (take(',')) continue;
            if (!take(']')) return false;
            break;
        }
        if (only_texts) to = std::move(texts);
        return true;
    }
    bool any(Value& to, int depth) {
        skip();
        if (rest_.empty()) return false;
        switch (rest_[0]) {
        case '"': {
            std::string value;
            if (!text(value)) return false;
            to = std::move(value);
            return true;
        }
        case '{': {
            Members ignored;
            return object(ignored, depth + 1);
        }
        case '[':
            return list(to, depth + 1);
        case 't':
            return word("true");
        case 'f':
            return word("false");
        case 'n':
            return word("null");
        default:
            to = Number{};
            return number();
        }
    }
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    bool digits() {
        std::size_t n = 0;
        while (n < rest_.size() && is_digit(rest_[n])) ++n;
        rest_.remove_prefix(n);
        return n > 0;
    }
    bool number() {
        word("-");
        if (!digits()) return false;
        if (word(".") && !digits()) return false;
        if (word("e") || word("E")) {
            if (!word("+")) word("-");
            return digits();
        }
        return true;
    }
    bool text(std::string& to) {
        if (!word("\"")) return false;
        while (!rest_.empty()) {
            const char c = rest_[0];
            rest_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') {
                to += c;
            } else if (!escape(to)) {
                return false;
            }
        }
        return false;
    }
    bool escape(std::string& to) {
        if (rest_.empty()) return false;
        static constexpr std::string_view names = "\"\\/bfnrt";
        static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char c = rest_[0];
        rest_.remove_prefix(1);
        if (c == 'u') {
            const auto bytes = engine::chain::from_hex(rest_.substr(0, 4));
            if (!bytes || bytes->size() != 2) return false;
            rest_.remove_prefix(4);
            // Nothing outside ASCII means anything here.
            to += (*bytes)[0] == 0 && (*bytes)[1] < 0x80 ? static_cast<char>((*bytes)[1]) : '?';
            return true;
        }
        const auto at = names.find(c);
        if (at == std::string_view::npos) return false;
        to += meanings[at];
        return true;
    }

    std::string_view rest_;
};

constexpr std::size_t quote_head = 48;
constexpr std::size_t unsigned_quote = quote_head + ReportBody::size;
constexpr std::size_t platform_info_digits = 2 * 105;
constexpr std::size_t nonce_digits = 32;
constexpr std::size_t pseudonym_size = 128;

} // namespace

std::optional<IasReport> IasReport::parse(std::string_view text, std::string& why) {
    const auto members = Reader(text).document();
    if (!members) {
        why = "the report is no JSON object of its kind";
        return std::nullopt;
    }
    const auto find = [&](std::string_view member) {
        const auto found = members->find(member);
        return found == members->end() ? nullptr : &found->second;
    };
    std::string fault;
    const auto text_of = [&](std::string_view member) -> const std::string* {
        const Value* value = find(member);
        const std::string* out = value == nullptr ? nullptr : std::get_if<std::string>(value);
        if (out == nullptr && fault.empty())
            fault = fmt::format("the report's {} is {}", member, value ? "no text" : "missing");
        return out;
    };
    const auto optional_text = [&](std::string_view member) {
        return find(member) == nullptr ? nullptr : text_of(member);
    };
    const auto must_be = [&](std::string_view member, bool good) {
        if (!good && fault.empty()) fault = fmt::format("the report's {} is malformed", member);
    };

    IasReport report;
    text_of("id");
    text_of("timestamp");
    const Value* version = find("version");
    must_be("version", version != nullptr && std::holds_alternative<Number>(*version));
    if (const auto* status = text_of("isvEnclaveQuoteStatus")) report.status = *status;
    if (const auto* quote = text_of("isvEnclaveQuoteBody")) {
        const auto bytes = engine::chain::from_base64(*quote);
        const bool good =
            bytes && (bytes->size() == unsigned_quote ||
                      (bytes->size() >= unsigned_quote + 4 &&
                       engine::chain::load_little_endian<std::uint32_t>(
                           ByteView(*bytes).subspan(unsigned_quote)) == bytes->size() - unsigned_quote - 4));
        must_be("isvEnclaveQuoteBody", good);
        if (good) report.body = ReportBody::parse(ByteView(*bytes).subspan(quote_head, ReportBody::size));
    }
    if (const auto* url = optional_text("advisoryURL")) report.advisory_url = *url;
    if (const Value* list = find("advisoryIDs")) {
        const Texts* texts = std::get_if<Texts>(list);
        must_be("advisoryIDs", texts != nullptr);
        if (texts != nullptr) report.advisories = *texts;
    }
    if (const auto* nonce = optional_text("nonce"))
        must_be("nonce", nonce->size() == nonce_digits && engine::chain::from_hex(*nonce));
    const std::string* blob = optional_text("platformInfoBlob");
    if (blob != nullptr)
        must_be("platformInfoBlob", blob->size() == platform_info_digits && engine::chain::from_hex(*blob));
    if (const auto* pseudonym = optional_text("epidPseudonym")) {
        const auto bytes = engine::chain::from_base64(*pseudonym);
        must_be("epidPseudonym", bytes && bytes->size() == pseudonym_size);
    }
    if (const auto* manifest = optional_text("pseManifestStatus"))
        must_be("platformInfoBlob",
                blob != nullptr || (*manifest != "OUT_OF_DATE" && *manifest != "REVOKED" &&
                                    *manifest != "RL_VERSION_MISMATCH"));
    if (!fault.empty()) {
        why = fault;
        return std::nullopt;
    }
    return report;
}

std::string IasReport::of(const ReportBody& body) {
    Bytes quote(quote_head, 0);
    quote[0] = 2; // version
    engine::chain::append(quote, body.encode());
    return fmt::format(R"({{"id":"0","timestamp":"2026-01-01T00:00:00.000000","version":4,)"
                       R"("isvEnclaveQuoteStatus":"OK","isvEnclaveQuoteBody":"{}"}})",
                       engine::chain::to_base64(quote));
}

bool IasReport::is_tolerable() const {
    if (status == "OK") return true;
    if (status != "SW_HARDENING_NEEDED" || !advisory_url) return false;
    return std::ranges::all_of(advisories, [](const std::string& advisory) {
        return std::ranges::find(tolerated_advisories, advisory) != tolerated_advisories.end();
    });
}

} // namespace real::attest
