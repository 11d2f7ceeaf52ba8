// LayerNorm, softmax, quantization: functions of a row, 16 numbers at a time; the last few go
// through a copy. See kernels_impl.h.
#ifndef GPT2_KERNELS_ROWS_H_
#define GPT2_KERNELS_ROWS_H_

#include "kernels_activations.h"

namespace gpt2 {
namespace {

GPT2_INLINE F load_some(const float* p, int n) {
  if (n >= kLanes) return load(p);
  float copy[kLanes] = {};
  for (int i = 0; i < n; i++) copy[i] = p[i];
  return load(copy);
}

GPT2_INLINE void store_some(float* p, F x, int n) {
  if (n >= kLanes) return store(p, x);
  float copy[kLanes];
  store(copy, x);
  for (int i = 0; i < n; i++) p[i] = copy[i];
}

GPT2_INLINE F first(F x, int n) {  // the first n lanes, the others 0
  if (n >= kLanes) return x;
  float copy[kLanes];
  store(copy, x);
  return load_some(copy, n);
}

float fold_sum(F x) {  // horizontal sum: lanes i and i + 8, then i and i + 4, ...
  float lane[kLanes];
  store(lane, x);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  }
  return lane[0];
}

float fold_max(F x) {
  float lane[kLanes], most;
  store(lane, x);
  most = lane[0];
  for (int i = 1; i < kLanes; i++) most = lane[i] > most ? lane[i] : most;
  return most;
}

void normalize(const float* x, const float* gain, const float* bias, int n, float epsilon,
               float* y) {
  F sum = zero(), squares = zero();
  for (int i = 0; i < n; i += kLanes) sum = add(sum, load_some(x + i, n - i));
  const F mean = set1(fold_sum(sum) / static_cast<float>(n));
  for (int i = 0; i < n; i += kLanes) {
    const F centred = first(sub(load_some(x + i, n - i), mean), n - i);
    squares = add(squares, mul(centred, centred));
  }
  const float variance = fold_sum(squares) / static_cast<float>(n);
  const F factor = set1(1.0f / __builtin_sqrtf(variance + epsilon));
  for (int i = 0; i < n; i += kLanes) {
    const F normal = mul(sub(load_some(x + i, n - i), mean), factor);
    const F scaled = mul(normal, load_some(gain + i, n - i));
    store_some(y + i, add(scaled, load_some(bias + i, n - i)), n - i);
  }
}

Step quantize(const float* x, int n, int limit, uint8_t* q) {
  F least = zero(), most = zero();
  for (int i = 0; i < n; i += kLanes) {
    const F some = load_some(x + i, n - i);
    least = min(some, least);
    most = max(some, most);
  }
  const float bottom = -fold_max(negative(least)), top = fold_max(most), bound = limit;
  // If the range is near the subnormals, the factor would overflow; such a row counts as zero.
  const bool some = top - bottom >= 1e-30f;
  const float factor = some ? bound / (top - bottom) : 0.0f;
  int32_t zeros[kLanes];
  store(zeros, round(min(max(set1(-bottom * factor), zero()), set1(bound))));
  const F low = set1(static_cast<float>(-zeros[0])),
          high = set1(bound - static_cast<float>(zeros[0]));
  const I shift = iset1(zeros[0]);
  for (int i = 0; i < padded(n, kGroup); i += kLanes) {
    const F scaled = i < n ? mul(load_some(x + i, n - i), set1(factor)) : zero();
    store_bytes(q + i, add(round(min(max(scaled, low), high)), shift));
  }
  for (int i = n; i < padded(n, kGroup); i++) q[i] = 0;
  return {some ? (top - bottom) / bound : 0.0f, zeros[0]};
}

float exponentials(float* x, int n, float scale) {
  const F factor = set1(scale);
  for (int i = n; i < padded(n, kLanes); i++) x[i] = x[n - 1];  // padding that is no new maximum
  F most = mul(load(x), factor), sum = zero();
  for (int i = kLanes; i < n; i += kLanes) most = max(most, mul(load(x + i), factor));
  const F top = set1(fold_max(most));
  for (int i = 0; i < n; i += kLanes) {
    const F e = first(exponential(sub(mul(load(x + i), factor), top)), n - i);
    store(x + i, e);
    sum = add(sum, e);
  }
  return fold_sum(sum);
}

void divide(const float* x, int n, float divisor, float* y) {
  const F d = set1(divisor);
  for (int i = 0; i < n; i += kLanes) store_some(y + i, div(load_some(x + i, n - i), d), n - i);
}

void to_half(const float* x, int n, uint16_t* y) {
  const F most = set1(65504.0f), least = set1(-65504.0f);
  for (int i = 0; i < n; i += kLanes) store_half(y + i, min(max(load(x + i), least), most));
}

float to_bytes(const float* x, int n, int8_t* q) {
  F most = zero();
  for (int i = 0; i < n; i += kLanes) most = max(absolute(load_some(x + i, n - i)), most);
  const float top = fold_max(most);
  const bool some = top >= 1e-30f;  // as in quantize
  const F factor = set1(some ? 127.0f / top : 0.0f), bound = set1(127.0f);
  for (int i = 0; i < n; i += kLanes) {
    uint8_t shifted[kLanes];
    const F scaled = mul(load_some(x + i, n - i), factor);
    store_bytes(shifted, add(round(min(max(scaled, negative(bound)), bound)), iset1(128)));
    for (int j = 0; j < kLanes; j++) q[i + j] = static_cast<int8_t>(shifted[j] - 128);
  }
  return some ? top / 127.0f : 0.0f;
}

void scale(float* x, const float* factors, int n) {
  for (int i = 0; i < n; i += kLanes) store(x + i, mul(load(x + i), load(factors + i)));
}

}  // namespace
}  // namespace gpt2

#endif  // GPT2_KERNELS_ROWS_H_
