#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <vector>

namespace gpt2 {
namespace {

// To the nearest integer, ties to even, without a library call: for |x| < 2^22.
inline float rounded(float x) { return (x + 12582912.0f) - 12582912.0f; }

inline float bounded(float x, float least, float most) {
  return std::min(std::max(x, least), most);
}

// For each output, the weight of largest magnitude, with its sign, among n inputs [n, 16].
void extremes(const float* block, int n, float (&most)[kLanes]) {
  std::fill(most, most + kLanes, 0.0f);
  for (int k = 0; k < n; k++, block += kLanes) {
    for (int r = 0; r < kLanes; r++) {
      if (std::fabs(block[r]) > std::fabs(most[r])) most[r] = block[r];
    }
  }
}

// Each output's squared error if a group [32, 16] is rounded to nibbles with the scales `step`.
void errors(const float* group, const float (&step)[kLanes], float (&error)[kLanes]) {
  float inverse[kLanes];
  for (int r = 0; r < kLanes; r++) inverse[r] = step[r] != 0 ? 1.0f / step[r] : 0.0f;
  std::fill(error, error + kLanes, 0.0f);
  for (int k = 0; k < kGroup; k++, group += kLanes) {
    for (int r = 0; r < kLanes; r++) {
      const float miss = group[r] - step[r] * bounded(rounded(group[r] * inverse[r]), -8, 7);
      error[r] += miss * miss;
    }
  }
}

// Chooses the group's scales as multiples of the outputs' units. By default the value farthest from
// zero maps to -8; a slightly smaller or larger scale often has a lower error over the 32 values,
// so a few are tried.
void choose_scales(const float* group, const float (&unit)[kLanes], bool search,
                   float (&scale)[kLanes]) {
  static constexpr float kStretch[] = {1.0f, 0.86f, 0.91f, 0.95f, 1.05f, 1.1f, 1.16f};
  const int tries = search ? static_cast<int>(std::size(kStretch)) : 1;
  float most[kLanes], best[kLanes];
  extremes(group, kGroup, most);
  std::fill(best, best + kLanes, INFINITY);
  std::fill(scale, scale + kLanes, 0.0f);
  for (int i = 0; i < tries; i++) {
    float step[kLanes], multiple[kLanes], error[kLanes];
    for (int r = 0; r < kLanes; r++) {
      const float wanted = unit[r] > 0 ? most[r] * kStretch[i] / (-8.0f * unit[r]) : 0.0f;
      multiple[r] = bounded(rounded(wanted), -127, 127);
      step[r] = multiple[r] * unit[r];
    }
    errors(group, step, error);
    for (int r = 0; r < kLanes; r++) {
      if (!(error[r] < best[r])) continue;
      best[r] = error[r];
      scale[r] = multiple[r];
    }
  }
}

// A quantization grid: the values that the integers represent, with steps[k / inputs_a_step] for
// input k, and the range of the integers.
struct Grid {
  const float* steps;  // [., 16]
  int inputs_a_step;
  float least, most;

  const float* step(int k) const { return steps + static_cast<size_t>(k / inputs_a_step) * kLanes; }
  float nearest(float x, float step) const {
    return step != 0 ? bounded(rounded(x * (1.0f / step)), least, most) : 0.0f;
  }
};

typedef float Lanes __attribute__((vector_size(4 * kLanes)));

// Subtracts the errors [n, 16], each times its share, from x [16].
void take_off(float* x, const float* shares, const float* errors, int n) {
  Lanes left, error;
  std::memcpy(&left, x, sizeof left);
  for (int i = 0; i < n; i++) {
    std::memcpy(&error, errors + static_cast<size_t>(i) * kLanes, sizeof error);
    left -= shares[i] * error;
  }
  std::memcpy(x, &left, sizeof left);
}

// Rounds each weight in turn, after the corrections for the errors of those before it: Frantar et
// al. 2022, "GPTQ", algorithm 1, for 16 outputs at once. With (X^T X)^-1 = L L^T, an error e of
// input i is best compensated by subtracting L[j][i] e / L[i][i] from each later input j. The
// errors of a span of inputs are applied to the inputs after it together, while they are in the
// cache.
void round_compensated(const float* block, const Grid& grid, const Rounding& how, int8_t* q) {
  constexpr int kSpan = 64;
  const size_t n = static_cast<size_t>(how.inputs);
  std::vector<float> rest(n * kLanes), errors(kSpan * kLanes);
  for (size_t i = 0; i < n; i++) {
    std::memcpy(&rest[i * kLanes], block + how.order[i] * kLanes, kLanes * sizeof(float));
  }
  for (size_t begin = 0; begin < n; begin += kSpan) {
    const size_t end = std::min(begin + kSpan, n);
    for (size_t i = begin; i < n; i++) {
      float* x = &rest[i * kLanes];
      const float* row = how.factor + i * n;
      take_off(x, row + begin, errors.data(), static_cast<int>(std::min(i, end) - begin));
      if (i >= end) continue;
      const int k = how.order[i];
      for (int r = 0; r < kLanes; r++) {
        const float step = grid.step(k)[r], value = grid.nearest(x[r], step);
        q[static_cast<size_t>(k) * kLanes + r] = static_cast<int8_t>(value);
        errors[(i - begin) * kLanes + r] = (x[r] - value * step) / row[i];
      }
    }
  }
}

// The integers of a panel, [inputs, 16].
std::vector<int8_t> whole_numbers(const float* block, int inputs, const Grid& grid,
                                  const Rounding& how) {
  std::vector<int8_t> q(static_cast<size_t>(inputs) * kLanes);
  if (how.factor) {
    round_compensated(block, grid, how, q.data());
    return q;
  }
  for (int k = 0; k < inputs; k++) {
    for (int r = 0; r < kLanes; r++) {
      const size_t at = static_cast<size_t>(k) * kLanes + r;
      q[at] = static_cast<int8_t>(grid.nearest(block[at], grid.step(k)[r]));
    }
  }
  return q;
}

// The sums of 16 outputs' integers, and of their magnitudes.
struct Totals {
  int64_t sum[kLanes] = {}, magnitude[kLanes] = {};

  void add(int output, int value) {
    sum[output] += value;
    magnitude[output] += std::abs(value);
  }
  int64_t finish(int32_t* sums) const {
    // A sum beyond 32 bits wraps around like the products do, so the difference is still right.
    for (int r = 0; r < kLanes; r++) sums[r] = static_cast<int32_t>(sum[r]);
    return *std::max_element(magnitude, magnitude + kLanes);
  }
};

}  // namespace

int64_t quantize_int8(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums) {
  float most[kLanes];
  Totals totals;
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]);
    scales[r] = top >= 1e-30f ? top / 127.0f : 0.0f;
  }
  const auto q = whole_numbers(block, inputs, {scales, inputs, -127, 127}, how);
  for (int k = 0; k < inputs; k++) {
    for (int r = 0; r < kLanes; r++) {
      const int8_t value = q[static_cast<size_t>(k) * kLanes + r];
      panel[int8_place(k, r)] = static_cast<uint8_t>(value);
      totals.add(r, value);
    }
  }
  return totals.finish(sums);
}

int64_t quantize_int4(const float* block, int inputs, const Rounding& how, uint8_t* panel,
                      float* scales, int32_t* sums) {
  const int groups = inputs / kGroup;
  float most[kLanes], unit[kLanes];
  Totals totals;
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]);
    scales[r] = unit[r] = top >= 1e-30f ? top / (8.0f * 127.0f) : 0.0f;
  }
  std::vector<float> steps(static_cast<size_t>(groups) * kLanes);
  for (int g = 0; g < groups; g++) {
    float scale[kLanes];
    choose_scales(block + static_cast<size_t>(g) * kGroup * kLanes, unit, how.search, scale);
    for (int r = 0; r < kLanes; r++) {
      panel[int4_scales(g) + r] = static_cast<uint8_t>(static_cast<int8_t>(scale[r]));
      steps[static_cast<size_t>(g) * kLanes + r] = scale[r] * unit[r];
    }
  }
  const auto q = whole_numbers(block, inputs, {steps.data(), kGroup, -8, 7}, how);
  for (int k = 0; k < inputs; k++) {
    for (int r = 0; r < kLanes; r++) {
      const int value = q[static_cast<size_t>(k) * kLanes + r];
      uint8_t& byte = panel[int4_place(k, r)];
      byte = static_cast<uint8_t>(byte | ((value + 8) << (k / kQuad % 2 * 4)));
      totals.add(r, value * static_cast<int8_t>(panel[int4_scales(k / kGroup) + r]));
    }
  }
  return totals.finish(sums);
}

}  // namespace gpt2
