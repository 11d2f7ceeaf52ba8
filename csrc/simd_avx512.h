// Vectors of 16 lanes as one AVX-512 register; see simd_generic.h for what each function means.
#include <immintrin.h>

#include <cstdint>

namespace gpt2 {
namespace {

constexpr int kTileRows = 8;  // 24 of the 32 registers hold sums
constexpr int kTilePanels = 3;
constexpr int kRowPanels = 4;
// With one row, hardware prefetching works best on a single stream.
constexpr int kInt8Rows = 8, kInt8Panels = 3, kInt8RowPanels = 1;
constexpr int kInt4Rows = 8, kInt4Panels = 2, kInt4RowPanels = 1;

typedef __m512 F;
constexpr int kChains = 4;
struct I {  // distinct types, so that functions can be overloaded
  __m512i v;
};
struct Q {
  __m512i v;
};
struct X {
  const uint8_t* p;
};
typedef I G;
typedef I Scales;

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

inline F load_bytes(const int8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}

inline I none(I) { return {_mm512_setzero_si512()}; }
inline I iset1(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline I load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline void store(int32_t* p, I x) { _mm512_storeu_si512(p, x.v); }
inline I add(I x, I y) { return {_mm512_add_epi32(x.v, y.v)}; }
inline I sub(I x, I y) { return {_mm512_sub_epi32(x.v, y.v)}; }
inline I mul(I x, I y) { return {_mm512_mullo_epi32(x.v, y.v)}; }
inline F to_float(I x) { return _mm512_cvtepi32_ps(x.v); }
inline I round(F x) { return {_mm512_cvtps_epi32(x)}; }
inline F power_of_two(I n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n.v, _mm512_set1_epi32(127)), 23));
}
inline void store_bytes(uint8_t* p, I x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x.v));
}

inline Q load_quads(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
inline void load_nibbles(const uint8_t* p, Q& low, Q& high) {
  const __m512i raw = _mm512_loadu_si512(p), mask = _mm512_set1_epi8(15),
                eight = _mm512_set1_epi8(8);
  low = {_mm512_sub_epi8(_mm512_and_si512(raw, mask), eight)};
  high = {_mm512_sub_epi8(_mm512_and_si512(_mm512_srli_epi16(raw, 4), mask), eight)};
}
inline Scales load_scales(const uint8_t* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline X quads(const uint8_t* p) { return {p}; }
template <int kTurn>
inline __m512i quad(X x) {
  int32_t four;
  __builtin_memcpy(&four, x.p + 4 * kTurn, sizeof four);
  return _mm512_set1_epi32(four);
}
constexpr int kByteShift = 0;
template <int kTurn>
inline I dot(I sum, Q w, X x) {
  return {_mm512_dpbusd_epi32(sum.v, quad<kTurn>(x), w.v)};  // VNNI
}
inline I add_scaled(I sum, G group, Scales scales) { return add(sum, mul(group, scales)); }

}  // namespace
}  // namespace gpt2
