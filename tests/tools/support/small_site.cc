#include "tools/support/small_site.h"

#include <gtest/gtest.h>

#include <utility>

namespace nines::tools::testing {

SmallSite::SmallSite(AccessOptions access) {
  made_at_ = now();
  auto store = Store::open(dir_.path("db"));
  EXPECT_TRUE(store) << store.error().message;
  store_ = std::move(*store);
  site_ = std::make_unique<Site>(*store_, Site::Hooks{}, false, std::move(access));
}

ServerId SmallSite::add(const std::string& name, const std::string& group, TimeMs created) {
  Server server;
  server.name = name;
  server.group = group;
  server.url = "https://secret.example/" + name;
  server.created_at = created;
  return store_->add_server(server).value_or(ServerId{});
}

void SmallSite::check(ServerId server, TimeMs time, State state) {
  CheckResult result;
  result.server = server;
  result.time = time;
  result.state = state;
  if (state == State::down) {
    result.error = ErrorClass::http_status;
    result.code = 500;
    result.detail = "the cause, which is not for everybody";
  } else {
    result.latency_us = 40'000;
  }
  EXPECT_TRUE(store_->append(result, Durability::buffered));
}

WebResponse SmallSite::get(const std::string& path, std::map<std::string, std::string> query,
                           std::optional<std::string> origin) {
  WebRequest request;
  request.method = "GET";
  request.path = path;
  request.query = std::move(query);
  request.host = "localhost";
  request.origin = std::move(origin);
  return site_->answer(request);
}

Json SmallSite::json(const std::string& path, std::map<std::string, std::string> query) {
  const WebResponse response = get(path, std::move(query));
  EXPECT_EQ(response.status, 200) << path << ": " << response.body;
  return Json::parse(response.body, nullptr, false);
}

std::string SmallSite::header(const WebResponse& response, std::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (each == name) return value;
  }
  return {};
}

}  // namespace nines::tools::testing
