#include "head_copy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "half.h"
#include "quantize.h"

namespace gpt2 {
namespace {

constexpr int kSample = 256;  // panels sampled for the inputs' means and sizes

void expand(const Floats& w, float* block) {
  const size_t n = static_cast<size_t>(w.inputs) * kLanes;
  const uint16_t* halves = reinterpret_cast<const uint16_t*>(w.data);
  if (w.dtype == GPT2_F32) {
    std::memcpy(block, w.data, n * sizeof(float));
  } else if (w.dtype == GPT2_F16) {
    for (size_t i = 0; i < n; i++) block[i] = float_from_half(halves[i]);
  } else {
    for (size_t i = 0; i < n; i++) block[i] = float_from_bfloat(halves[i]);
  }
}

// Whether no number is infinite or NaN.
bool finite(const std::vector<float>& numbers) {
  bool all = true;
  for (const float x : numbers) all &= x - x == 0;
  return all;
}

// The power of two nearest to x, from 1 to 2^24.
float nearest_power(double x) {
  if (!(x > 1)) return 1;
  return std::ldexp(1.0f, static_cast<int>(std::lround(std::log2(std::min(x, 16777216.0)))));
}

}  // namespace

float rounded_up(double bound) { return static_cast<float>(std::max(bound * kSpare, kLeast)); }

HeadCopy::HeadCopy(const Matrix& head, ThreadPool& pool)
    : outputs_(head.outputs()),
      inputs_(head.inputs()),
      wide_(padded(inputs_, kGroup)),
      panel_bytes_(static_cast<size_t>(wide_) * kLanes),
      panels_(panel_bytes_ * head.panels()),
      mean_(inputs_),
      stretch_(inputs_),
      shrink_(inputs_),
      scales_(head.panels() * kLanes),
      near_(head.panels() * kLanes),
      far_(head.panels() * kLanes),
      sums_(head.panels() * kLanes) {
  std::vector<Workspace> spaces(pool.threads());
  for (Workspace& space : spaces) {
    space.block.resize(static_cast<size_t>(wide_) * kLanes);
    space.moved.resize(static_cast<size_t>(wide_) * kLanes);
    space.columns = {std::vector<double>(inputs_), std::vector<double>(inputs_)};
  }
  pool.run([&](const Worker& worker) { measure_columns(head, worker, spaces[worker.index()]); });
  choose_stretch(head, spaces);
  pool.run([&](const Worker& worker) {
    const Range share = worker.share(head.panels());
    for (int p = share.begin; p < share.end; p++) pack(head, p, spaces[worker.index()]);
  });
  int64_t magnitude = 1;
  for (const Workspace& space : spaces) {
    magnitude = std::max(magnitude, space.magnitude);
    largest_ = std::max(largest_, space.largest);
  }
  limit_ = static_cast<int>(std::min<int64_t>(kMostActivation, INT32_MAX / magnitude));
}

void HeadCopy::measure_columns(const Matrix& head, const Worker& worker, Workspace& space) const {
  const int count = std::min(head.panels(), kSample);
  const Range share = worker.share(count);
  for (int i = share.begin; i < share.end; i++) {
    const int p = static_cast<int>(static_cast<int64_t>(head.panels()) * i / count);
    expand(head.floats(p, 1), space.block.data());
    for (int k = 0; k < inputs_; k++) {
      for (int r = 0; r < kLanes; r++) {
        const double w = space.block[k * kLanes + r];
        space.columns.sum[k] += w;
        space.columns.square[k] += w * w;
      }
    }
  }
}

// Chooses the inputs' means, and the factors that make the inputs about equally large.
void HeadCopy::choose_stretch(const Matrix& head, const std::vector<Workspace>& spaces) {
  const double rows = std::min({head.panels() * kLanes, kSample * kLanes, outputs_});
  std::vector<double> size(inputs_);
  for (int k = 0; k < inputs_; k++) {
    double sum = 0, square = 0;
    for (const Workspace& space : spaces) {
      sum += space.columns.sum[k];
      square += space.columns.square[k];
    }
    const double mean = sum / rows;
    mean_[k] = std::fabs(mean) < kMost ? static_cast<float>(mean) : 0;
    size[k] = std::sqrt(std::max(square / rows - mean * mean, 0.0));
  }
  for (double& x : size) x = std::isfinite(x) ? x : 0;
  const double top = *std::max_element(size.begin(), size.end());
  double square = 0;
  for (int k = 0; k < inputs_; k++) {
    stretch_[k] = size[k] > 0 ? nearest_power(top / size[k]) : 1;
    shrink_[k] = 1 / stretch_[k];
    const double m = static_cast<double>(mean_[k]) * stretch_[k];
    square += m * m;
  }
  centre_ = std::sqrt(square);
}

void HeadCopy::pack(const Matrix& head, int panel, Workspace& space) {
  const int first = panel * kLanes;
  expand(head.floats(panel, 1), space.block.data());
  for (int k = 0; k < inputs_; k++) {
    for (int r = 0; r < kLanes; r++) {
      const int i = k * kLanes + r;
      space.moved[i] = first + r < outputs_ ? (space.block[i] - mean_[k]) * stretch_[k] : 0;
    }
  }
  if (!finite(space.moved)) {
    space.largest = std::numeric_limits<double>::infinity();
    return;
  }
  const int64_t magnitude =
      quantize_int8(space.moved.data(), wide_, Rounding(), panels_.as() + panel * panel_bytes_,
                    scales_.data() + first, sums_.data() + first);
  space.magnitude = std::max(space.magnitude, magnitude);
  measure_rows(panel, space);
}

// Computes the norms of e, w c and s q for a panel's rows.
void HeadCopy::measure_rows(int panel, Workspace& space) {
  const int first = panel * kLanes;
  const uint8_t* q = panels_.as() + panel * panel_bytes_;
  double e[kLanes] = {}, w[kLanes] = {}, g[kLanes] = {}, scale[kLanes];
  for (int r = 0; r < kLanes; r++) scale[r] = scales_[first + r];
  for (int k = 0; k < inputs_; k++) {
    const double mean = mean_[k], stretch = stretch_[k];
    for (int r = 0; r < kLanes; r++) {
      const double weight = space.block[k * kLanes + r];
      const double quantized = static_cast<int8_t>(q[int8_place(k, r)]) * scale[r];
      const double left = (weight - mean) * stretch - quantized, large = weight * stretch;
      e[r] += left * left;
      w[r] += large * large;
      g[r] += quantized * quantized;
    }
  }
  // Higham's gamma, for a sum of products that may round twice per term.
  const double n = inputs_ + 3, gamma = n * kHalfUnit / (1 - n * kHalfUnit);
  for (int r = 0; r < kLanes; r++) {
    const double norm = std::sqrt(w[r]), grid = std::sqrt(g[r]);
    const bool filler = first + r >= outputs_;
    near_[first + r] = filler ? -std::numeric_limits<float>::infinity()
                              : rounded_up(std::sqrt(e[r]) + gamma * norm + kDoubles * centre_);
    far_[first + r] = filler ? 0 : rounded_up(grid);
    space.largest = std::max({space.largest, norm, grid, centre_});
  }
}

Integers HeadCopy::quantized(int first, int count) const {
  return {GPT2_INT8, panels_.as() + panel_bytes_ * first, panel_bytes_, count, wide_};
}

size_t HeadCopy::size() const {
  return panels_.bytes() + sizeof(float) * (scales_.size() + sums_.size() + near_.size() +
                                            far_.size() + 3 * mean_.size());
}

}  // namespace gpt2
