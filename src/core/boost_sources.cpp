// The separately compiled parts of the Boost libraries, once, so that no other file pays for them.
#include <boost/asio/impl/src.hpp>

#include <boost/process/v2/src.hpp>
