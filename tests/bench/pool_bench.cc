// What an empty task costs in the library's thread pool, beside those of oneTBB and Boost.Asio
// where they are installed.  One producer gives tasks to two workers and waits for their end; each
// rate is the median of runs in turn, so that all see the same machine.  Prints rates and ratios;
// judges nothing.
//   pool_bench [TASKS [RUNS]]

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "distaff/thread_pool.h"

#ifdef DISTAFF_BENCH_TBB
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#endif
#ifdef DISTAFF_BENCH_ASIO
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#endif

namespace {

constexpr int kWorkers = 2;

struct Contender {
  std::string name;
  std::function<void(int tasks)> run;
  std::vector<double> rates;

  double median() {
    std::sort(rates.begin(), rates.end());
    return rates[rates.size() / 2];
  }
};

void measure(Contender& contender, int tasks) {
  const auto begin = std::chrono::steady_clock::now();
  contender.run(tasks);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  contender.rates.push_back(tasks / took.count());
}

}  // namespace

int main(int argc, char** argv) {
  const int tasks = argc > 1 ? std::atoi(argv[1]) : 2000000;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 9;
  std::vector<Contender> contenders;

  contenders.push_back({"distaff post, join",
                        [](int count) {
                          distaff::ThreadPool pool(kWorkers);
                          for (int i = 0; i < count; ++i) pool.post([] {});
                          pool.join();
                        },
                        {}});
  contenders.push_back({"distaff submit, join",
                        [](int count) {
                          distaff::ThreadPool pool(kWorkers);
                          for (int i = 0; i < count; ++i) static_cast<void>(pool.submit([] {}));
                          pool.join();
                        },
                        {}});
  contenders.push_back({"distaff map, chunks of 100",
                        [](int count) {
                          distaff::ThreadPool pool(kWorkers);
                          std::vector<int> numbers(static_cast<std::size_t>(count));
                          std::iota(numbers.begin(), numbers.end(), 0);
                          long sum = 0;
                          for (const int n : pool.map([](int number) { return number; }, numbers,
                                                      {.chunk_size = 100, .window = 64})) {
                            sum += n;
                          }
                          if (sum < 0) std::abort();
                        },
                        {}});
  contenders.push_back(
      {"distaff map, window 64",
       [](int count) {
         distaff::ThreadPool pool(kWorkers);
         std::vector<int> numbers(static_cast<std::size_t>(count));
         long sum = 0;
         for (const int n : pool.map([](int number) { return number; }, numbers, {.window = 64})) {
           sum += n;
         }
         if (sum < 0) std::abort();
       },
       {}});
#ifdef DISTAFF_BENCH_TBB
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                          kWorkers);
  contenders.push_back({"oneTBB task_group::run, wait",
                        [](int count) {
                          oneapi::tbb::task_group group;
                          for (int i = 0; i < count; ++i) group.run([] {});
                          group.wait();
                        },
                        {}});
#endif
#ifdef DISTAFF_BENCH_ASIO
  contenders.push_back({"boost::asio::thread_pool post, join",
                        [](int count) {
                          boost::asio::thread_pool pool(kWorkers);
                          for (int i = 0; i < count; ++i) boost::asio::post(pool, [] {});
                          pool.join();
                        },
                        {}});
#endif

  for (int run = 0; run < runs; ++run) {
    for (Contender& contender : contenders) measure(contender, tasks);
  }
  const double ours = contenders.front().median();
  for (Contender& contender : contenders) {
    std::printf("%-36s %7.2f M tasks/s", contender.name.c_str(), contender.median() / 1e6);
    if (contender.name.rfind("distaff", 0) != 0) {
      std::printf("   post is %.2f of it", ours / contender.median());
    }
    std::printf("\n");
  }
}
