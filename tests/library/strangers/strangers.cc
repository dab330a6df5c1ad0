// A program that has what the library is made of, too, but in its own way: fmt as a shared library,
// and a class of the name of one of ours.  Each must get its own.  Errors of the library are caught
// by their types.

#include <distaff/imap.h>
#include <distaff/version.h>
#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace distaff {

class Scheduler {
 public:
  struct Options {};
  explicit Scheduler(Options options);
  ~Scheduler();
  bool has_room() const;
};
[[gnu::noinline]] Scheduler::Scheduler(Options) {}
[[gnu::noinline]] Scheduler::~Scheduler() = default;
[[gnu::noinline]] bool Scheduler::has_room() const { throw std::logic_error("the stranger's"); }

int usable_cpus() { throw std::logic_error("the stranger's"); }

}  // namespace distaff

// Everything it throws is told.
template <class F>
void tell(F f) {
  try {
    f();
  } catch (const distaff::InvalidThrottleParallelism&) {
    fmt::print("InvalidThrottleParallelism\n");
  } catch (const distaff::ExecutorBusy&) {
    fmt::print("ExecutorBusy\n");
  } catch (const distaff::InitializerError& error) {
    try {
      std::rethrow_if_nested(error);
    } catch (const std::runtime_error& cause) {
      fmt::print("InitializerError: {}\n", cause.what());
    }
  } catch (const std::exception& error) {
    fmt::print("{}\n", error.what());
  }
}

int main() {
  using namespace std::chrono_literals;
  const std::vector<double> numbers = {0.5, 1, 1.5};
  const auto format = [](double number) { return fmt::format("{:.2f}", number); };
  for (const auto& text : distaff::imap(numbers, format)) fmt::print("{}\n", text);
  tell([&] {
    const auto both = distaff::by([](double) { return 0; }).parallelism(2).throttle(1s);
    distaff::imap(numbers, format, both);
  });
  tell([&] {
    distaff::Executor executor(1);
    auto first = executor.imap(numbers, format);
    auto second = executor.imap(numbers, format);
    first.begin();
    second.begin();
  });
  tell([] {
    distaff::Executor({.workers = 2, .initializer = [] { throw std::runtime_error("no"); }});
  });
  tell([&] { distaff::imap(numbers, format, {.workers = -1}); });
  tell([] { distaff::Scheduler({}).has_room(); });
  fmt::print("{}.{}.{}\n", distaff::kVersionMajor, distaff::kVersionMinor, distaff::kVersionPatch);
}
