#pragma once

#include <memory>

#include "tools/fogsim/exhaustive_parts.hpp"
#include "tools/output_file.hpp"

namespace tools::fogsim {

/// Which defects of the catalogue are found in the small worlds of a wish, one shard of each store and two,
/// and that without a defect nothing is: a table.
/// @param wish  its limit is that of each search
/// @return 0 a table was made; 1 something is found without a defect, or what found one fails without it,
/// too;
///         6 somebody asked for an end
int search_defects(const ExhaustiveWish& wish, std::unique_ptr<OutputFile> json);

} // namespace tools::fogsim
