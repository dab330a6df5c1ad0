#pragma once

// Where the library's few messages go: a failed task under the policy "log", a callback that
// threw, a worker's hook that failed, the monitor's lines.
//
//   distaff::set_log_sink([](distaff::LogLevel level, std::string_view text) {
//     my_logger.write(level >= distaff::LogLevel::error ? "E" : "I", text);
//   });
//
// Default: one line each on stderr, `distaff: TEXT`, written whole by one write.  Thread-safe: the
// sink is called by whatever thread has something to say, one at a time; it must not log itself
// and must not throw.  A process worker's messages are written by its parent's rules only as far as
// the sink is the default one.

#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace distaff::inline v0 {

enum class LogLevel { info, warning, error, critical };

using LogSink = std::function<void(LogLevel, std::string_view)>;

// An empty sink: the default again.  Returns the one there was (empty: the default).
LogSink set_log_sink(LogSink sink);

// Says `text`, without a newline at its end, to the sink.
void log(LogLevel level, std::string_view text) noexcept;

// What an exception says: its what(), those of its nested causes after ": ", or "unknown
// exception".
std::string describe(const std::exception_ptr& error);

}  // namespace distaff::inline v0
