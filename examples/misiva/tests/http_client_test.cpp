// The client against a real nghttpd, which the loopback script starts, kills and brings back.
#include "http_client.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "loopback_server.h"

namespace misiva::http {
namespace {

using testing::LoopbackServer;

std::vector<Request> requests_for(int first, int count) {
  std::vector<Request> requests;
  for (int i = first; i < first + count; ++i) {
    requests.push_back({"/3/device/" + std::to_string(i), R"({"aps":{"alert":"hello"}})"});
  }
  return requests;
}

/// Posts and returns the indices that were answered with 200.
std::set<std::size_t> answered(Client& client, const std::vector<Request>& requests) {
  std::set<std::size_t> done;
  const auto sent = client.post(requests, [&](std::size_t index, int status) {
    if (status == 200) done.insert(index);
  });
  EXPECT_TRUE(sent) << sent.error().text;
  return done;
}

/// The failure that a client with this endpoint meets: when it is opened or at its first post.
Failure failure_of(Endpoint endpoint) {
  auto client = Client::open(std::move(endpoint));
  if (!client) return client.error();
  const auto sent = client->post(requests_for(0, 3), [](std::size_t, int) {});
  if (!sent) return sent.error();
  ADD_FAILURE() << "no failure";
  return {};
}

void check_failure(const Failure& failure, Fault fault, std::string_view part) {
  EXPECT_EQ(static_cast<int>(failure.fault), static_cast<int>(fault)) << failure.text;
  EXPECT_NE(failure.text.find(part), std::string::npos) << failure.text;
}

class HttpClient : public ::testing::Test {
 protected:
  LoopbackServer server;
};

TEST_F(HttpClient, every_request_of_a_post_is_answered_over_one_connection) {
  server.start();
  auto client = Client::open(server.endpoint());
  ASSERT_TRUE(client) << client.error().text;
  for (int batch = 0; batch < 5; ++batch) {
    EXPECT_EQ(answered(*client, requests_for(batch * 200, 200)).size(), 200U);
  }
  EXPECT_EQ(server.logged("devices"), 1000);
  EXPECT_EQ(server.logged("duplicates"), 0);
  const std::string connections = "grep -c 'negotiated protocol: h2' " + server.file("server.log");
  EXPECT_EQ(testing::run_command("test $(" + connections + ") = 1"), 0);
}

TEST_F(HttpClient, a_post_of_nothing_succeeds) {
  auto client = Client::open(server.endpoint());
  ASSERT_TRUE(client) << client.error().text;
  EXPECT_TRUE(client->post({}, [](std::size_t, int) { FAIL(); }));
}

TEST_F(HttpClient, a_server_killed_in_mid_post_loses_no_request_when_the_rest_is_sent_again) {
  server.start();
  auto client = Client::open(server.endpoint());
  ASSERT_TRUE(client) << client.error().text;
  // More than the server takes at a time, so that some are certainly unanswered when it dies.
  auto pending = requests_for(0, 4000);
  const pid_t first = server.pid();
  std::size_t answers = 0;
  std::set<std::size_t> done;
  const auto sent = client->post(pending, [&](std::size_t index, int) {
    done.insert(index);
    if (++answers == 300) server.crash();
  });
  ASSERT_FALSE(sent);
  EXPECT_EQ(static_cast<int>(sent.error().fault), static_cast<int>(Fault::lost))
      << sent.error().text;
  EXPECT_GE(done.size(), 300U);
  EXPECT_LT(done.size(), 4000U);
  server.await_restart(first);
  std::vector<Request> rest;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (!done.contains(i)) rest.push_back(pending[i]);
  }
  EXPECT_EQ(answered(*client, rest).size(), rest.size());
  EXPECT_EQ(server.logged("devices"), 4000);
}

TEST_F(HttpClient, nobody_listening_is_unreachable_and_transient) {
  const auto failure = failure_of(server.endpoint());
  check_failure(failure, Fault::unreachable, server.endpoint().url);
  EXPECT_TRUE(is_transient(failure.fault));
}

TEST_F(HttpClient, a_server_certificate_of_another_authority_is_untrusted) {
  server.start();
  LoopbackServer stranger;
  auto endpoint = server.endpoint();
  endpoint.ca_file = stranger.endpoint().ca_file;
  const auto failure = failure_of(endpoint);
  check_failure(failure, Fault::untrusted, "certificate");
  EXPECT_FALSE(is_transient(failure.fault));
}

TEST_F(HttpClient, an_expired_server_certificate_is_untrusted_and_said_to_be_expired) {
  ASSERT_EQ(testing::run_command("CERTIFICATE_DAYS=-1 " MISIVA_LOOPBACK " certificates " +
                                 std::filesystem::path(server.file("x")).parent_path().string()),
            0);
  // The client's is expired too now; another folder has one that is good.
  LoopbackServer other;
  server.start();
  auto endpoint = server.endpoint();
  endpoint.certificate_file = other.endpoint().certificate_file;
  endpoint.key_file = other.endpoint().key_file;
  check_failure(failure_of(endpoint), Fault::untrusted, "expired");
}

TEST_F(HttpClient, an_expired_client_certificate_is_found_before_anything_is_sent) {
  ASSERT_EQ(testing::run_command("CERTIFICATE_DAYS=-1 " MISIVA_LOOPBACK " certificates " +
                                 std::filesystem::path(server.file("x")).parent_path().string()),
            0);
  check_failure(failure_of(server.endpoint()), Fault::misconfigured, "expired on");
}

TEST_F(HttpClient, wrong_files_and_addresses_are_named) {
  auto endpoint = server.endpoint();
  endpoint.key_file = server.endpoint().ca_file;
  check_failure(failure_of(endpoint), Fault::misconfigured, endpoint.key_file);
  endpoint.key_file = server.file("server.key");
  check_failure(failure_of(endpoint), Fault::misconfigured, "does not belong");
  endpoint.certificate_file = server.file("absent.pem");
  check_failure(failure_of(endpoint), Fault::misconfigured, "absent.pem");
  endpoint.certificate_file = server.file("client.key");
  check_failure(failure_of(endpoint), Fault::misconfigured, "BEGIN CERTIFICATE");
  endpoint.url = "http://127.0.0.1:1";
  check_failure(failure_of(endpoint), Fault::misconfigured, "https://host:port");
}

TEST(HttpStatus, only_429_and_5xx_are_worth_another_try) {
  for (const int status : {429, 500, 502, 503, 504, 599})
    EXPECT_TRUE(is_transient_status(status)) << status;
  for (const int status : {200, 301, 400, 403, 404, 410, 428, 430, 600}) {
    EXPECT_FALSE(is_transient_status(status)) << status;
  }
}

}  // namespace
}  // namespace misiva::http
