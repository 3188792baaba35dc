#pragma once

#include <nlohmann/json.hpp>

#include "search/exhaustive/explorer.hpp"

namespace search::exhaustive {

/// Where an explorer stands, as data for a file.
nlohmann::ordered_json to_json(const Explorer::Position& position);
/// @throws engine::UsageError  one sentence: what is wrong with it
Explorer::Position position_from(const nlohmann::ordered_json& json);

} // namespace search::exhaustive
