// The one file that holds Boost.Process: elsewhere only its declarations are seen.
#include <boost/process/v2/src.hpp>
