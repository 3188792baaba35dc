#pragma once

#include <functional>

#include "real/grpc/channel.hpp"
#include "real/loop/io_loop.hpp"
#include "real/service/log.hpp"
#include "tools/fog_node/options.hpp"

// What the tools for operators share: they ask a service something, print the answer, and end.

namespace fog_node {

/// What a tool's work happens in.  Lives until it has ended.
struct ToolWorld {
    real::IoLoop& loop;
    real::grpc::ClientRuntime& runtime;
    real::service::Log& log; ///< to stderr: stdout is for answers
};

/// A tool that cannot do what it was asked.  Upstream's tools panic then.
struct ToolFailure : std::runtime_error {
    using std::runtime_error::runtime_error;
};
inline constexpr int exit_failure = 101;

/// Parses the flags and does the work.
/// @param work  gives the exit code; runs as a task
/// @return 0 after --help and --version, 2 for bad flags, 101 after ToolFailure or any other exception
int run_tool(Parameters& parameters, int argc, char** argv,
             const std::function<engine::Task<int>(ToolWorld world)>& work);

/// "unavailable: no connection" for people.
std::string describe(const real::grpc::Status& status);

} // namespace fog_node
