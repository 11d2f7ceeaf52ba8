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

// Puts a nibble where `Integers` has it: 64 bytes for 8 inputs; a 16-bit lane for each output and
// input of a pair; in it, from the lowest bits on, the nibbles of four pairs.
void put_nibble(uint8_t* group, int input, int output, int nibble) {
  const int quad = input / 8, pair = input / 2 % 4;
  uint8_t* lane = group + quad * 64 + (output * 2 + input % 2) * 2;
  lane[pair / 2] = static_cast<uint8_t>(lane[pair / 2] | ((nibble & 15) << (pair % 2 * 4)));
}

}  // namespace

int64_t quantize_int8(const float* block, int inputs, uint8_t* panel, float* scales) {
  float most[kLanes];
  int64_t sum[kLanes] = {};
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]), factor = top >= 1e-30f ? 127.0f / top : 0.0f;
    scales[r] = top >= 1e-30f ? top / 127.0f : 0.0f;
    for (int k = 0; k < inputs; k++) {
      const int q = static_cast<int>(bounded(rounded(block[k * kLanes + r] * factor), -127, 127));
      panel[k / 2 * 32 + r * 2 + k % 2] = static_cast<uint8_t>(q);
      sum[r] += std::abs(q);
    }
  }
  return *std::max_element(sum, sum + kLanes);
}

int64_t quantize_int4(const float* block, int inputs, uint8_t* panel, float* scales) {
  const int groups = inputs / kGroup;
  int8_t* group_scales = reinterpret_cast<int8_t*>(panel);
  uint8_t* nibbles = panel + padded(groups * kLanes, 64);
  float most[kLanes];
  int64_t sum[kLanes] = {};
  extremes(block, inputs, most);
  for (int r = 0; r < kLanes; r++) {
    const float top = std::fabs(most[r]);
    scales[r] = top >= 1e-30f ? top / (8.0f * 127.0f) : 0.0f;
  }
  float unit[kLanes];
  std::copy(scales, scales + kLanes, unit);
  for (int g = 0; g < groups; g++, nibbles += 256) {
    const float* group = block + static_cast<size_t>(g) * kGroup * kLanes;
    float scale[kLanes];
    choose_scales(group, unit, scale);
    for (int r = 0; r < kLanes; r++) {
      const float step = scale[r] * unit[r], inverse = step != 0 ? 1.0f / step : 0.0f;
      group_scales[g * kLanes + r] = static_cast<int8_t>(scale[r]);
      for (int k = 0; k < kGroup; k++) {
        const int q = static_cast<int>(bounded(rounded(group[k * kLanes + r] * inverse), -8, 7));
        put_nibble(nibbles, k, r, q);
        sum[r] += std::abs(q * static_cast<int>(scale[r]));
      }
    }
  }
  return *std::max_element(sum, sum + kLanes);
}

}  // namespace gpt2
