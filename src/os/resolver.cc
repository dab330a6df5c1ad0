#include "os/resolver.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/unique_fd.h"

namespace distaff {
namespace {

// "" if there is none.
std::string address_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  char text[NI_MAXHOST] = "";
  getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  return text;
}

}  // namespace

// Shared with the threads, which may outlive the Resolver.
struct Resolver::State {
  std::mutex mutex;
  std::condition_variable work;
  std::deque<std::string> asked;
  std::vector<std::pair<std::string, std::string>> known;
  UniqueFd event{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  bool over = false;
  bool has_threads = false;

  void tell(std::string host, std::string address) {
    known.emplace_back(std::move(host), std::move(address));
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event.get(), &one, sizeof one);
  }

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [this] { return over || !asked.empty(); });
      if (over) return;
      std::string host = std::move(asked.front());
      asked.pop_front();
      lock.unlock();
      std::string address = address_of(host);
      lock.lock();
      tell(std::move(host), std::move(address));
    }
  }
};

Resolver::Resolver(int threads) : state_(std::make_shared<State>()) {
  // Signals are for the one thread that waits for them, and threads get the mask of their maker.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    for (int i = 0; i < threads; ++i) {
      std::thread([state = state_] { state->serve(); }).detach();
      state_->has_threads = true;
    }
  } catch (const std::system_error&) {
    // There is no room for more threads: those that are there do it.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->over = true;
  }
  state_->work.notify_all();
}

void Resolver::ask(std::string host) {
  std::unique_lock lock(state_->mutex);
  if (!state_->has_threads) {
    std::string address = address_of(host);
    return state_->tell(std::move(host), std::move(address));
  }
  state_->asked.push_back(std::move(host));
  lock.unlock();
  state_->work.notify_one();
}

std::vector<std::pair<std::string, std::string>> Resolver::take() {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(state_->event.get(), &count, sizeof count);
  return std::exchange(state_->known, {});
}

int Resolver::fd() const { return state_->event.get(); }

}  // namespace distaff
