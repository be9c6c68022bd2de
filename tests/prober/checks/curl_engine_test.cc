#include "checks/curl_engine.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "prober/support/loopback_server.h"

namespace nines::prober {
namespace {

using namespace prober_test;

class EndedTransfer final : public TransferListener {
 public:
  explicit EndedTransfer(EventLoop& loop) : loop_(loop) {}
  void on_transfer_done(CURLcode code) override {
    code_ = code;
    loop_.stop();
  }
  [[nodiscard]] std::optional<CURLcode> code() const { return code_; }

 private:
  EventLoop& loop_;
  std::optional<CURLcode> code_;
};

// A check whose time is up before the loop comes to its transfer. The list sends whoever reads it to an address where
// nobody listens.
TEST(CurlEngine, AHandleForgetsTheAddressesOfATransferThatNeverBegan) {
  const LoopbackServer server(answering(http_answer(200, "ok")));
  auto loop = EventLoop::create();
  ASSERT_TRUE(loop);
  auto engine = CurlEngine::create(**loop, 1);
  ASSERT_TRUE(engine);
  EndedTransfer first(**loop);
  CURL* const easy = (*engine)->acquire();
  ASSERT_NE(easy, nullptr);
  const std::string host_port = "127.0.0.1:" + std::to_string(server.port());
  CurlList addresses;
  append(addresses, host_port + ":127.0.0.9");
  curl_easy_setopt(easy, CURLOPT_URL, server.url("http").c_str());
  curl_easy_setopt(easy, CURLOPT_RESOLVE, addresses.get());
  ASSERT_EQ((*engine)->add(easy, first), CURLM_OK);
  (*engine)->remove(easy);
  (*engine)->release(easy);
  EXPECT_EQ(first.code(), std::nullopt);

  EndedTransfer second(**loop);
  ASSERT_EQ((*engine)->acquire(), easy) << "the handle is used again";
  curl_easy_setopt(easy, CURLOPT_URL, server.url("http").c_str());
  curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  ASSERT_EQ((*engine)->add(easy, second), CURLM_OK);
  (*loop)->run();
  EXPECT_EQ(second.code(), CURLE_OK);
  (*engine)->remove(easy);
  (*engine)->release(easy);
}

}  // namespace
}  // namespace nines::prober
