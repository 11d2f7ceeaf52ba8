// Vectors of 16 lanes in the compiler's own notation: right on every processor.
//
// The three types of every simd_*.h: F, 16 floats; I, 16 int32; P, 16 pairs of int16.
#include <cstdint>
#include <cstring>

#include "half.h"

namespace gpt2 {
namespace {

constexpr int kTileRows = 4;  // rows and panels whose sums are kept in registers
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 1;  // panels for a single row

typedef float F __attribute__((vector_size(64)));
typedef int32_t I __attribute__((vector_size(64)));
typedef uint32_t U __attribute__((vector_size(64)));
typedef int16_t P __attribute__((vector_size(64)));

template <class V, class T>
inline V read(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline F zero() { return F{}; }
inline F set1(float x) { return F{} + x; }
inline F load(const float* p) { return read<F>(p); }
inline void store(float* p, F x) { std::memcpy(p, &x, sizeof x); }
inline F add(F a, F b) { return a + b; }
inline F sub(F a, F b) { return a - b; }
inline F mul(F a, F b) { return a * b; }
inline F div(F a, F b) { return a / b; }
inline F max(F a, F b) { return a > b ? a : b; }  // b if either is NaN
inline F min(F a, F b) { return a < b ? a : b; }
inline F fused(F a, F b, F c) {  // a b + c
#ifdef __FP_FAST_FMAF
  F r;
  for (int i = 0; i < 16; i++) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
#else
  return a * b + c;  // in software it would take an age
#endif
}
inline F keep_above(F x, F limit, F y) { return x >= limit ? y : F{}; }  // y where x >= limit

inline F load_half(const uint16_t* p) {
  F r;
  for (int i = 0; i < 16; i++) r[i] = float_from_half(p[i]);
  return r;
}
inline void store_half(uint16_t* p, F x) {
  for (int i = 0; i < 16; i++) p[i] = half_from_float(x[i]);
}
inline F load_bfloat(const uint16_t* p) {
  F r;
  for (int i = 0; i < 16; i++) r[i] = float_from_bfloat(p[i]);
  return r;
}

inline I izero() { return I{}; }
inline I load(const int32_t* p) { return read<I>(p); }
inline void store(int32_t* p, I x) { std::memcpy(p, &x, sizeof x); }
inline I add(I a, I b) { return (I)((U)a + (U)b); }  // a damaged file may overflow it: wrap around
inline F to_float(I x) { return __builtin_convertvector(x, F); }
inline I round(F x) {  // to the nearest, ties to even; |x| < 2^22
  const F magic = set1(12582912.0f);
  return (I)(x + magic) - (I)magic;
}
inline F power_of_two(I n) { return (F)((n + 127) << 23); }
inline void store_narrow(int16_t* p, I x) {
  for (int i = 0; i < 16; i++) p[i] = static_cast<int16_t>(x[i]);
}

inline P load_pairs(const int16_t* p) { return read<P>(p); }
inline void store_pairs(int16_t* p, P x) { std::memcpy(p, &x, sizeof x); }
inline P load_pairs(const int8_t* p) {
  P r;
  for (int i = 0; i < 32; i++) r[i] = p[i];
  return r;
}
inline P load_scales(const int8_t* p) {  // 16 of them, one for both of each pair
  P r;
  for (int i = 0; i < 32; i++) r[i] = p[i / 2];
  return r;
}
template <int kNibble>
inline P nibble(P x) {
  return (P)(x << (12 - 4 * kNibble)) >> 12;
}
inline P mul(P a, P b) { return a * b; }
inline P pair(const int16_t* p) {  // one pair, 16 times
  P r;
  for (int i = 0; i < 32; i++) r[i] = p[i & 1];
  return r;
}
inline I dot(I sum, P a, P b) {  // each lane's sum grows by its pair's two products
  U r = (U)sum;
  for (int i = 0; i < 16; i++) {
    r[i] += static_cast<uint32_t>(a[2 * i] * b[2 * i]);
    r[i] += static_cast<uint32_t>(a[2 * i + 1] * b[2 * i + 1]);
  }
  return (I)r;
}

}  // namespace
}  // namespace gpt2
