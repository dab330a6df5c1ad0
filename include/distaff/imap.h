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

#include <functional>
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

// A run with a crew of its own.
struct RunAlone {
  RunOptions options;
  int workers;
  StartCrew start;

  explicit RunAlone(ImapOptions&& given);
  RunBy by(bool ordered) { return {ordered, workers, options, std::move(start)}; }
};

}  // namespace detail

// Results in the order of the source: Results<R>.
template <class S, class F, class Groups = NoGroups>
auto imap(S&& source, F f, Groups groups, ImapOptions options = {}) {
  return detail::make_results(detail::RunAlone(std::move(options)).by(true),
                              std::forward<S>(source), std::move(f), std::move(groups));
}
template <class S, class F>
auto imap(S&& source, F f, ImapOptions options = {}) {
  return detail::make_results(detail::RunAlone(std::move(options)).by(true),
                              std::forward<S>(source), std::move(f), NoGroups{});
}

// Results as they come: Results<R>.
template <class S, class F, class Groups = NoGroups>
auto imap_unordered(S&& source, F f, Groups groups, ImapOptions options = {}) {
  return detail::make_results(detail::RunAlone(std::move(options)).by(false),
                              std::forward<S>(source), std::move(f), std::move(groups));
}
template <class S, class F>
auto imap_unordered(S&& source, F f, ImapOptions options = {}) {
  return detail::make_results(detail::RunAlone(std::move(options)).by(false),
                              std::forward<S>(source), std::move(f), NoGroups{});
}

}  // namespace distaff::inline v0
