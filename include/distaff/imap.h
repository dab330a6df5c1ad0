#pragma once

// Lazy parallel maps over anything that can be read, group by group.
//
//   #include <distaff/imap.h>
//
//   std::vector<std::string> urls = ...;
//   const auto polite = distaff::by(host_of).parallelism(2);
//   for (const Page& page : distaff::imap_unordered(urls, fetch, polite, {.workers = 16})) {
//     save(page);
//   }
//
// imap() gives the results in the order of the source, imap_unordered() as they come.  Both are
// lazy: they start when the first result is asked for, read the source only as far as `buffer_size`
// and the workers need, and stop when nobody takes results any more.  A source without end is fine.
// Memory does not grow with the input: never more than buffer_size + workers items are anywhere
// between the source and the end of the loop's body.
//
// The source is a range (an lvalue is referred to, an rvalue moved in), a function that returns
// std::optional<T>, empty at the end, or a Queue.  A thread of its own reads it, never two at
// once, and never again after its end or an exception; a source that blocks delays no job.
//
// The function is called by several threads at once, with each item once: as an rvalue if it takes
// one, and with a std::stop_token if it has a second parameter for it.  Results may be of any
// movable type; void gives a std::monostate each.
//
// The grouping says which items belong together and how many of a group may run at once, see
// grouping.h.  Promises: a group never exceeds its limits and never starts before its rest is over;
// items of one group start in the order of the source; an item that may start and a worker that is
// free find each other at once, whatever else waits.  A decision costs O(log groups), and there is
// no thread for time.
//
// With `workers = 0` everything happens in the thread of the loop, one item after the other, with
// the same rules.
//
// Errors: see results.h.  Options out of range throw std::invalid_argument at the call, before the
// source is touched.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "distaff/executor.h"

namespace distaff::inline v0 {

// As ExecutorOptions and RunOptions, see there; all have defaults.  With a source of known size
// there are no more workers than items, and none, nor an initializer, for none.
struct ImapOptions {
  std::optional<int> workers{};
  int buffer_size = 1024;
  std::optional<int> window{};
  ErrorPolicy on_error = ErrorPolicy::raise;
  std::function<void()> initializer{};
  std::function<void()> on_abort{};
  std::stop_token stop{};
};

namespace detail {

template <class S, class F, class Groups>
auto run_alone(bool ordered, S&& source, F f, Groups groups, ImapOptions options) {
  const int workers = checked_workers(options.workers);
  const RunOptions run{.buffer_size = options.buffer_size,
                       .window = options.window,
                       .on_error = options.on_error,
                       .on_abort = std::move(options.on_abort),
                       .stop = std::move(options.stop)};
  auto start = [workers, initializer = std::move(options.initializer)](
                   std::optional<std::size_t> known_size) {
    const std::size_t most = static_cast<std::size_t>(workers);
    CrewOptions crew;
    crew.workers = static_cast<int>(std::min(most, known_size.value_or(most)));
    crew.initializer = initializer;
    return std::make_shared<Crew>(std::move(crew));
  };
  return make_results(ordered, workers, std::forward<S>(source), std::move(f), std::move(groups),
                      run, std::move(start));
}

}  // namespace detail

// Results in the order of the source: Results<R>.
template <class S, class F, class Groups = NoGroups>
auto imap(S&& source, F f, Groups groups, ImapOptions options = {}) {
  return detail::run_alone(true, std::forward<S>(source), std::move(f), std::move(groups),
                           std::move(options));
}
template <class S, class F>
auto imap(S&& source, F f, ImapOptions options = {}) {
  return imap(std::forward<S>(source), std::move(f), NoGroups{}, std::move(options));
}

// Results as they come: Results<R>.
template <class S, class F, class Groups = NoGroups>
auto imap_unordered(S&& source, F f, Groups groups, ImapOptions options = {}) {
  return detail::run_alone(false, std::forward<S>(source), std::move(f), std::move(groups),
                           std::move(options));
}
template <class S, class F>
auto imap_unordered(S&& source, F f, ImapOptions options = {}) {
  return imap_unordered(std::forward<S>(source), std::move(f), NoGroups{}, std::move(options));
}

}  // namespace distaff::inline v0
