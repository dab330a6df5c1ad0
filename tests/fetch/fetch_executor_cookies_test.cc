// Cookies that servers set, files of them, and those of certificates: what is good is used, and
// what is none is an error of the command line.

#include "fetch/fetch_executor_world.h"
#include "support/read_file.h"

namespace distaff::fetch_executor_cookies_test {
namespace {

class FetchCookies : public testing::Test {
 protected:
  static void SetUpTestSuite() { server = new HttpServer({"--hosts", "2"}); }
  static void TearDownTestSuite() { delete server; }
  void SetUp() override { options.store = &store; }

  std::string url(const std::string& path, const std::string& host = "127.0.0.1") {
    return server->url(path, host);
  }
  // The Cookie that comes with a request.
  std::string cookie_of(Fetches& fetches, const std::string& where,
                        std::vector<std::string> headers) {
    Request request;
    request.url = where;
    request.headers = std::move(headers);
    fetches.run(request);
    const std::string& echo = store.files.at(where).bytes;
    const std::string name = "[\"Cookie\", \"";
    const std::size_t at = echo.find(name);
    return at == echo.npos
               ? ""
               : echo.substr(at + name.size(), echo.find('"', at + name.size()) - at - name.size());
  }

  static HttpServer* server;
  TempDir dir;
  FakeStore store;
  FetchExecutor::Options options;
};
HttpServer* FetchCookies::server;

TEST_F(FetchCookies, ASiteThatSetsOneAndLeadsToItselfIsPassed) {
  Fetches fetches(options);
  EXPECT_EQ(fetches.run(url("/wall")).status(), 200);
  EXPECT_EQ(fetches.seen[1].hops.size(), 1u);
  EXPECT_EQ(fetches.run(url("/wall")).hops.size(), 0u) << "it is known for the run";
  EXPECT_EQ(fetches.run(url("/wall", "127.0.0.2")).hops.size(), 1u) << "and to that host alone";
}

TEST_F(FetchCookies, OthersDoNotGetThemBehindRedirects) {
  Fetches fetches(options);
  const std::string elsewhere = url("/echo", "127.0.0.2");
  const std::string there = url("/wall?name=sid&as=;%20Path=/&to=" + elsewhere);
  fetches.run(there);
  EXPECT_EQ(store.files.at(there).bytes.find("sid"), std::string::npos);
  EXPECT_EQ(cookie_of(fetches, elsewhere, {}), "");
  EXPECT_EQ(cookie_of(fetches, url("/echo"), {}), "sid=passed");
}

TEST_F(FetchCookies, AreSentWithThoseThatAreSaid) {
  options.spec.cookies = "a=b; sid=old";
  Fetches fetches(options);
  EXPECT_EQ(cookie_of(fetches, url("/echo?1"), {}), "a=b; sid=old");
  fetches.run(url("/wall?name=sid&as=;%20Path=/"));
  EXPECT_EQ(cookie_of(fetches, url("/echo?2"), {}), "a=b; sid=passed");
  EXPECT_EQ(cookie_of(fetches, url("/echo?3"), {"cookie: c=d"}), "c=d; sid=passed");
  EXPECT_EQ(cookie_of(fetches, url("/echo?4"), {"Cookie:"}), "") << "none, if it says so";
  EXPECT_EQ(cookie_of(fetches, url("/echo?5", "127.0.0.2"), {}), "a=b; sid=old");
  options.spec.cookie_jar = dir / "jar";
  options.spec.cookies.clear();
  Fetches with_jar(options);
  with_jar.run(url("/wall?name=sid&as=;%20Path=/"));
  EXPECT_EQ(cookie_of(with_jar, url("/echo?6"), {"cookie:"}), "");
  EXPECT_EQ(cookie_of(with_jar, url("/echo?7"), {}), "sid=passed");
}

TEST_F(FetchCookies, WhereRedirectsDoNotEndTheJarIsNamedIfItMayHelp) {
  options.spec.max_redirects = 3;
  Fetches fetches(options);
  const std::string loop = url("/wall?as=;%20Path=/nowhere");
  EXPECT_EQ(fetches.run(loop).broken(),
            "redirect: more than 3 redirects (--max-redirects), the last to " + loop)
      << "there is no other host";
  EXPECT_EQ(fetches.run(url("/loop")).broken(),
            "redirect: more than 3 redirects (--max-redirects), the last to " + url("/loop"));
  const std::string back = url("/wall?as=;%20Path=/nowhere", "127.0.0.2");
  const std::string there = url("/wall?as=;%20Path=/nowhere&to=" + back);
  const std::string said = "redirect: more than 3 redirects (--max-redirects), the last to " + back;
  EXPECT_EQ(fetches.run(there).broken(),
            said +
                "; cookies were set on the way, which go only to the host that sets them: with "
                "--cookie-jar FILE also to others of its domain");
  options.spec.cookie_jar = dir / "jar";
  Fetches with_jar(options);
  EXPECT_EQ(with_jar.run(there).broken(), said);
}

// ---- files

class FetchFiles : public FetchCookies {
 protected:
  std::string wrong(const FetchSpec& spec) {
    const auto checked = FetchExecutor::check(spec);
    return checked ? "" : checked.error().message;
  }
  std::string wrong_cookies(const std::string& text) {
    return wrong({.cookies = dir.file("cookies", text)});
  }
};

TEST_F(FetchFiles, ACookieFileIsOne) {
  for (const char* good :
       {"", "# Netscape HTTP Cookie File\n\n", "h.example\tFALSE\t/\tFALSE\t0\ta\tb\n",
        ".h.example\tTRUE\t/\tTRUE\t1795996800.25\ta\tb\r\n\r\n", "h\tFALSE\t/\tFALSE\t-1\ta",
        "#HttpOnly_h.example\tFALSE\t/\tFALSE\t0\ta\t\n", "set-cookie: a=b; domain=h.example\n"}) {
    EXPECT_EQ(wrong_cookies(good), "") << good;
  }
  const std::string start = "--cookie '" + (dir / "cookies") + "': its line ";
  const std::string end =
      " is no cookie, which has seven fields with tabs between them, as --cookie-jar writes them, "
      "or is Set-Cookie: NAME=VALUE; domain=HOST";
  EXPECT_EQ(wrong_cookies("<html>\n"), start + "1" + end);
  EXPECT_EQ(wrong_cookies("# x\nh FALSE / FALSE 0 a b\n"), start + "2" + end) << "blanks";
  EXPECT_EQ(wrong_cookies("h\tFALSE\t/\tFALSE\tnever\ta\tb\n"), start + "1" + end);
  EXPECT_EQ(wrong_cookies("h\tFALSE\t/\tFALSE\t0\ta\tb\tc\n"), start + "1" + end);
  EXPECT_EQ(wrong_cookies("{\"cookies\": []}"), start + "1" + end);
  EXPECT_EQ(wrong_cookies(std::string("\x7f"
                                      "ELF\0\0",
                                      6)),
            start + "1" + end);
  EXPECT_EQ(wrong_cookies("Set-Cookie: secure\n"), start + "1" + end);
  EXPECT_EQ(wrong({.cookies = dir / "."}),
            "--cookie '" + (dir / ".") +
                "': it is a directory, and no file; cookies themselves are "
                "NAME=VALUE");
}

TEST_F(FetchFiles, AJarCanBeWritten) {
  EXPECT_EQ(wrong({.cookie_jar = dir / "jar"}), "");
  EXPECT_EQ(wrong({.cookie_jar = "/dev/null"}), "");
  EXPECT_NE(wrong({.cookie_jar = dir / "no/such/jar"}).find("--cookie-jar: "), std::string::npos);
  EXPECT_NE(wrong({.cookie_jar = dir / "."}).find("is not a file"), std::string::npos);
}

TEST_F(FetchFiles, CertificatesAndKeysAreWhatTheyAreNamedAs) {
  const Certificate one, other;
  const std::string cert = read_file(one.cert), key = read_file(one.key);
  const std::string both = dir.file("both", cert + key);
  const std::string html = dir.file("html", "<html>no PEM</html>\n");
  const std::string broken =
      dir.file("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::string half = dir.file("half", cert.substr(0, cert.size() / 2));
  const std::string empty = dir.file("empty", "");
  EXPECT_EQ(wrong({.ca_file = one.cert}), "");
  EXPECT_EQ(wrong({.cert = both}), "");
  EXPECT_EQ(wrong({.cert = one.cert, .cert_key = one.key, .ca_file = both}), "");
  for (const std::string& bad : {html, broken, half, empty, one.key}) {
    EXPECT_EQ(wrong({.ca_file = bad}), "--cacert '" + bad +
                                           "': there are no certificates in it that "
                                           "can be read (PEM)");
    EXPECT_EQ(wrong({.cert = bad, .cert_key = one.key}),
              "--cert '" + bad + "': there is no certificate in it that can be read (PEM)");
  }
  for (const std::string& bad : {html, empty, one.cert}) {
    EXPECT_EQ(wrong({.cert = one.cert, .cert_key = bad}),
              "--cert-key '" + bad + "': there is no private key in it (PEM)");
  }
  EXPECT_EQ(wrong({.cert = one.cert}), "--cert '" + one.cert +
                                           "': there is no private key in it; name its file by "
                                           "--cert-key");
  EXPECT_EQ(
      wrong({.cert = one.cert, .cert_key = other.key}),
      "--cert-key '" + other.key + "': its private key is not that of the certificate, or damaged");
  EXPECT_EQ(wrong({.ca_file = dir / "."}),
            "--cacert '" + (dir / ".") + "': it is a directory, and no file");
  const std::string locked = dir / "locked";
  ASSERT_EQ(
      std::system(
          ("openssl pkey -aes256 -passout pass:x -in " + one.key + " -out " + locked).c_str()),
      0);
  EXPECT_EQ(wrong({.cert = one.cert, .cert_key = locked}),
            "--cert-key '" + locked +
                "': the key has a passphrase, and there is nobody to ask for "
                "it; a copy without: openssl pkey -in KEY -out COPY");
}

}  // namespace
}  // namespace distaff::fetch_executor_cookies_test
