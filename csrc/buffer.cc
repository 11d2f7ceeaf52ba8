#include "buffer.h"

#include <cstring>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace gpt2 {
namespace {

[[maybe_unused]] constexpr size_t kHugePage = size_t{1} << 21;
constexpr size_t kCacheLine = 64;

[[maybe_unused]] size_t round_up(size_t bytes, size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

#if defined(__linux__) && !defined(__EMSCRIPTEN__) && !GPT2_SANITIZED

Buffer::Buffer(size_t bytes, Pages pages) {
  if (bytes == 0) return;
  const bool huge = pages == Pages::kHuge && bytes >= kHugePage;
  bytes_ = round_up(bytes, huge ? kHugePage : kCacheLine);
  // Huge pages need 2 MB alignment: map one page more and unmap the ends.
  const size_t asked = bytes_ + (huge ? kHugePage : 0);
  void* start = mmap(nullptr, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  data_ = start;
  if (!huge) return;
  const auto address = reinterpret_cast<uintptr_t>(start);
  const size_t head = round_up(address, kHugePage) - address;
  if (head > 0) munmap(start, head);
  data_ = static_cast<uint8_t*>(start) + head;
  if (head < kHugePage) munmap(static_cast<uint8_t*>(data_) + bytes_, kHugePage - head);
  madvise(data_, bytes_,
          MADV_HUGEPAGE);  // a hint: without huge pages the result is the same, only slower
}

void Buffer::release() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

#else  // without mmap, or so that a sanitizer sees each access past the end

Buffer::Buffer(size_t bytes, Pages) {
  if (bytes == 0) return;
  bytes_ = bytes;
  data_ = ::operator new(bytes_, std::align_val_t{kCacheLine});
  std::memset(data_, 0, bytes_);
}

void Buffer::release() {
  if (data_ != nullptr) ::operator delete(data_, std::align_val_t{kCacheLine});
}

#endif

}  // namespace gpt2
