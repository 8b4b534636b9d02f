// The client against a scripted server: what it sends, when it tries again, what it throws.
#include "plenoptic/sdk/client.h"

#include <atomic>
#include <cmath>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plenoptic::sdk {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Answers each request with the next of its texts (the last one again and again); an empty one hangs up.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 16);
    socklen_t size = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port = 0;
  std::vector<std::string> requests;

 private:
  void serve() {
    for (int socket = 0; (socket = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(socket)) {
      std::string request;
      char buffer[4096];
      for (ssize_t got = 0; !whole(request) && (got = ::recv(socket, buffer, sizeof(buffer), 0)) > 0;) request.append(buffer, static_cast<std::size_t>(got));
      requests.push_back(request);
      const std::string& answer = answers_[std::min(requests.size(), answers_.size()) - 1];
      if (answer == "hang") std::this_thread::sleep_for(std::chrono::milliseconds(300));
      if (!answer.empty() && answer != "hang") ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  static bool whole(const std::string& request) {
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::size_t length = request.find("Content-Length: ");
    return length == std::string::npos || request.size() >= end + 4 + std::stoul(request.substr(length + 16));
  }

  std::vector<std::string> answers_;
  int listener_ = -1;
  std::thread thread_;
};

std::string answer(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\nConnection: close\r\nRequest-Id: req_1\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string record = R"({"id":"opp_1","createdAt":"2026-01-01T00:00:00.000Z","updatedAt":null,"httpLink":"x","fields":{"$amount":{"value":0.1,"valueType":"CURRENCY"}},)"
                           R"("relationships":{"$owner":{"cardinality":"has_one","objectType":"member","values":["mem_1"]}},"unknown":1})";
std::string error(const char* type, const char* code) { return std::string(R"({"error":{"type":")") + type + R"(","message":"why","code":")" + code + R"(","param":"fields.x"}})"; }

struct Fixture {
  explicit Fixture(std::vector<std::string> answers, int max_retries = 2)
      : server(std::move(answers)),
        client({.api_key = "sk",
                .base_url = "http://127.0.0.1:" + std::to_string(server.port) + "/",
                .timeout = std::chrono::milliseconds(200),
                .max_retries = max_retries,
                .sleep = [this](std::chrono::milliseconds time) { waits.push_back(time.count()); }}) {}
  std::vector<std::int64_t> waits;
  ScriptedServer server;
  Client client;
};

TEST(Client, SendsTheReferencePagesCall) {
  Fixture f({answer(200, record)});
  const Record updated = f.client.opportunity().update(
      "opp_1",
      {.fields = {{"$stage", "Proposal"}, {"$amount", 75000}, {"$closeDate", nullptr}, {"tags", {"a", "b"}}, {"who", FullName{"Ada", {}}}},
       .relationships = {{"$owner", {.replace = "mem_1"}}, {"$champion", {.add = {{"con_1", "con_2"}}, .remove = "con_3"}}, {"$x", {.replace = nullptr}}}},
      {.idempotency_key = "once"});
  EXPECT_EQ(updated.id, "opp_1");
  EXPECT_EQ(updated.fields.at("$amount").value.number_text(), "0.1");
  EXPECT_EQ(updated.fields.at("$amount").value_type, "CURRENCY");
  EXPECT_FALSE(updated.updated_at);
  EXPECT_THAT(updated.relationships.at("$owner").values, ElementsAre("mem_1"));
  f.server.stop();
  const std::string& sent = f.server.requests.at(0);
  EXPECT_THAT(sent, HasSubstr("POST /v1/opportunities/opp_1 HTTP/1.1\r\n"));
  for (const char* part : {"Authorization: Bearer sk\r\n", "Lightfield-Version: 2026-03-01\r\n", "Idempotency-Key: once\r\n", "Content-Type: application/json\r\n",
                           R"({"fields":{"$amount":75000,"$closeDate":null,"$stage":"Proposal","tags":["a","b"],"who":{"firstName":"Ada"}},)",
                           R"("relationships":{"$champion":{"add":["con_1","con_2"],"remove":"con_3"},"$owner":{"replace":"mem_1"},"$x":{"replace":null}}})"})
    EXPECT_THAT(sent, HasSubstr(part));
}

TEST(Client, TakesIdsAndValuesAsTheyCome) {
  Fixture f({answer(200, record)});
  const std::vector<std::string> several = {"con_1", "con_2"};
  const std::string one = "mem_1";
  f.client.opportunity().update("opp_1", {.fields = {{"a", 5'000'000'000LL}, {"b", std::size_t{7}}, {"c", std::string_view("text")}, {"d", UINT64_MAX}, {"e", -1}, {"f", 0.5}},
                                          .relationships = {{"g", {.add = {"con_1", "con_2"}, .remove = several}},
                                                            {"h", {.replace = std::vector<std::string>{"con_1", "con_2"}}},
                                                            {"i", {.replace = {"con_1", "con_2"}}},
                                                            {"j", {.add = {{"con_1", "con_2"}}, .remove = std::string_view("con_3")}},
                                                            {"k", {.add = one, .remove = {one, "mem_2"}}},
                                                            {"l", {.replace = several}}}});
  f.server.stop();
  const std::string two = R"(["con_1","con_2"])";
  EXPECT_THAT(f.server.requests.at(0), HasSubstr(R"({"fields":{"a":5000000000,"b":7,"c":"text","d":18446744073709551615,"e":-1,"f":0.5},"relationships":{"g":{"add":)" + two +
                                                 R"(,"remove":)" + two + R"(},"h":{"replace":)" + two + R"(},"i":{"replace":)" + two + R"(},"j":{"add":)" + two +
                                                 R"(,"remove":"con_3"},"k":{"add":"mem_1","remove":["mem_1","mem_2"]},"l":{"replace":)" + two + "}}}"));
}

TEST(Client, SendsNothingThatMeansSomethingElse) {
  Fixture f({answer(200, record)});
  const auto& deals = f.client.opportunity();
  EXPECT_THROW(deals.retrieve(""), Error);
  EXPECT_THROW(deals.delete_(""), Error);
  EXPECT_THROW(deals.update("", {}), Error);
  EXPECT_THROW(deals.restore(""), Error);
  EXPECT_THROW(deals.field_history("opp_1", ""), Error);
  EXPECT_THROW(f.client.list().list_accounts(""), Error);
  for (const std::string& bad : {std::string("a\r\nX-Evil: 1"), std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_THROW(deals.retrieve("opp_1", {.idempotency_key = bad}), Error);
    EXPECT_THROW(deals.retrieve("opp_1", {.headers = {{"X-Mine", bad}}}), Error);
    EXPECT_THROW(deals.retrieve("opp_1", {.headers = {{bad, "x"}}}), Error);
  }
  deals.retrieve("..");
  f.server.stop();
  ASSERT_EQ(f.server.requests.size(), 1U);
  EXPECT_THAT(f.server.requests.at(0), HasSubstr("GET /v1/opportunities/.. HTTP/1.1"));
}

TEST(Client, AHeaderOfTheCallTakesThePlaceOfTheClients) {
  Fixture f({answer(200, record)});
  f.client.opportunity().retrieve("opp_1", {.headers = {{"lightfield-version", "2027-01-01"}}});
  f.server.stop();
  EXPECT_THAT(f.server.requests.at(0), HasSubstr("Lightfield-Version: 2027-01-01\r\n"));
  EXPECT_THAT(f.server.requests.at(0), testing::Not(HasSubstr("2026-03-01")));
}

TEST(Client, ARedirectionIsNoSuccess) {
  for (int status : {301, 302, 304, 307}) {
    Fixture f({answer(status, "", "Location: http://127.0.0.1:1/\r\n")});
    try {
      f.client.opportunity().retrieve("opp_1");
      FAIL() << status;
    } catch (const ApiError& thrown) {
      EXPECT_EQ(thrown.status(), status);
    }
  }
}

TEST(Client, EncodesFilters) {
  Fixture f({answer(200, R"({"object":"list","data":[],"totalCount":7})")});
  EXPECT_EQ(f.client.account().list({.limit = 5, .filters = {{"$name[equal]", "A&B c"}}}).total_count, 7);
  f.server.stop();
  EXPECT_THAT(f.server.requests.at(0), HasSubstr("GET /v1/accounts?limit=5&%24name%5Bequal%5D=A%26B%20c HTTP/1.1"));
}

template <typename Type>
void expect_thrown(int status) {
  Fixture f({answer(status, error("t", "c"))}, 0);
  try {
    f.client.account().retrieve("acc_1");
    FAIL() << status;
  } catch (const Type& thrown) {
    EXPECT_EQ(thrown.details().status, status);
    EXPECT_EQ(thrown.details().code, "c");
    EXPECT_EQ(thrown.details().param, "fields.x");
    EXPECT_EQ(thrown.details().request_id, "req_1");
  }
}

TEST(Client, ThrowsByStatus) {
  expect_thrown<BadRequestError>(400);
  expect_thrown<AuthenticationError>(401);
  expect_thrown<PermissionDeniedError>(403);
  expect_thrown<NotFoundError>(404);
  expect_thrown<ConflictError>(409);
  expect_thrown<UnprocessableEntityError>(422);
  expect_thrown<RateLimitError>(429);
  expect_thrown<InternalServerError>(503);
  expect_thrown<ApiError>(418);
}

std::string key_in(const std::string& request) {
  const std::size_t at = request.find("Idempotency-Key: ");
  return at == std::string::npos ? "" : request.substr(at, request.find("\r\n", at) - at);
}

TEST(Client, AWriteThatIsTriedAgainHappensOnce) {
  Fixture f({answer(503, "{}"), answer(200, record), answer(200, record)});
  f.client.opportunity().create({.fields = {{"$name", "One"}}});
  f.client.opportunity().create({.fields = {{"$name", "Two"}}});
  f.server.stop();
  ASSERT_EQ(f.server.requests.size(), 3U);
  EXPECT_GE(key_in(f.server.requests[0]).size(), 40U);
  EXPECT_EQ(key_in(f.server.requests[0]), key_in(f.server.requests[1]));
  EXPECT_NE(key_in(f.server.requests[0]), key_in(f.server.requests[2]));
  Fixture once({answer(200, record)}, 0);
  once.client.opportunity().create({.fields = {{"$name", "One"}}});
  once.server.stop();
  EXPECT_EQ(key_in(once.server.requests.at(0)), "");
}

TEST(Client, WhatCannotBeSentIsToldBeforeItIs) {
  Fixture f({});
  EXPECT_THROW((FieldValue(std::nan(""))), Error);
  EXPECT_THROW((FieldValue(Address{.latitude = HUGE_VAL})), Error);
  for (const int left : {0, -5}) EXPECT_THROW(f.client.opportunity().retrieve("opp_1", {.timeout = std::chrono::milliseconds(left)}), TimeoutError);
  EXPECT_TRUE(f.waits.empty());
}

TEST(Client, TriesAgainWhereThatHelps) {
  for (int status : {408, 409, 429, 500, 503}) {
    Fixture f({answer(status, "{}"), answer(status, "{}"), answer(200, record)});
    EXPECT_EQ(f.client.opportunity().retrieve("opp_1").id, "opp_1") << status;
    ASSERT_EQ(f.waits.size(), 2U);
    EXPECT_GE(f.waits[0], 375);
    EXPECT_LE(f.waits[0], 500);
    EXPECT_GE(f.waits[1], 750);
    EXPECT_LE(f.waits[1], 1000);
  }
  Fixture hung_up({"", answer(200, record)});
  EXPECT_EQ(hung_up.client.opportunity().retrieve("opp_1").id, "opp_1");
  for (int status : {400, 401, 403, 404, 422}) {
    Fixture f({answer(status, "{}")});
    EXPECT_THROW(f.client.opportunity().retrieve("x"), ApiError);
    EXPECT_TRUE(f.waits.empty());
  }
}

TEST(Client, WaitsAsLongAsItIsTold) {
  Fixture seconds({answer(429, "{}", "Retry-After: 2\r\n"), answer(200, record)});
  seconds.client.opportunity().retrieve("x");
  EXPECT_THAT(seconds.waits, ElementsAre(2000));
  for (const char* nonsense : {"nan", "inf", "-1", "1e300", "soon"}) {
    Fixture f({answer(429, "{}", std::string("Retry-After: ") + nonsense + "\r\n"), answer(200, record)});
    f.client.opportunity().retrieve("x");
    ASSERT_EQ(f.waits.size(), 1U) << nonsense;
    EXPECT_GE(f.waits[0], 375) << nonsense;
    EXPECT_LE(f.waits[0], 500) << nonsense;
  }
  Fixture milliseconds({answer(429, "{}", "Retry-After: 9\r\nRetry-After-Ms: 120.5\r\n"), answer(200, record)});
  milliseconds.client.opportunity().retrieve("x");
  EXPECT_THAT(milliseconds.waits, ElementsAre(120));
}

TEST(Client, DoesAsShouldRetrySays) {
  Fixture no({answer(409, error("conflict", ""), "x-should-retry: false\r\n")});
  EXPECT_THROW(no.client.opportunity().retrieve("x"), ConflictError);
  EXPECT_TRUE(no.waits.empty());
  Fixture yes({answer(400, "{}", "x-should-retry: true\r\n"), answer(200, record)});
  EXPECT_EQ(yes.client.opportunity().retrieve("x").id, "opp_1");
}

TEST(Client, SendsTheSameKeyEachTime) {
  Fixture f({answer(500, "{}"), answer(200, record)});
  f.client.account().create({.fields = {{"$name", "x"}}}, {.idempotency_key = "same"});
  f.server.stop();
  ASSERT_EQ(f.server.requests.size(), 2U);
  for (const std::string& request : f.server.requests) EXPECT_THAT(request, HasSubstr("Idempotency-Key: same\r\n"));
}

TEST(Client, TimesOutAndCannotConnect) {
  Fixture slow({"hang"}, 0);
  EXPECT_THROW(slow.client.opportunity().retrieve("x"), TimeoutError);
  const Client nobody({.api_key = "sk", .base_url = "http://127.0.0.1:1", .max_retries = 0});
  EXPECT_THROW(nobody.opportunity().retrieve("x"), ConnectionError);
}

TEST(Client, NeedsAKey) {
  ::unsetenv("LIGHTFIELD_API_KEY");
  ::unsetenv("PLENOPTIC_API_KEY");
  EXPECT_THROW(Client(), Error);
  ::setenv("LIGHTFIELD_API_KEY", "from-environment", 1);
  EXPECT_NO_THROW(Client());
  ::unsetenv("LIGHTFIELD_API_KEY");
}

TEST(Client, SendsTheKeyOfAServerOfItsOwnToNobodyElse) {
  ::unsetenv("LIGHTFIELD_API_KEY");
  ::unsetenv("LIGHTFIELD_BASE_URL");
  ::setenv("PLENOPTIC_API_KEY", "of-my-own", 1);
  EXPECT_THROW(Client(), Error);
  ScriptedServer server({answer(200, record)});
  const Client client({.base_url = "http://127.0.0.1:" + std::to_string(server.port)});
  client.opportunity().retrieve("x");
  EXPECT_THAT(server.requests.at(0), HasSubstr("Bearer of-my-own\r\n"));
  ::unsetenv("PLENOPTIC_API_KEY");
}

TEST(Client, MayBeUsedByManyThreads) {
  Fixture f({answer(200, record)});
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) good += f.client.opportunity().retrieve("x").id == "opp_1";
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 40);
}

}  // namespace
}  // namespace plenoptic::sdk
