// Tokens as intervals of [0, 2^30), for arithmetic coding: only integers, so that any processor
// decodes what another encoded.
#ifndef GPT2_INTERVALS_H_
#define GPT2_INTERVALS_H_

#include <cstdint>
#include <vector>

#include "select.h"

namespace gpt2 {

// The intervals of all tokens after some text. The length of each is roughly proportional to the
// token's probability and at least 1, so that every token can be encoded.
class Intervals {
 public:
  static constexpr int64_t kWhole = int64_t{1} << 30;

  // From logits [n], n at most 2^24. Throws Error if they are not finite.
  Intervals(const Selector& selector, const float* logits, int n);
  int64_t begin(int token) const;
  // The token whose interval contains a point of [0, kWhole).
  int at(int64_t point) const;

 private:
  std::vector<int64_t> sums_;  // [n + 1]: of the weights before a token, shifted to fit 32 bits
  int64_t spread_;             // the part of kWhole that is distributed by weight
};

}  // namespace gpt2

#endif  // GPT2_INTERVALS_H_
