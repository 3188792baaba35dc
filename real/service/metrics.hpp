#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace real::service {

/// Numbers a service shows to a scraper, in Prometheus' text form with upstream's names:
///
///     fog_view_gauge{op="highest_processed_block_count"} 12
///     fog_ingest{op="blocks_processed_count"} 3
///     fog_view_service_num_req{method="query"} 7
///
/// Used on the loop's thread only.
/// @source mobilecoin a2229c005 util/metrics, fog/*/server/src/counters.rs
class Metrics {
public:
    /// @param group  for instance fog_view
    explicit Metrics(std::string group) : group_(std::move(group)) {}

    /// `<group>{op="..."}` grows.
    void count(std::string_view op, std::uint64_t by = 1) { counters_[std::string(op)] += by; }
    /// `<group>_gauge{op="..."}` is asked for whenever somebody looks.
    void gauge(std::string op, std::function<std::int64_t()> now) { gauges_.push_back({std::move(op), now}); }
    /// A request has been answered.  @param status  the gRPC status code as a number; 0 is success
    void request(std::string_view service, std::string_view method, int status, std::int64_t duration_ns);

    std::string text() const;

private:
    struct Gauge {
        std::string op;
        std::function<std::int64_t()> now;
    };
    struct Requests {
        std::uint64_t count = 0;
        std::uint64_t failed = 0;
        std::int64_t duration_ns = 0;
        std::map<int, std::uint64_t> by_status;
    };

    std::string group_;
    std::vector<Gauge> gauges_;
    std::map<std::string, std::uint64_t> counters_;
    std::map<std::string, std::map<std::string, Requests>> requests_; ///< by service, then method
};

} // namespace real::service
