#include "distaff/log.h"

#include <unistd.h>

#include <mutex>
#include <utility>

namespace distaff::inline v0 {
namespace {

struct Sink {
  std::mutex mutex;
  LogSink sink;
};

// Never destroyed: threads may speak while the process ends.
Sink& the_sink() {
  static Sink* const sink = new Sink;
  return *sink;
}

void append(std::string& text, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    text += known.what();
    const auto* const nested = dynamic_cast<const std::nested_exception*>(&known);
    if (nested == nullptr || nested->nested_ptr() == nullptr) return;
    text += ": ";
    append(text, nested->nested_ptr());
  } catch (...) {
    text += "unknown exception";
  }
}

}  // namespace

LogSink set_log_sink(LogSink sink) {
  const std::lock_guard lock(the_sink().mutex);
  return std::exchange(the_sink().sink, std::move(sink));
}

void log(LogLevel level, std::string_view text) noexcept {
  const std::lock_guard lock(the_sink().mutex);
  if (the_sink().sink) return the_sink().sink(level, text);
  const std::string line = "distaff: " + std::string(text) + "\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
}

std::string describe(const std::exception_ptr& error) {
  std::string text;
  if (error != nullptr) append(text, error);
  return text;
}

}  // namespace distaff::inline v0
