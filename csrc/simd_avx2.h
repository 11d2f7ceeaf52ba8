// Vectors of 16 lanes as two AVX2 registers; see simd_generic.h for what each function means.
#include <immintrin.h>

#include <cstdint>

namespace gpt2 {
namespace {

constexpr int kTileRows = 6;  // 12 of the 16 registers hold sums
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 2;

struct F {
  __m256 a, b;
};
struct I {
  __m256i a, b;
};
struct P {
  __m256i a, b;
};

inline F zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
inline F set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, F x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
inline F add(F x, F y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline F sub(F x, F y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline F mul(F x, F y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline F div(F x, F y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
inline F max(F x, F y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline F min(F x, F y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
inline F fused(F x, F y, F z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
inline F keep_above(F x, F limit, F y) {
  return {_mm256_and_ps(_mm256_cmp_ps(x.a, limit.a, _CMP_GE_OQ), y.a),
          _mm256_and_ps(_mm256_cmp_ps(x.b, limit.b, _CMP_GE_OQ), y.b)};
}

inline __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store256(void* p, __m256i x) { _mm256_storeu_si256(static_cast<__m256i*>(p), x); }

inline F load_half(const uint16_t* p) {
  return {_mm256_cvtph_ps(load128(p)), _mm256_cvtph_ps(load128(p + 8))};
}
inline void store_half(uint16_t* p, F x) {
  const __m128i low = _mm256_cvtps_ph(x.a, _MM_FROUND_TO_NEAREST_INT);
  store256(p, _mm256_set_m128i(_mm256_cvtps_ph(x.b, _MM_FROUND_TO_NEAREST_INT), low));
}
inline __m256 widen_bfloat(const uint16_t* p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load128(p)), 16));
}
inline F load_bfloat(const uint16_t* p) { return {widen_bfloat(p), widen_bfloat(p + 8)}; }

inline I izero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline I load(const int32_t* p) { return {load256(p), load256(p + 8)}; }
inline void store(int32_t* p, I x) {
  store256(p, x.a);
  store256(p + 8, x.b);
}
inline I add(I x, I y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
inline F to_float(I x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
inline I round(F x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
inline __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
inline F power_of_two(I n) { return {power_of_two(n.a), power_of_two(n.b)}; }
inline void store_narrow(int16_t* p, I x) {
  store256(p, _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xd8));
}

inline P load_pairs(const int16_t* p) { return {load256(p), load256(p + 16)}; }
inline void store_pairs(int16_t* p, P x) {
  store256(p, x.a);
  store256(p + 16, x.b);
}
inline P load_pairs(const int8_t* p) {
  return {_mm256_cvtepi8_epi16(load128(p)), _mm256_cvtepi8_epi16(load128(p + 16))};
}
inline __m256i twice(__m128i bytes) {  // 8 bytes to 8 equal pairs
  const __m256i wide = _mm256_cvtepi8_epi32(bytes);
  return _mm256_blend_epi16(wide, _mm256_slli_epi32(wide, 16), 0xaa);
}
inline P load_scales(const int8_t* p) {
  const __m128i bytes = load128(p);
  return {twice(bytes), twice(_mm_unpackhi_epi64(bytes, bytes))};
}
template <int kNibble>
inline P nibble(P x) {
  return {_mm256_srai_epi16(_mm256_slli_epi16(x.a, 12 - 4 * kNibble), 12),
          _mm256_srai_epi16(_mm256_slli_epi16(x.b, 12 - 4 * kNibble), 12)};
}
inline P mul(P x, P y) { return {_mm256_mullo_epi16(x.a, y.a), _mm256_mullo_epi16(x.b, y.b)}; }
inline P pair(const int16_t* p) {
  int both;
  __builtin_memcpy(&both, p, sizeof both);
  return {_mm256_set1_epi32(both), _mm256_set1_epi32(both)};
}
inline I dot(I sum, P x, P y) {
  return {_mm256_add_epi32(sum.a, _mm256_madd_epi16(x.a, y.a)),
          _mm256_add_epi32(sum.b, _mm256_madd_epi16(x.b, y.b))};
}

}  // namespace
}  // namespace gpt2
