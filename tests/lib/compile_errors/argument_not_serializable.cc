// error: the function has a parameter that cannot be sent to another process: give its type
#include <string>
#include <thread>

#include "distaff/process_pool.h"

#ifdef RIGHT
using Argument = std::string;
#else
using Argument = std::thread::id*;
#endif

int length(const Argument&) { return 0; }
DISTAFF_REGISTER(length)

int main() {
  distaff::ProcessPool pool(1);
  return pool.run<length>(Argument());
}
