#include "distaff/log.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "distaff/deadline.h"
#include "distaff/errors.h"

namespace distaff::log_test {
namespace {

using namespace std::chrono_literals;

TEST(Log, GoesToTheSinkAndBackToTheDefault) {
  std::vector<std::string> said;
  set_log_sink([&](LogLevel level, std::string_view text) {
    said.push_back((level == LogLevel::error ? "E " : "I ") + std::string(text));
  });
  log(LogLevel::error, "one");
  log(LogLevel::info, "two");
  EXPECT_TRUE(set_log_sink({}));
  EXPECT_FALSE(set_log_sink({}));
  EXPECT_EQ(said, (std::vector<std::string>{"E one", "I two"}));
}

TEST(Log, SaysAnExceptionWithItsCauses) {
  std::exception_ptr error;
  try {
    try {
      throw std::runtime_error("no such table");
    } catch (...) {
      throw InitializerError("the initializer failed");
    }
  } catch (...) {
    error = std::current_exception();
  }
  EXPECT_EQ(describe(error), "the initializer failed: no such table");
  EXPECT_EQ(describe(std::make_exception_ptr(7)), "unknown exception");
}

TEST(Deadline, FU_18) {
  EXPECT_EQ(Deadline().left(), std::nullopt);
  EXPECT_EQ(Deadline(std::nullopt).left(), std::nullopt);
  EXPECT_EQ(Deadline(0s).left(), 0ns);
  EXPECT_EQ(Deadline(-1s).left(), 0ns);
  EXPECT_TRUE(Deadline(0s).has_passed());
  EXPECT_GT(Deadline(1h).left(), 59min);
  EXPECT_FALSE(Deadline(1h).has_passed());
  EXPECT_EQ(Deadline(std::chrono::hours::max()).left(), std::nullopt) << "no overflow";
}

}  // namespace
}  // namespace distaff::log_test
