// Delivery by mail: SMTP of libcurl, a message of two parts that hold the same, and headers that make one thread of an
// incident's messages.
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerts/delivery.h"
#include "alerts/template.h"
#include "base/base64.h"
#include "base/curl_url.h"
#include "base/host_name.h"
#include "base/mutex.h"
#include "base/text.h"

namespace nines::prober {
namespace {

const std::string& setting(const std::vector<AlertField>& settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(), [name](const AlertField& field) {
    return std::string_view(field.name).substr(1) == name;
  });
  assert(found != settings.end());
  return found->text;
}

/// An address as an envelope and a header may have it: one @ with something on both sides, nothing that could end
/// either, ASCII before the @ (few servers take more) and the domain as the DNS knows it. Nothing for what is none.
std::optional<std::string> mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return std::nullopt;
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c != 0x7f && c != '<' && c != '>' && c != ',' && c != ';' && c != '"';
  });
  const std::string_view local = text.substr(0, at);
  if (!plain || std::any_of(local.begin(), local.end(), [](unsigned char c) { return c >= 0x80; })) return std::nullopt;
  const std::string_view domain = text.substr(at + 1);
  const auto ascii = domain.starts_with('[') ? std::string(domain) : ascii_host(domain);
  if (!ascii) return std::nullopt;
  return std::string(local) + "@" + *ascii;
}

/// With the host as the DNS knows it: libcurl would convert it by the process's locale. Requires: check_email() was
/// fine.
std::string ascii_url(const std::string& url) {
  const CurlUrl parsed(curl_url());
  curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
  const auto host = ascii_host(url_part(parsed, CURLUPART_HOST, 0).value_or(""));
  if (!host || curl_url_set(parsed.get(), CURLUPART_HOST, host->c_str(), 0) != CURLUE_OK) return url;
  return url_part(parsed, CURLUPART_URL, 0).value_or(url);
}

/// Nothing when one of them is none.
std::optional<std::vector<std::string>> mail_addresses(std::string_view text) {
  std::vector<std::string> list;
  for (const std::string_view each : split(text, ',')) {
    if (trim(each).empty()) continue;
    auto address = mail_address(trim(each));
    if (!address) return std::nullopt;
    list.push_back(*std::move(address));
  }
  return list;
}

/// Where a mail goes, as check_email() has found it good.
struct Envelope {
  std::string from;
  std::vector<std::string> to;
};

Envelope envelope_of(const std::vector<AlertField>& settings) {
  const auto from = mail_address(setting(settings, "from"));
  const auto to = mail_addresses(setting(settings, "to"));
  assert(from && to);
  return {*from, *to};
}

/// A text as a header may hold it: words of at most 75 characters in the way of RFC 2047 where it is not plain.
std::string header_words(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  constexpr std::size_t kPlain = 60;  // a line of a header has 78 characters, and its name
  const bool ascii = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  if (ascii && text.size() <= kPlain && text.find("=?") == std::string::npos) return text;
  constexpr std::size_t kMostBytes = 45;  // 60 digits, and 12 characters around them
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(at + kMostBytes, text.size());
    while (end < text.size() && end > at + 1 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    words += (words.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(text.substr(at, end - at)) + "?=";
    at = end;
  }
  return words;
}

/// "Sat, 28 Nov 2026 11:05:14 +0000", whatever the process's language is.
std::string mail_date(std::time_t now) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text.data();
}

/// Programs show mails together that name one another and have one subject, but for "Re: ".
std::vector<std::string> headers_of(const Envelope& envelope, const AlertMessage& message) {
  const std::string& from = envelope.from;
  const std::string domain = from.substr(from.find('@') + 1);
  const std::string first = "<" + incident_key(message) + "@" + domain + ">";
  AlertMessage begin = message;
  begin.kind = AlertMessage::Kind::begin;
  const std::string subject = alert_title(begin);
  std::vector<std::string> headers{"Date: " + mail_date(std::time(nullptr)), "From: <" + from + ">"};
  std::string to;
  for (const std::string& address : envelope.to) to += (to.empty() ? "<" : ",\r\n <") + address + ">";
  headers.push_back("To: " + to);
  if (message.kind == AlertMessage::Kind::begin) {
    headers.push_back("Subject: " + header_words(subject));
    headers.push_back("Message-ID: " + first);
  } else {
    headers.push_back("Subject: " + header_words("Re: " + subject));
    headers.push_back("Message-ID: <" + incident_key(message) + "-" + std::to_string(message.id) + "@" + domain + ">");
    headers.push_back("In-Reply-To: " + first);
    headers.push_back("References: " + first);
  }
  headers.emplace_back("Auto-Submitted: auto-generated");  // RFC 3834: nobody's holiday answers it
  return headers;
}

constexpr std::string_view kPlainBody = "{{title}}\n\n{{text}}\n";
constexpr std::string_view kHtmlBody =
    "<!DOCTYPE html><html><body><h2 style=\"color:{{#event=resolved}}#1a7f37{{/event}}"
    "{{^event=resolved}}#b42318{{/event}}\">{{title}}</h2><pre "
    "style=\"font:inherit;white-space:pre-wrap\">{{text}}</pre>"
    "</body></html>\n";

/// Frees what libcurl has made.
struct Free {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
};
using List = std::unique_ptr<curl_slist, Free>;

bool append(List& list, const std::string& text) {
  curl_slist* const longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

/// Lines as mail has them, whatever ended them before.
std::string mail_lines(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\r\n")) continue;
    if (text[at] == '\n') out += '\r';
    out += text[at];
  }
  return out;
}

bool add_part(curl_mime* mime, const std::string& lines, const char* type) {
  const std::string text = mail_lines(lines);
  curl_mimepart* const part = curl_mime_addpart(mime);
  return part != nullptr && curl_mime_data(part, text.data(), text.size()) == CURLE_OK &&
         curl_mime_type(part, type) == CURLE_OK && curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

tl::unexpected<Error> no_memory() {
  return fail(ErrorCode::unavailable, "there is no memory for the mail");
}

// What the server says of the mailboxes, in the order in which it is asked: libcurl tells of the last one alone.
struct Replies {
  bool asked = false;       // RCPT was sent, and the next is not
  std::string first_digit;  // of the reply for each; a blank where there was none

  static int hear(CURL* /*curl*/, curl_infotype type, char* data, std::size_t size, void* self) {
    auto& replies = *static_cast<Replies*>(self);
    const std::string_view line(data, size);
    if (type == CURLINFO_HEADER_OUT) {
      replies.asked = line.starts_with("RCPT");
      if (replies.asked) replies.first_digit += ' ';
    } else if (type == CURLINFO_HEADER_IN && replies.asked && !line.empty()) {
      replies.first_digit.back() = line.front();
    }
    return 0;
  }
  [[nodiscard]] bool any(char digit) const { return first_digit.find(digit) != std::string::npos; }
};

// What has become of a message at each mailbox, while others are to get it later: those are not sent it again. Any
// thread. What is forgotten, after a restart or behind very many newer ones, comes twice.
class Served {
 public:
  using Key = std::pair<std::string, std::uint64_t>;  // target and incident, and the message
  struct Mailboxes {
    std::set<std::string> have;     // it
    std::set<std::string> refused;  // it for good
  };

  void add(const Key& key, Mailboxes mailboxes) {
    const engine::MutexLock lock(mutex_);
    if (!kept_.contains(key)) order_.push_back(key);
    kept_[key] = std::move(mailboxes);
    constexpr std::size_t kMost = 1'000;
    if (order_.size() <= kMost) return;
    kept_.erase(order_.front());
    order_.pop_front();
  }
  // Every mailbox has it or will never take it.
  void forget(const Key& key) {
    const engine::MutexLock lock(mutex_);
    if (kept_.erase(key) != 0) std::erase(order_, key);
  }
  [[nodiscard]] Mailboxes so_far(const Key& key) {
    const engine::MutexLock lock(mutex_);
    const auto found = kept_.find(key);
    return found == kept_.end() ? Mailboxes{} : found->second;
  }

 private:
  engine::Mutex mutex_;
  std::map<Key, Mailboxes> kept_ NINES_GUARDED_BY(mutex_);
  std::deque<Key> order_ NINES_GUARDED_BY(mutex_);  // of kept_, by age
};

Receipt receipt_of(const Served::Mailboxes& settled) {
  std::string names;
  for (const std::string& mailbox : settled.refused) names += (names.empty() ? "" : ", ") + mailbox;
  if (names.empty()) return {};
  return {"refused for good by " + names + "; the others have it"};
}

// What becomes of a message that was offered to `mailboxes`, the ones that `settled` lacks.
Result<Receipt> outcome_of(CURL* curl, CURLcode code, const Replies& replies, const std::vector<std::string>& mailboxes,
                           Served::Mailboxes settled, Served& served, const Served::Key& key) {
  for (std::size_t i = 0; i < mailboxes.size() && i < replies.first_digit.size(); ++i) {
    if (replies.first_digit[i] == '5') settled.refused.insert(mailboxes[i]);
    if (replies.first_digit[i] == '2' && code == CURLE_OK) settled.have.insert(mailboxes[i]);
  }
  const bool later = replies.any('4');
  if (code == CURLE_OK && !later) {
    served.forget(key);
    return receipt_of(settled);
  }
  if (code == CURLE_OK) {
    served.add(key, std::move(settled));
    return fail(ErrorCode::unavailable, "a mailbox is to be tried again; the others have it");
  }
  long reply = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
  // One mailbox that is to be tried again makes the message worth another attempt, whatever became of the others.
  const bool for_good = reply >= 500 && reply <= 599 && !later;
  if (for_good && !settled.have.empty()) {
    settled.refused.insert(mailboxes.begin(), mailboxes.end());
    served.forget(key);
    return receipt_of(settled);
  }
  std::string why = curl_easy_strerror(code);
  if (reply != 0) why += ", reply " + std::to_string(reply);
  return fail(for_good ? ErrorCode::invalid_argument : ErrorCode::unavailable, std::move(why));
}

}  // namespace

Result<void> check_email(const std::vector<AlertField>& settings) {
  const auto bad = [](const std::string& what) { return fail(ErrorCode::invalid_argument, what); };
  const std::string& url = setting(settings, "url");
  const std::optional<CheckKind> kind = check_kind(url);
  if (kind != CheckKind::smtp && kind != CheckKind::smtps) return bad("url: needs smtp://HOST:PORT or smtps://HOST");
  CheckSpec spec;
  spec.url = url;
  if (const auto valid = validate(spec, std::chrono::milliseconds{0}); !valid)
    return bad("url: " + valid.error().message);
  if (!mail_address(setting(settings, "from"))) return bad("from: must be one address, of ASCII before its @");
  const auto to = mail_addresses(setting(settings, "to"));
  if (!to || to->empty()) return bad("to: must be addresses, of ASCII before the @, with commas between them");
  const std::string& starttls = setting(settings, "starttls");
  if (starttls != "required" && starttls != "offered" && starttls != "off") {
    return bad("starttls: must be required, offered or off");
  }
  if (setting(settings, "user").empty() != setting(settings, "password").empty())
    return bad("user and password go together");
  return {};
}

Result<Receipt> deliver_email(const AlertTarget& target, const std::vector<AlertField>& settings,
                              const AlertMessage& message) {
  if (auto fine = check_email(settings); !fine) return tl::unexpected(fine.error());
  const std::vector<AlertField> fields = template_fields(message);
  const auto plain = fill_template(kPlainBody, fields, Escape::none);
  const auto html = fill_template(kHtmlBody, fields, Escape::xml);
  assert(plain && html);

  const Envelope envelope = envelope_of(settings);

  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, Free> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) return no_memory();
  List headers;
  for (const std::string& header : headers_of(envelope, message)) {
    if (!append(headers, header)) return no_memory();
  }
  static Served served;
  // Several probers in one process may have messages of one number for targets of one name.
  const Served::Key key{target.name + " " + incident_key(message), message.id};
  Served::Mailboxes settled = served.so_far(key);
  std::vector<std::string> mailboxes = envelope.to;
  std::erase_if(mailboxes, [&settled](const std::string& mailbox) {
    return settled.have.contains(mailbox) || settled.refused.contains(mailbox);
  });
  if (mailboxes.empty()) return receipt_of(settled);
  List recipients;
  for (const std::string& address : mailboxes) {
    if (!append(recipients, address)) return no_memory();
  }
  const std::unique_ptr<curl_mime, Free> mime(curl_mime_init(curl.get()));
  curl_mimepart* const both = mime ? curl_mime_addpart(mime.get()) : nullptr;
  std::unique_ptr<curl_mime, Free> alternatives(curl_mime_init(curl.get()));
  if (both == nullptr || !alternatives || !add_part(alternatives.get(), *plain, "text/plain; charset=utf-8") ||
      !add_part(alternatives.get(), *html, "text/html; charset=utf-8") ||
      curl_mime_subparts(both, alternatives.get()) != CURLE_OK) {
    return no_memory();
  }
  static_cast<void>(alternatives.release());  // the part has it
  curl_mime_type(both, "multipart/alternative");

  const std::string& starttls = setting(settings, "starttls");
  const auto set = [&curl](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, ascii_url(setting(settings, "url")).c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(target.timeout.count()));
  set(CURLOPT_PROXY, "");
  const long upgrade = starttls == "off" ? CURLUSESSL_NONE : starttls == "offered" ? CURLUSESSL_TRY : CURLUSESSL_ALL;
  set(CURLOPT_USE_SSL, upgrade);
  if (const std::string& ca = setting(settings, "ca-file"); !ca.empty()) set(CURLOPT_CAINFO, ca.c_str());
  if (const std::string& user = setting(settings, "user"); !user.empty()) {
    set(CURLOPT_USERNAME, user.c_str());
    set(CURLOPT_PASSWORD, setting(settings, "password").c_str());
  }
  set(CURLOPT_MAIL_FROM, ("<" + envelope.from + ">").c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // one mailbox that is gone must not keep the others from hearing
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_MIMEPOST, mime.get());
  Replies replies;
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, Replies::hear);
  set(CURLOPT_DEBUGDATA, &replies);
  const CURLcode code = curl_easy_perform(curl.get());
  return outcome_of(curl.get(), code, replies, mailboxes, std::move(settled), served, key);
}

}  // namespace nines::prober
