// The KV cache of independent sequences, laid out as panels for `multiply`.
#ifndef GPT2_CACHE_H_
#define GPT2_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.h"
#include "kernels.h"

namespace gpt2 {

class Cache {
 public:
  // One head of one row: keys [positions / 16, width, 16], values [positions, width padded to 16].
  // INT8 has one scale for each position's key and one for its value.
  struct Head {
    uint8_t *keys, *values;
    float *key_scales, *value_scales;  // [positions padded to 16], or null
  };

  Cache(const gpt2_shape& shape, int rows, int capacity, gpt2_dtype dtype);

  int rows() const { return static_cast<int>(slots_.size()); }
  int capacity() const { return capacity_; }
  bool scaled() const { return dtype_ == GPT2_INT8; }
  gpt2_dtype dtype() const { return dtype_; }
  size_t bytes() const { return memory_.bytes(); }
  int length(int row) const { return lengths_[row]; }
  void set_length(int row, int length) { lengths_[row] = length; }
  void gather(const int32_t* sources);
  // Row `to` becomes a copy of the first `length` tokens of a different row `from`.
  void copy_row(int from, int to, int length);
  Head head(int row, int layer, int head) const { return at(slots_[row], layer, head); }

  // Stores one position of one head, rounded to dtype. k and v are [width]; memory past their ends,
  // up to a multiple of 16, may be read.
  void put(const Kernels& kernels, const Head& head, int position, const float* k, const float* v);
  // The first n positions as matrices, without INT8 scales: for queries [width] times keys, and
  // weights [n] times values.
  Floats keys(const Head& head, int n) const;
  Floats values(const Head& head, int n) const;

 private:
  size_t memory_bytes(int rows) const;
  Head at(int slot, int layer, int head) const;
  void put_bytes(const Kernels& kernels, const Head& head, int position, const float* k,
                 const float* v);
  void copy(int from, int to, int length);

  gpt2_dtype dtype_;
  int layers_, heads_, width_, capacity_;
  size_t number_, keys_bytes_, values_bytes_;  // bytes of one number, of one head's keys and values
  size_t head_bytes_;                          // bytes of one head
  mutable Buffer memory_;
  std::vector<int> slots_, lengths_;  // a row's slot in memory and its number of tokens
};

}  // namespace gpt2

#endif  // GPT2_CACHE_H_
