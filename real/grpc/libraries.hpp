#pragma once

namespace real::grpc {

/// gRPC and protobuf write lines of their own to stderr: a port that is taken, text that is not UTF-8.  What
/// matters of them is in our errors, and what a peer sends must not fill a log, so they are told to be quiet.
/// GRPC_VERBOSITY in the environment brings them back.  From any thread, any number of times.
void silence_libraries();

} // namespace real::grpc
