// error: the function cannot be called with an item of the source
#include <string>
#include <vector>

#include "distaff/imap.h"

#ifdef RIGHT
int length(const std::string& text) { return static_cast<int>(text.size()); }
#else
int length(int number) { return number; }
#endif

int main() {
  const std::vector<std::string> texts;
  for (const int result : distaff::imap(texts, length)) return result;
}
