// Boost.Beast's separately compiled part.
#include <boost/beast/src.hpp>
