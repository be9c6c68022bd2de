#include "http/answer_cache.h"

#include <utility>

namespace nines::tools {

AnswerCache::Answer AnswerCache::known_or_taken(const std::string& key) {
  const engine::MutexLock lock(mutex_);
  while (true) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) break;
    if (!found->second.making) {
      const Entry& entry = found->second;
      if (entry.made > cleared_ && Clock::now() - entry.made < life_) return entry.answer;
      break;
    }
    mutex_.wait(made_);
  }
  Entry& taken = entries_[key];
  if (taken.answer) bytes_ -= taken.answer->body.size();
  taken = {.answer = nullptr, .made = {}, .making = true};
  return nullptr;
}

AnswerCache::Answer AnswerCache::get(const std::string& key, const std::function<WebResponse()>& make) {
  if (Answer known = known_or_taken(key)) return known;
  Answer answer;
  // The age counts from before the work: what is answered is never older than `life`.
  const auto begun = Clock::now();
  try {
    answer = std::make_shared<const WebResponse>(make());
  } catch (...) {
    const engine::MutexLock lock(mutex_);
    entries_.erase(key);
    made_.notify_all();
    throw;
  }
  const engine::MutexLock lock(mutex_);
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
  const engine::MutexLock lock(mutex_);
  cleared_ = Clock::now();
}

void AnswerCache::tidy(Clock::time_point now) {
  if (now - tidied_ < life_) return;
  tidied_ = now;
  std::size_t freed = 0;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.making || now - entry.second.made < life_) return false;
    freed += entry.second.answer->body.size();
    return true;
  });
  bytes_ -= freed;
}

}  // namespace nines::tools
