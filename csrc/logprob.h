// Log-probabilities of given tokens without all their logits in memory, like an online softmax:
// each block of the head's outputs is reduced to its largest logit and the sum of its exponentials
// as soon as it is computed.
//
// Blocks have a fixed size and are summed in order, so a result depends neither on the number of
// threads nor on the other rows of a batch.
#ifndef GPT2_LOGPROB_H_
#define GPT2_LOGPROB_H_

#include <cstdint>
#include <vector>

#include "kernels.h"
#include "select.h"
#include "threads.h"

namespace gpt2 {

class Logprobs {
 public:
  // Outputs of the head that are reduced together.
  static constexpr int kOutputs = kUnit * kLanes;

  Logprobs(const Kernels& kernels, int vocabulary);

  int blocks() const { return blocks_; }
  // The number of outputs in a block.
  int width(int block) const;

  // Prepares for the rows of one pass; targets [rows] are ids of the vocabulary, or -1 for none.
  void start(const int32_t* targets, int rows);
  // Reduces one block of one row. The logits are overwritten; the buffer must have room for
  // kOutputs.
  void take(int block, int row, float* logits);
  // Finishes a row after all its blocks were taken.
  void finish(int row);
  // The same from complete rows of logits [rows, vocabulary], which are not changed; row r is line
  // lines[r] if lines are given.
  void reduce(ThreadPool& pool, const float* logits, const int* lines = nullptr);

  // For a finished row: the natural log-probability of the target, NaN if the logits are not
  // finite; and whether the target is the most probable token (ties go to the lowest id).
  float logprob(int row) const { return rows_[row].logprob; }
  bool greedy(int row) const { return rows_[row].greedy; }
  // The logarithm of the sum of a row's exponentials is largest + log_sum; with both, any token's
  // natural log-probability follows from its logit.
  float largest(int row) const { return rows_[row].largest; }
  double log_sum(int row) const { return rows_[row].log_sum; }
  float logprob(int row, float logit) const {
    // The single rounding to float hides the far smaller differences between libraries' logarithms.
    const Row& r = rows_[row];
    return static_cast<float>(static_cast<double>(logit) - r.largest - r.log_sum);
  }

 private:
  struct Row {
    int32_t target;
    float target_logit;
    bool first;  // no earlier logit in its block is equal
    float logprob;
    bool greedy;
    float largest = 0;
    double log_sum = 0;
  };
  struct Part {
    float largest, sum;
  };
  Part* parts(int row) { return parts_.data() + static_cast<size_t>(row) * blocks_; }

  const Kernels& kernels_;
  const SelectLoops& loops_;
  const int n_, blocks_;
  std::vector<Row> rows_;
  std::vector<Part> parts_;  // [rows, blocks]
};

}  // namespace gpt2

#endif  // GPT2_LOGPROB_H_
