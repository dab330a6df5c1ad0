#include "lib/worker_error.h"

#include <cxxabi.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <typeinfo>
#include <utility>

#include "distaff/detail/process_task.h"
#include "distaff/errors.h"
#include "distaff/register.h"

namespace distaff::inline v0 {
namespace {

std::string died_text(int pid, int status) {
  const std::string who = "worker process " + std::to_string(pid);
  if (!WIFSIGNALED(status)) {
    return who + " ended with exit status " + std::to_string(WEXITSTATUS(status));
  }
  const char* const name = sigabbrev_np(WTERMSIG(status));
  return who + " was killed by " +
         (name != nullptr ? "SIG" + std::string(name)
                          : "signal " + std::to_string(WTERMSIG(status)));
}

std::string source_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

struct Factories {
  std::mutex mutex;
  std::map<std::string, detail::ThrowAs> by_type;
};

// Made when first asked, as registrations come from static initialisers; never destroyed.
Factories& factories() {
  static Factories* const all = [] {
    auto* const made = new Factories;
    made->by_type[source_name(typeid(MessageError))] = &detail::throw_as<MessageError>;
    return made;
  }();
  return *all;
}

detail::ThrowAs find_factory(const std::string& type) {
  const std::lock_guard lock(factories().mutex);
  const auto found = factories().by_type.find(type);
  return found == factories().by_type.end() ? nullptr : found->second;
}

// The exception being handled, and what is nested in it.
void append_current(std::vector<detail::ThrownPart>& chain) {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  const std::string name = type != nullptr ? source_name(*type) : "a foreign exception";
  try {
    throw;
  } catch (const std::exception& known) {
    const auto* const nested = dynamic_cast<const std::nested_exception*>(&known);
    // What std::throw_with_nested makes of a T is meant as a T.
    const std::string wrap = "std::_Nested_exception<";
    const bool wrapped = name.starts_with(wrap);
    chain.push_back(
        {wrapped ? name.substr(wrap.size(), name.size() - wrap.size() - 1) : name, known.what()});
    if (nested == nullptr || nested->nested_ptr() == nullptr || chain.size() == 100) return;
    try {
      nested->rethrow_nested();
    } catch (...) {
      append_current(chain);
    }
  } catch (...) {
    chain.push_back({name, "unknown exception"});
  }
}

[[noreturn]] void throw_part(const detail::Thrown& thrown, std::size_t at);

// A RemoteError with the rest of the chain nested.
[[noreturn]] void throw_remote(const detail::Thrown& thrown, std::size_t at) {
  const detail::ThrownPart& part = thrown.chain[at];
  RemoteError error(part.type, part.what, thrown.worker);
  if (at + 1 == thrown.chain.size()) throw error;
  try {
    throw_part(thrown, at + 1);
  } catch (...) {
    std::throw_with_nested(std::move(error));
  }
}

void throw_part(const detail::Thrown& thrown, std::size_t at) {
  const detail::ThrowAs as = find_factory(thrown.chain[at].type);
  if (as == nullptr) throw_remote(thrown, at);
  try {
    throw_remote(thrown, at);
  } catch (const RemoteError& remote) {
    as(remote.what());
    throw;
  }
}

void append_trace(std::string& text, const std::exception& error) {
  if (const auto* remote = dynamic_cast<const RemoteError*>(&error)) {
    text += text.empty() ? "in " + remote->worker() + ": " : "\n  caused by ";
    text += remote->type() + ": " + remote->what();
  }
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&error);
  if (nested == nullptr || nested->nested_ptr() == nullptr) return;
  try {
    nested->rethrow_nested();
  } catch (const std::exception& next) {
    append_trace(text, next);
  } catch (...) {
    return;  // a local one
  }
}

}  // namespace

WorkerDied::WorkerDied(int pid, int wait_status) : Error(died_text(pid, wait_status)), pid_(pid) {
  if (WIFSIGNALED(wait_status)) {
    signal_ = WTERMSIG(wait_status);
  } else {
    exit_code_ = WEXITSTATUS(wait_status);
  }
}

std::optional<std::string> remote_traceback(const std::exception_ptr& error) {
  std::string text;
  if (error == nullptr) return std::nullopt;
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    append_trace(text, known);
  } catch (...) {
    return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  return text;
}

namespace detail {

Thrown current_thrown(const std::string& worker) {
  Thrown thrown{worker, {}};
  append_current(thrown.chain);
  return thrown;
}

std::exception_ptr to_exception(const Thrown& thrown) {
  if (thrown.chain.empty()) {
    return std::make_exception_ptr(RemoteError("unknown", "unknown exception", thrown.worker));
  }
  try {
    throw_part(thrown, 0);
  } catch (...) {
    return std::current_exception();
  }
}

std::exception_ptr read_thrown(Decoder& decoder) {
  Thrown thrown;
  decoder(thrown);
  return to_exception(thrown);
}

bool register_exception(const std::type_info& type, ThrowAs as) {
  const std::lock_guard lock(factories().mutex);
  factories().by_type[source_name(type)] = as;
  return true;
}

}  // namespace detail
}  // namespace distaff::inline v0
