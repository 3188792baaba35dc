#pragma once

// What the file of a story includes: the world, and what it can be told with.
#include "engine/scenario.hpp"
#include "scenarios/support.hpp"
