#include "warp.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>

#include "exp.h"

namespace gpt2 {

namespace {

constexpr float kExcluded = -std::numeric_limits<float>::infinity();
using Floats = std::vector<float>;

bool cuts(double least) { return least > 0 && least < 1; }

// e^x for x <= 0: generation/exponential.py `exp`.
float exponential(float x) {
  if (x < -87.0f) return 0;
  const float n = std::nearbyint(x * kLog2E);
  const float r = (x - n * kLn2High) - n * kLn2Low;
  const float p = exp_polynomial(
      r, [](float a, float b, float c) { return a * b + c; },
      [](float constant) { return constant; });
  const int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return (p * r * r + r + 1.0f) * scale;
}

// The natural logarithm of x >= 1: generation/exponential.py `log`.
double logarithm(double x) {
  int exponent;
  double fraction = std::frexp(x, &exponent);
  if (fraction < 0.7071067811865476) {
    fraction *= 2;
    exponent--;
  }
  const double s = (fraction - 1) / (fraction + 1), square = s * s;
  double series = 0;
  for (int n = 25; n > 0; n -= 2) series = series * square + 1.0 / n;
  return exponent * 0.6931471805599453 + 2 * s * series;
}

// e^(x - best x), and their sum.
double exponentials(const Floats& x, Floats& powers) {
  const float best = *std::max_element(x.begin(), x.end());
  double sum = 0;
  powers.resize(x.size());
  for (size_t i = 0; i < x.size(); i++) sum += powers[i] = exponential(x[i] - best);
  return sum;
}

Floats log_softmax(const Floats& x) {
  Floats logs;
  const double log = logarithm(exponentials(x, logs));
  const float best = *std::max_element(x.begin(), x.end());
  for (size_t i = 0; i < x.size(); i++) {
    logs[i] = static_cast<float>(static_cast<double>(x[i] - best) - log);
  }
  return logs;
}

float entropy(const Floats& logs, const Floats& masses) {
  double sum = 0;
  for (size_t i = 0; i < logs.size(); i++) sum += masses[i] > 0 ? masses[i] * logs[i] : 0.0f;
  return -static_cast<float>(sum);
}

Floats masses_of(const Floats& logs) {
  Floats masses(logs.size());
  std::transform(logs.begin(), logs.end(), masses.begin(), exponential);
  return masses;
}

void keep_typical(float p, Floats& scores) {
  const Floats logs = log_softmax(scores), masses = masses_of(logs);
  const float middle = entropy(logs, masses);
  Floats distances(logs.size());
  std::vector<int> order(logs.size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = 0; i < logs.size(); i++) distances[i] = std::fabs(-logs[i] - middle);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return distances[a] < distances[b]; });
  size_t last = 0;
  for (float sum = masses[order[0]]; sum < p && last + 1 < order.size();) {
    sum += masses[order[++last]];
  }
  const float most = distances[order[last]];
  for (size_t i = 1; i < order.size(); i++) {
    if (distances[order[i]] > most) scores[order[i]] = kExcluded;
  }
}

void drop_below(float least, Floats& scores) {
  const float best = *std::max_element(scores.begin(), scores.end());
  Floats powers;
  const double sum = exponentials(scores, powers);
  for (size_t i = 0; i < scores.size(); i++) {
    if (static_cast<float>(powers[i] / sum) < least && scores[i] < best) scores[i] = kExcluded;
  }
}

}  // namespace

bool warps(const gpt2_sampling& s) {
  return s.typical_p < 1 || cuts(s.epsilon) || cuts(s.eta) || s.renormalize;
}

void warp(const gpt2_sampling& s, Floats& scores) {
  if (s.typical_p < 1) keep_typical(static_cast<float>(s.typical_p), scores);
  if (cuts(s.epsilon)) drop_below(static_cast<float>(s.epsilon), scores);
  if (cuts(s.eta)) {
    const Floats logs = log_softmax(scores);
    const float least =
        static_cast<float>(std::sqrt(s.eta)) * exponential(-entropy(logs, masses_of(logs)));
    drop_below(std::min(least, static_cast<float>(s.eta)), scores);
  }
  if (s.renormalize) scores = log_softmax(scores);
}

}  // namespace gpt2
