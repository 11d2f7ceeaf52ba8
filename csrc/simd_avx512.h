// Vectors of 16 lanes as one AVX-512 register; see simd_generic.h for what each function means.
#include <immintrin.h>

#include <cstdint>

namespace gpt2 {
namespace {

constexpr int kTileRows = 12;  // 24 of the 32 registers hold sums
constexpr int kTilePanels = 2;
constexpr int kRowPanels = 4;

typedef __m512 F;
struct I {  // types of their own, so that functions may share a name
  __m512i v;
};
struct P {
  __m512i v;
};

inline F zero() { return _mm512_setzero_ps(); }
inline F set1(float x) { return _mm512_set1_ps(x); }
inline F load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F x) { _mm512_storeu_ps(p, x); }
inline F add(F x, F y) { return _mm512_add_ps(x, y); }
inline F sub(F x, F y) { return _mm512_sub_ps(x, y); }
inline F mul(F x, F y) { return _mm512_mul_ps(x, y); }
inline F div(F x, F y) { return _mm512_div_ps(x, y); }
inline F max(F x, F y) { return _mm512_max_ps(x, y); }
inline F min(F x, F y) { return _mm512_min_ps(x, y); }
inline F fused(F x, F y, F z) { return _mm512_fmadd_ps(x, y, z); }
inline F keep_above(F x, F limit, F y) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_GE_OQ), y);
}

inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline F load_half(const uint16_t* p) { return _mm512_cvtph_ps(load256(p)); }
inline void store_half(uint16_t* p, F x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
inline F load_bfloat(const uint16_t* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load256(p)), 16));
}

inline I izero() { return {_mm512_setzero_si512()}; }
inline I load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline void store(int32_t* p, I x) { _mm512_storeu_si512(p, x.v); }
inline I add(I x, I y) { return {_mm512_add_epi32(x.v, y.v)}; }
inline F to_float(I x) { return _mm512_cvtepi32_ps(x.v); }
inline I round(F x) { return {_mm512_cvtps_epi32(x)}; }
inline F power_of_two(I n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n.v, _mm512_set1_epi32(127)), 23));
}
inline void store_narrow(int16_t* p, I x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(x.v));
}

inline P load_pairs(const int16_t* p) { return {_mm512_loadu_si512(p)}; }
inline void store_pairs(int16_t* p, P x) { _mm512_storeu_si512(p, x.v); }
inline P load_pairs(const int8_t* p) { return {_mm512_cvtepi8_epi16(load256(p))}; }
inline P load_scales(const int8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m512i wide = _mm512_cvtepi8_epi32(bytes);
  return {_mm512_mask_blend_epi16(0xaaaaaaaa, wide, _mm512_slli_epi32(wide, 16))};
}
template <int kNibble>
inline P nibble(P x) {
  return {_mm512_srai_epi16(_mm512_slli_epi16(x.v, 12 - 4 * kNibble), 12)};
}
inline P mul(P x, P y) { return {_mm512_mullo_epi16(x.v, y.v)}; }
inline P pair(const int16_t* p) {
  int both;
  __builtin_memcpy(&both, p, sizeof both);
  return {_mm512_set1_epi32(both)};
}
inline I dot(I sum, P x, P y) { return {_mm512_dpwssd_epi32(sum.v, x.v, y.v)}; }  // VNNI

}  // namespace
}  // namespace gpt2
