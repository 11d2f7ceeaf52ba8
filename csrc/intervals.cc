#include "intervals.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace gpt2 {

Intervals::Intervals(const Selector& selector, const float* logits, int n)
    : sums_(static_cast<size_t>(n) + 1), spread_(kWhole - n) {
  const float best = *std::max_element(logits, logits + n);
  std::vector<float> scores(static_cast<size_t>(n));
  for (int i = 0; i < n; i++) {
    require(std::isfinite(logits[i]), GPT2_INVALID,
            "a logit is not finite, so tokens have no probabilities");
    scores[i] = logits[i] - best;
  }
  std::vector<int32_t> weights(scores.size());
  selector.weights(n, scores.data(), weights.data());  // the best one's is 2^30
  for (int i = 0; i < n; i++) sums_[i + 1] = sums_[i] + weights[i];
  int shift = 0;
  while (sums_[n] >> shift >> 32) shift++;
  for (int64_t& sum : sums_) sum >>= shift;
}

int64_t Intervals::begin(int token) const {
  return sums_[token] * spread_ / sums_.back() + token;  // below 2^62
}

int Intervals::at(int64_t point) const {
  int low = 0, high = static_cast<int>(sums_.size()) - 1;  // begin(low) <= point < begin(high)
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (begin(middle) <= point ? low : high) = middle;
  }
  return low;
}

}  // namespace gpt2
