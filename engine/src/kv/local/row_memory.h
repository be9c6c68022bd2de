// The bytes of many servers, each of which grows at its end, in blocks that hold those of many.
//
// Threads: one appends; afterwards any release, each what is its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace nines::engine {

class RowMemory {
  struct Block;

 public:
  /// Belongs to the memory that it was appended by, and ends with it.
  class Bytes {
   public:
    [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// Keeps its place for what is appended next.
    void clear() noexcept { size_ = 0; }

   private:
    friend class RowMemory;
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    Block* block_ = nullptr;
  };

  RowMemory() = default;
  RowMemory(const RowMemory&) = delete;
  RowMemory& operator=(const RowMemory&) = delete;

  /// Where `to` must move to have place for `bytes`, it is given place for `room` in all, if that is more.
  void append(Bytes& to, std::string_view bytes, std::size_t room);
  /// Gives its place up: a block is freed with the last that lies in it.
  static void release(Bytes& bytes) noexcept;

 private:
  struct Free {
    void operator()(char* memory) const noexcept { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<char, Free> memory;
    std::size_t bytes = 0;
    std::size_t used = 0;
    std::atomic<std::uint32_t> owners{1};  // those that lie in it, and this memory while it is the open one
  };

  [[nodiscard]] Bytes take(std::size_t bytes);
  static void drop(Block& block) noexcept;

  std::vector<std::unique_ptr<Block>> blocks_;  // the last is open
};

}  // namespace nines::engine
