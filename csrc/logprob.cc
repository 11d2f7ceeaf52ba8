#include "logprob.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gpt2 {

namespace {
constexpr float kNothing = -std::numeric_limits<float>::infinity();
}

Logprobs::Logprobs(const Kernels& kernels, int vocabulary)
    : kernels_(kernels),
      loops_(find_select_loops(kernels.name)),
      n_(vocabulary),
      blocks_((vocabulary + kOutputs - 1) / kOutputs) {}

int Logprobs::width(int block) const { return std::min(kOutputs, n_ - block * kOutputs); }

void Logprobs::start(const int32_t* targets, int rows) {
  rows_.resize(rows);
  parts_.resize(static_cast<size_t>(rows) * blocks_);
  for (int r = 0; r < rows; r++) rows_[r] = {targets[r], 0, false, 0, false};
}

void Logprobs::take(int block, int row, float* logits) {
  static_assert(kOutputs % kPart == 0, "a block is cut into whole parts");
  const int n = width(block), at = rows_[row].target - block * kOutputs;
  if (at >= 0 && at < n) {
    rows_[row].target_logit = logits[at];
    rows_[row].first = std::find(logits, logits + at, logits[at]) == logits + at;
  }
  float largest[kOutputs / kPart];
  const int count = (n + kPart - 1) / kPart;
  const bool nan = loops_.maxima(logits, n, 0, count, largest);
  Part& part = parts(row)[block];
  part.largest = *std::max_element(largest, largest + count);
  part.sum = nan ? std::numeric_limits<float>::quiet_NaN() : 0;
  if (!nan && part.largest > kNothing) part.sum = kernels_.exponentials(logits, n, 1);
}

void Logprobs::finish(int row) {
  Row& r = rows_[row];
  const Part* part = parts(row);
  float best = kNothing;
  for (int b = 0; b < blocks_; b++) best = std::max(best, part[b].largest);
  double sum = 0;
  float powers[kLanes];
  constexpr int kSome = kLanes - 1;
  for (int b = 0; b < blocks_; b += kSome) {
    // exp(largest - best) of some blocks. The best itself comes first: it is the maximum that
    // `exponentials` subtracts.
    const int count = std::min(kSome, blocks_ - b);
    powers[0] = best;
    for (int i = 0; i < count; i++) powers[i + 1] = part[b + i].largest;
    kernels_.exponentials(powers, count + 1, 1);
    for (int i = 0; i < count; i++) sum += static_cast<double>(part[b + i].sum) * powers[i + 1];
  }
  r.largest = best;
  r.log_sum = std::log(sum);
  r.logprob = logprob(row, r.target_logit);
  r.greedy = r.first && r.target_logit == best && !std::isnan(r.logprob);
  for (int b = 0; b < r.target / kOutputs; b++) r.greedy = r.greedy && part[b].largest < best;
}

void Logprobs::reduce(ThreadPool& pool, const float* logits, const int* lines) {
  const int rows = static_cast<int>(rows_.size());
  pool.run([&](const Worker& worker) {
    float block[kOutputs];
    const Range share = worker.share(rows);
    for (int r = share.begin; r < share.end; r++) {
      const float* line = logits + static_cast<size_t>(lines ? lines[r] : r) * n_;
      for (int b = 0; b < blocks_; b++) {
        const float* from = line + b * kOutputs;
        std::copy(from, from + width(b), block);
        take(b, r, block);
      }
      finish(r);
    }
  });
}

}  // namespace gpt2
