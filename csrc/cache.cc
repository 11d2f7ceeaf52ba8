#include "cache.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

namespace gpt2 {

Cache::Cache(const gpt2_shape& shape, int rows, int capacity, gpt2_dtype dtype)
    : dtype_(dtype),
      layers_(shape.layers),
      heads_(shape.heads),
      width_(shape.width / shape.heads),
      capacity_(capacity),
      number_(dtype == GPT2_F32    ? 4
              : dtype == GPT2_INT8 ? 1
                                   : 2),
      keys_bytes_(number_ * padded(capacity, kLanes) * width_),
      values_bytes_(number_ * capacity * padded(width_, kLanes)),
      head_bytes_(keys_bytes_ + values_bytes_ +
                  (scaled() ? 2 * sizeof(float) * padded(capacity, kLanes) : 0)),
      memory_(memory_bytes(rows), Pages::kLazy),  // first, since too much fails here at once
      slots_(rows),
      lengths_(rows, 0) {
  std::iota(slots_.begin(), slots_.end(), 0);
}

size_t Cache::memory_bytes(int rows) const {
  const double bytes = static_cast<double>(head_bytes_) * layers_ * heads_ * rows;
  if (bytes > static_cast<double>(SIZE_MAX / 2)) throw std::bad_alloc();
  return head_bytes_ * layers_ * heads_ * rows;
}

Cache::Head Cache::at(int slot, int layer, int head) const {
  const size_t index = (static_cast<size_t>(slot) * layers_ + layer) * heads_ + head;
  uint8_t *keys = memory_.as() + index * head_bytes_, *values = keys + keys_bytes_;
  if (!scaled()) return {keys, values, nullptr, nullptr};
  float* scales = reinterpret_cast<float*>(values + values_bytes_);
  return {keys, values, scales, scales + padded(capacity_, kLanes)};
}

void Cache::put(const Kernels& kernels, const Head& head, int position, const float* k,
                const float* v) {
  if (scaled()) return put_bytes(kernels, head, position, k, v);
  const size_t lane = position % kLanes, stride = padded(width_, kLanes);
  uint8_t* key = head.keys + number_ * (position - lane) * width_;
  if (dtype_ == GPT2_F32) {
    float* keys = reinterpret_cast<float*>(key);
    for (int i = 0; i < width_; i++) keys[i * kLanes + lane] = k[i];
    std::memcpy(head.values + number_ * position * stride, v, number_ * width_);
    return;
  }
  uint16_t halves[kLanes], *keys = reinterpret_cast<uint16_t*>(key);
  uint16_t* values = reinterpret_cast<uint16_t*>(head.values) + position * stride;
  for (int i = 0; i < width_; i += kLanes) {
    kernels.to_half(k + i, kLanes, halves);
    for (int j = 0; j < std::min(kLanes, width_ - i); j++)
      keys[(i + j) * kLanes + lane] = halves[j];
    kernels.to_half(v + i, kLanes, values + i);
  }
}

void Cache::put_bytes(const Kernels& kernels, const Head& head, int position, const float* k,
                      const float* v) {
  const size_t lane = position % kLanes, stride = padded(width_, kLanes);
  int8_t* keys = reinterpret_cast<int8_t*>(head.keys) + (position - lane) * width_ + lane;
  int8_t* values = reinterpret_cast<int8_t*>(head.values) + position * stride;
  head.key_scales[position] = kernels.to_bytes(k, width_, values);  // values is a temporary here
  for (int i = 0; i < width_; i++) keys[i * kLanes] = values[i];
  head.value_scales[position] = kernels.to_bytes(v, width_, values);
}

Floats Cache::keys(const Head& head, int n) const {
  const size_t step = number_ * kLanes;
  return {dtype_, head.keys, step * width_, step, padded(n, kLanes) / kLanes,
          width_, false,     keys_bytes_};  // the values come next
}

Floats Cache::values(const Head& head, int n) const {
  const int stride = padded(width_, kLanes);
  return {dtype_, head.values, number_ * kLanes,         number_ * stride, stride / kLanes,
          n,      false,       head_bytes_ - keys_bytes_};  // then the keys of the next head
}

void Cache::copy(int from, int to, int length) {
  const size_t keys = number_ * padded(length, kLanes) * width_;
  const size_t values = number_ * length * padded(width_, kLanes);
  for (int layer = 0; layer < layers_; layer++) {
    for (int head = 0; head < heads_; head++) {
      const Head source = at(from, layer, head), target = at(to, layer, head);
      std::memcpy(target.keys, source.keys, keys);
      std::memcpy(target.values, source.values, values);
      if (!scaled()) continue;
      std::copy_n(source.key_scales, padded(length, kLanes), target.key_scales);
      std::copy_n(source.value_scales, padded(length, kLanes), target.value_scales);
    }
  }
}

void Cache::copy_row(int from, int to, int length) {
  copy(slots_[from], slots_[to], length);
  lengths_[to] = length;
}

// The first row that uses a source takes over its slot; only further rows are copied, into slots
// that no row took. Reordering beams moves no data.
void Cache::gather(const int32_t* sources) {
  std::vector<int> slots(rows(), -1), lengths(rows()), free;
  std::vector<bool> taken(rows(), false);
  for (int r = 0; r < rows(); r++) {
    lengths[r] = lengths_[sources[r]];
    if (taken[sources[r]]) continue;
    taken[sources[r]] = true;
    slots[r] = slots_[sources[r]];
  }
  for (int r = 0; r < rows(); r++) {
    if (!taken[r]) free.push_back(slots_[r]);
  }
  for (int r = 0; r < rows(); r++) {
    if (slots[r] >= 0) continue;
    slots[r] = free.back();
    free.pop_back();
    copy(slots_[sources[r]], slots[r], lengths[r]);
  }
  slots_ = std::move(slots);
  lengths_ = std::move(lengths);
}

}  // namespace gpt2
