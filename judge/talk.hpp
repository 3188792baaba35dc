#pragma once

#include <string>
#include <vector>

#include "judge/bridge.hpp"

namespace judge {

/// What a short conversation with a wallet has shown.
struct Talk {
    std::vector<std::string> good; ///< in words for somebody who does not know this project
    std::vector<std::string> odd;  ///< likewise; the wallet can be judged all the same
    std::vector<std::string> bad;  ///< likewise; empty: the wallet is ready to be judged
};

/// Asks a program for what every wallet under judgement must do, in one tame world with one payment: a first
/// check, a second one, Debug, Stop and Reset.  Takes a second where all is well.
/// @pre the bridge's wallets are not installed
Talk converse(Bridge& bridge);

} // namespace judge
