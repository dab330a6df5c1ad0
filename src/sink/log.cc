#include "sink/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "os/wall_clock.h"

namespace distaff {

namespace {

constexpr std::size_t kLongest = 4096;

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// As --log-level calls it.
std::string_view word_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// "warning: " and "debug: "; errors and plain news need no such word.
class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    std::string_view word;
    if (message.level == spdlog::level::warn) word = "warning: ";
    if (message.level == spdlog::level::debug) word = "debug: ";
    line.append(word.data(), word.data() + word.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return spdlog::details::make_unique<LevelWord>();
  }
};

}  // namespace

// Where finished lines go.
class Log::Lines {
 public:
  explicit Lines(ByteSink& sink) : sink_(sink) {}
  Lines(ByteSink& sink, int file) : sink_(sink), file_(file) {}

  bool to_file() const { return static_cast<bool>(file_); }

  void write(std::string_view line) {
    if (!file_) return sink_.say(line);
    // In one call, so that runs that share the file do not mix their lines.  A log that cannot be
    // written does not end a run.
    const ssize_t written = ::write(file_.get(), line.data(), line.size());
    static_cast<void>(written);
  }

 private:
  ByteSink& sink_;
  UniqueFd file_;
};

// A logger of our own beside spdlog's registry, which costs at start and knows threads.
struct Log::Backend final : spdlog::sinks::sink {
  Backend(Lines& to, LogLevel level)
      : lines(to), logger("", spdlog::sink_ptr(this, [](spdlog::sinks::sink*) {})) {
    formatter.add_flag<LevelWord>('*').set_pattern(lines.to_file() ? "%Y-%m-%dT%H:%M:%S.%e%z %l: %v"
                                                                   : "distaff: %*%v");
    logger.set_level(to_spdlog(level));
  }

  void log(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter.format(message, line);
    lines.write({line.data(), line.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  Lines& lines;
  spdlog::pattern_formatter formatter;
  spdlog::logger logger;
};

Expected<std::unique_ptr<Log>> Log::open(const LogSpec& spec, ByteSink& sink) {
  if (spec.file.empty()) {
    return std::unique_ptr<Log>(new Log(spec, std::make_unique<Lines>(sink)));
  }
  const int file = ::open(spec.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) {
    return fail(
        fmt::format("--log-file: cannot write {}: {}; name a file in a directory you may "
                    "write to",
                    shell_quote(spec.file), std::strerror(errno)));
  }
  return std::unique_ptr<Log>(new Log(spec, std::make_unique<Lines>(sink, file)));
}

Log::Log(const LogSpec& spec, std::unique_ptr<Lines> lines)
    : level_(spec.level), format_(spec.format), lines_(std::move(lines)) {}
Log::~Log() = default;

void Log::on_message(LogLevel level, std::string_view text) { write(level, text, std::nullopt); }

void Log::on_job_message(LogLevel level, JobId job, std::string_view text) {
  write(level, text, job);
}

void Log::write(LogLevel level, std::string_view text, std::optional<JobId> job) {
  if (!wants(level)) return;
  if (format_ == LogFormat::json) return write_json(level, text, job);
  if (!backend_) backend_ = std::make_unique<Backend>(*lines_, level_);
  const std::string line = printable(text, kLongest);
  backend_->logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void Log::write_json(LogLevel level, std::string_view text, std::optional<JobId> job) {
  JsonObject object;
  object.text("time", utc_now()).text("level", word_of(level));
  if (job) object.number("job", number(*job));
  object.text("message", printable(text, kLongest));
  lines_->write(object.line());
}

}  // namespace distaff
