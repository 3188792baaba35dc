#include "engine/host.hpp"

namespace engine {

const char* name(YieldPoint point) {
    switch (point) {
    case YieldPoint::view_query_counted:
        return "view query after the count";
    case YieldPoint::view_query_events:
        return "view query after the events";
    case YieldPoint::view_query_looked_up:
        return "view query after the look-up";
    case YieldPoint::view_fetched_key:
        return "view fetcher after a key's blocks";
    case YieldPoint::view_loaded_keys:
        return "view fetcher after the key list";
    case YieldPoint::view_inserted:
        return "view store between insert and publish";
    case YieldPoint::images_inserted:
        return "key image store between insert and publish";
    case YieldPoint::images_query_begun:
        return "key image query before the count";
    case YieldPoint::images_query_counted:
        return "key image query after the count";
    case YieldPoint::ingest_chunk:
        return "ingest after a chunk";
    case YieldPoint::ingest_before_invocation:
        return "ingest before the invocation";
    case YieldPoint::ingest_after_invocation:
        return "ingest after the invocation";
    case YieldPoint::ingest_before_block:
        return "ingest before the block write";
    case YieldPoint::ingest_after_block:
        return "ingest after the block write";
    case YieldPoint::ingest_published:
        return "ingest after the report";
    case YieldPoint::ingest_activating:
        return "ingest between peer checks and the first write";
    case YieldPoint::router_collected:
        return "router before merging";
    case YieldPoint::ledger_counted:
        return "ledger service after the count";
    case YieldPoint::wallet_between_requests:
        return "wallet between two requests";
    }
    return "?";
}

} // namespace engine
