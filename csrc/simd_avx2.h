// Vectors of 16 lanes as two AVX2 registers; see simd_generic.h for what each function means.
#include <immintrin.h>

#include <cstdint>

namespace gpt2 {
namespace {

constexpr int kTileRows = 6;  // 12 of the 16 registers hold sums
constexpr int kTilePanels = 1;
constexpr int kRowPanels = 2;
constexpr int kInt8Rows = 4, kInt8Panels = 1, kInt8RowPanels = 1;
constexpr int kInt4Rows = 6, kInt4Panels = 1, kInt4RowPanels = 1;
constexpr int kChains = 4;

struct F {
  __m256 a, b;
};
struct I {
  __m256i a, b;
};
struct Q {
  __m256i a, b;
};
struct X {
  const uint8_t* p;
};
struct G {  // two int16 sums per output
  __m256i a, b;
};
typedef G Scales;  // two equal int16 per output

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

inline F load_bytes(const int8_t* p) {
  const __m128i bytes = load128(p);
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(bytes, bytes)))};
}

inline I none(I) { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline G none(G) { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline I iset1(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I load(const int32_t* p) { return {load256(p), load256(p + 8)}; }
inline void store(int32_t* p, I x) {
  store256(p, x.a);
  store256(p + 8, x.b);
}
inline I add(I x, I y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
inline I sub(I x, I y) { return {_mm256_sub_epi32(x.a, y.a), _mm256_sub_epi32(x.b, y.b)}; }
inline I mul(I x, I y) { return {_mm256_mullo_epi32(x.a, y.a), _mm256_mullo_epi32(x.b, y.b)}; }
inline G add(G x, G y) { return {_mm256_add_epi16(x.a, y.a), _mm256_add_epi16(x.b, y.b)}; }
inline F to_float(I x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
inline I round(F x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
inline __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
inline F power_of_two(I n) { return {power_of_two(n.a), power_of_two(n.b)}; }
inline void store_bytes(uint8_t* p, I x) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xd8);
  const __m128i bytes =
      _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}

inline Q load_quads(const uint8_t* p) { return {load256(p), load256(p + 32)}; }
inline __m256i low_nibbles(__m256i raw) {
  return _mm256_sub_epi8(_mm256_and_si256(raw, _mm256_set1_epi8(15)), _mm256_set1_epi8(8));
}
inline void load_nibbles(const uint8_t* p, Q& low, Q& high) {
  const __m256i a = load256(p), b = load256(p + 32);
  low = {low_nibbles(a), low_nibbles(b)};
  high = {low_nibbles(_mm256_srli_epi16(a, 4)), low_nibbles(_mm256_srli_epi16(b, 4))};
}
inline __m256i twice(__m128i bytes) {  // 8 bytes to 8 equal pairs
  const __m256i wide = _mm256_cvtepi8_epi32(bytes);
  return _mm256_blend_epi16(wide, _mm256_slli_epi32(wide, 16), 0xaa);
}
inline Scales load_scales(const uint8_t* p) {
  const __m128i bytes = load128(p);
  return {twice(bytes), twice(_mm_unpackhi_epi64(bytes, bytes))};
}
inline X quads(const uint8_t* p) { return {p}; }
template <int kTurn>
inline __m256i quad(X x) {
  int32_t four;
  __builtin_memcpy(&four, x.p + 4 * kTurn, sizeof four);
  return _mm256_set1_epi32(four);
}
constexpr int kByteShift = 0;
// Sums of two products of a byte and an 8-bit weight overflow 16 bits, so both are widened first:
// inputs 0 and 2 of a quad, then 1 and 3.
inline __m256i dot(__m256i sum, __m256i w, __m256i x) {
  const __m256i even = _mm256_madd_epi16(_mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8),
                                         _mm256_and_si256(x, _mm256_set1_epi16(255)));
  const __m256i odd = _mm256_madd_epi16(_mm256_srai_epi16(w, 8), _mm256_srli_epi16(x, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
template <int kTurn>
inline I dot(I sum, Q w, X x) {
  return {dot(sum.a, w.a, quad<kTurn>(x)), dot(sum.b, w.b, quad<kTurn>(x))};
}
// Nibbles are small enough for 16 bits: a group's 16 products in a lane sum to at most 16 * 255 * 8
// < 2^15.
template <int kTurn>
inline G dot(G sum, Q w, X x) {
  return {_mm256_add_epi16(sum.a, _mm256_maddubs_epi16(quad<kTurn>(x), w.a)),
          _mm256_add_epi16(sum.b, _mm256_maddubs_epi16(quad<kTurn>(x), w.b))};
}
inline I add_scaled(I sum, G group, Scales scales) {
  return {_mm256_add_epi32(sum.a, _mm256_madd_epi16(group.a, scales.a)),
          _mm256_add_epi32(sum.b, _mm256_madd_epi16(group.b, scales.b))};
}

}  // namespace
}  // namespace gpt2
