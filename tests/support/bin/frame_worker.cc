// A worker of a process pool that knows the frames and nothing else of the library.
//
//   frame_worker            functions: upper(text) -> text; fail(); and those that misbehave:
//                           nonsense, short, close
//   frame_worker nonsense   begins with bytes that are no frame
//   frame_worker quit       leaves at once
//   frame_worker long       announces a frame of 4 GiB

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cctype>
#include <string>

namespace {

enum : unsigned char { kStart = 1, kStarted, kTask, kChunk, kResult, kError, kWorkerError, kBye };

bool read_all(char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = read(STDIN_FILENO, to, size);
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

void write_all(const std::string& bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t put = write(STDOUT_FILENO, bytes.data() + written, bytes.size() - written);
    if (put <= 0) _exit(1);
    written += static_cast<std::size_t>(put);
  }
}

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}
std::uint64_t value_of(const std::string& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}
std::string text(const std::string& bytes) { return number(bytes.size(), 4) + bytes; }

std::string take_text(std::string& payload) {
  const auto size = value_of(payload.substr(0, 4));
  std::string taken = payload.substr(4, size);
  payload.erase(0, 4 + size);
  return taken;
}

void answer(unsigned char tag, std::uint64_t id, const std::string& payload) {
  write_all(number(9 + payload.size(), 4) + static_cast<char>(tag) + number(id, 8) + payload);
}

void run(std::uint64_t id, std::string payload) {
  const std::string name = take_text(payload);
  if (name == "upper") {
    std::string argument = take_text(payload);
    for (char& c : argument) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return answer(kResult, id, text(argument));
  }
  if (name == "nonsense") return write_all(std::string(100, '\xff'));
  if (name == "short") return answer(kResult, id, "ab");
  if (name == "close") {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    for (;;) pause();
  }
  answer(kError, id,
         text("frame_worker") + number(1, 4) + text(name == "fail" ? "Mistake" : "Unknown") +
             text(name == "fail" ? "as asked" : name));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  if (how == "nonsense") write_all(std::string(100, 'x'));
  if (how == "quit") return 3;
  if (how == "long") write_all(std::string("\xff\xff\xff\xff\x02", 5) + std::string(8, '\0'));
  for (;;) {
    std::string head(13, '\0');
    if (!read_all(head.data(), head.size())) return 1;
    std::string payload(value_of(head.substr(0, 4)) - 9, '\0');
    if (!read_all(payload.data(), payload.size())) return 1;
    const auto id = value_of(head.substr(5));
    switch (head[4]) {
      case kStart:
        answer(kStarted, 0, "");
        break;
      case kTask:
        run(id, payload);
        break;
      case kBye:
        answer(kBye, 0, "");
        return 0;
      default:
        return 2;
    }
  }
}
