#include "real/world/told_ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/loop/io_loop.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
using engine::Code;
using engine::Error;
using engine::Result;
using engine::Task;
using engine::fog::IngestMode;
using testing::ElementsAre;
using testing::IsEmpty;
using Summary = engine::fog::IngestSummary;
template <class T>
using Answer = Task<Result<T>>;

/// Answers everything in one way, after a while.
class OneAnswer final : public engine::fog::IngestApi {
public:
    explicit OneAnswer(IoLoop& loop) : loop_(loop) {}
    std::optional<Code> fails{};

    Answer<Summary> get_status() override { return summary(); }
    Answer<Summary> activate() override { return summary(); }
    Answer<Summary> retire() override { return summary(); }
    Answer<Summary> unretire() override { return summary(); }
    Answer<Summary> set_pubkey_expiry_window(std::uint64_t) override { return summary(); }
    Answer<Summary> set_peers(std::vector<std::string>) override { return summary(); }
    Answer<Summary> new_keys() override { return summary(); }
    Answer<Summary> sync_keys_from_remote(std::string) override { return summary(); }
    Answer<bool> report_lost_ingress_key(engine::chain::PublicKey) override { return answer(true); }
    Answer<std::vector<engine::BlockRange>> get_missed_block_ranges() override {
        return answer(std::vector<engine::BlockRange>{});
    }
    Answer<std::vector<engine::fog::IngressKeyRecord>> get_ingress_key_records(engine::BlockIndex, bool,
                                                                               bool) override {
        return answer(std::vector<engine::fog::IngressKeyRecord>{});
    }

private:
    Answer<Summary> summary() {
        Summary active;
        active.mode = IngestMode::active;
        active.next_block = engine::BlockIndex{7};
        return answer(active);
    }
    template <class T>
    Answer<T> answer(T value) {
        co_await engine::sleep_until(loop_.now() + 50ms, "an answer");
        if (fails) co_return Error{*fails, "a test"};
        co_return value;
    }
    IoLoop& loop_;
};

class ToldIngestTest : public testing::Test {
protected:
    static Task<> ask(ToldIngest* api, bool* done) {
        const Result<Summary> status = co_await api->get_status();
        const Result<Summary> active = co_await api->activate();
        const Result<bool> lost = co_await api->report_lost_ingress_key({});
        const auto ranges = co_await api->get_missed_block_ranges();
        *done = status.has_value() && active.has_value() && lost.has_value() && ranges.has_value();
    }
    static Task<> look(IoLoop* loop, const Waits* waits, std::string* seen) {
        co_await engine::sleep_until(loop->now() + 2ms, "a look");
        *seen = waits->text();
    }
    static Task<> both(ToldIngestTest* test, bool* done, std::string* seen) {
        engine::Nursery nursery(test->loop_, engine::NodeId{});
        nursery.spawn("commands", ask(&test->told_, done));
        nursery.spawn("a look", look(&test->loop_, &test->waits_, seen));
        co_await nursery.join();
    }

    IoLoop loop_;
    Waits waits_{loop_};
    OneAnswer node_{loop_};
    std::vector<std::string> heard_;
    ToldIngest told_{node_, "ingest0", waits_, [this](std::string text) { heard_.push_back(text); }};
};

TEST_F(ToldIngestTest, CommandsAreToldWithTheirAnswerAndQuestionsAreNot) {
    bool done = false;
    std::string seen;
    loop_.run(both(this, &done, &seen));
    EXPECT_TRUE(done) << "answers are passed on";
    EXPECT_THAT(heard_, ElementsAre("ingest0 answers activate: it is active, its next block is 7",
                                    "ingest0 answers report-lost-ingress-key: done"));
    EXPECT_EQ(seen, "the answer of ingest0 to get-status (since 0 s)");
    EXPECT_EQ(waits_.text(), "") << "nothing is waited for any more";
}

TEST_F(ToldIngestTest, WhatFailsIsToldAlways) {
    node_.fails = Code::unavailable;
    bool done = true;
    std::string seen;
    loop_.run(both(this, &done, &seen));
    EXPECT_FALSE(done);
    EXPECT_THAT(heard_, ElementsAre("ingest0 answers get-status: unavailable",
                                    "ingest0 answers activate: unavailable",
                                    "ingest0 answers report-lost-ingress-key: unavailable",
                                    "ingest0 answers get-missed-block-ranges: unavailable"));
}

TEST_F(ToldIngestTest, SeveralWaitsAreToldOldestFirst) {
    EXPECT_THAT(waits_.text(), IsEmpty());
    const Waits::One first(waits_, "one");
    {
        const Waits::One second(waits_, "two");
        EXPECT_EQ(waits_.text(), "one (since 0 s), two (since 0 s)");
    }
    EXPECT_EQ(waits_.text(), "one (since 0 s)");
}

} // namespace
} // namespace real
