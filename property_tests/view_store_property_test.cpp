// A view store against what the recovery database holds: its count never passes a block that some key still
// owes, everything below the count is found, and with nothing left to load the count is exactly as far as it
// may be.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <map>
#include <optional>

#include "engine/fog/view_store.hpp"
#include "property_tests/property.hpp"
#include "property_tests/rapid_draw.hpp"
#include "sim/recovery_db.hpp"
#include "sim/testing/core_bed.hpp"

namespace property_tests {
namespace {

using namespace engine;
using namespace engine::fog;

constexpr std::uint32_t key_count = 4;
constexpr NodeId store_node{7};

struct ViewModel {
    struct Key {
        std::uint64_t start = 0;
        std::uint64_t expiry = 0;
        bool retired = false;
        bool lost = false;
        std::optional<std::uint64_t> last{};

        std::uint64_t next() const { return last ? *last + 1 : start; }
        bool owes(std::uint64_t block) const {
            if (block < next()) return false;
            if (lost) return false;
            return !retired || block < expiry;
        }
    };
    std::map<std::uint32_t, Key> keys{};
    std::optional<std::uint64_t> highest{};
    std::uint64_t events = 0;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> records{}; ///< key and block

    /// Where the count of a store with this range ends up.
    std::uint64_t level_count(BlockRange range) const {
        if (!highest) return 0;
        const std::uint64_t limit = std::min(*highest + 1, range.end.value);
        std::uint64_t count = 0;
        while (count < limit) {
            const bool mine = range.contains(BlockIndex{count});
            bool owed = false;
            for (const auto& [n, key] : keys) owed = owed || key.owes(count);
            if (mine && owed) break;
            ++count;
        }
        return count;
    }
};

struct ViewBed {
    static sim::Options stormy(std::uint64_t seed) {
        sim::Options options;
        options.seed = seed;
        options.weather.held_of_64 = 12;
        options.weather.slow_of_64 = 6;
        return options;
    }
    ViewBed(std::uint64_t seed, ViewStoreConfig wanted) : bed(stormy(seed)), config(wanted) { boot(); }
    ~ViewBed() { bed.core.scheduler.kill_all(); }

    void boot() {
        store.emplace(host, store_db, config);
        engine::spawn(bed.core.scheduler, store_node, "view store", store->run());
    }
    void restart() {
        bed.core.scheduler.kill_node(store_node);
        last = BlockCount{};
        boot();
    }
    static chain::PublicKey key(std::uint32_t n) {
        chain::PublicKey bytes;
        bytes.bytes[0] = static_cast<std::uint8_t>(n + 1);
        return bytes;
    }
    static chain::SearchKey search_key(std::uint32_t n, std::uint64_t block) {
        chain::SearchKey bytes;
        bytes.bytes[0] = static_cast<std::uint8_t>(n + 1);
        bytes.bytes[1] = static_cast<std::uint8_t>(block);
        return bytes;
    }
    static chain::Bytes payload(std::uint32_t n, std::uint64_t block) {
        return {static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(block)};
    }

    sim::testing::CoreBed bed;
    model::RecoveryModel recovery;
    sim::SimDb db{bed.core, recovery};
    sim::SimDbClient writer{db, NodeId{1}};
    sim::SimDbClient store_db{db, store_node};
    bool abort_wish = false;
    sim::SimHost host{bed.core, store_node, &abort_wish};
    ViewStoreConfig config;
    std::optional<ViewStore> store;
    std::map<std::uint32_t, InvocationId> invocations;
    BlockCount last;
};

/// What is asked, and what the answer must satisfy.
void query(const ViewModel& m, ViewBed& bed, bool level) {
    ViewQuery query;
    for (const auto& [n, block] : m.records) query.keys.push_back(ViewBed::search_key(n, block));
    const Result<ViewStoreAnswer> answer = bed.bed.run(bed.store->query(std::move(query)));
    const std::uint64_t limit = m.level_count(bed.config.range);
    if (!answer) {
        RC_ASSERT(answer.error().code == Code::not_ready);
        // A store that covers some of its range answers.
        if (level) RC_ASSERT(limit <= bed.config.range.start.value);
        return;
    }
    const ViewAnswer& view = answer->view;
    RC_LOG() << fmt::format("count {}, may be {}\n", view.count.value, limit);
    RC_ASSERT(answer->range == bed.config.range);
    RC_ASSERT(view.count >= bed.last);
    RC_ASSERT(view.count.value <= limit);
    if (level) RC_ASSERT(view.count.value == limit);
    bed.last = view.count;
    RC_ASSERT(view.rngs.size() + view.decommissions.size() + view.missed.size() == m.events);
    RC_ASSERT(view.results.size() == m.records.size());
    for (std::size_t r = 0; r < m.records.size(); ++r) {
        const auto [n, block] = m.records[r];
        const SearchResult& result = view.results[r];
        if (result.code == SearchCode::found) {
            RC_ASSERT(result.payload != nullptr);
            RC_ASSERT(*result.payload == ViewBed::payload(n, block));
            RC_ASSERT(bed.config.range.contains(BlockIndex{block}));
        } else {
            RC_ASSERT(result.code == SearchCode::not_found);
            RC_ASSERT(
                !(view.count.includes(BlockIndex{block}) && bed.config.range.contains(BlockIndex{block})));
        }
    }
}

using Command = rc::state::Command<ViewModel, ViewBed>;

/// One command, chosen by number; all concern one key.
class Act final : public Command {
public:
    enum class What { new_key, block, report, retire, unretire, lose, wait, ask, ask_when_level, restart };

    explicit Act(const ViewModel& m) {
        RapidDraw draw;
        static constexpr What weighted[] = {What::block,    What::block,  What::block, What::block,
                                            What::new_key,  What::report, What::ask,   What::ask,
                                            What::retire,   What::wait,   What::lose,  What::ask_when_level,
                                            What::unretire, What::restart};
        what_ = weighted[draw.below(static_cast<std::uint32_t>(std::size(weighted)))];
        if (m.keys.empty()) what_ = What::new_key;
        key_ = draw.below(key_count);
        amount_ = draw.below(8);
    }

    void checkPreconditions(const ViewModel& m) const override {
        const auto key = m.keys.find(key_);
        switch (what_) {
        case What::new_key:
            RC_PRE(key == m.keys.end());
            break;
        case What::block: // an ingest node scans on until its key is lost, or retired and at its end
            RC_PRE((key != m.keys.end() && key->second.owes(key->second.next())));
            break;
        case What::report:
        case What::retire:
            RC_PRE((key != m.keys.end() && !key->second.retired && !key->second.lost));
            break;
        case What::unretire:
            RC_PRE(
                (key != m.keys.end() && key->second.retired && m.highest.value_or(0) < key->second.expiry));
            break;
        case What::lose:
            RC_PRE((key != m.keys.end() && !key->second.lost));
            break;
        default:
            break;
        }
    }

    void apply(ViewModel& m) const override {
        ViewModel::Key* key = m.keys.contains(key_) ? &m.keys[key_] : nullptr;
        switch (what_) {
        case What::new_key: {
            ViewModel::Key fresh;
            fresh.start = amount_;
            if (m.highest) fresh.start = std::max(fresh.start, *m.highest + 1);
            m.keys[key_] = fresh;
            ++m.events; // its invocation
            break;
        }
        case What::block:
            m.records.emplace_back(key_, key->next());
            key->last = key->next();
            m.highest = std::max(m.highest.value_or(0), *key->last);
            break;
        case What::report:
            key->expiry = std::max(key->expiry, key->next() + amount_);
            break;
        case What::retire:
            key->retired = true;
            break;
        case What::unretire:
            key->retired = false;
            break;
        case What::lose:
            if (key->next() < key->expiry) ++m.events;
            key->lost = true;
            break;
        default:
            break;
        }
    }

    void run(const ViewModel& m, ViewBed& bed) const override {
        const chain::PublicKey name = ViewBed::key(key_);
        const auto key = m.keys.find(key_);
        switch (what_) {
        case What::new_key: {
            const auto start = bed.bed.run(bed.writer.new_ingress_key(name, BlockIndex{amount_}));
            RC_ASSERT(start.has_value());
            RC_ASSERT(start->value == nextState(m).keys.at(key_).start);
            const auto id = bed.bed.run(bed.writer.new_ingest_invocation(std::nullopt, name, name, *start));
            RC_ASSERT(bool(id));
            bed.invocations[key_] = *id;
            break;
        }
        case What::block: {
            IngestedBlock block;
            block.block = BlockIndex{key->second.next()};
            Row row;
            row.search_key = ViewBed::search_key(key_, block.block.value);
            row.payload = std::make_shared<const chain::Bytes>(ViewBed::payload(key_, block.block.value));
            block.rows = std::make_shared<const std::vector<Row>>(1, row);
            RC_ASSERT(bool(bed.bed.run(bed.writer.add_block(bed.invocations.at(key_), std::move(block)))));
            break;
        }
        case What::report: {
            ReportRow row;
            row.ingress_key = name;
            row.expiry = BlockIndex{key->second.next() + amount_};
            RC_ASSERT(bool(bed.bed.run(bed.writer.set_report(name, std::move(row)))));
            break;
        }
        case What::retire:
        case What::unretire:
            RC_ASSERT(bool(bed.bed.run(bed.writer.retire_ingress_key(name, what_ == What::retire))));
            break;
        case What::lose:
            RC_ASSERT(bool(bed.bed.run(bed.writer.report_lost_ingress_key(name))));
            break;
        case What::wait:
            bed.bed.pass(std::chrono::milliseconds(50 * amount_));
            break;
        case What::ask:
            query(m, bed, false);
            break;
        case What::ask_when_level:
            bed.bed.pass(60s); // dozens of polls, each of which may be held
            query(m, bed, true);
            break;
        case What::restart:
            bed.restart();
            break;
        }
    }

    void show(std::ostream& os) const override {
        static constexpr const char* names[] = {
            "new key",  "block of key", "report of key", "retire key",     "unretire key",
            "lose key", "wait",         "ask",           "ask when level", "restart the store"};
        os << names[static_cast<std::size_t>(what_)] << " " << key_ << " (" << amount_ << ")";
    }

private:
    What what_;
    std::uint32_t key_;
    std::uint32_t amount_;
};

TEST(ViewStoreProperty, count_is_as_far_as_every_key_has_delivered) {
    check_property("view store: block tracker", 300, [] {
        RapidDraw draw;
        ViewStoreConfig config;
        config.batch_blocks = 1 + draw.below(4);
        const std::uint32_t first = 3 * draw.below(2);
        config.range.start = BlockIndex{first};
        if (draw.below(2) == 1) config.range.end = BlockIndex{first + 1 + draw.below(6)};
        const std::uint64_t seed = draw.below(1'000'000);
        ViewBed bed(seed, config);
        const auto next = [](const ViewModel& m) {
            return rc::gen::exec([m] { return std::shared_ptr<const Command>(std::make_shared<Act>(m)); });
        };
        rc::state::check(ViewModel{}, bed, next);
    });
}

} // namespace
} // namespace property_tests
