// The services that can be told in their own language: one row of facts each, from which their requests are made.
//
// A new one is a row in channels.cc: its settings, and templates of the request. Templates know the fields of a message
// and the settings, as `{{$name}}`. Limits of length and the media type are those that the service documents.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/alert.h>

#include "alerts/message.h"

namespace nines::prober {

/// A header's name and the template of its value; one that comes out empty is not sent.
using ChannelHeader = std::pair<std::string_view, std::string_view>;

/// Templates. Values are percent-encoded in the URL, save those of `$url`, which it may begin with.
struct ChannelRequest {
  std::string_view method = "POST";
  std::string_view url;  ///< empty: no HTTP; the message goes by mail
  std::string_view content_type = "application/json";
  std::span<const ChannelHeader> headers;
  std::string_view body;
};

struct ChannelRow {
  AlertChannel facts;
  ChannelRequest request;
};

/// Nothing when there is none of that name.
[[nodiscard]] const ChannelRow* find_channel(std::string_view name) noexcept;

/// The channel's settings as fields `$name`, in its order; those that are not given have their usual value. Errors:
/// those of read_secret, and invalid_argument for a number that is none; they name the setting.
[[nodiscard]] Result<std::vector<AlertField>> setting_fields(const ChannelRow& channel, const AlertTarget& target);

/// What is wrong with the settings of `target` by their names; values are not looked at.
[[nodiscard]] Result<void> check_settings(const ChannelRow& channel, const AlertTarget& target);

}  // namespace nines::prober
