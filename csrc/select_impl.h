// The loops over a vocabulary, compiled once per instruction set. As in kernels_impl.h, everything
// has internal linkage and uses no inline function of the standard library. Vectors have the
// processor's width: results do not depend on it, because maxima and integer sums do not depend on
// order.
#include "exp.h"
#include "select.h"

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace gpt2 {
namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr int kWide = kBytes / 4;
constexpr float kMinExponent = -22.5f;  // its exp is below half a unit of 2^-30

typedef float F __attribute__((vector_size(kBytes)));
typedef int32_t I __attribute__((vector_size(kBytes)));
typedef float F4 __attribute__((vector_size(16)));
typedef int32_t I4 __attribute__((vector_size(16)));

template <class V, class T>
inline V read(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
inline void write(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Calls part(p, first id, count, scores) for each part; the scores of a short one are padded with
// `fill`.
template <class Part>
inline void each_part(const float* x, int n, int begin, int end, float fill, const Part& part) {
  for (int p = begin; p < end; p++) {
    const int first = p * kPart, count = n - first < kPart ? n - first : kPart;
    if (count == kPart) {
      part(p, first, count, x + first);
      continue;
    }
    float padded[kPart];
    for (int i = 0; i < kPart; i++) padded[i] = i < count ? x[first + i] : fill;
    part(p, first, count, padded);
  }
}

inline F larger(F a, F b) { return a > b ? a : b; }

// To the nearest integer, ties to even, which is the processors' default.
inline I rounded(F x) {
#if defined(__AVX512F__)
  return (I)_mm512_cvtps_epi32((__m512)x);
#elif defined(__AVX2__)
  return (I)_mm256_cvtps_epi32((__m256)x);
#elif defined(__SSE2__)
  return (I)_mm_cvtps_epi32((__m128)x);
#elif defined(__ARM_NEON) && defined(__aarch64__)
  return (I)vcvtnq_s32_f32((float32x4_t)x);
#else
  I integers;
  for (int i = 0; i < kWide; i++) integers[i] = static_cast<int32_t>(__builtin_rintf(x[i]));
  return integers;
#endif
}

inline float largest_of(F v) {
  F4 best = read<F4>(&v);
  for (int i = 1; i < kWide / 4; i++) {
    const F4 other = read<F4>(reinterpret_cast<const char*>(&v) + 16 * i);
    best = other > best ? other : best;
  }
  const float a = best[0] > best[1] ? best[0] : best[1], b = best[2] > best[3] ? best[2] : best[3];
  return a > b ? a : b;
}

inline int32_t sum_of(I v) {
  I4 sum = read<I4>(&v);
  for (int i = 1; i < kWide / 4; i++) {
    sum += read<I4>(reinterpret_cast<const char*>(&v) + 16 * i);
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// The sum of a part's weights, with their upper and lower halves separate so that neither
// overflows.
struct Sum {
  I upper = {}, lower = {};
  void add(I weights) {
    upper += weights >> 15;
    lower += weights & 0x7fff;
  }
  int64_t total() const { return (static_cast<int64_t>(sum_of(upper)) << 15) + sum_of(lower); }
};

inline bool any(I mask) {
  int32_t all = 0;
  for (int i = 0; i < kWide; i++) all |= mask[i];
  return all != 0;
}

bool maxima(const float* x, int n, int begin, int end, float* largest) {
  I nan = {};
  each_part(x, n, begin, end, -__builtin_inff(), [&](int p, int, int, const float* from) {
    F best = F{} - __builtin_inff();
    for (int i = 0; i < kPart; i += kWide) {
      const F v = read<F>(from + i);
      best = larger(v, best);
      nan |= v != v;
    }
    largest[p] = largest_of(best);
  });
  return any(nan);
}

// exp(d) in units of 2^-30 for kMinExponent <= d <= 0. Each operation rounds once, as in numpy:
// generation/exponential.py does the same.
inline F power(F d) {
  const I exponent = rounded(d * kLog2E);
  const F n = __builtin_convertvector(exponent, F);
  const F r = (d - n * kLn2High) - n * kLn2Low;
  const F p =
      exp_polynomial(r, [](F a, F b, F c) { return a * b + c; }, [](float x) { return F{} + x; });
  return (p * r * r + r + 1.0f) * (F)((exponent + (127 + 30)) << 23);
}

inline I weights_of(F d) { return rounded(power(larger(d, F{} + kMinExponent))); }

template <bool kDivide>
void weigh_parts(const Weighing& in, float* x, int n, int begin, int end, int32_t* weights,
                 int64_t* sums) {
  const float least = in.least;
  each_part(x, n, begin, end, -__builtin_inff(),
            [&](int p, int first, int count, const float* from) {
              float s[kPart];
              int32_t w[kPart];
              float* const to_scores = count == kPart ? x + first : s;
              int32_t* const to_weights = count == kPart ? weights + first : w;
              const float best = in.largest[p] / in.temperature;
              // All weights are 0, as in most parts of a trained model's row.
              if (best < least || best - in.best < kMinExponent) {
                for (int i = 0; i < count; i++) weights[first + i] = 0;
                for (int i = 0; kDivide && i < count; i++) x[first + i] = from[i] / in.temperature;
                sums[p] = 0;
                return;
              }
              Sum sum;
              for (int i = 0; i < kPart; i += kWide) {
                F v = read<F>(from + i);
                if (kDivide) v = v / in.temperature;
                I kept = weights_of(v - in.best) & (I)(v >= least);
                kept &= (I)(kept >= in.least_weight);
                if (kDivide) write(to_scores + i, v);
                write(to_weights + i, kept);
                sum.add(kept);
              }
              for (int i = 0; count < kPart && i < count; i++) {
                if (kDivide) x[first + i] = s[i];
                weights[first + i] = w[i];
              }
              sums[p] = sum.total();
            });
}

void weigh(const Weighing& in, float* x, int n, int begin, int end, int32_t* weights,
           int64_t* sums) {
  if (in.temperature == 1) {
    weigh_parts<false>(in, x, n, begin, end, weights, sums);
  } else {
    weigh_parts<true>(in, x, n, begin, end, weights, sums);
  }
}

// Finds the bucket of each score of a part: 0 for the best. Then adds the part's weights to masses
// [kTables, kBuckets]; neighbours go to different tables, so that no addition waits for the one
// before.
void spread(const float* scores, int n, int begin, int end, float best, const int32_t* weights,
            const int64_t* sums, uint16_t* bucket, int64_t* masses) {
  each_part(scores, n, begin, end, best, [&](int p, int first, int count, const float* from) {
    if (sums[p] == 0) return;
    int32_t buckets[kPart];
    for (int i = 0; i < kPart; i += kWide) {
      const F d = larger(read<F>(from + i) - best, F{} + kMinExponent);
      write(buckets + i, __builtin_convertvector(d * (kBuckets / (kMinExponent - 0.5f)), I));
    }
    for (int i = 0; i < count; i++) {
      bucket[first + i] = static_cast<uint16_t>(buckets[i]);
      masses[i % kTables * kBuckets + buckets[i]] += weights[first + i];
    }
  });
}

void cut(const float* scores, int n, int begin, int end, const Cut& cut, int32_t* weights,
         int64_t* sums) {
  each_part(scores, n, begin, end, -__builtin_inff(),
            [&](int p, int first, int count, const float* from) {
              if (sums[p] == 0) return;
              int32_t padded[kPart];
              int32_t* const w = count == kPart ? weights + first : padded;
              for (int i = 0; count < kPart && i < kPart; i++)
                padded[i] = i < count ? weights[first + i] : 0;
              Sum sum;
              I id;
              for (int i = 0; i < kWide; i++) id[i] = first + i;
              for (int i = 0; i < kPart; i += kWide, id += kWide) {
                const F v = read<F>(from + i);
                const I old = read<I>(w + i);
                const I in = (I)(v > cut.least) | ((I)(v == cut.least) & (I)(id >= cut.first));
                const I kept = old & in & (I)(old >= cut.weight);
                write(w + i, kept);
                sum.add(kept);
              }
              for (int i = 0; count < kPart && i < count; i++) weights[first + i] = w[i];
              sums[p] = sum.total();
            });
}

constexpr SelectLoops table() { return {maxima, weigh, spread, cut}; }

}  // namespace
}  // namespace gpt2
