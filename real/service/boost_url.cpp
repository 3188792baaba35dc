// Boost.URL, built into this library: Debian's package of it would be one more to install for a few
// functions.
#include <boost/url/src.hpp>
