#include "real/grpc/libraries.hpp"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdlib>

#if defined(__SANITIZE_THREAD__)
// Debian's gRPC is built without the thread sanitizer, which therefore sees what it reads and writes through
// libc but not the atomics that put it in order.  Reports with one of these in a stack say nothing.  The code
// of this folder is never called by gRPC, so its own stacks have none of them, but for to_string: it reads a
// message where gRPC's thread put it, and once that write is too long ago for its stack to be restored, no
// frame of the library is left to know the report by.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:libgrpc\n"
           "race:libgpr\n"
           "race:libabsl\n"
           "race:libupb\n"
           "race:^grpc::internal::\n"
           "race:^grpc::\n"
           "race:^real::grpc::to_string\n";
}
#endif

namespace real::grpc {

void silence_libraries() {
    static const bool done = [] {
        if (std::getenv("GRPC_VERBOSITY") == nullptr) {
            gpr_set_log_function([](gpr_log_func_args*) {});
            google::protobuf::SetLogHandler(nullptr);
        }
        // Debian's Abseil looks for deadlocks at each lock that gRPC takes: for its own developers.
        absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
        return true;
    }();
    (void)done;
}

} // namespace real::grpc
