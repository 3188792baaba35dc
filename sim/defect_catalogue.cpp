#include "sim/defect_catalogue.hpp"

namespace sim {

const DefectInfo* find_defect(std::string_view name) {
    for (const DefectInfo& info : defect_catalogue())
        if (info.name == name) return &info;
    return nullptr;
}

} // namespace sim
