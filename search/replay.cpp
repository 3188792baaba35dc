#include "search/replay.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/chain/base64.hpp"
#include "engine/input_file.hpp"
#include "sim/defect_catalogue.hpp"

namespace search {
namespace {

using engine::FixedChoice;
using engine::UsageError;
using engine::chain::Bytes;
using engine::chain::ByteView;

constexpr std::string_view version = "F1";
constexpr std::size_t largest_case = 8u << 20; // inflated bytes: far above any recorded run
constexpr std::size_t largest_file = 16u << 20;

// What cases are full of, the most frequent last.  Part of the format: it never changes under this version.
constexpr std::string_view dictionary =
    R"("fault":"db_down""fault":"db_down_for""fault":"fail_commit""fault":"lose_commit_ack""fault":"stale_reads")"
    R"("fault":"watcher_behind""fault":"disk_full""fault":"clock_jump""fault":"reset_connections""fault":"isolate")"
    R"("fault":"drop_answers""fault":"drop_requests""fault":"slow_link""fault":"partition""fault":"cut")"
    R"({"action":"put_back_state"},{"action":"save_state"},{"action":"lose_state"},{"action":"clean_up","amount":)"
    R"({"action":"sync_keys","node":{"action":"unretire","node":{"action":"new_keys"},{"action":"report_lost"},)"
    R"({"action":"retire"},{"action":"kill_wallet"},{"action":"restart_wallet"},{"action":"resume","node":)"
    R"({"action":"pause","node":{"action":"start","node":{"action":"crash","node":{"action":"heal"},)"
    R"({"action":"release"},{"action":"hold","node":1},{"action":"advance","amount":1},{"action":"join"},)"
    R"({"action":"wait","amount":{"action":"fault","amount":1,"fault":"{"schema":1,"topology":")"
    R"(accounts=1,ingest=1,view-shards=2,view-replicas=2,image-shards=2,image-replicas=2,shard-blocks=5,)"
    R"(user-capacity=0,chunk-outputs=1000,batch-blocks=1000,poll-ms=250,window=10,copies=own)"
    R"(accounts=1,ingest=1,view-shards=1,view-replicas=1,image-shards=1,image-replicas=1,shard-blocks=5,)"
    R"(user-capacity=0,chunk-outputs=1000,batch-blocks=1000,poll-ms=250,window=10,copies=shared")"
    R"(,"wallets_per_account":1,"steps":[{"action":"activate"},)"
    R"({"action":"block","credits":[{"account":0,"amount":1},{"account":0,"amount":2,"change":true}],"spends":[0]},)"
    R"({"action":"block","credits":[{"account":0,"amount":4}]},{"action":"poll","node":1},{"action":"block"},)"
    R"({"action":"poll"}]})";

class Writer {
public:
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
        bytes_.push_back(static_cast<std::uint8_t>(value));
    }
    void text(std::string_view text) {
        number(text.size());
        bytes_.insert(bytes_.end(), text.begin(), text.end());
    }
    void word(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    const Bytes& bytes() const { return bytes_; }

private:
    Bytes bytes_;
};

[[noreturn]] void refuse(const std::string& reason) { throw UsageError("not a replay blob: " + reason); }

class Reader {
public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = next();
            if (shift == 63 && byte > 1) break;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        refuse("a number is too large");
    }
    std::uint32_t number(std::uint32_t high) {
        const std::uint64_t value = number();
        if (value > high) refuse("a number is out of range");
        return static_cast<std::uint32_t>(value);
    }
    std::string text() {
        const std::uint64_t size = number();
        if (size > bytes_.size() - at_) refuse("a text is cut off");
        const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
        at_ += size;
        return {begin, begin + static_cast<std::ptrdiff_t>(size)};
    }
    std::uint64_t word(int size) {
        std::uint64_t value = 0;
        for (int i = 0; i < size; ++i) value |= static_cast<std::uint64_t>(next()) << (8 * i);
        return value;
    }
    std::size_t left() const { return bytes_.size() - at_; }

private:
    std::uint8_t next() {
        if (at_ == bytes_.size()) refuse("it is cut off");
        return bytes_[at_++];
    }
    ByteView bytes_;
    std::size_t at_ = 0;
};

const Bytef* dictionary_bytes() { return reinterpret_cast<const Bytef*>(dictionary.data()); }

Bytes deflated(const Bytes& bytes) {
    z_stream z{};
    constexpr int raw = -15;
    const int begun = deflateInit2(&z, 9, Z_DEFLATED, raw, 9, Z_DEFAULT_STRATEGY);
    ENSURE(begun == Z_OK);
    deflateSetDictionary(&z, dictionary_bytes(), static_cast<uInt>(dictionary.size()));
    Bytes out(deflateBound(&z, static_cast<uLong>(bytes.size())) + 16);
    Bytes in = bytes; // zlib's interface is not const
    z.next_in = in.data();
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = out.data();
    z.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&z, Z_FINISH);
    ENSURE(ended == Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

Bytes inflated(ByteView bytes) {
    z_stream z{};
    const int begun = inflateInit2(&z, -15);
    ENSURE(begun == Z_OK);
    inflateSetDictionary(&z, dictionary_bytes(), static_cast<uInt>(dictionary.size()));
    Bytes in(bytes.begin(), bytes.end());
    Bytes out;
    z.next_in = in.data();
    z.avail_in = static_cast<uInt>(in.size());
    int status = Z_OK;
    while (status == Z_OK && out.size() < largest_case) {
        const std::size_t have = out.size();
        out.resize(have + 65536);
        z.next_out = out.data() + have;
        z.avail_out = 65536;
        status = inflate(&z, Z_NO_FLUSH);
        out.resize(have + (65536 - z.avail_out));
        if (status == Z_OK && z.avail_in == 0 && z.avail_out != 0) break; // it ends before its end
    }
    inflateEnd(&z);
    if (status != Z_STREAM_END || z.avail_in != 0) refuse("its content cannot be unpacked");
    return out;
}

// Only what differs from the default, so that defaults cost nothing.
std::string differences(const engine::Topology& topology) {
    const auto items = [](const std::string& text) {
        std::vector<std::string> out;
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t comma = std::min(text.find(',', at), text.size());
            out.push_back(text.substr(at, comma - at));
            at = comma + 1;
        }
        return out;
    };
    const std::vector<std::string> mine = items(engine::describe(topology));
    const std::vector<std::string> usual = items(engine::describe(engine::Topology{}));
    std::string text;
    for (std::size_t i = 0; i < mine.size(); ++i)
        if (mine[i] != usual[i]) text += (text.empty() ? "" : ",") + mine[i];
    return text;
}

std::string compact(const scenarios::lag::Plan& plan) {
    return nlohmann::ordered_json::parse(scenarios::lag::to_json(plan)).dump();
}

constexpr std::uint32_t has_plan = 1;
constexpr std::uint32_t tame_base = 2;
constexpr std::uint32_t own_weather = 4;
constexpr std::uint32_t ristretto = 8;
constexpr std::uint32_t all_flags = 15;

void write_fixed(Writer& out, std::vector<FixedChoice> fixed) {
    std::sort(fixed.begin(), fixed.end(), [](const FixedChoice& a, const FixedChoice& b) {
        return std::tie(a.stream, a.ordinal) < std::tie(b.stream, b.ordinal);
    });
    out.number(fixed.size());
    engine::StreamName stream{};
    std::uint64_t next = 0;
    for (const FixedChoice& choice : fixed) {
        const bool same = choice.stream == stream;
        out.number(same ? 0 : static_cast<std::uint64_t>(choice.stream.domain));
        if (!same) {
            out.number(choice.stream.actor);
            out.number(choice.stream.site);
            next = 0;
        }
        stream = choice.stream;
        out.number(choice.ordinal - next);
        next = choice.ordinal + 1;
        out.number(choice.bound);
        out.number(choice.value);
    }
}

std::vector<FixedChoice> read_fixed(Reader& in) {
    const std::uint64_t count = in.number();
    if (count > in.left()) refuse("it is cut off");
    std::vector<FixedChoice> fixed;
    FixedChoice choice;
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint32_t domain = in.number(engine::domain_count);
        if (domain == 0 && i == 0) refuse("its first decision has no stream");
        if (domain != 0) {
            choice.stream.domain = static_cast<engine::Domain>(domain);
            choice.stream.actor = static_cast<std::uint16_t>(in.number(0xffff));
            choice.stream.site = static_cast<std::uint16_t>(in.number(0xffff));
            next = 0;
        }
        const std::uint64_t skipped = in.number();
        if (skipped > (std::uint64_t{1} << 40)) refuse("a number is out of range");
        choice.ordinal = next + skipped;
        next = choice.ordinal + 1;
        choice.bound = in.number(0xffffffffu);
        choice.value = in.number(0xffffffffu);
        if (choice.bound < 2 || choice.value >= choice.bound) refuse("a decision is out of its bound");
        fixed.push_back(choice);
    }
    return fixed;
}

Replay read_payload(ByteView bytes) {
    Reader in(bytes);
    Replay replay;
    Case& what = replay.what;
    const std::uint32_t flags = in.number(all_flags);
    what.scenario = in.text();
    if (flags & has_plan)
        what.plan = scenarios::lag::from_json(in.text());
    else if (const std::string reason = engine::apply(in.text(), what.topology); !reason.empty())
        refuse(reason);
    what.ristretto = (flags & ristretto) != 0;
    for (std::uint32_t defects = in.number(sim::defect_count); defects > 0; --defects) {
        const std::string name = in.text();
        const sim::DefectInfo* defect = sim::find_defect(name);
        if (defect == nullptr) refuse(fmt::format("there is no defect '{}'", name));
        what.defects.switch_on(defect->defect);
    }
    if (flags & own_weather) {
        what.weather.held_of_64 = in.number(64);
        what.weather.slow_of_64 = in.number(64);
        what.weather.longest_hold_ms = in.number(3'600'000);
    }
    what.recording.seed = in.number();
    what.recording.base = (flags & tame_base) ? engine::Recording::Base::tame : engine::Recording::Base::seed;
    replay.check = static_cast<engine::check::CheckId>(in.number(engine::check::check_count - 1));
    replay.digest = in.word(8);
    what.recording.fixed = read_fixed(in);
    if (in.left() != 0) replay.found_by = sim::Strategy::parse(in.text());
    if (in.left() != 0) refuse("something follows its end");
    return replay;
}

std::uint32_t check_sum(ByteView bytes) {
    return static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

bool is_url_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

} // namespace

std::string to_blob(const Replay& replay) {
    const Case& what = replay.what;
    Writer out;
    const bool weather = what.weather != sim::Weather{};
    out.number((what.plan ? has_plan : 0u) | (weather ? own_weather : 0u) |
               (what.ristretto ? ristretto : 0u) |
               (what.recording.base == engine::Recording::Base::tame ? tame_base : 0u));
    out.text(what.scenario);
    out.text(what.plan ? compact(*what.plan) : differences(what.topology));
    std::vector<const char*> defects;
    for (const sim::DefectInfo& defect : sim::defect_catalogue())
        if (what.defects.has(defect.defect)) defects.push_back(defect.name);
    out.number(defects.size());
    for (const char* defect : defects) out.text(defect);
    if (weather) {
        out.number(what.weather.held_of_64);
        out.number(what.weather.slow_of_64);
        out.number(what.weather.longest_hold_ms);
    }
    out.number(what.recording.seed);
    out.number(static_cast<std::uint64_t>(replay.check));
    out.word(replay.digest, 8);
    write_fixed(out, what.recording.fixed);
    if (replay.found_by != sim::Strategy{}) out.text(sim::describe(replay.found_by));

    const Bytes packed = deflated(out.bytes());
    Writer whole;
    whole.word(check_sum(packed), 4);
    Bytes all = whole.bytes();
    all.insert(all.end(), packed.begin(), packed.end());
    std::string text = engine::chain::to_base64(all);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.resize(std::min(text.find('='), text.size()));
    return std::string(version) + text;
}

bool looks_like_blob(std::string_view text) {
    return text.size() > 8 && text.starts_with("F") && std::all_of(text.begin(), text.end(), is_url_digit);
}

Replay from_blob(std::string_view text) {
    if (!text.starts_with('F') || text.size() < 2) refuse("it does not begin with " + std::string(version));
    if (!text.starts_with(version))
        refuse(fmt::format("it is of another version ({} is understood)", version));
    if (!std::all_of(text.begin(), text.end(), is_url_digit))
        refuse("it has characters other than letters, digits, '-' and '_'");
    std::string standard(text.substr(version.size()));
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    standard.append((4 - standard.size() % 4) % 4, '=');
    const std::optional<Bytes> bytes = engine::chain::from_base64(standard);
    if (!bytes || bytes->size() < 5) refuse("it is cut off");
    const ByteView all(*bytes);
    const ByteView packed = all.subspan(4);
    if (Reader(all.first(4)).word(4) != check_sum(packed))
        refuse("its check sum is wrong (cut off or mistyped?)");
    try {
        return read_payload(inflated(packed));
    } catch (const UsageError& error) {
        const std::string reason = error.what();
        if (reason.starts_with("not a replay blob")) throw;
        refuse(reason); // the plan's own complaint
    }
}

namespace {

// What was copied from a terminal, a mail or a page: with a byte order mark, line ends and blanks, and
// perhaps with the result line in front.
std::string pasted(std::string_view text) {
    constexpr std::string_view key = "replay=";
    if (const std::size_t at = text.rfind(key); at != text.npos) text.remove_prefix(at + key.size());
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    std::string blob;
    for (const char c : text)
        if (std::string_view(" \t\r\n\v\f").find(c) == std::string_view::npos) blob += c;
    return blob;
}

bool is_blob(const std::string& text) {
    try {
        (void)from_blob(text);
        return true;
    } catch (const UsageError&) {
        return false;
    }
}

} // namespace

Replay read_replay(const std::string& blob_or_file) {
    std::error_code unknown;
    if (std::filesystem::is_directory(blob_or_file, unknown))
        throw UsageError(fmt::format("'{}' is a directory, not a file with a recording", blob_or_file));
    const auto kind = std::filesystem::symlink_status(blob_or_file, unknown).type();
    if (kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::none) {
        const std::string blob = pasted(blob_or_file);
        if (looks_like_blob(blob)) return from_blob(blob);
        throw UsageError(fmt::format("'{}' is neither a blob nor a file that can be read", blob_or_file));
    }
    std::istringstream file(engine::read_input_file("a replay", blob_or_file, largest_file));
    std::string first, all;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        all += pasted(line);
        if (first.empty()) first = all;
    }
    if (first.empty()) throw UsageError(fmt::format("'{}': no replay blob in it", blob_or_file));
    try {
        // An editor or a mail may have broken the line.
        return from_blob(is_blob(first) ? first : all);
    } catch (const UsageError& error) {
        throw UsageError(fmt::format("'{}': {}", blob_or_file, error.what()));
    }
}

std::string to_file_text(const Replay& replay, const std::string& message) {
    std::string text =
        fmt::format("# fogsim --replay: check {} of scenario {}\n", name(replay.check), replay.what.scenario);
    std::string line = message;
    std::replace(line.begin(), line.end(), '\n', ' ');
    if (!line.empty()) text += fmt::format("# {}\n", line);
    return text + to_blob(replay) + "\n";
}

} // namespace search
