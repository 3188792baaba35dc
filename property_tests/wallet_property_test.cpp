// Whatever a wallet is told, in whatever order, as long as each answer is true for its own count: each pair
// it reports is true, its count never goes down, and once everything is level it knows everything.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <algorithm>
#include <map>
#include <memory>

#include "engine/fog/testing/scripted_fog.hpp"
#include "property_tests/property.hpp"
#include "property_tests/rapid_draw.hpp"

namespace property_tests {
namespace {

using namespace engine;
using namespace engine::fog;
using engine::fog::testing::Coin;
using engine::fog::testing::Pay;
using engine::fog::testing::ScriptedFog;
using engine::fog::testing::TestBed;

struct WalletModel {
    struct Rng {
        bool closed = false;
        std::uint64_t last_block = 0;
    };
    std::uint64_t blocks = 1; ///< the origin block is there
    std::vector<Rng> rngs{};
    std::vector<Coin> unspent{};
    std::uint64_t missed_until = 0; ///< end of the last announced range
    unsigned coins = 0;

    bool next_is_missed() const { return blocks < missed_until; }
    std::vector<std::size_t> open_rngs() const {
        std::vector<std::size_t> open;
        for (std::size_t r = 0; r < rngs.size(); ++r)
            if (!rngs[r].closed) open.push_back(r);
        return open;
    }
};

struct WalletBed {
    explicit WalletBed(WalletConfig config) : wallet(bed.host, fog.account, fog, fog, config) {}

    /// One check; what it reports is judged.
    bool check() {
        const Result<BalanceReport> report = bed.run(wallet.check());
        if (!report) return false;
        RC_LOG() << fmt::format("reported {} at count {}\n", static_cast<std::uint64_t>(report->value()),
                                report->count.value);
        RC_ASSERT(report->value() == fog.truth(report->count));
        RC_ASSERT(report->count >= last);
        RC_ASSERT(report->count <= fog.height());
        last = report->count;
        return true;
    }

    TestBed bed;
    ScriptedFog fog{bed};
    Wallet wallet;
    BlockCount last;
    std::size_t failures_masked = 0; ///< checks that reported although a request had failed
    std::size_t failures_shown = 0;  ///< checks that failed with it
};

using Command = rc::state::Command<WalletModel, WalletBed>;

class OpenRng final : public Command {
public:
    explicit OpenRng(const WalletModel&) {}
    void checkPreconditions(const WalletModel& m) const override { RC_PRE(m.rngs.size() < 5); }
    void apply(WalletModel& m) const override { m.rngs.push_back({}); }
    void run(const WalletModel& m, WalletBed& bed) const override { bed.fog.open_rng(m.blocks); }
    void show(std::ostream& os) const override { os << "open an RNG"; }
};

class CloseRng final : public Command {
public:
    explicit CloseRng(const WalletModel& m) {
        const auto open = m.open_rngs();
        if (!open.empty()) rng_ = open[RapidDraw().below(static_cast<std::uint32_t>(open.size()))];
    }
    void checkPreconditions(const WalletModel& m) const override {
        RC_PRE((rng_ < m.rngs.size() && !m.rngs[rng_].closed));
    }
    void apply(WalletModel& m) const override { m.rngs[rng_].closed = true; }
    void run(const WalletModel& m, WalletBed& bed) const override {
        bed.fog.decommission(rng_, m.rngs[rng_].last_block);
    }
    void show(std::ostream& os) const override { os << "close RNG " << rng_; }

private:
    std::size_t rng_ = 0;
};

class LoseBlocks final : public Command {
public:
    explicit LoseBlocks(const WalletModel&) : length_(1 + RapidDraw().below(4)) {}
    void apply(WalletModel& m) const override {
        m.missed_until = std::max(m.missed_until, m.blocks + length_);
    }
    void run(const WalletModel& m, WalletBed& bed) const override {
        bed.fog.lose(m.blocks, m.blocks + length_);
    }
    void show(std::ostream& os) const override { os << "the next " << length_ << " blocks are missed"; }

private:
    std::uint64_t length_;
};

class AddBlock final : public Command {
public:
    explicit AddBlock(const WalletModel& m) {
        RapidDraw draw;
        const auto open = m.open_rngs();
        const std::uint32_t pays = draw.below(4);
        for (std::uint32_t p = 0; p < pays; ++p) {
            const bool unscanned = m.next_is_missed() && draw.below(4) != 3;
            if (!unscanned && open.empty()) break;
            Pay pay;
            pay.value = std::uint64_t{1} << (m.coins + pays_.size()) % 60;
            pay.rng.reset();
            if (!unscanned) pay.rng = open[draw.below(static_cast<std::uint32_t>(open.size()))];
            if (draw.below(4) == 3) pay.subaddress = chain::change_subaddress;
            pays_.push_back(pay);
        }
        const std::uint32_t spends = draw.below(3);
        for (std::uint32_t s = 0; s < spends && s < m.unspent.size(); ++s)
            spends_.push_back(m.unspent[(draw.below(8) + s) % m.unspent.size()]);
        std::sort(spends_.begin(), spends_.end(), less);
        spends_.erase(std::unique(spends_.begin(), spends_.end(), same), spends_.end());
    }
    // (RC_PRE takes its expression apart and evaluates all of it: && needs parentheses of its own.)
    // What ingest scans is paid to an open RNG, what it misses is announced; coins are there and unspent.
    void checkPreconditions(const WalletModel& m) const override {
        for (const Pay& pay : pays_) {
            if (pay.rng)
                RC_PRE((*pay.rng < m.rngs.size() && !m.rngs[*pay.rng].closed));
            else
                RC_PRE(m.next_is_missed());
        }
        for (const Coin& coin : spends_)
            RC_PRE(std::any_of(m.unspent.begin(), m.unspent.end(),
                               [&](const Coin& c) { return same(c, coin); }));
    }
    void apply(WalletModel& m) const override {
        for (const Coin& coin : spends_)
            std::erase_if(m.unspent, [&](const Coin& c) { return same(c, coin); });
        for (std::size_t p = 0; p < pays_.size(); ++p) {
            m.unspent.push_back({static_cast<std::size_t>(m.blocks), p});
            if (pays_[p].rng) m.rngs[*pays_[p].rng].last_block = m.blocks;
        }
        m.coins += static_cast<unsigned>(pays_.size());
        ++m.blocks;
    }
    void run(const WalletModel&, WalletBed& bed) const override { bed.fog.block(pays_, spends_); }
    void show(std::ostream& os) const override {
        os << "a block:";
        for (const Pay& pay : pays_)
            os << fmt::format(" {} by {}", pay.value, pay.rng ? fmt::format("RNG {}", *pay.rng) : "nobody");
        for (const Coin& coin : spends_) os << fmt::format(" spends {}/{}", coin.block, coin.number);
    }

private:
    static bool same(const Coin& a, const Coin& b) { return a.block == b.block && a.number == b.number; }
    static bool less(const Coin& a, const Coin& b) {
        return std::pair(a.block, a.number) < std::pair(b.block, b.number);
    }
    std::vector<Pay> pays_;
    std::vector<Coin> spends_;
};

/// How far each service is; any of them may also be a replica that is behind the last one asked.
struct Heights {
    std::uint64_t view = 0;
    std::uint64_t images = 0;
    std::uint64_t ledger = 0;

    static Heights draw(const WalletModel& m) {
        RapidDraw draw;
        // Mostly level or a little behind.
        const auto one = [&] {
            const std::uint64_t behind = draw.below(4) == 3 ? draw.below(6) : draw.below(2);
            return m.blocks - std::min(behind, m.blocks);
        };
        Heights h;
        h.view = one();
        h.images = one();
        h.ledger = one();
        return h;
    }
    void set(ScriptedFog& fog) const {
        fog.view = std::min(BlockCount{view}, fog.height());
        fog.images = std::min(BlockCount{images}, fog.height());
        fog.ledger = std::min(BlockCount{ledger}, fog.height());
    }
    friend std::ostream& operator<<(std::ostream& os, const Heights& h) {
        return os << fmt::format("view {}, images {}, ledger {}", h.view, h.images, h.ledger);
    }
};

/// A check during which the services go on, fall back and fail.
class Check final : public Command {
public:
    explicit Check(const WalletModel& m) : before_(Heights::draw(m)) {
        RapidDraw draw;
        const std::uint32_t moves = draw.below(3);
        for (std::uint32_t i = 0; i < moves; ++i) moves_[1 + draw.below(8)] = Heights::draw(m);
        if (draw.below(5) == 4) fails_from_ = 1 + draw.below(6);
        fails_for_ = 1 + draw.below(6);
    }
    void run(const WalletModel&, WalletBed& bed) const override {
        before_.set(bed.fog);
        bed.fog.forget_queries();
        auto next = [this, &bed](std::size_t) {
            const auto move = moves_.find(bed.fog.order.size());
            if (move != moves_.end()) move->second.set(bed.fog);
        };
        bool has_failed = false;
        auto error = [this, &bed, &has_failed](std::size_t) -> std::optional<Code> {
            const std::size_t number = bed.fog.order.size();
            if (fails_from_ == 0 || number < fails_from_ || number >= fails_from_ + fails_for_)
                return std::nullopt;
            has_failed = true;
            return Code::unavailable;
        };
        bed.fog.before_view = bed.fog.before_images = bed.fog.before_blocks = next;
        bed.fog.view_error = bed.fog.images_error = bed.fog.blocks_error = error;
        const bool reported = bed.check();
        bed.fog.before_view = bed.fog.before_images = bed.fog.before_blocks = nullptr;
        bed.fog.view_error = bed.fog.images_error = bed.fog.blocks_error = nullptr;
        if (!reported) RC_ASSERT(has_failed); // planned is not enough: the request must have been made
        if (has_failed) ++(reported ? bed.failures_masked : bed.failures_shown);
    }
    void show(std::ostream& os) const override {
        os << "a check: " << before_;
        for (const auto& [number, heights] : moves_) os << "; at request " << number << ": " << heights;
        if (fails_from_ != 0) os << fmt::format("; {} requests from number {} fail", fails_for_, fails_from_);
    }

private:
    Heights before_;
    std::map<std::size_t, Heights> moves_;
    std::size_t fails_from_ = 0;
    std::size_t fails_for_ = 0;
};

std::shared_ptr<const Command> draw_command(const WalletModel& m) {
    switch (RapidDraw().below(12)) {
    case 0:
        return std::make_shared<OpenRng>(m);
    case 1:
        return std::make_shared<CloseRng>(m);
    case 2:
        return std::make_shared<LoseBlocks>(m);
    case 3:
    case 4:
    case 5:
    case 6:
        return std::make_shared<AddBlock>(m);
    default:
        return std::make_shared<Check>(m);
    }
}

TEST(WalletProperty, true_answers_in_any_order_give_only_true_balances) {
    std::size_t masked = 0;
    std::size_t shown = 0;
    check_property("wallet: true answers give true balances", 400, [&] {
        RapidDraw draw;
        WalletConfig config;
        if (draw.below(2) == 1) {
            config.keys_per_query = 1 + draw.below(4);
            config.images_per_query = 1 + draw.below(2);
            config.blocks_per_query = 1 + draw.below(2);
        }
        WalletBed bed(config);
        const auto next = [](const WalletModel& m) { return rc::gen::exec([m] { return draw_command(m); }); };
        rc::state::check(WalletModel{}, bed, next);
        masked += bed.failures_masked;
        shown += bed.failures_shown;
        bed.fog.level();
        RC_ASSERT(bed.check());
        RC_ASSERT(bed.last == bed.fog.height());
    });
    EXPECT_GT(masked, 0u) << "no request has failed that the wallet made good for";
    EXPECT_GT(shown, 0u) << "no check has failed";
}

} // namespace
} // namespace property_tests
