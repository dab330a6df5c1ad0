// A crawler: it begins with one page and follows links until there is no page left that it has not
// seen.  Four pages are fetched at once, but no more than two from the same host.

#include <distaff/imap.h>

#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

struct Page {
  std::string url;
  std::vector<std::string> links;
};

// The web, for this example.
const std::map<std::string, std::vector<std::string>> kWeb = {
    {"ant.example/", {"ant.example/eggs", "bee.example/"}},
    {"ant.example/eggs", {"ant.example/", "ant.example/queen"}},
    {"ant.example/queen", {}},
    {"bee.example/", {"bee.example/honey", "bee.example/queen", "ant.example/"}},
    {"bee.example/honey", {"bee.example/"}},
    {"bee.example/queen", {"ant.example/queen", "bee.example/honey"}},
};

// Called by several threads at once.
Page fetch(const std::string& url) { return {url, kWeb.at(url)}; }

std::string host_of(const std::string& url) { return url.substr(0, url.find('/')); }

int main() {
  distaff::Queue<std::string> to_do({"ant.example/"});
  std::set<std::string> seen({"ant.example/"});

  const auto few_per_host = distaff::by(host_of).parallelism(2);
  for (const Page& page : distaff::imap_unordered(to_do, fetch, few_per_host, {.workers = 4})) {
    // The loop's body runs in this thread alone, so `seen` needs no lock.  The loop ends when the
    // queue is empty and the body has come to its end for each page.
    for (const std::string& link : page.links) {
      if (seen.insert(link).second) to_do.push(link);
    }
  }

  for (const std::string& url : seen) std::cout << url << '\n';
}
