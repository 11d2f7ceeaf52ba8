// Vectors of 16 lanes as four NEON registers; see simd_generic.h for what each function means.
//
// Without the byte dot product of ARMv8.2 (__ARM_FEATURE_DOTPROD), `dot` takes more instructions.
#include <arm_neon.h>

#include <cstdint>

namespace gpt2 {
namespace {

constexpr int kTileRows = 6;  // 24 of the 32 registers hold sums
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 3;
constexpr int kInt8Rows = 5, kInt8Panels = 1, kInt8RowPanels = 2;
constexpr int kInt4Rows = 4, kInt4Panels = 1, kInt4RowPanels = 1;
constexpr int kChains = 4;

struct F {
  float32x4_t v[4];
};
struct I {
  int32x4_t v[4];
};
struct Q {
  int8x16_t v[4];
};
struct X {
  int8x16_t v;
};
typedef I G;
typedef I Scales;

// The vector whose registers are op(0) to op(3).
template <class V, class Op>
inline __attribute__((always_inline)) V each(const Op& op) {
  return {{op(0), op(1), op(2), op(3)}};
}

inline F zero() {
  return each<F>([](int) { return vdupq_n_f32(0); });
}
inline F set1(float x) {
  return each<F>([&](int) { return vdupq_n_f32(x); });
}
inline F load(const float* p) {
  return each<F>([&](int i) { return vld1q_f32(p + 4 * i); });
}
inline void store(float* p, F x) {
  for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.v[i]);
}
inline F add(F x, F y) {
  return each<F>([&](int i) { return vaddq_f32(x.v[i], y.v[i]); });
}
inline F sub(F x, F y) {
  return each<F>([&](int i) { return vsubq_f32(x.v[i], y.v[i]); });
}
inline F mul(F x, F y) {
  return each<F>([&](int i) { return vmulq_f32(x.v[i], y.v[i]); });
}
inline F div(F x, F y) {
  return each<F>([&](int i) { return vdivq_f32(x.v[i], y.v[i]); });
}
// Not NEON's own maximum: of a number and NaN it is NaN, and of two zeros it is the positive one.
inline F max(F x, F y) {
  return each<F>([&](int i) { return vbslq_f32(vcgtq_f32(x.v[i], y.v[i]), x.v[i], y.v[i]); });
}
inline F min(F x, F y) {
  return each<F>([&](int i) { return vbslq_f32(vcltq_f32(x.v[i], y.v[i]), x.v[i], y.v[i]); });
}
inline F fused(F x, F y, F z) {
  return each<F>([&](int i) { return vfmaq_f32(z.v[i], x.v[i], y.v[i]); });
}
inline F keep_above(F x, F limit, F y) {
  return each<F>([&](int i) {
    const uint32x4_t above = vcgeq_f32(x.v[i], limit.v[i]);
    return vreinterpretq_f32_u32(vandq_u32(above, vreinterpretq_u32_f32(y.v[i])));
  });
}

inline F load_half(const uint16_t* p) {
  return each<F>([&](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i))); });
}
inline void store_half(uint16_t* p, F x) {
  for (int i = 0; i < 4; i++) vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(x.v[i])));
}
inline F load_bfloat(const uint16_t* p) {
  return each<F>(
      [&](int i) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16)); });
}

inline I widened(const int8_t* p) {
  const int8x16_t bytes = vld1q_s8(p);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_s8(vget_high_s8(bytes));
  return {{vmovl_s16(vget_low_s16(low)), vmovl_s16(vget_high_s16(low)),
           vmovl_s16(vget_low_s16(high)), vmovl_s16(vget_high_s16(high))}};
}
inline F load_bytes(const int8_t* p) {
  const I integers = widened(p);
  return each<F>([&](int i) { return vcvtq_f32_s32(integers.v[i]); });
}

inline I none(I) {
  return each<I>([](int) { return vdupq_n_s32(0); });
}
inline I iset1(int32_t x) {
  return each<I>([&](int) { return vdupq_n_s32(x); });
}
inline I load(const int32_t* p) {
  return each<I>([&](int i) { return vld1q_s32(p + 4 * i); });
}
inline void store(int32_t* p, I x) {
  for (int i = 0; i < 4; i++) vst1q_s32(p + 4 * i, x.v[i]);
}
inline I add(I x, I y) {
  return each<I>([&](int i) { return vaddq_s32(x.v[i], y.v[i]); });
}
inline I sub(I x, I y) {
  return each<I>([&](int i) { return vsubq_s32(x.v[i], y.v[i]); });
}
inline I mul(I x, I y) {
  return each<I>([&](int i) { return vmulq_s32(x.v[i], y.v[i]); });
}
inline F to_float(I x) {
  return each<F>([&](int i) { return vcvtq_f32_s32(x.v[i]); });
}
inline I round(F x) {
  return each<I>([&](int i) { return vcvtnq_s32_f32(x.v[i]); });
}
inline F power_of_two(I n) {
  return each<F>([&](int i) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n.v[i], vdupq_n_s32(127)), 23));
  });
}
inline void store_bytes(uint8_t* p, I x) {
  const int16x8_t low = vcombine_s16(vmovn_s32(x.v[0]), vmovn_s32(x.v[1]));
  const int16x8_t high = vcombine_s16(vmovn_s32(x.v[2]), vmovn_s32(x.v[3]));
  vst1q_u8(p, vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(low), vmovn_s16(high))));
}

inline Q load_quads(const uint8_t* p) {
  return each<Q>([&](int i) { return vreinterpretq_s8_u8(vld1q_u8(p + 16 * i)); });
}
inline void load_nibbles(const uint8_t* p, Q& low, Q& high) {
  const int8x16_t eight = vdupq_n_s8(8);
  for (int i = 0; i < 4; i++) {
    const uint8x16_t raw = vld1q_u8(p + 16 * i);
    low.v[i] = vsubq_s8(vreinterpretq_s8_u8(vandq_u8(raw, vdupq_n_u8(15))), eight);
    high.v[i] = vsubq_s8(vreinterpretq_s8_u8(vshrq_n_u8(raw, 4)), eight);
  }
}
inline Scales load_scales(const uint8_t* p) { return widened(reinterpret_cast<const int8_t*>(p)); }
// The products use signed bytes: 128 is subtracted from the activations here and corrected for by
// `finish_integers`.
constexpr int kByteShift = 128;
inline X quads(const uint8_t* p) {
  return {vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(128)))};
}
template <int kTurn>
inline int32x4_t dot(int32x4_t sum, int8x16_t w, int8x16_t x) {
#if defined(__ARM_FEATURE_DOTPROD)
  return vdotq_laneq_s32(sum, w, x, kTurn);
#else
  x = vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x), kTurn));
  const int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(x)), high = vmull_high_s8(w, x);
  return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
#endif
}
template <int kTurn>
inline I dot(I sum, Q w, X x) {
  return each<I>([&](int i) { return dot<kTurn>(sum.v[i], w.v[i], x.v); });
}
inline I add_scaled(I sum, G group, Scales scales) {
  return each<I>([&](int i) { return vmlaq_s32(sum.v[i], group.v[i], scales.v[i]); });
}

}  // namespace
}  // namespace gpt2
