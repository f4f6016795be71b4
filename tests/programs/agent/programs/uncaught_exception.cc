// An exception leaves main: through our frame, to std::terminate, as without us.
// dumps: 0
#include <stdexcept>

int main() { throw std::runtime_error("nobody catches this"); }
