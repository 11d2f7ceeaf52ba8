// Vectors of 16 lanes as four WebAssembly registers; see simd_generic.h for what each function
// means.
//
// Only instructions with the same bits on every engine: the results of "relaxed" ones are the
// engine's choice.
#include <wasm_simd128.h>

#include <cstdint>

#include "half.h"

namespace gpt2 {
namespace {

constexpr int kTileRows = 3;  // sums in 12 of 16 registers, if the processor has those
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 2;
constexpr int kInt8Rows = 2, kInt8Panels = 1, kInt8RowPanels = 1;
constexpr int kInt4Rows = 2, kInt4Panels = 1, kInt4RowPanels = 1;
constexpr int kChains = 1;  // more would spill

struct F {
  v128_t v[4];
};
struct I {
  v128_t v[4];
};
struct Q {
  v128_t v[4];
};
typedef I G;
typedef I Scales;

template <class V, class Op>
inline __attribute__((always_inline)) V each(const Op& op) {
  return {{op(0), op(1), op(2), op(3)}};
}

inline F zero() {
  return each<F>([](int) { return wasm_f32x4_const_splat(0); });
}
inline F set1(float x) {
  return each<F>([&](int) { return wasm_f32x4_splat(x); });
}
inline F load(const float* p) {
  return each<F>([&](int i) { return wasm_v128_load(p + 4 * i); });
}
inline void store(float* p, F x) {
  for (int i = 0; i < 4; i++) wasm_v128_store(p + 4 * i, x.v[i]);
}
inline F add(F x, F y) {
  return each<F>([&](int i) { return wasm_f32x4_add(x.v[i], y.v[i]); });
}
inline F sub(F x, F y) {
  return each<F>([&](int i) { return wasm_f32x4_sub(x.v[i], y.v[i]); });
}
inline F mul(F x, F y) {
  return each<F>([&](int i) { return wasm_f32x4_mul(x.v[i], y.v[i]); });
}
inline F div(F x, F y) {
  return each<F>([&](int i) { return wasm_f32x4_div(x.v[i], y.v[i]); });
}
inline F max(F x, F y) {  // y if either is NaN
  return each<F>([&](int i) { return wasm_f32x4_pmax(y.v[i], x.v[i]); });
}
inline F min(F x, F y) {
  return each<F>([&](int i) { return wasm_f32x4_pmin(y.v[i], x.v[i]); });
}
inline F fused(F x, F y, F z) {
  return add(mul(x, y), z);
}  // WebAssembly has no fused multiply-add
inline F keep_above(F x, F limit, F y) {
  return each<F>([&](int i) { return wasm_v128_and(wasm_f32x4_ge(x.v[i], limit.v[i]), y.v[i]); });
}

// Four fp16 in the low halves of 32 bits: exponent and fraction moved into place, times 2^112.
inline v128_t half(v128_t h) {
  const v128_t magnitude = wasm_i32x4_shl(wasm_v128_and(h, wasm_i32x4_const_splat(0x7fff)), 13);
  const v128_t sign = wasm_i32x4_shl(wasm_v128_and(h, wasm_i32x4_const_splat(0x8000)), 16);
  const v128_t most = wasm_i32x4_const_splat(0x7c00 << 13);
  v128_t x = wasm_f32x4_mul(magnitude, wasm_f32x4_const_splat(0x1p112f));
  x = wasm_v128_or(
      x, wasm_v128_and(wasm_i32x4_ge(magnitude, most), wasm_i32x4_const_splat(0x7f800000)));
  x = wasm_v128_or(x, wasm_v128_and(wasm_i32x4_gt(magnitude, most),
                                    wasm_i32x4_const_splat(0x400000)));  // a NaN becomes quiet
  return wasm_v128_or(x, sign);
}
inline F load_half(const uint16_t* p) {
  return each<F>([&](int i) { return half(wasm_u32x4_load16x4(p + 4 * i)); });
}
inline void store_half(uint16_t* p, F x) {
  float lane[16];
  store(lane, x);
  for (int i = 0; i < 16; i++) p[i] = half_from_float(lane[i]);
}
inline F load_bfloat(const uint16_t* p) {
  return each<F>([&](int i) { return wasm_i32x4_shl(wasm_u32x4_load16x4(p + 4 * i), 16); });
}

inline I widened(const int8_t* p) {
  const v128_t low = wasm_i16x8_load8x8(p), high = wasm_i16x8_load8x8(p + 8);
  return {{wasm_i32x4_extend_low_i16x8(low), wasm_i32x4_extend_high_i16x8(low),
           wasm_i32x4_extend_low_i16x8(high), wasm_i32x4_extend_high_i16x8(high)}};
}
inline F load_bytes(const int8_t* p) {
  const I whole = widened(p);
  return each<F>([&](int i) { return wasm_f32x4_convert_i32x4(whole.v[i]); });
}

inline I none(I) {
  return each<I>([](int) { return wasm_i32x4_const_splat(0); });
}
inline I iset1(int32_t x) {
  return each<I>([&](int) { return wasm_i32x4_splat(x); });
}
inline I load(const int32_t* p) {
  return each<I>([&](int i) { return wasm_v128_load(p + 4 * i); });
}
inline void store(int32_t* p, I x) {
  for (int i = 0; i < 4; i++) wasm_v128_store(p + 4 * i, x.v[i]);
}
inline I add(I x, I y) {
  return each<I>([&](int i) { return wasm_i32x4_add(x.v[i], y.v[i]); });
}
inline I sub(I x, I y) {
  return each<I>([&](int i) { return wasm_i32x4_sub(x.v[i], y.v[i]); });
}
inline I mul(I x, I y) {
  return each<I>([&](int i) { return wasm_i32x4_mul(x.v[i], y.v[i]); });
}
inline F to_float(I x) {
  return each<F>([&](int i) { return wasm_f32x4_convert_i32x4(x.v[i]); });
}
inline I round(F x) {  // to the nearest, ties to even; |x| < 2^22
  const v128_t magic = wasm_f32x4_const_splat(12582912.0f);
  return each<I>([&](int i) { return wasm_i32x4_sub(wasm_f32x4_add(x.v[i], magic), magic); });
}
inline F power_of_two(I n) {
  return each<F>([&](int i) {
    return wasm_i32x4_shl(wasm_i32x4_add(n.v[i], wasm_i32x4_const_splat(127)), 23);
  });
}
inline void store_bytes(uint8_t* p, I x) {
  const v128_t low = wasm_u16x8_narrow_i32x4(x.v[0], x.v[1]);
  const v128_t high = wasm_u16x8_narrow_i32x4(x.v[2], x.v[3]);
  wasm_v128_store(p, wasm_u8x16_narrow_i16x8(low, high));
}

inline Q load_quads(const uint8_t* p) {
  return each<Q>([&](int i) { return wasm_v128_load(p + 16 * i); });
}
inline void load_nibbles(const uint8_t* p, Q& low, Q& high) {
  const v128_t eight = wasm_i8x16_const_splat(8);
  for (int i = 0; i < 4; i++) {
    const v128_t raw = wasm_v128_load(p + 16 * i);
    low.v[i] = wasm_i8x16_sub(wasm_v128_and(raw, wasm_i8x16_const_splat(15)), eight);
    high.v[i] = wasm_i8x16_sub(wasm_u8x16_shr(raw, 4), eight);
  }
}
inline Scales load_scales(const uint8_t* p) { return widened(reinterpret_cast<const int8_t*>(p)); }

struct X {
  const uint8_t* p;
};
inline X quads(const uint8_t* p) { return {p}; }
constexpr int kByteShift = 0;
// Inputs 0 and 2 of a quad, then 1 and 3.
template <int kTurn>
inline I dot(I sum, Q w, X x) {
  const v128_t four = wasm_v128_load32_splat(x.p + 4 * kTurn);
  const v128_t even = wasm_v128_and(four, wasm_i16x8_const_splat(255));
  const v128_t odd = wasm_u16x8_shr(four, 8);
  return each<I>([&](int i) {
    const v128_t first = wasm_i16x8_shr(wasm_i16x8_shl(w.v[i], 8), 8);
    const v128_t second = wasm_i16x8_shr(w.v[i], 8);
    return wasm_i32x4_add(sum.v[i], wasm_i32x4_add(wasm_i32x4_dot_i16x8(first, even),
                                                   wasm_i32x4_dot_i16x8(second, odd)));
  });
}
inline I add_scaled(I sum, G group, Scales scales) { return add(sum, mul(group, scales)); }

}  // namespace
}  // namespace gpt2
