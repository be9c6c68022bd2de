#include "kv/local/row_memory.h"

#include <algorithm>
#include <new>

#include "base/huge_pages.h"

namespace nines::engine {

void RowMemory::drop(Block& block) noexcept {
  if (block.owners.fetch_sub(1, std::memory_order_acq_rel) == 1) block.memory.reset();
}

RowMemory::Bytes RowMemory::take(std::size_t bytes) {
  if (blocks_.empty() || blocks_.back()->bytes - blocks_.back()->used < bytes) {
    auto block = std::make_unique<Block>();
    block->bytes = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
    block->memory.reset(static_cast<char*>(std::aligned_alloc(kHugePageBytes, block->bytes)));
    if (block->memory == nullptr) throw std::bad_alloc();
    prefer_huge_pages(block->memory.get(), block->bytes);
    blocks_.push_back(std::move(block));
    if (blocks_.size() > 1) drop(**(blocks_.end() - 2));
  }
  Block& open = *blocks_.back();
  Bytes taken;
  taken.data_ = open.memory.get() + open.used;
  taken.capacity_ = bytes;
  taken.block_ = &open;
  open.used += bytes;
  open.owners.fetch_add(1, std::memory_order_relaxed);
  return taken;
}

void RowMemory::append(Bytes& to, std::string_view bytes, std::size_t room) {
  const std::size_t needed = to.size_ + bytes.size();
  if (needed > to.capacity_) {
    Bytes moved = take(std::max({needed, room, 2 * to.capacity_}));
    std::copy_n(to.data_, to.size_, moved.data_);
    moved.size_ = to.size_;
    release(to);
    to = moved;
  }
  std::copy(bytes.begin(), bytes.end(), to.data_ + to.size_);
  to.size_ = needed;
}

void RowMemory::release(Bytes& bytes) noexcept {
  if (bytes.block_ != nullptr) drop(*bytes.block_);
  bytes = Bytes();
}

}  // namespace nines::engine
