// Memory for weights, the KV cache and scratch data: aligned, zero-initialized, freed by the
// destructor.
#ifndef GPT2_BUFFER_H_
#define GPT2_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace gpt2 {

enum class Pages {
  kHuge,  // huge pages: fewer TLB misses; for memory that is read from end to end repeatedly
  kLazy,  // small pages, allocated on first touch; for memory that may stay empty
};

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes, Pages pages = Pages::kHuge);
  ~Buffer() { release(); }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t bytes() const { return bytes_; }
  template <class T = uint8_t>
  T* as() {
    return static_cast<T*>(data_);
  }
  template <class T = uint8_t>
  const T* as() const {
    return static_cast<const T*>(data_);
  }

 private:
  void release();

  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace gpt2

#endif  // GPT2_BUFFER_H_
