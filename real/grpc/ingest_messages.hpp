#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/fog/ports.hpp"
#include "proto/ingest.pb.h"
#include "proto/ingest_common.pb.h"
#include "real/grpc/peer_names.hpp"

// Inside real/grpc only: the ingest services' messages and the engine's structs.

namespace real::grpc {

ingest_common::IngestSummary to_message(const engine::fog::IngestSummary& summary, const PeerNames& names);
/// @return nothing when a key or a peer is malformed
std::optional<engine::fog::IngestSummary> summary_from(const ingest_common::IngestSummary& message,
                                                       const PeerNames& names);

ingest_common::SetPeersRequest set_peers_request(const std::vector<std::string>& responder_ids,
                                                 const PeerNames& names);
std::optional<std::vector<std::string>> responder_ids_from(const ingest_common::SetPeersRequest& request,
                                                           const PeerNames& names);

/// @param only_unexpired  upstream's filter: keys that have scanned something and may scan more
account_ingest::GetIngressKeyRecordsResponse
to_message(const std::vector<engine::fog::IngressKeyRecord>& records, bool only_unexpired);
std::optional<std::vector<engine::fog::IngressKeyRecord>>
key_records_from(const account_ingest::GetIngressKeyRecordsResponse& message);

} // namespace real::grpc
