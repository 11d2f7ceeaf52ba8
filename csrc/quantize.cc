#include "quantize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace gpt2 {
namespace {

// To the nearest whole number, ties to even, without a library call: for |x| < 2^22.
inline float rounded(float x) { return (x + 12582912.0f) - 12582912.0f; }

inline float bounded(float x, float least, float most) {
  return std::min(std::max(x, least), most);
}

// For each output the number of largest magnitude, with its sign, among n inputs [n, 16].
void extremes(const float* block, int n, float (&most)[kLanes]) {
  std::fill(most, most + kLanes, 0.0f);
  for (int k = 0; k < n; k++, block += kLanes) {
    for (int r = 0; r < kLanes; r++) {
      if (std::fabs(block[r]) > std::fabs(most[r])) most[r] = block[r];
    }
  }
}

// How well a group [32, 16] is met by nibbles with the scales `step`: the squared error, each
// output's own.
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

// The group's scales as multiples of the outputs' units. The value farthest from zero would fall
// on -8; a little less or more is often nearer to the 32 values as a whole, so a few are tried.
void choose_scales(const float* group, const float (&unit)[kLanes], float (&scale)[kLanes]) {
  static constexpr float kStretch[] = {1.0f, 0.86f, 0.91f, 0.95f, 1.05f, 1.1f, 1.16f};
  float most[kLanes], best[kLanes];
  extremes(group, kGroup, most);
  std::fill(best, best + kLanes, INFINITY);
  std::fill(scale, scale + kLanes, 0.0f);
  for (const float stretch : kStretch) {
    float step[kLanes], multiple[kLanes], error[kLanes];
    for (int r = 0; r < kLanes; r++) {
      const float wanted = unit[r] > 0 ? most[r] * stretch / (-8.0f * unit[r]) : 0.0f;
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

// What becomes of 16 outputs' whole numbers.
struct Totals {
  int64_t sum[kLanes] = {}, magnitude[kLanes] = {};

  void add(int output, int whole) {
    sum[output] += whole;
    magnitude[output] += std::abs(whole);
  }
  int64_t finish(int32_t* sums) const {
    // A sum beyond 32 bits wraps around as the products do, and so takes off what they got.
    for (int r = 0; r < kLanes; r++) sums[r] = static_cast<int32_t>(sum[r]);
    return *std::max_element(magnitude, magnitude + kLanes);
  }
};

}  // namespace

int64_t quantize_int8(const float* block, int inputs, uint8_t* panel, float* scales,
                      int32_t* sums) {
  float most[kLanes];
  Totals totals;
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]), factor = top >= 1e-30f ? 127.0f / top : 0.0f;
    scales[r] = top >= 1e-30f ? top / 127.0f : 0.0f;
    for (int k = 0; k < inputs; k++) {
      const int q = static_cast<int>(bounded(rounded(block[k * kLanes + r] * factor), -127, 127));
      panel[int8_place(k, r)] = static_cast<uint8_t>(q);
      totals.add(r, q);
    }
  }
  return totals.finish(sums);
}

int64_t quantize_int4(const float* block, int inputs, uint8_t* panel, float* scales,
                      int32_t* sums) {
  float most[kLanes], unit[kLanes];
  Totals totals;
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]);
    scales[r] = unit[r] = top >= 1e-30f ? top / (8.0f * 127.0f) : 0.0f;
  }
  for (int g = 0; g < inputs / kGroup; g++) {
    const float* group = block + static_cast<size_t>(g) * kGroup * kLanes;
    float scale[kLanes];
    choose_scales(group, unit, scale);
    for (int r = 0; r < kLanes; r++) {
      const float step = scale[r] * unit[r], inverse = step != 0 ? 1.0f / step : 0.0f;
      panel[int4_scales(g) + r] = static_cast<uint8_t>(static_cast<int8_t>(scale[r]));
      for (int k = 0; k < kGroup; k++) {
        const int q = static_cast<int>(bounded(rounded(group[k * kLanes + r] * inverse), -8, 7));
        uint8_t& byte = panel[int4_place(g * kGroup + k, r)];
        byte = static_cast<uint8_t>(byte | ((q + 8) << (k / kQuad % 2 * 4)));
        totals.add(r, q * static_cast<int>(scale[r]));
      }
    }
  }
  return totals.finish(sums);
}

}  // namespace gpt2
