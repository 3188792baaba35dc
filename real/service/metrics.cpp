#include "real/service/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace real::service {
namespace {

void head(std::string& out, std::string_view metric, std::string_view kind, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", metric, help, metric, kind);
}

} // namespace

void Metrics::request(std::string_view service, std::string_view method, int status,
                      std::int64_t duration_ns) {
    Requests& requests = requests_[std::string(service)][std::string(method)];
    ++requests.count;
    if (status != 0) ++requests.failed;
    ++requests.by_status[status];
    requests.duration_ns += duration_ns;
}

std::string Metrics::text() const {
    std::string out;
    const auto to = std::back_inserter(out);
    if (!gauges_.empty()) {
        head(out, group_ + "_gauge", "gauge", "Present values");
        for (const Gauge& gauge : gauges_)
            fmt::format_to(to, "{}_gauge{{op=\"{}\"}} {}\n", group_, gauge.op, gauge.now());
    }
    if (!counters_.empty()) {
        head(out, group_, "counter", "What has happened since the start");
        for (const auto& [op, value] : counters_)
            fmt::format_to(to, "{}{{op=\"{}\"}} {}\n", group_, op, value);
    }
    for (const auto& [service, methods] : requests_) {
        head(out, service + "_num_req", "counter", "Requests answered");
        for (const auto& [method, requests] : methods)
            fmt::format_to(to, "{}_num_req{{method=\"{}\"}} {}\n", service, method, requests.count);
        head(out, service + "_num_error", "counter", "Requests answered with an error");
        for (const auto& [method, requests] : methods)
            fmt::format_to(to, "{}_num_error{{method=\"{}\"}} {}\n", service, method, requests.failed);
        head(out, service + "_num_status_code", "counter", "Requests answered, by gRPC status");
        for (const auto& [method, requests] : methods)
            for (const auto& [status, count] : requests.by_status)
                fmt::format_to(to, "{}_num_status_code{{method=\"{}\",status_code=\"{}\"}} {}\n", service,
                               method, status, count);
        head(out, service + "_duration", "summary", "Seconds from request to answer");
        for (const auto& [method, requests] : methods) {
            fmt::format_to(to, "{}_duration_sum{{method=\"{}\"}} {:.9f}\n", service, method,
                           static_cast<double>(requests.duration_ns) / 1e9);
            fmt::format_to(to, "{}_duration_count{{method=\"{}\"}} {}\n", service, method, requests.count);
        }
    }
    return out;
}

} // namespace real::service
