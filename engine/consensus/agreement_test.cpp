#include <gtest/gtest.h>

#include <array>

#include "engine/consensus/testing/scp_network.hpp"

// Whatever is lost, late, doubled, out of order, deaf or restarted: no two nodes decide differently on one
// slot. And when everything is well again, all nodes decide.

namespace engine::consensus {
namespace {

using namespace test;

/// SplitMix64: the schedule of a seed is the same everywhere.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t n) {
        state_ += 0x9e37'79b9'7f4a'7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
        return static_cast<std::size_t>((z ^ (z >> 31)) % n);
    }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// What a node has left after a restart.
enum class Restart : std::uint8_t { with_last_message, with_nothing };

class Schedule {
public:
    Schedule(std::uint64_t seed, std::uint8_t nodes, std::uint32_t threshold, Restart restart)
        : draws_(seed), restart_(restart) {
        for (std::uint8_t i = 1; i <= nodes; ++i) {
            Member& member = members_.emplace_back();
            member.membership = membership(i, others(i, nodes, threshold));
            member.node = std::make_unique<ScpNode>(member.membership, 1, member.rules);
        }
    }

    void be_hostile(std::size_t steps) {
        for (std::size_t step = 0; step < steps; ++step) {
            const std::size_t i = draws_.below(members_.size());
            Member& member = members_[i];
            switch (draws_.below(48)) {
            case 0:
            case 1:
                // Everybody wants something else.
                member.node->propose({value(static_cast<std::uint32_t>(1 + draws_.below(1000)))}, now_);
                break;
            case 2:
            case 3:
                fire_timer(i);
                break;
            case 4:
                if (draws_.one_in(3)) member.deaf = !member.deaf;
                break;
            case 5:
                if (draws_.one_in(4)) restart(i);
                break;
            case 6:
                if (!member.inbox.empty()) member.inbox.erase(any_of(member));
                break;
            case 7:
                if (draws_.one_in(3)) split();
                break;
            default:
                deliver_any(i);
                break;
            }
            settle(i);
        }
    }

    /// Everybody hears everybody.
    /// @return whether all nodes have decided on at least `slots` slots
    bool heal(std::uint64_t slots, std::size_t rounds) {
        for (Member& member : members_) {
            member.deaf = false;
            member.side = 0;
        }
        for (std::size_t round = 0; round < rounds; ++round) {
            bool done = true;
            for (std::size_t i = 0; i < members_.size(); ++i) {
                Member& member = members_[i];
                done = done && member.node->current().index() > slots;
                // What peers said last is asked for, as a node does that has heard nothing for long.
                for (std::size_t peer = 0; peer < members_.size(); ++peer) {
                    if (peer == i) continue;
                    follow(i, peer);
                    if (const auto last = members_[peer].node->last_message())
                        if (last->slot == member.node->current().index()) member.node->handle({*last}, now_);
                    settle(i);
                }
                member.node->propose({value(static_cast<std::uint32_t>(2000 + i))}, now_);
                settle(i);
            }
            deliver_all();
            if (done) return true;
            Instant next = Instant::never();
            for (const Member& member : members_) next = std::min(next, member.node->next_timer());
            if (next != Instant::never()) now_ = std::max(now_, next);
            for (std::size_t i = 0; i < members_.size(); ++i) {
                members_[i].node->process_timers(now_);
                settle(i);
            }
        }
        return false;
    }

    /// Where everybody stands.
    std::string standing() const {
        const auto numbers = [](const auto& values) {
            std::string out;
            for (const Value& value : values) {
                const auto& bytes = value.hash.bytes;
                const unsigned number =
                    unsigned{bytes[0]} << 24 | unsigned{bytes[1]} << 16 | unsigned{bytes[2]} << 8 | bytes[3];
                out += (out.empty() ? "" : " ") + std::to_string(number);
            }
            return "{" + out + "}";
        };
        std::string out;
        for (const Member& member : members_) {
            const Slot& slot = member.node->current();
            out += "\nslot " + std::to_string(slot.index()) + " phase " +
                   std::to_string(static_cast<int>(slot.phase())) + " round " + std::to_string(slot.round()) +
                   " confirmed " + numbers(slot.confirmed());
            const auto& last = slot.last_message();
            if (!last) continue;
            if (const Nominate* n = nominate_of(last->topic))
                out += " voted " + numbers(n->voted) + " accepted " + numbers(n->accepted);
            if (const Prepare* p = prepare_of(last->topic)) {
                const auto ballot = [&](const std::optional<Ballot>& b) {
                    return b ? std::to_string(b->counter) + numbers(b->values) : std::string("-");
                };
                out += " B " + ballot(p->ballot) + " P " + ballot(p->prepared) + " P' " +
                       ballot(p->prepared_prime) + " C " + std::to_string(p->commit_counter) + " H " +
                       std::to_string(p->high_counter);
            }
            if (const auto* c = std::get_if<Commit>(&last->topic))
                out += " commit " + std::to_string(c->ballot.counter) + numbers(c->ballot.values);
        }
        return out;
    }

    bool agree() const { return agree_; }
    std::size_t decisions() const { return decisions_; }

private:
    struct Member {
        PlainRules rules;
        Membership membership;
        std::unique_ptr<ScpNode> node;
        std::vector<Message> inbox;
        bool deaf = false;
        int side = 0; ///< of a partition
    };

    std::vector<Message>::iterator any_of(Member& member) {
        return member.inbox.begin() + static_cast<std::ptrdiff_t>(draws_.below(member.inbox.size()));
    }

    void deliver_any(std::size_t i) {
        Member& member = members_[i];
        if (member.inbox.empty()) return;
        const auto at = any_of(member);
        const Message message = *at;
        // Now and then it comes again.
        if (!draws_.one_in(10)) member.inbox.erase(at);
        if (!member.deaf && members_[message.sender.public_key.bytes[0] - 1].side == member.side)
            member.node->handle({message}, now_);
    }

    /// Messages are faster than timers: all arrive, and what they cause, before time passes.
    void deliver_all() {
        for (bool any = true; any;) {
            any = false;
            for (std::size_t i = 0; i < members_.size(); ++i) {
                any = any || !members_[i].inbox.empty();
                while (!members_[i].inbox.empty()) {
                    deliver_any(i);
                    settle(i);
                }
            }
        }
    }

    /// Into two sides that do not hear each other, or together again.
    void split() {
        const bool together = draws_.one_in(2);
        for (Member& member : members_) member.side = together ? 0 : static_cast<int>(draws_.below(2));
    }

    void fire_timer(std::size_t i) {
        const Instant next = members_[i].node->next_timer();
        if (next == Instant::never()) return;
        now_ = std::max(now_, next);
        members_[i].node->process_timers(now_);
    }

    void restart(std::size_t i) {
        Member& member = members_[i];
        const std::optional<Message> last = member.node->current().last_message();
        const std::uint64_t slot = member.node->current().index();
        member.node = std::make_unique<ScpNode>(member.membership, slot, member.rules);
        if (last && restart_ == Restart::with_last_message) member.node->restore(*last, now_);
    }

    /// Takes decided blocks of a peer that is ahead.
    void follow(std::size_t i, std::size_t peer) {
        const std::uint64_t theirs = members_[peer].node->current().index();
        if (theirs > members_[i].node->current().index()) members_[i].node->skip_to(theirs);
    }

    void settle(std::size_t i) {
        for (const Message& message : members_[i].node->take_messages())
            for (std::size_t to = 0; to < members_.size(); ++to)
                if (to != i) members_[to].inbox.push_back(message);
        const std::optional<Decision> decision = members_[i].node->take_decision();
        if (!decision) return;
        ++decisions_;
        const auto [known, first] = decided_.emplace(decision->slot, decision->values);
        if (!first && known->second != decision->values) agree_ = false;
    }

    Draws draws_;
    Restart restart_;
    std::deque<Member> members_;
    std::map<std::uint64_t, Values> decided_;
    Instant now_;
    bool agree_ = true;
    std::size_t decisions_ = 0;
};

struct Network3To7 {
    std::uint8_t nodes;
    std::uint32_t threshold; ///< of the others
};
// Any two quorums have a node in common: twice (threshold + 1) is above the number of nodes.
constexpr std::array<Network3To7, 7> networks{{{3, 1}, {3, 2}, {4, 2}, {5, 2}, {5, 3}, {6, 4}, {7, 4}}};

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t schedules = 28; // four of each network: twenty times slower
#else
constexpr std::uint64_t schedules = 210;
#endif

TEST(AgreementTest, HoldsInEverySchedule) {
    std::size_t decisions = 0;
    for (std::uint64_t seed = 0; seed < schedules; ++seed) {
        const Network3To7 network = networks[seed % networks.size()];
        SCOPED_TRACE("seed " + std::to_string(seed));
        Schedule schedule(seed, network.nodes, network.threshold, Restart::with_last_message);
        schedule.be_hostile(1200);
        ASSERT_TRUE(schedule.agree());
        decisions += schedule.decisions();
        ASSERT_TRUE(schedule.heal(20, 400)) << "no progress although all is well:" << schedule.standing();
        ASSERT_TRUE(schedule.agree());
    }
    // Or the hostile part would show nothing.
    EXPECT_GT(decisions, 2 * schedules);
}

TEST(AgreementTest, TheJudgeSeesQuorumsThatDoNotIntersect) {
    std::size_t broken = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Schedule schedule(seed, 6, 2, Restart::with_last_message);
        schedule.be_hostile(1200);
        if (!schedule.agree()) ++broken;
    }
    EXPECT_GT(broken, 0u);
}

// Why a node stores its last message before it sends it.
TEST(AgreementTest, ANodeThatForgetsWhatItSaidBreaksIt) {
    std::size_t broken = 0;
    for (std::uint64_t seed = 0; seed < 200 && broken == 0; ++seed) {
        Schedule schedule(seed, 3, 1, Restart::with_nothing);
        schedule.be_hostile(3000);
        if (!schedule.agree()) ++broken;
    }
    EXPECT_GT(broken, 0u);
}

TEST(AgreementTest, TheSameScheduleTwiceIsTheSame) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        Schedule a(seed, 5, 3, Restart::with_last_message), b(seed, 5, 3, Restart::with_last_message);
        a.be_hostile(800);
        b.be_hostile(800);
        EXPECT_EQ(a.decisions(), b.decisions());
    }
}

} // namespace
} // namespace engine::consensus
