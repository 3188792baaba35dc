#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/fog/ingest.hpp"
#include "engine/fog/testing/chain_copy.hpp"
#include "engine/fog/testing/memory_recovery_db.hpp"
#include "engine/fog/testing/memory_state_file.hpp"
#include "engine/fog/testing/peer_network.hpp"
#include "engine/fog/testing/plain_host.hpp"
#include "sim/scheduler.hpp"

namespace engine::fog::testing {

using Summary = Result<IngestSummary>;

inline constexpr std::uint64_t step_budget = 400'000;

template <class T>
using Slot = std::shared_ptr<std::optional<Result<T>>>;

template <class T>
Task<> keep(Task<Result<T>> task, Slot<T> slot) {
    Result<T> answer = co_await std::move(task);
    slot->emplace(std::move(answer));
}

inline Task<> wait_for(Duration duration, Loop* loop, bool* over) {
    co_await sleep_until(loop->now() + duration);
    *over = true;
}

template <class T>
std::optional<Code> failure(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error().code;
}

/// Ingest nodes "a:1", "b:1", "c:1" beside one recovery database.  They share one copy of the chain.
struct World {
    struct Machine {
        std::string name;
        NodeId id;
        MemoryStateFile file;
        std::unique_ptr<StreamBytes> rng;
        std::unique_ptr<PlainHost> host;
        std::unique_ptr<IngestNode> node;
    };

    explicit World(std::uint64_t seed = 1, std::size_t nodes = 1)
        : choices(seed), scheduler(choices, trace),
          db(scheduler, NodeId{90}, Stream(choices, Domain::storage, 0, 0)), network(scheduler),
          rng(Stream(choices, Domain::data, 0, 0)), machines(nodes) {
        for (std::uint8_t n = 1; n <= 4; ++n) users.push_back(crypto.account_from_entropy({n}));
        for (std::size_t i = 0; i < nodes; ++i) {
            Machine& m = machines[i];
            const auto actor = static_cast<std::uint16_t>(i + 1);
            m.name = std::string(1, static_cast<char>('a' + i)) + ":1";
            m.id = NodeId{actor};
            m.rng = std::make_unique<StreamBytes>(Stream(choices, Domain::data, actor, 0));
            const Stream pauses(choices, Domain::pause, actor, 0);
            m.host = std::make_unique<PlainHost>(scheduler, m.id, crypto, *m.rng, pauses);
            network.connect(m.name, m.id, nullptr);
            config.peers.push_back(m.name);
        }
        config.fog_report_id = "report";
        chain.append({}); // the origin block
    }
    ~World() {
        for (std::size_t i = 0; i < machines.size(); ++i) crash(i);
        scheduler.kill_node(NodeId{90});
        scheduler.kill_node(NodeId{99});
    }

    IngestNode& node(std::size_t i = 0) { return *machines[i].node; }
    PlainHost& host(std::size_t i = 0) { return *machines[i].host; }
    MemoryStateFile& file(std::size_t i = 0) { return machines[i].file; }
    const std::string& name_of(std::size_t i) const { return machines[i].name; }

    IngestNode& start(std::size_t i = 0) {
        Machine& m = machines[i];
        IngestConfig mine = config;
        mine.responder_id = m.name;
        m.node = std::make_unique<IngestNode>(*m.host, db, chain, m.file, network, mine);
        network.connect(m.name, m.id, m.node.get());
        spawn(scheduler, m.id, "ingest", m.node->run());
        return *m.node;
    }
    void start_all() {
        for (std::size_t i = 0; i < machines.size(); ++i) start(i);
    }
    void crash(std::size_t i = 0) {
        Machine& m = machines[i];
        network.connect(m.name, m.id, nullptr);
        scheduler.kill_node(m.id);
        m.node.reset();
    }

    template <class T>
    Slot<T> begin(std::size_t i, Task<Result<T>> task) {
        auto slot = std::make_shared<std::optional<Result<T>>>();
        spawn(scheduler, machines[i].id, "command", keep<T>(std::move(task), slot));
        return slot;
    }
    template <class T>
    Result<T> call(std::size_t i, Task<Result<T>> task) {
        const Slot<T> slot = begin(i, std::move(task));
        until([&] { return slot->has_value(); });
        return **slot;
    }
    Summary activate(std::size_t i = 0) { return call(i, node(i).activate()); }

    void until(const std::function<bool()>& done) {
        scheduler.set_step_budget(scheduler.steps() + step_budget);
        scheduler.run_until(done);
    }
    void pass(Duration duration) {
        bool over = false;
        spawn(scheduler, NodeId{99}, "patience", wait_for(duration, &scheduler, &over));
        until([&] { return over; });
    }
    void until_scanned(std::size_t i = 0) {
        until([&] { return node(i).next_block() >= chain.count().end(); });
    }
    void until_idle(std::size_t i = 0) {
        until([&] { return node(i).mode() == IngestMode::idle; });
    }
    void until_closed(InvocationId invocation) {
        until([&] { return db.invocations().at(invocation).decommissioned; });
    }

    /// A block that pays each of these users once, in this order; user 9 is a stranger to fog.
    BlockIndex pay(const chain::PublicKey& ingress, const std::vector<std::size_t>& to) {
        std::vector<chain::TxOut> outputs;
        for (std::size_t user : to) {
            const auto address = crypto.subaddress(users[user == 9 ? 0 : user], 0);
            chain::FogHint hint = crypto.fake_hint(rng);
            if (user != 9) hint = *crypto.encrypt_hint(rng, ingress, address.view_public);
            outputs.push_back(crypto.create_output(rng, {.value = 1, .token_id = 0}, address, hint));
            recipients.push_back(user);
        }
        return chain.append(std::move(outputs));
    }

    /// The blocks of a key: consecutive from its start, a row for each output, and under each invocation the
    /// RNG outputs of every user from 0 on without a hole.
    void expect_sound(const chain::PublicKey& key) {
        std::map<std::pair<InvocationId, std::size_t>, std::uint64_t> counters;
        BlockIndex expected = db.keys().at(key).start;
        for (const auto& [where, stored] : db.stored()) {
            if (where.first != key) continue;
            EXPECT_EQ(where.second.value, expected.value) << "hole in the blocks";
            expected = where.second.next();
            const BlockPtr block = chain.block(where.second);
            EXPECT_EQ(stored.block, block->index);
            EXPECT_EQ(stored.cumulative_txo_count, block->cumulative_txo_count);
            if (block->index.value != 0) {
                EXPECT_EQ(stored.timestamp_s, ChainCopy::timestamp(block->index));
            }
            ASSERT_EQ(stored.rows->size(), block->outputs.size());
            const auto& invocation = db.invocations().at(stored.invocation);
            EXPECT_EQ(invocation.ingress, key);
            EXPECT_LE(invocation.start, stored.block);
            for (std::size_t i = 0; i < block->outputs.size(); ++i) {
                const std::size_t global = block->first_output().value + i;
                const std::size_t user = recipients.at(global);
                if (user == 9) continue;
                const chain::PrivateKey view = crypto.subaddress_view_private(users[user], 0);
                const auto record = crypto.open_record(view, *(*stored.rows)[i].payload);
                if (!record) continue; // paid with another key's hint
                EXPECT_EQ(record->global_index.value, global);
                EXPECT_EQ(record->block, block->index);
                const auto secret = crypto.exchange(view, invocation.egress);
                const std::uint64_t counter = counters[{stored.invocation, user}]++;
                EXPECT_EQ((*stored.rows)[i].search_key, crypto.rng_output(*secret, counter))
                    << "user " << user << ", output " << counter << " of invocation "
                    << stored.invocation.value;
                ++records_checked;
            }
        }
    }
    /// Nothing is left open but the invocation in use and those that never published.
    void expect_closed_but_current(std::size_t i = 0) {
        for (const auto& [id, invocation] : db.invocations()) {
            if (node(i).summary().invocation == id) continue;
            bool published = false;
            for (const auto& [where, stored] : db.stored()) published |= stored.invocation == id;
            EXPECT_TRUE(invocation.decommissioned || !published) << "invocation " << id.value;
        }
    }

    std::vector<std::pair<bool, std::uint64_t>> mode_changes(std::size_t i = 0) {
        std::vector<std::pair<bool, std::uint64_t>> out;
        for (const auto& r : host(i).recorded(EventKind::ingest_mode)) out.emplace_back(r.a == 1, r.b);
        return out;
    }

    const chain::Crypto& crypto = chain::fast_crypto();
    Choices choices;
    Trace trace;
    sim::Scheduler scheduler;
    MemoryRecoveryDb db;
    ChainCopy chain;
    PeerNetwork network;
    StreamBytes rng;
    IngestConfig config;
    std::vector<chain::AccountKey> users;
    std::vector<std::size_t> recipients; // by global index
    std::vector<Machine> machines;
    std::size_t records_checked = 0;
};

using Modes = std::vector<std::pair<bool, std::uint64_t>>;

} // namespace engine::fog::testing
