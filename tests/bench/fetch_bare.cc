// The least that a program with libcurl does for a list of URLs: what bounds `distaff fetch`.
//
//   fetch_bare URLS DIRECTORY AT_ONCE
//
// The bodies become files called by their number, whole or not at all, as ours.  There is nothing
// else: no groups, no report, no look at the answers.  tests/bench/fetch compiles and runs it.

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBlock = 256 << 10;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "fetch_bare: %s\n", what);
  std::exit(1);
}

class Fetcher {
 public:
  Fetcher(const char* urls, const char* directory)
      : urls_(urls), directory_(::open(directory, O_PATH | O_DIRECTORY)) {
    curl_global_init(CURL_GLOBAL_ALL);
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Fetcher::watch);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Fetcher::set_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  void run(int at_once) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(at_once));
    std::vector<Transfer> transfers(static_cast<std::size_t>(at_once));
    for (Transfer& transfer : transfers) start(transfer);
    while (running_ > 0) {
      std::array<epoll_event, 64> events{};
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(wait_));
      if (count == 0) act(CURL_SOCKET_TIMEOUT, 0);
      for (int i = 0; i < count; ++i) {
        const auto& [what, data] = events[static_cast<std::size_t>(i)];
        act(data.fd, ((what & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                         ((what & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0));
      }
      take_finished();
    }
  }

 private:
  struct Transfer {
    CURL* easy = nullptr;
    int file = -1;
    std::string bytes;  // not yet in the file
    std::size_t number = 0;
  };

  void start(Transfer& transfer) {
    std::string url;
    if (!std::getline(urls_, url)) return;
    transfer.number = started_++;
    ++running_;
    transfer.easy = curl_easy_init();
    curl_easy_setopt(transfer.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(transfer.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(transfer.easy, CURLOPT_BUFFERSIZE, static_cast<long>(kBlock));
    curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, &Fetcher::take);
    transfer.file = ::openat(directory_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    curl_multi_add_handle(multi_, transfer.easy);
  }

  static std::size_t take(char* data, std::size_t, std::size_t size, void* transfer) {
    auto& own = *static_cast<Transfer*>(transfer);
    own.bytes.append(data, size);
    if (own.bytes.size() >= kBlock) write(own);
    return size;
  }

  static void write(Transfer& transfer) {
    const auto size = static_cast<ssize_t>(transfer.bytes.size());
    if (::write(transfer.file, transfer.bytes.data(), transfer.bytes.size()) != size) {
      give_up("cannot write");
    }
    transfer.bytes.clear();
  }

  void take_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->data.result != CURLE_OK) give_up(curl_easy_strerror(message->data.result));
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      write(*transfer);
      const std::string name = std::to_string(transfer->number);
      if (::linkat(transfer->file, "", directory_, name.c_str(), AT_EMPTY_PATH) != 0) {
        give_up("cannot link");
      }
      ::close(transfer->file);
      curl_multi_remove_handle(multi_, transfer->easy);
      curl_easy_cleanup(transfer->easy);
      --running_;
      start(*transfer);
    }
  }

  void act(curl_socket_t socket, int what) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, what, &running);
  }

  static int watch(CURL*, curl_socket_t socket, int what, void* self, void*) {
    const int epoll = static_cast<Fetcher*>(self)->epoll_;
    epoll_event event{};
    event.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
    } else if (::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0) {
      ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    }
    return 0;
  }

  static int set_timer(CURLM*, long milliseconds, void* self) {
    static_cast<Fetcher*>(self)->wait_ = milliseconds;
    return 0;
  }

  std::ifstream urls_;
  int directory_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  CURLM* multi_ = nullptr;
  long wait_ = -1;  // milliseconds
  std::size_t started_ = 0, running_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: fetch_bare URLS DIRECTORY AT_ONCE");
  Fetcher(argv[1], argv[2]).run(std::atoi(argv[3]));
}
