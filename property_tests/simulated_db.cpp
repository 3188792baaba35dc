#include "property_tests/simulated_db.hpp"

#include "sim/recovery_db.hpp"
#include "sim/testing/core_bed.hpp"

namespace property_tests {

using engine::Task;

namespace {

class SimulatedDb final : public DbUnderTest {
public:
    explicit SimulatedDb(std::uint64_t seed) : bed_(stormy(seed)) {}

    std::vector<engine::fog::RecoveryDb*> clients() override { return {&one_, &two_, &three_}; }
    void run(std::vector<Task<>> tasks) override { bed_.run(run_all(bed_.core.scheduler, std::move(tasks))); }

private:
    // Everything takes its time, so that commands meet inside the database.
    static sim::Options stormy(std::uint64_t seed) {
        sim::Options options;
        options.seed = seed;
        options.weather.held_of_64 = 16;
        options.weather.slow_of_64 = 8;
        return options;
    }
    static Task<> run_all(engine::Loop& loop, std::vector<Task<>> tasks) {
        engine::Nursery nursery(loop, engine::NodeId{1});
        for (Task<>& task : tasks) nursery.spawn("a call", std::move(task));
        co_await nursery.join();
    }

    sim::testing::CoreBed bed_;
    engine::model::RecoveryModel model_;
    sim::SimDb db_{bed_.core, model_};
    sim::SimDbClient one_{db_, engine::NodeId{1}};
    sim::SimDbClient two_{db_, engine::NodeId{2}};
    sim::SimDbClient three_{db_, engine::NodeId{3}};
};

} // namespace

std::unique_ptr<DbUnderTest> simulated_db(std::uint64_t seed) { return std::make_unique<SimulatedDb>(seed); }

} // namespace property_tests
