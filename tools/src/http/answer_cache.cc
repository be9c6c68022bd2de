#include "http/answer_cache.h"

#include <utility>

namespace nines::tools {

AnswerCache::Answer AnswerCache::get(const std::string& key, const std::function<WebResponse()>& make) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) break;
    if (!found->second.making) {
      const Entry& entry = found->second;
      if (entry.made > cleared_ && Clock::now() - entry.made < life_) return entry.answer;
      break;
    }
    made_.wait(lock);
  }
  Entry& waiting = entries_[key];
  if (waiting.answer) bytes_ -= waiting.answer->body.size();
  waiting = {.answer = nullptr, .made = {}, .making = true};
  lock.unlock();
  Answer answer;
  // The age counts from before the work: what is answered is never older than `life`.
  const auto begun = Clock::now();
  try {
    answer = std::make_shared<const WebResponse>(make());
  } catch (...) {
    lock.lock();
    entries_.erase(key);
    made_.notify_all();
    throw;
  }
  lock.lock();
  tidy(begun);
  if (bytes_ + answer->body.size() <= most_bytes_) {
    entries_[key] = {.answer = answer, .made = begun, .making = false};
    bytes_ += answer->body.size();
  } else {
    entries_.erase(key);
  }
  made_.notify_all();
  return answer;
}

void AnswerCache::clear() {
  const std::lock_guard lock(mutex_);
  cleared_ = Clock::now();
}

void AnswerCache::tidy(Clock::time_point now) {
  if (now - tidied_ < life_) return;
  tidied_ = now;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.making || now - entry.second.made < life_) return false;
    bytes_ -= entry.second.answer->body.size();
    return true;
  });
}

}  // namespace nines::tools
