#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "real/grpc/channel.hpp"
#include "real/grpc/remote_wallet.hpp"
#include "real/postgres/test_database.hpp"
#include "real/process/ports.hpp"
#include "real/process/supervisor.hpp"
#include "real/process/work_directory.hpp"
#include "real/world/deployment.hpp"

// For tests: fog as separate processes, over a database and ledgers of its own.

namespace fog_node::testing {

using engine::Task;

/// What a program printed and how it ended.
struct Outcome {
    int code = -1; ///< 128 + signal when it was killed
    std::string out;
    std::string err;
};
/// Runs one of the programs in build/<preset>/bin to its end.
/// @param environment  added to ours, less the variables that services read
Outcome run_program(const std::string& name, const std::vector<std::string>& arguments,
                    const std::map<std::string, std::string>& environment = {}, const std::string& input = {},
                    const std::filesystem::path& folder = {});

/// The same for any program.
Outcome run_path(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment = {}, const std::string& input = {},
                 const std::filesystem::path& folder = {});

struct PipelineShape {
    engine::Topology topology{};
    /// Added to the command line of every process of this program, or of the process of this name.
    std::map<std::string, std::vector<std::string>> more_arguments{};
    bool gateways = false; ///< also the HTTP gateways of the admin ports

    PipelineShape() { topology.poll_ms = 20; }
};

/// A network, started as fogreal starts it.  Nothing runs before it is asked to.
///
/// Rules
/// 1. Names of processes and ports are those of real::Deployment.
/// 2. Two copies of the chain: "ingest" for ingest nodes, "ledger" for the ledger side.
/// 3. A process that ends unasked is noted in `deaths`.
class Pipeline {
public:
    explicit Pipeline(PipelineShape shape = PipelineShape());
    ~Pipeline();
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    real::IoLoop& loop() { return loop_; }
    real::grpc::ClientRuntime& runtime() { return *runtime_; }
    const std::filesystem::path& directory() const { return work_.path(); }
    const real::Deployment& deployment() const { return deployment_; }

    /// Starts one or all, and waits until their ports listen.
    void start(const std::string& name);
    void start_all();
    void stop(const std::string& name);
    void kill(const std::string& name);
    real::Child& child(const std::string& name);
    const std::vector<std::string>& names() const { return names_; }
    /// What a process has logged so far.
    std::string log(const std::string& name);

    std::uint16_t port(const std::string& name, const std::string& kind = "client") const;
    std::string target(const std::string& name, const std::string& kind = "client") const;
    /// A channel to a port of a process, for this test.
    real::grpc::Channel& channel(const std::string& name, const std::string& kind = "client");
    std::string fog_uri() const;
    std::string database_url() const;

    /// Appends block n to a copy, hints made for the key.
    /// @param credits  JSON, for instance {"account":0,"amount":4}
    /// @return key images of the new outputs, in order
    std::vector<std::string> add_block_to(const std::string& copy, unsigned n, const std::string& fog_key,
                                          const std::string& credits,
                                          const std::vector<std::string>& key_images = {});
    /// The same to both copies.
    std::vector<std::string> add_block(unsigned n, const std::string& fog_key, const std::string& credits,
                                       const std::vector<std::string>& key_images = {});
    /// `fog_ingest_client` against a node.
    Outcome ingest(unsigned node, const std::vector<std::string>& arguments);
    /// The ingress key of a node, in hex.
    std::string ingress_key(unsigned node);
    std::string mnemonic(unsigned account) const;

    /// A gauge on a process's admin port.
    std::int64_t gauge(const std::string& name, const std::string& op);
    /// Suspends the test until the condition holds; fails it, naming what, after a minute.
    void until(const std::string& what, const std::function<bool()>& holds);

    /// Runs a task and gives its value.
    template <class T>
    T run(Task<T> task) {
        return real::postgres::run_task(loop_, std::move(task));
    }

    std::vector<std::string> deaths;

private:
    void await_ports(const std::string& name);

    real::WorkDirectory work_;
    real::postgres::TestDatabase database_;
    real::PortPool ports_;
    real::Deployment deployment_;
    real::IoLoop loop_;
    std::unique_ptr<real::grpc::ClientRuntime> runtime_;
    std::unique_ptr<real::Supervisor> supervisor_;
    std::vector<std::string> names_; ///< of processes, in the order in which they are started
    std::map<std::string, std::map<std::string, std::uint16_t>> port_of_; ///< by process, then kind
    std::map<std::string, std::unique_ptr<real::grpc::Channel>> channels_;
};

/// A wallet of the pipeline's wallet process.
real::grpc::FreshBalanceRequest fresh_request(const Pipeline& pipeline, unsigned account);

} // namespace fog_node::testing
