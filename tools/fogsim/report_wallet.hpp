#pragma once

#include <string>
#include <vector>

#include "tools/fogsim/report.hpp"

namespace tools::fogsim {

/// The page for whoever has written the wallet that was judged, and knows nothing of this project: what it
/// showed and what was true, what it had been told, which rule that breaks, which orderings it has survived.
/// @pre  the report has a wallet
std::string to_wallet_html(const Report& report);

/// The page of a wallet that could not be judged.
/// @param said  what the conversation with it has shown
std::string to_wallet_html(const std::string& address, const std::vector<std::string>& said);

} // namespace tools::fogsim
