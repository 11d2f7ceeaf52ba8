// Vectors of 16 lanes as the compiler's vector extensions: correct on every processor.
//
// The types of every simd_*.h: F, 16 floats; I, 16 int32; Q, 16 quads of weights; X, four quads of
// activations, each broadcast to all lanes; G, 16 sums of products with int4 weights, before
// scaling.
#include <cstdint>
#include <cstring>

#include "half.h"

namespace gpt2 {
namespace {

constexpr int kTileRows = 4;  // register blocking: the rows and panels whose sums stay in registers
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 1;  // panels for a single row
constexpr int kInt8Rows = 2, kInt8Panels = 1, kInt8RowPanels = 1;
constexpr int kInt4Rows = 2, kInt4Panels = 1, kInt4RowPanels = 1;
constexpr int kChains = 4;  // the least number of independent sums, to hide the latency

typedef float F __attribute__((vector_size(64)));
typedef int32_t I __attribute__((vector_size(64)));
typedef uint32_t U __attribute__((vector_size(64)));
typedef int16_t S __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(64)));
typedef int8_t Q __attribute__((vector_size(64)));
typedef uint8_t Octets __attribute__((vector_size(64)));
struct X {
  const uint8_t* p;
};
typedef I G;
typedef I Scales;

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
  return a * b + c;  // in software it would be far too slow
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

inline F load_bytes(const int8_t* p) {
  F x;
  for (int i = 0; i < 16; i++) x[i] = static_cast<float>(p[i]);
  return x;
}

inline I none(I) { return I{}; }
inline I iset1(int32_t x) { return I{} + x; }
inline I load(const int32_t* p) { return read<I>(p); }
inline void store(int32_t* p, I x) { std::memcpy(p, &x, sizeof x); }
inline I add(I a, I b) { return (I)((U)a + (U)b); }  // a damaged file may overflow: wrap around
inline I sub(I a, I b) { return (I)((U)a - (U)b); }
inline I mul(I a, I b) { return (I)((U)a * (U)b); }
inline F to_float(I x) { return __builtin_convertvector(x, F); }
inline I round(F x) {  // to the nearest, ties to even; |x| < 2^22
  const F magic = set1(12582912.0f);
  return (I)(x + magic) - (I)magic;
}
inline F power_of_two(I n) { return (F)((n + 127) << 23); }
inline void store_bytes(uint8_t* p, I x) {
  for (int i = 0; i < 16; i++) p[i] = static_cast<uint8_t>(x[i]);
}

inline Q load_quads(const uint8_t* p) { return read<Q>(p); }
inline void load_nibbles(const uint8_t* p, Q& low, Q& high) {  // of two quads of inputs
  const Octets both = read<Octets>(p);
  low = (Q)(both & 15) - 8;
  high = (Q)(both >> 4) - 8;
}
inline Scales load_scales(const uint8_t* p) {
  Scales r;
  for (int i = 0; i < 16; i++) r[i] = static_cast<int8_t>(p[i]);
  return r;
}
inline X quads(const uint8_t* p) { return {p}; }
inline I pair_sums(S x) { return ((I)((U)x << 16) >> 16) + ((I)x >> 16); }
constexpr int kByteShift = 0;  // what `dot` subtracts from each activation
template <int kTurn>
inline I dot(I sum, Q w, X x) {  // adds to each lane the dot product of its quad and quad kTurn
  uint32_t quad;
  std::memcpy(&quad, x.p + 4 * kTurn, sizeof quad);
  const S weights = (S)w;  // two per lane; their products with an activation fit in 16 bits
  const S first = ((S)((Halves)weights << 8) >> 8) * (S)(U{} + (quad & 0x00ff00ff));
  const S second = (weights >> 8) * (S)(U{} + (quad >> 8 & 0x00ff00ff));
  return add(sum, add(pair_sums(first), pair_sums(second)));
}
inline I add_scaled(I sum, G group, Scales scales) { return add(sum, mul(group, scales)); }

}  // namespace
}  // namespace gpt2
